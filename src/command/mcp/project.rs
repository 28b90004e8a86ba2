//! The servers of a project: its `.mcp.json` counts only while it is, byte for byte, what a person has trusted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::foreign::{self, Foreign};
use crate::config::{ConfigFile, read_regular_file};
use crate::exit::Failure;

const NAME: &str = ".mcp.json";
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Folders upwards that are looked at.
const PARENTS_MAX: usize = 32;
/// Projects that are remembered, in one file.
const TRUST_BYTES_MAX: u64 = 1 << 20;
/// What a project may say of a server: how to start or reach it. Rules, keys and sign-ins are the person's own.
const ALLOWED: [&str; 7] = ["type", "command", "args", "env", "cwd", "url", "headers"];

/// The file of the project.
pub struct Project {
    pub path: PathBuf,
    pub hash: String,
    pub servers: Vec<Foreign>,
}

impl Project {
    /// The one of this folder or the nearest above it.
    pub fn find(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.ancestors().take(PARENTS_MAX).map(|folder| folder.join(NAME)).find(|path| path.is_file());
        let Some(path) = path.and_then(|path| path.canonicalize().ok()) else { return Ok(None) };
        let unusable = |reason: &str| Failure::config(format!("{}: {reason}", path.display()));
        let read = read_regular_file(&path, FILE_BYTES_MAX).map_err(|reason| unusable(&reason))?;
        let Some((bytes, _)) = read else { return Ok(None) };
        let hash = format!("{:x}", Sha256::digest(&bytes));
        let text = String::from_utf8(bytes).map_err(|_| unusable("is not UTF-8"))?;
        let servers = foreign::read(&text).map_err(|reason| unusable(&reason))?;
        Ok(Some(Self { servers: servers.into_iter().map(limited).collect(), path, hash }))
    }

    /// The sections, ready to stand among those of the configuration.
    #[must_use]
    pub fn sections(&self) -> BTreeMap<String, Map<String, Value>> {
        self.servers.iter().map(|server| (server.name.clone(), server.section.clone())).collect()
    }

    /// What is started for a section: with its paths made whole, as far as no variable decides where they are.
    #[must_use]
    pub fn made_whole(&self, section: &Map<String, Value>) -> Map<String, Value> {
        let mut section = section.clone();
        let Some(program) = section.get("command").and_then(Value::as_str) else { return section };
        let program = if program.contains('/') { self.whole(program) } else { program.to_owned() };
        let folder = self.whole(section.get("cwd").and_then(Value::as_str).unwrap_or("."));
        section.insert("command".to_owned(), Value::from(program));
        section.insert("cwd".to_owned(), Value::from(folder));
        section
    }

    fn whole(&self, written: &str) -> String {
        if written.starts_with("${") || written.starts_with('~') {
            return written.to_owned();
        }
        // Without the `.` that says no more than the folder does.
        self.folder().join(written).components().collect::<PathBuf>().to_string_lossy().into_owned()
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Adds its servers to the configuration, whose own win. Relative paths start at the project.
    /// What cannot be understood is told.
    pub fn join(&self, file: &mut ConfigFile) -> Vec<String> {
        let mut notices = Vec::new();
        for (name, section) in self.sections() {
            if file.mcp.servers.contains_key(&name) {
                notices
                    .push(format!("the server {name} of {} is set up by yourself: yours counts", self.path.display()));
                continue;
            }
            match serde_json::from_value(Value::Object(section)) {
                Ok(section) => {
                    file.mcp.servers.entry(name).or_insert(section).project = Some(self.folder().to_owned());
                }
                Err(error) => notices.push(format!("the server {name} of {}: {error}", self.path.display())),
            }
        }
        notices
    }
}

fn limited(mut server: Foreign) -> Foreign {
    let others: Vec<String> = server.section.keys().filter(|key| !ALLOWED.contains(&key.as_str())).cloned().collect();
    for key in others {
        server.section.remove(&key);
        server.notices.push(format!("`{key}` is not for a project to say, and left out"));
    }
    server
}

/// Which files a person has trusted: path to hash.
pub struct Trust {
    path: PathBuf,
    trusted: BTreeMap<String, String>,
}

impl Trust {
    /// What is remembered in the state folder; nothing where that cannot be read.
    #[must_use]
    pub fn load(state_folder: &Path) -> Self {
        let path = state_folder.join("trusted-projects.json");
        let read = read_regular_file(&path, TRUST_BYTES_MAX).ok().flatten();
        let trusted = read.and_then(|(bytes, _)| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { path, trusted }
    }

    #[must_use]
    pub fn holds(&self, project: &Project) -> bool {
        self.trusted.get(project.path.to_string_lossy().as_ref()) == Some(&project.hash)
    }

    /// Whether an older version of it was trusted.
    #[must_use]
    pub fn knows(&self, project: &Project) -> bool {
        self.trusted.contains_key(project.path.to_string_lossy().as_ref())
    }

    pub fn give(&mut self, project: &Project) -> Result<(), Failure> {
        self.trusted.insert(project.path.to_string_lossy().into_owned(), project.hash.clone());
        self.save()
    }

    pub fn take_back(&mut self, project: &Project) -> Result<(), Failure> {
        self.trusted.remove(project.path.to_string_lossy().as_ref());
        self.save()
    }

    fn save(&self) -> Result<(), Failure> {
        let text = format!("{:#}\n", serde_json::json!(self.trusted));
        crate::config::write_private(&self.path, &text)
            .map_err(|error| Failure::config(format!("cannot write {}: {error}", self.path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_ends_with_the_first_changed_byte() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        let file = folder.path().join(NAME);
        std::fs::write(&file, r#"{"mcpServers": {"a": {"command": "x", "tools": {"allow": []}, "timeout": 9}}}"#)
            .unwrap();
        let project = Project::find(&below).unwrap().unwrap();
        assert_eq!(serde_json::json!(project.sections()), serde_json::json!({ "a": { "command": "x" } }));
        assert_eq!(project.servers[0].notices.len(), 2);
        let state = folder.path().join("state");
        let mut trust = Trust::load(&state);
        assert!(!trust.holds(&project) && !trust.knows(&project));
        trust.give(&project).unwrap();
        assert!(Trust::load(&state).holds(&project));
        std::fs::write(&file, r#"{"mcpServers": {"a": {"command": "y"}}}"#).unwrap();
        let changed = Project::find(&below).unwrap().unwrap();
        let mut trust = Trust::load(&state);
        assert!(!trust.holds(&changed) && trust.knows(&changed));
        trust.take_back(&changed).unwrap();
        assert!(!Trust::load(&state).knows(&changed));
    }

    #[test]
    fn the_persons_own_servers_win() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), r#"{"mcpServers": {"a": {"command": "x"}, "b": {"command": "y"}}}"#)
            .unwrap();
        let project = Project::find(folder.path()).unwrap().unwrap();
        let mut file = ConfigFile::default();
        file.mcp.servers.insert("a".to_owned(), serde_json::from_str(r#"{"command": "mine"}"#).unwrap());
        assert_eq!(project.join(&mut file).len(), 1);
        assert_eq!(file.mcp.servers["a"].command.as_deref(), Some("mine"));
        assert_eq!(file.mcp.servers["b"].project.as_deref(), project.path.parent());
    }
}
