//! What is remembered of a server from one start of ours to the next: its tools, which revision it speaks, and the
//! names of its prompts and resources, which shells complete.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::connect::Era;
use super::{Launch, ToolInfo};
use crate::platform::{Durability, replace_file};

/// Of one file.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// One server's file; none where nothing is to be remembered.
#[derive(Debug)]
pub(super) struct Memory(Option<PathBuf>);

#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub(super) struct Remembered {
    pub era: Option<Era>,
    /// `None`: they were never listed.
    pub tools: Option<Vec<ToolInfo>>,
    /// It has something to be read.
    #[serde(default)]
    pub has_resources: bool,
    #[serde(default)]
    pub prompts: Vec<PromptNames>,
    /// Their addresses.
    #[serde(default)]
    pub resources: Vec<String>,
}

/// A prompt and its arguments.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct PromptNames {
    pub name: String,
    pub arguments: Vec<String>,
}

/// What a server has, by name.
#[derive(Debug, Default)]
pub struct KnownNames {
    pub tools: Vec<String>,
    pub prompts: Vec<PromptNames>,
    pub resources: Vec<String>,
}

impl Memory {
    pub(super) fn new(cache_folder: Option<&Path>, launch: &Launch) -> Self {
        Self(cache_folder.zip(identity(launch)).map(|(folder, name)| folder.join(format!("{name}.json"))))
    }

    /// A file that cannot be read, or is of another version, is as good as none.
    pub(super) fn load(&self) -> Remembered {
        let text = self.0.as_ref().filter(|path| path.metadata().is_ok_and(|found| found.len() <= BYTES_MAX));
        text.and_then(|path| serde_json::from_str(&fs::read_to_string(path).ok()?).ok()).unwrap_or_default()
    }

    /// What cannot be remembered is asked again next time.
    pub(super) fn store(&self, remembered: &Remembered) {
        if let Some(path) = &self.0 {
            let _ = serde_json::to_vec(remembered)
                .map_err(Into::into)
                .and_then(|text| replace_file(path, &text, Durability::Cache));
        }
    }
}

/// The names of a server as they were when it was asked last; nothing is asked now.
#[must_use]
pub fn remembered_names(cache_folder: &Path, launch: &Launch) -> KnownNames {
    let Remembered { tools, prompts, resources, .. } = Memory::new(Some(cache_folder), launch).load();
    let tools = tools.unwrap_or_default().into_iter().map(|tool| tool.name).collect();
    KnownNames { tools, prompts, resources }
}

/// A name for what the server is: how it is started, or where. Values of variables are no part of it,
/// and nothing can be read from the name.
fn identity(launch: &Launch) -> Option<String> {
    let parts: Vec<&str> = match launch {
        Launch::Builtin(builtin) => vec!["builtin", builtin.identity()?],
        Launch::Command { program, args, env, cwd } => {
            let folder = cwd.as_ref().map(|folder| folder.to_string_lossy());
            let text = serde_json::json!([program, args, env.keys().collect::<Vec<_>>(), folder]).to_string();
            return Some(hash(&["command", &text]));
        }
        Launch::Http { url, .. } => vec!["http", url],
    };
    Some(hash(&parts))
}

fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    format!("{:x}", hash.finalize())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn command(args: &[&str], env: &[(&str, &str)]) -> Launch {
        Launch::Command {
            program: "x".to_owned(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>(),
            cwd: None,
        }
    }

    #[test]
    fn a_server_is_known_by_how_it_is_started_and_not_by_its_secrets() {
        let one = identity(&command(&["a", "b"], &[("KEY", "1")])).unwrap();
        assert_eq!(one.len(), 64);
        assert_eq!(identity(&command(&["a", "b"], &[("KEY", "2")])).unwrap(), one);
        assert_ne!(identity(&command(&["ab"], &[("KEY", "1")])).unwrap(), one);
        assert_ne!(identity(&command(&["a", "b"], &[("OTHER", "1")])).unwrap(), one);
    }

    #[test]
    fn what_is_stored_is_loaded_and_a_broken_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::new(Some(&folder.path().join("below")), &command(&[], &[]));
        assert_eq!(memory.load(), Remembered::default());
        let prompts = vec![PromptNames { name: "greet".into(), arguments: vec!["who".into()] }];
        let resources = vec!["a://b".to_owned()];
        let (era, tools) = (Some(Era::Modern), Some(Vec::new()));
        let remembered = Remembered { era, tools, has_resources: true, prompts, resources };
        memory.store(&remembered);
        assert_eq!(memory.load(), remembered);
        fs::write(memory.0.as_ref().unwrap(), "{").unwrap();
        assert_eq!(memory.load(), Remembered::default());
    }
}
