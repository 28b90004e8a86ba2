//! A home of its own for each test: no setting of the machine reaches the binary.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::history::{self, StoredMessage};
use super::model_server::ModelServer;
use super::{Run, TEST_KEY, TestConfig, requirements};

pub struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        let root = TempDir::new().unwrap();
        for name in ["home", "config", "data", "state", "cache", "work"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        Self { root }
    }

    /// A sandbox with the provider `test` at this server.
    pub fn for_server(server: &ModelServer) -> Self {
        Self::new().config(&TestConfig::for_server(server))
    }

    pub fn config(self, config: &TestConfig) -> Self {
        self.config_text(&config.text())
    }

    pub fn config_text(self, text: &str) -> Self {
        let folder = self.path("config/sayso");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.yaml"), text).unwrap();
        self
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub fn data_folder(&self) -> PathBuf {
        self.path("data/sayso")
    }

    /// The history file, there or not.
    pub fn database_path(&self) -> PathBuf {
        self.path("data/sayso/history.db")
    }

    /// A file of the history by its suffix, as in `-wal`.
    pub fn history_file(&self, suffix: &str) -> PathBuf {
        self.data_folder().join(format!("history.db{suffix}"))
    }

    /// The lock that writers of the history wait for.
    pub fn writers_lock(&self) -> PathBuf {
        self.data_folder().join("locks/history.db.writers")
    }

    /// Where the command is run.
    pub fn work_folder(&self) -> PathBuf {
        self.path("work")
    }

    /// The binary with these arguments, not yet started.
    pub fn sayso<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Run {
        self.program(Path::new(env!("CARGO_BIN_EXE_sayso")), args)
    }

    /// Another program in the same surroundings.
    pub fn program<'a>(&self, program: &Path, args: impl IntoIterator<Item = &'a str>) -> Run {
        Run::new(program, args, self.environment(), self.work_folder())
    }

    /// `ask` without retries, as most tests of faults want it.
    pub fn ask_once<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Run {
        self.sayso(["ask", "--retries", "0"].into_iter().chain(args).collect::<Vec<_>>())
    }

    /// The messages of the conversation used last, oldest first, as `history show` gives them.
    pub fn messages(&self) -> Vec<StoredMessage> {
        history::messages(self, None)
    }

    pub fn messages_of(&self, conversation: &str) -> Vec<StoredMessage> {
        history::messages(self, Some(conversation))
    }

    /// What is stored of the last conversation must be one prompt, `hi`, and a reply like this.
    #[track_caller]
    pub fn assert_turn(&self, status: &str, text: &str) {
        assert_hi_and_reply(&self.messages(), status, text);
    }

    /// The same of a request that brought no text: its prompt and reply are kept, off the branch.
    #[track_caller]
    pub fn assert_turn_without_text(&self, status: &str) {
        assert_hi_and_reply(&history::rows(&self.database_path()), status, "");
    }

    /// All messages of the last conversation as they are stored, also those off its branch.
    pub fn rows(&self) -> Vec<StoredMessage> {
        history::rows(&self.database_path())
    }

    /// How many conversations there are.
    #[track_caller]
    pub fn conversation_count(&self) -> usize {
        let output = self.sayso(["history", "list", "--format", "json", "--limit", "1000"]).run().assert_exit(0);
        let list: serde_json::Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
        list.as_array().unwrap().len()
    }

    /// Panics unless the file is a database in order. Waits for a lock and changes nothing.
    pub fn assert_database_is_sound(&self) {
        history::assert_sound(&self.database_path());
    }

    pub fn environment(&self) -> Vec<(String, String)> {
        let folder = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let path = requirements::variable("PATH").unwrap_or_default();
        [
            ("PATH", path),
            ("HOME", folder("home")),
            ("XDG_CONFIG_HOME", folder("config")),
            ("XDG_DATA_HOME", folder("data")),
            ("XDG_STATE_HOME", folder("state")),
            ("XDG_CACHE_HOME", folder("cache")),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            ("TEST_KEY", TEST_KEY.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

#[track_caller]
fn assert_hi_and_reply(stored: &[StoredMessage], status: &str, text: &str) {
    let stored: Vec<_> = stored.iter().map(|m| (m.role.as_str(), m.status.as_str(), m.text.as_str())).collect();
    assert_eq!(stored, [("user", "complete", "hi"), ("assistant", status, text)]);
}
