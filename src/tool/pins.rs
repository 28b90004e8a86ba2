//! Pins: what every external tool was when the person took it in, so that it cannot become something
//! else unseen.
//!
//! A server that is new is believed once. Afterwards a tool that changed or came along is held back
//! until the person has seen it: a server that was harmless last week can be another one today.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::admission::Admitted;
use super::change::{Change, ChangeKind};
use crate::conversation::ToolSchema;
use crate::platform::{Durability, create_private_folders, private, replace_file};

const VERSION: u32 = 1;
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// All pins, as they are on disk.
#[derive(Debug, Default)]
pub struct Pins {
    path: Option<PathBuf>,
    file: PinFile,
    /// Why the file cannot be believed; then nothing external is, until the person says so.
    problem: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinFile {
    version: u32,
    /// Earlier pins were lost: a server that is not here is not new.
    distrusts_new: bool,
    servers: BTreeMap<String, PinnedServer>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinnedServer {
    /// A hash of its command or URL: with another one, it is another server.
    identity: String,
    tools: BTreeMap<String, Pin>,
}

/// One tool as it was. The texts are kept to show what has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    hash: String,
    pub description: String,
    pub schema: String,
}

impl Pins {
    /// Reads the file. One that cannot be believed makes all external tools wait for the person.
    #[must_use]
    pub fn load(path: Option<&Path>) -> Self {
        let (file, problem) = match path.map(read) {
            None => (PinFile { version: VERSION, ..PinFile::default() }, None),
            Some(Ok(file)) => (file, None),
            Some(Err(reason)) => {
                (PinFile { version: VERSION, distrusts_new: true, ..PinFile::default() }, Some(reason))
            }
        };
        Self { path: path.map(Path::to_owned), file, problem }
    }

    /// Why the file cannot be believed.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// What is not as it was. A server that is seen for the first time is pinned as it is.
    pub fn check(&mut self, server: &str, identity: &str, tools: &[Admitted]) -> Result<Vec<Change>, String> {
        if !self.knows(server, identity) && !self.file.distrusts_new {
            let _lock = self.lock()?;
            self.reload();
            // Another process may have been faster.
            if !self.knows(server, identity) {
                let tools = tools.iter().map(|tool| (tool.tool.name.clone(), Pin::of(identity, tool))).collect();
                self.file.servers.insert(server.to_owned(), PinnedServer { identity: identity.to_owned(), tools });
                return self.save(server).map(|()| Vec::new());
            }
        }
        let pinned = self.file.servers.get(server).filter(|_| self.knows(server, identity));
        let changed = tools.iter().filter_map(|tool| {
            let new = Pin::of(identity, tool);
            let kind = match pinned.map(|pinned| pinned.tools.get(&tool.tool.name)) {
                Some(Some(old)) if old.hash == new.hash => return None,
                Some(Some(old)) => ChangeKind::Changed(old.clone()),
                Some(None) => ChangeKind::Added,
                None => ChangeKind::Unpinned,
            };
            let tool = tool.tool.name.clone();
            Some(Change { server: server.to_owned(), tool, kind, new, identity: identity.to_owned() })
        });
        Ok(changed.collect())
    }

    /// The person has seen it: from now on it is this.
    pub fn accept(&mut self, change: &Change) -> Result<(), String> {
        let _lock = self.lock()?;
        self.reload();
        let server = self.file.servers.entry(change.server.clone()).or_default();
        if server.identity != change.identity {
            *server = PinnedServer { identity: change.identity.clone(), tools: BTreeMap::new() };
        }
        server.tools.insert(change.tool.clone(), change.new.clone());
        self.save(&change.server)
    }

    fn knows(&self, server: &str, identity: &str) -> bool {
        self.file.servers.get(server).is_some_and(|pinned| pinned.identity == identity)
    }

    /// Two that change the file at once would each lose what the other has pinned.
    fn lock(&self) -> Result<Option<File>, String> {
        let Some(path) = &self.path else { return Ok(None) };
        let locked = || -> std::io::Result<Option<File>> {
            if let Some(folder) = path.parent() {
                create_private_folders(folder)?;
            }
            let lock = path.with_extension("lock");
            let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(lock)?;
            file.lock()?;
            Ok(Some(file))
        };
        locked().map_err(|error| cannot_keep(path, &error))
    }

    /// What another process has pinned in the meantime is kept.
    fn reload(&mut self) {
        if let (Some(Ok(file)), None) = (self.path.as_deref().map(read), &self.problem) {
            self.file = file;
        }
    }

    /// Written beside and moved into place: a kill leaves the old one. Never more than can be read again: of a server
    /// that would make it so, `newest`, only the hashes are kept, and what changes is shown without what it was.
    fn save(&mut self, newest: &str) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        let failed = |error: &dyn Display| cannot_keep(path, error);
        let mut text = serde_json::to_vec(&self.file).map_err(|error| failed(&error))?;
        if text.len() as u64 >= FILE_BYTES_MAX {
            self.file.servers.get_mut(newest).into_iter().for_each(PinnedServer::forget_texts);
            text = serde_json::to_vec(&self.file).map_err(|error| failed(&error))?;
        }
        let written = replace_file(path, &text, Durability::Durable).map_err(|error| failed(&error));
        if written.is_ok() {
            self.problem = None;
        }
        written
    }
}

impl PinnedServer {
    fn forget_texts(&mut self) {
        for pin in self.tools.values_mut() {
            pin.description = String::new();
            pin.schema = String::new();
        }
    }
}

impl Pin {
    fn of(identity: &str, admitted: &Admitted) -> Self {
        let tool = &admitted.tool;
        let output = tool.output_schema.as_ref().map(ToolSchema::text);
        let annotations = format!("{:?} {:?} {:?}", tool.read_only_hint, tool.destructive_hint, tool.open_world_hint);
        let mut hasher = Sha256::new();
        for part in [
            identity,
            &tool.name,
            tool.title.as_deref().unwrap_or_default(),
            &tool.description,
            admitted.parameters.text(),
            output.unwrap_or_default(),
            &annotations,
        ] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let hash = format!("{:x}", hasher.finalize());
        Self { hash, description: tool.description.clone(), schema: admitted.parameters.text().to_owned() }
    }
}

fn read(path: &Path) -> Result<PinFile, String> {
    let mut text = Vec::new();
    match fs::File::open(path) {
        Ok(file) => file.take(FILE_BYTES_MAX).read_to_end(&mut text).map_err(|error| error.to_string())?,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(PinFile { version: VERSION, ..PinFile::default() });
        }
        Err(error) => return Err(error.to_string()),
    };
    let file: PinFile = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    if file.version == VERSION { Ok(file) } else { Err(format!("it is of version {}", file.version)) }
}

fn cannot_keep(path: &Path, error: &dyn Display) -> String {
    format!("cannot keep what the tools are ({}): {error}", path.display())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::mcp::ToolInfo;

    fn tools(list: &[(&str, &str)]) -> Vec<Admitted> {
        let tool = |(name, description): &(&str, &str)| Admitted {
            tool: ToolInfo {
                name: (*name).to_owned(),
                title: None,
                description: (*description).to_owned(),
                input_schema: ToolSchema::default(),
                output_schema: None,
                read_only_hint: None,
                destructive_hint: None,
                open_world_hint: None,
                is_task_only: false,
            },
            parameters: ToolSchema::default(),
        };
        list.iter().map(tool).collect()
    }

    fn told(changes: &[Change]) -> Vec<String> {
        changes.iter().map(Change::title).collect()
    }

    /// As of two processes that have read the file before either of them wrote.
    #[test]
    fn what_another_process_has_pinned_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins.json");
        let (mut first, mut second) = (Pins::load(Some(&path)), Pins::load(Some(&path)));
        assert_eq!(first.check("a", "x", &tools(&[("t", "reads")])).unwrap(), []);
        assert_eq!(second.check("b", "x", &tools(&[("t", "")])).unwrap(), []);
        let changed = tools(&[("t", "reads and sends")]);
        assert_eq!(told(&Pins::load(Some(&path)).check("a", "x", &changed).unwrap()), ["a/t has changed"]);
        assert_eq!(told(&second.check("a", "x", &changed).unwrap()), ["a/t has changed"], "it was faster");
    }

    #[test]
    fn a_server_that_tells_too_much_costs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins.json");
        let huge = "\u{1}".repeat(6 << 20);
        let mut pins = Pins::load(Some(&path));
        assert_eq!(pins.check("good", "x", &tools(&[("t", "reads")])).unwrap(), []);
        assert_eq!(pins.check("huge", "x", &tools(&[("t", &huge)])).unwrap(), []);
        let mut pins = Pins::load(Some(&path));
        assert_eq!(pins.problem(), None);
        assert_eq!(pins.check("huge", "x", &tools(&[("t", &huge)])).unwrap(), []);
        assert_eq!(told(&pins.check("huge", "x", &tools(&[("t", "less")])).unwrap()), ["huge/t has changed"]);
        assert_eq!(told(&pins.check("good", "x", &tools(&[("t", "")])).unwrap()), ["good/t has changed"]);
    }

    #[test]
    fn what_changes_or_comes_along_is_held_back_until_it_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp/pins.json");
        let mut pins = Pins::load(Some(&path));
        assert_eq!(pins.check("s", "x", &tools(&[("a", "reads"), ("b", "")])).unwrap(), []);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // The next run: one changed, one renamed, one gone.
        let mut pins = Pins::load(Some(&path));
        let now = tools(&[("a", "reads and sends"), ("c", "")]);
        let changes = pins.check("s", "x", &now).unwrap();
        assert_eq!(told(&changes), ["s/a has changed", "s/c is new"]);
        assert!(changes[0].shown().contains("-reads\n+reads and sends"), "{}", changes[0].shown());
        pins.accept(&changes[0]).unwrap();
        let mut pins = Pins::load(Some(&path));
        assert_eq!(told(&pins.check("s", "x", &now).unwrap()), ["s/c is new"]);
        assert_eq!(pins.check("s", "x", &tools(&[("b", "")])).unwrap(), []);
        // Another command is another server; so is one of another name.
        assert_eq!(pins.check("s", "y", &now).unwrap(), []);
        assert_eq!(pins.check("t", "x", &now).unwrap(), []);
    }

    #[test]
    fn a_file_that_cannot_be_believed_holds_everything_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins.json");
        for text in ["{", "{\"version\":2,\"distrusts_new\":false,\"servers\":{}}", "\0"] {
            fs::write(&path, text).unwrap();
            let mut pins = Pins::load(Some(&path));
            assert!(pins.problem().is_some());
            let changes = pins.check("s", "x", &tools(&[("a", "")])).unwrap();
            assert_eq!(told(&changes), ["s/a is not known any more"]);
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            pins.accept(&changes[0]).unwrap();
            // The way out trusts this one alone.
            let mut pins = Pins::load(Some(&path));
            assert_eq!(pins.problem(), None);
            assert_eq!(pins.check("s", "x", &tools(&[("a", "")])).unwrap(), []);
            assert_eq!(told(&pins.check("t", "x", &tools(&[("a", "")])).unwrap()), ["t/a is not known any more"]);
        }
    }
}
