//! The tools as a client sees them, on real files.

use std::fs;
use std::path::Path;

use serde_json::json;

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

    fn path(&self, name: &str) -> std::path::PathBuf {
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
    assert_eq!(found, ["list true", "read true"]);
}

#[tokio::test]
async fn lists_and_reads() {
    let ground = Ground::new();
    let client = ground.client().await;
    std::os::unix::fs::symlink("a.txt", ground.path("in/link")).unwrap();
    let list = client.call("list", json!({})).await;
    assert_eq!(list.unwrap(), "a.txt  14 bytes\nlink -> a.txt\nsub/\n");
    let read = |arguments| client.call("read", arguments);
    assert_eq!(read(json!({"path": "a.txt"})).await.unwrap(), "one\ntwo\nthree\n");
    assert_eq!(read(json!({"path": "link"})).await.unwrap(), "one\ntwo\nthree\n");
    assert_eq!(read(json!({"path": ground.path("in/a.txt")})).await.unwrap(), "one\ntwo\nthree\n");
    assert_eq!(read(json!({"path": "sub/../a.txt", "start_line": 3})).await.unwrap(), "three\n");
    assert_eq!(
        read(json!({"path": "a.txt", "start_line": 2, "line_count": 1})).await.unwrap(),
        "two\n[lines 2 to 2; there is more: go on with start_line=3]\n"
    );
    assert_eq!(
        read(json!({"path": "a.txt", "start_line": 9})).await.unwrap_err(),
        "a.txt has 3 lines: there is no line 9"
    );
}

#[tokio::test]
async fn long_binary_and_foreign_text_is_told() {
    let ground = Ground::new();
    let client = ground.client().await;
    ground.put("in/long", &format!("{}\nshort\n", "x".repeat(300 * 1024)));
    let text = client.call("read", json!({"path": "long"})).await.unwrap();
    assert!(text.len() < 257 * 1024, "{}", text.len());
    assert!(
        text.ends_with(
            "x[the rest of this line is left out]\n[lines 1 to 1; there is more: go on with start_line=2]\n"
        )
    );
    fs::write(ground.path("in/image"), b"\x89PNG\0\0").unwrap();
    let refused = client.call("read", json!({"path": "image"})).await.unwrap_err();
    assert_eq!(refused, "image is binary (6 bytes): it cannot be read as text");
    fs::write(ground.path("in/latin"), b"caf\xe9\n").unwrap();
    assert_eq!(client.call("read", json!({"path": "latin"})).await.unwrap(), "caf\u{fffd}\n");
}

#[tokio::test]
async fn nothing_outside_is_read() {
    let ground = Ground::new();
    let client = ground.client().await;
    std::os::unix::fs::symlink(ground.path("out"), ground.path("in/way")).unwrap();
    std::os::unix::fs::symlink("../out/secret.txt", ground.path("in/near")).unwrap();
    std::os::unix::fs::symlink("/proc/self/environ", ground.path("in/environ")).unwrap();
    std::os::unix::fs::symlink("/proc/self/root", ground.path("in/root")).unwrap();
    let out = ground.path("out/secret.txt");
    let paths = [
        "../out/secret.txt",
        "sub/../../out/secret.txt",
        out.to_str().unwrap(),
        &format!("{}/../out/secret.txt", ground.path("in").display()),
        "way/secret.txt",
        "near",
        "environ",
        "/proc/self/environ",
        "/etc/passwd",
        "root/etc/passwd",
        "/dev/null",
        "/dev/stdin",
    ];
    for path in paths {
        let refused = client.call("read", json!({"path": path})).await.unwrap_err();
        assert!(refused.contains("outside of") || refused.contains("leads out of"), "{path}: {refused}");
    }
}

#[tokio::test]
async fn what_is_no_file_is_not_opened() {
    let ground = Ground::new();
    let client = ground.client().await;
    let fifo = ground.path("in/fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(ground.path("in/socket")).unwrap();
    for (path, kind) in [("fifo", "a named pipe"), ("socket", "a socket"), ("sub", "a folder")] {
        let refused = client.call("read", json!({"path": path})).await.unwrap_err();
        assert_eq!(refused, format!("{path} is {kind}, not a file"));
    }
    // Where the folders of the system itself are allowed.
    let settings = FilesSettings { roots: vec!["/".into()], denied: Vec::new() };
    let client = TestClient::connect(Files::new(&settings)).await;
    let refused = client.call("read", json!({"path": "/dev/null"})).await.unwrap_err();
    assert_eq!(refused, "/dev/null is a device, not a file");
    if Path::new("/proc/self/environ").exists() {
        let refused = client.call("read", json!({"path": "/proc/self/environ"})).await.unwrap_err();
        assert!(refused.contains("a window into a process"), "{refused}");
    }
}

#[tokio::test]
async fn what_is_ours_stays_shut() {
    let ground = Ground::new();
    fs::create_dir_all(ground.path("in/config/deep")).unwrap();
    ground.put("in/config/config.yaml", "key");
    ground.put("in/config/deep/key", "key");
    ground.put("in/history.db", "rows");
    ground.put("in/history.db-wal", "rows");
    fs::hard_link(ground.path("in/history.db"), ground.path("in/other-name")).unwrap();
    std::os::unix::fs::symlink("config", ground.path("in/link")).unwrap();
    let client = ground.client_without(&["in/config", "in/history.db"]).await;
    for path in [
        "config/config.yaml",
        "config/deep/key",
        "sub/../config/config.yaml",
        "history.db",
        "history.db-wal",
        "other-name",
        "link/config.yaml",
    ] {
        let refused = client.call("read", json!({"path": path})).await.unwrap_err();
        assert!(refused.contains("belongs to this program itself"), "{path}: {refused}");
    }
    assert!(client.call("list", json!({"path": "config"})).await.is_err());
    let list = client.call("list", json!({})).await.unwrap();
    assert_eq!(list, "a.txt  14 bytes\nlink -> config\nsub/\n");
    assert_eq!(ground.text("in/a.txt").len(), 14);
}
