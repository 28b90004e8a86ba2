//! Finds the key of a provider: in the environment, from a command, in a file, in the configuration, or where
//! `keys set` keeps it.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::env::Environment;
use super::file::ProviderSection;
use super::key_store::{self, StoredIn};
use super::keyring;
use super::paths::Paths;
use super::presets;
use super::problem::{ConfigError, KeyPath, Warning};
use super::source::read_regular_file;
use super::variables;
use crate::http::Secret;
use crate::platform::mode_of;

/// Longer than any key, shorter than any accident.
const KEY_BYTES_MAX: u64 = 64 * 1024;
const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// What was found, and where; or where it was looked for.
#[derive(Debug)]
pub struct FoundKey {
    pub key: Option<Secret>,
    pub source: String,
    /// Whether the configuration names a place for it: then a missing key is a mistake.
    pub is_expected: bool,
    /// It is the one that `keys set` keeps.
    pub is_stored: bool,
    pub warning: Option<Warning>,
}

impl FoundKey {
    fn new(key: Option<Secret>, source: String) -> Self {
        Self { key, source, is_expected: true, is_stored: false, warning: None }
    }
}

/// What the lookup needs to know beside the provider's section.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    pub environment: &'a Environment,
    pub paths: &'a Paths,
    /// Relative paths in the configuration start here.
    pub config_folder: Option<&'a Path>,
    pub runs_commands: bool,
}

/// Looks in the one place that the section names, or else in the variable that goes with the name.
pub fn find(name: &str, section: &ProviderSection, around: Surroundings<'_>) -> Result<FoundKey, ConfigError> {
    let failed = |source: &str, reason: String| ConfigError::Key {
        provider: name.to_owned(),
        source: source.to_owned(),
        reason,
    };
    if let Some(written) = &section.api_key {
        let source = "llm.providers.".to_owned() + name + ".api_key (config)";
        let text = variables::replace(written.written(), around.environment)
            .map_err(|error| ConfigError::unusable(format!("llm.providers.{name}.api_key"), error.to_string()))?;
        return clean(&text).map(|key| FoundKey::new(key, source.clone())).map_err(|reason| failed(&source, reason));
    }
    if let Some(variable) = &section.api_key_env {
        let found = from_variable(variable, around.environment).map_err(|reason| failed(variable, reason))?;
        return or_stored(found, name, around);
    }
    if let Some(command) = &section.api_key_command {
        let source = format!("api_key_command of {name}");
        if !around.runs_commands {
            return Ok(FoundKey { is_expected: false, ..FoundKey::new(None, source + " (not run)") });
        }
        let text = run(command).map_err(|reason| failed(&source, reason))?;
        let key = clean(&text).map_err(|reason| failed(&source, reason))?;
        return match key {
            Some(key) => Ok(FoundKey::new(Some(key), source)),
            None => Err(failed(&source, "it printed nothing".into())),
        };
    }
    if let Some(path) = &section.api_key_file {
        return from_file(name, path, around);
    }
    let preset = presets::find(name);
    let variable = match preset {
        Some(preset) => preset.key_variable.map(str::to_owned),
        None => Some(variable_of(name)),
    };
    let Some(variable) = variable else {
        let unneeded = FoundKey { is_expected: false, ..FoundKey::new(None, "none needed".into()) };
        return or_stored(unneeded, name, around);
    };
    let found = from_variable(&variable, around.environment).map_err(|reason| failed(&variable, reason))?;
    or_stored(FoundKey { is_expected: preset.is_some(), ..found }, name, around)
}

/// The environment wins: it is nearer to the one run. Without a key there, a stored one counts.
fn or_stored(found: FoundKey, name: &str, around: Surroundings<'_>) -> Result<FoundKey, ConfigError> {
    let path = key_store::path_of(around.paths, name).filter(|_| found.key.is_none());
    let Some((path, place)) = path.and_then(|path| key_store::stored_in(&path).map(|place| (path, place))) else {
        return Ok(found);
    };
    let stored = match place {
        StoredIn::File => {
            let setting = format!("llm.providers.{name}");
            read_key_file(name, &path, format!("stored key of {name}"), &setting)?
        }
        // It may ask a person: as with a command, only where the key is needed.
        StoredIn::Keyring if !around.runs_commands => {
            return Ok(FoundKey { is_expected: false, is_stored: true, ..FoundKey::new(None, ASKED_LATER.into()) });
        }
        StoredIn::Keyring => from_keyring(name)?,
    };
    Ok(FoundKey { is_expected: found.is_expected, is_stored: true, ..stored })
}

/// The source of a key in the keyring, where nobody asked for the key itself.
pub const ASKED_LATER: &str = "keyring (not asked)";

fn from_keyring(name: &str) -> Result<FoundKey, ConfigError> {
    let failed = |reason: String| ConfigError::Key { provider: name.to_owned(), source: "keyring".to_owned(), reason };
    let again = || format!("; `sayso keys set {name}` keeps the key in a file instead");
    let text = keyring::fetch(name).map_err(|reason| failed(reason + &again()))?;
    let key = clean(&text).map_err(&failed)?.ok_or_else(|| failed("the entry is empty".to_owned()))?;
    Ok(FoundKey::new(Some(key), "keyring".to_owned()))
}

/// `my-host` → `MY_HOST_API_KEY`.
fn variable_of(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    letters.collect::<String>() + "_API_KEY"
}

fn from_variable(variable: &str, environment: &Environment) -> Result<FoundKey, String> {
    let text = match environment.raw(variable) {
        Some(raw) => raw.to_str().ok_or("it is not text")?,
        None => "",
    };
    let key = clean(text)?;
    let place = if key.is_some() { "environment" } else { "environment, not set" };
    Ok(FoundKey::new(key, format!("{variable} ({place})")))
}

fn from_file(name: &str, written: &Path, around: Surroundings<'_>) -> Result<FoundKey, ConfigError> {
    let setting = || format!("llm.providers.{name}.api_key_file");
    let expanded = variables::replace(&written.to_string_lossy(), around.environment)
        .map_err(|error| ConfigError::unusable(setting(), error.to_string()))?;
    let path = around.paths.expand(Path::new(&expanded), around.config_folder).unwrap_or_else(|| expanded.into());
    read_key_file(name, &path, format!("{} (file)", path.display()), &setting())
}

/// `setting` is where to look for a place that is not safe.
fn read_key_file(name: &str, path: &Path, source: String, setting: &str) -> Result<FoundKey, ConfigError> {
    let failed = |reason: &str| ConfigError::Key {
        provider: name.to_owned(),
        source: source.clone(),
        reason: reason.to_owned(),
    };
    let found = read_regular_file(path, KEY_BYTES_MAX).map_err(|reason| failed(&reason))?;
    let (bytes, metadata) = found.ok_or_else(|| failed("does not exist"))?;
    let text = String::from_utf8(bytes).map_err(|_| failed("is not text"))?;
    let key = clean(&text).map_err(|reason| failed(&reason))?.ok_or_else(|| failed("is empty"))?;
    let mut found = FoundKey::new(Some(key), source.clone());
    found.warning = match mode_of(&metadata).map(|mode| (mode, mode & 0o077, mode & 0o022)) {
        Some((mode, 1.., 1..)) => {
            return Err(failed(&format!("others may change it (mode {mode:04o}); run `chmod 600` on it")));
        }
        Some((mode, 1.., 0)) => {
            let reason = format!("others may read {} (mode {mode:04o}); run `chmod 600` on it", path.display());
            Some(Warning::new("config_mode", KeyPath::of(setting), reason))
        }
        Some((_, 0, _)) | None => None,
    };
    Ok(found)
}

/// The key without blanks around it. One that no header can hold is refused; it is not shown.
pub fn clean(text: &str) -> Result<Option<Secret>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.bytes().any(|byte| !(0x21..=0x7E).contains(&byte)) {
        return Err("it has blanks, line breaks or special letters in it, so it is no key".into());
    }
    Ok(Some(Secret::new(text.to_owned())))
}

/// What a command prints. It runs without a shell and gets no input.
fn run(command: &str) -> Result<String, String> {
    let words = split_words(command)?;
    let [program, arguments @ ..] = words.as_slice() else { return Err("it is empty".into()) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    let text = read_output(&mut child);
    if text.is_err() {
        // It has what it needs to end; a child that cannot be killed has ended already.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| format!("{program}: {error}"))?;
    let text = text?;
    if status.success() { Ok(text) } else { Err(format!("{program} failed ({status})")) }
}

/// Everything up to the end of the output and of the command, within the limit.
fn read_output(child: &mut Child) -> Result<String, String> {
    let started = Instant::now();
    let too_long = || format!("it took longer than {} s", COMMAND_LIMIT.as_secs());
    let stdout = child.stdout.take().ok_or("it has no output")?;
    let (sender, receiver) = mpsc::channel();
    let read = move || {
        let mut bytes = Vec::new();
        let result = stdout.take(KEY_BYTES_MAX).read_to_end(&mut bytes).map(|_| bytes);
        // The receiver has gone when the limit has passed.
        let _ = sender.send(result);
    };
    std::thread::Builder::new().name("key".to_owned()).spawn(read).map_err(|error| error.to_string())?;
    let bytes = receiver.recv_timeout(COMMAND_LIMIT).map_err(|_| too_long())?.map_err(|error| error.to_string())?;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if started.elapsed() > COMMAND_LIMIT {
            return Err(too_long());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    String::from_utf8(bytes).map_err(|_| "its output is not text".into())
}

/// Splits like a shell does, and does nothing else that a shell does.
fn split_words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some(open), _) if open == letter => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().push(letters.next().ok_or("it ends in a `\\`")?),
            (_, _) => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote in it has no end".into());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn found(section: &str, variables: &[(&str, &str)]) -> Result<(Option<String>, String, bool), String> {
        let environment = Environment::from_pairs(variables.iter().copied());
        let paths = Paths::new(&environment);
        let section = serde_yaml::from_str(section).unwrap();
        let around =
            Surroundings { environment: &environment, paths: &paths, config_folder: None, runs_commands: true };
        find("my-host", &section, around)
            .map(|found| (found.key.map(|key| key.expose().to_owned()), found.source, found.warning.is_some()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_comes_from_the_one_place_that_is_named() {
        let ok = |key: Option<&str>, source: &str| Ok((key.map(str::to_owned), source.to_owned(), false));
        let variables = [("MY_HOST_API_KEY", "by-name"), ("K", " named\n"), ("BAD", "a b")];
        assert_eq!(found("{}", &variables), ok(Some("by-name"), "MY_HOST_API_KEY (environment)"));
        assert_eq!(found("api_key_env: K", &variables), ok(Some("named"), "K (environment)"));
        assert_eq!(found("api_key_env: NONE", &variables), ok(None, "NONE (environment, not set)"));
        assert_eq!(found("api_key: ${K}", &variables), ok(Some("named"), "llm.providers.my-host.api_key (config)"));
        assert_eq!(found("api_key_command: echo 'from' ", &variables), ok(Some("from"), "api_key_command of my-host"));
        let missing = found("api_key: ${NONE}", &variables).unwrap_err();
        assert!(
            missing.starts_with("llm.providers.my-host.api_key: the environment variable NONE is not set"),
            "{missing}"
        );
        assert_eq!(
            found("api_key_env: BAD", &variables).unwrap_err(),
            "no key for my-host: BAD: it has blanks, line breaks or special letters in it, so it is no key"
        );
    }

    #[test]
    fn a_command_that_fails_says_so() {
        let failed = |command: &str| found(&format!("api_key_command: {command}"), &[]).unwrap_err();
        assert_eq!(failed("'false'"), "no key for my-host: api_key_command of my-host: false failed (exit status: 1)");
        assert_eq!(failed("'true'"), "no key for my-host: api_key_command of my-host: it printed nothing");
        assert!(failed("/no/such/program").contains("cannot start /no/such/program"));
    }

    #[test]
    fn a_key_file_that_others_can_touch_is_told_or_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "filed\n").unwrap();
        let section = format!("api_key_file: {}", file.path().display());
        let with_mode = |mode| {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            found(&section, &[])
        };
        let source = format!("{} (file)", file.path().display());
        assert_eq!(with_mode(0o600), Ok((Some("filed".into()), source.clone(), false)));
        assert_eq!(with_mode(0o644), Ok((Some("filed".into()), source, true)));
        assert!(with_mode(0o662).unwrap_err().contains("others may change it (mode 0662)"));
        assert!(found("api_key_file: /no/such/file", &[]).unwrap_err().ends_with("does not exist"));
    }

    #[test]
    fn words_are_split_without_a_shell() {
        let split = |text: &str| split_words(text).unwrap();
        assert_eq!(
            split(r#"op read "op://a b/c" 'x;y' a\ b "" $HOME"#),
            ["op", "read", "op://a b/c", "x;y", "a b", "", "$HOME"]
        );
        assert!(split_words("a 'b").is_err());
    }
}
