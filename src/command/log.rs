//! The log file: a JSON object a line, for its owner only, without keys, and never larger than a few files together.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::config::{Config, Logging};
use crate::conversation::{now_ms, rfc3339};
use crate::http::{Keys, Secret, remember_key};
use crate::platform::{create_private_folders, private};
use crate::session::{Log, LogEntry};

/// A file that has grown so far makes room for a new one.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Older files that are kept: `sayso.log.1` is the newest of them.
const OLD_FILES_MAX: u32 = 3;
/// Longer texts are cut.
const TEXT_BYTES_MAX: usize = 32 << 10;

/// The log of a session; `None` where nothing is to be written at all.
#[must_use]
pub fn session_log(config: &Config) -> Option<Log> {
    // Who wants no history wants no other trace of the conversation either.
    config.history.path.as_ref()?;
    let path = config.paths.state.as_ref()?.join("sayso.log");
    let logging = config.file.chat.service.logging.clone();
    remember_written_keys(config);
    Some(Box::new(move |conversation, entry| {
        if let Some(line) = line(conversation, entry, &logging, &Keys::used()) {
            // A log that cannot be written holds nothing up.
            let _ = append(&path, &line, FILE_BYTES_MAX);
        }
    }))
}

/// Keys that stand in the file are never written, whether their provider is asked or not. Those of other places are
/// known from when it is.
fn remember_written_keys(config: &Config) {
    let written = config.file.llm.providers.values().filter_map(|provider| provider.api_key.as_ref());
    written.filter(|key| key.is_literal()).for_each(|key| remember_key(&Secret::new(key.written().to_owned())));
}

/// What is written of an entry; nothing where that is switched off.
fn line(conversation: &str, entry: &LogEntry<'_>, logging: &Logging, keys: &Keys) -> Option<String> {
    let clean = |text: &str| {
        let clean = keys.clean(text);
        let end = clean.floor_char_boundary(TEXT_BYTES_MAX);
        if end < clean.len() { format!("{} …", &clean[..end]) } else { clean.into_owned() }
    };
    let told = match entry {
        LogEntry::SystemPrompt(text) if logging.system_prompt => json!({"event": "system_prompt", "text": clean(text)}),
        LogEntry::Reply { model, status, text, error } => {
            let text = if logging.llm_replies { json!(clean(text)) } else { Value::Null };
            json!({"event": "reply", "model": model, "status": status, "error": error, "text": text})
        }
        LogEntry::Tool { name, arguments, is_ok, result_bytes } if logging.tool_execution => json!({
            "event": "tool", "name": name, "arguments": clean(arguments), "ok": is_ok, "result_bytes": result_bytes,
        }),
        LogEntry::SystemPrompt(_) | LogEntry::Tool { .. } => return None,
    };
    let mut line = json!({"time": rfc3339(now_ms()), "conversation": conversation});
    if let (Value::Object(line), Value::Object(told)) = (&mut line, told) {
        line.extend(told.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Some(format!("{line}\n"))
}

/// One write for each line, so that lines of several processes do not mix.
fn append(path: &Path, line: &str, bytes_max: u64) -> std::io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() + line.len() as u64 > bytes_max) {
        make_room(path)?;
    }
    if let Some(folder) = path.parent() {
        create_private_folders(folder)?;
    }
    private(OpenOptions::new().append(true).create(true)).open(path)?.write_all(line.as_bytes())
}

fn make_room(path: &Path) -> std::io::Result<()> {
    for number in (1..OLD_FILES_MAX).rev() {
        if old(path, number).exists() {
            fs::rename(old(path, number), old(path, number + 1))?;
        }
    }
    fs::rename(path, old(path, 1))
}

fn old(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_switched_off_is_not_told_and_keys_never() {
        remember_key(&Secret::new("sk-0123456789abcdef".to_owned()));
        let told = |entry: &LogEntry<'_>, logging: &Logging| {
            let line = line("01J", entry, logging, &Keys::used())?;
            let mut value: Value = serde_json::from_str(&line).unwrap();
            assert!(value["time"].is_string() && line.ends_with('\n') && !line.contains("sk-0123"), "{line}");
            value.as_object_mut().unwrap().remove("time");
            Some(value)
        };
        let reply = LogEntry::Reply { model: "a:b", status: "ok", text: "sk-0123456789abcdef!", error: None };
        let quiet = Logging { llm_replies: false, tool_execution: false, system_prompt: false };
        let all = Logging { llm_replies: true, tool_execution: true, system_prompt: true };
        let expected = json!({"conversation": "01J", "event": "reply", "model": "a:b", "status": "ok"});
        assert_eq!(told(&reply, &quiet), Some(expected));
        assert_eq!(told(&reply, &all).unwrap()["text"], "[redacted]!");
        let tool = LogEntry::Tool { name: "files__read", arguments: "{}", is_ok: true, result_bytes: 3 };
        assert_eq!(told(&tool, &quiet), None);
        assert_eq!(told(&tool, &all).unwrap()["name"], "files__read");
        assert_eq!(told(&LogEntry::SystemPrompt("be brief"), &quiet), None);
        assert_eq!(told(&LogEntry::SystemPrompt("be brief"), &all).unwrap()["text"], "be brief");
    }

    #[test]
    fn the_log_is_never_larger_than_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/sayso.log");
        for number in 0..50 {
            append(&path, &format!("line {number:02}\n"), 20).unwrap();
        }
        let mut names: Vec<_> = fs::read_dir(path.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["sayso.log", "sayso.log.1", "sayso.log.2", "sayso.log.3"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "line 48\nline 49\n");
        assert_eq!(fs::read_to_string(old(&path, 3)).unwrap(), "line 42\nline 43\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
