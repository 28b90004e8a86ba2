//! The tools as a client sees them, on real files.

mod changing;
mod patching;
mod races;
mod reading;

use std::fs;
use std::path::PathBuf;

use super::{Files, FilesSettings};
use crate::builtin::test_client::TestClient;

/// An allowed folder `in` with a little in it, and one beside it that is not allowed.
struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["in", "in/sub", "out"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let ground = Self { folder };
        ground.put("in/a.txt", "one\ntwo\nthree\n");
        ground.put("out/secret.txt", "SECRET\n");
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn settings(&self, denied: &[&str]) -> FilesSettings {
        FilesSettings { roots: vec![self.path("in")], denied: denied.iter().map(|name| self.path(name)).collect() }
    }

    fn link(&self, target: &str, name: &str) {
        std::os::unix::fs::symlink(target, self.path(name)).unwrap();
    }

    /// What is in the folder, in order.
    fn names(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(name)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    async fn client(&self) -> TestClient {
        self.client_without(&[]).await
    }

    async fn client_without(&self, denied: &[&str]) -> TestClient {
        TestClient::connect(Files::new(&self.settings(denied))).await
    }
}

#[tokio::test]
async fn every_tool_says_whether_it_changes_anything() {
    let ground = Ground::new();
    let tools = ground.client().await.0.list_all_tools().await.unwrap();
    let mut found: Vec<String> = Vec::new();
    for tool in tools {
        let hints = tool.annotations.clone().unwrap();
        assert!(tool.description.is_some_and(|text| !text.is_empty()), "{}", tool.name);
        assert_eq!(hints.open_world_hint, Some(false), "{}", tool.name);
        found.push(format!("{} {:?}", tool.name, hints.read_only_hint.unwrap()));
    }
    found.sort();
    assert_eq!(
        found,
        [
            "edit false",
            "glob true",
            "grep true",
            "list true",
            "make_folder false",
            "move false",
            "patch false",
            "read true",
            "remove false",
            "write false"
        ]
    );
}
