//! Listing, reading and searching, and what is refused.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::Ground;
use crate::builtin::files::{Files, FilesSettings};
use crate::builtin::test_client::TestClient;

#[tokio::test]
async fn lists_and_reads() {
    let ground = Ground::new();
    let client = ground.client().await;
    ground.link("a.txt", "in/link");
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
    ground.link(ground.path("out").to_str().unwrap(), "in/way");
    ground.link("../out/secret.txt", "in/near");
    ground.link("/proc/self/environ", "in/environ");
    ground.link("/proc/self/root", "in/root");
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
    ground.link("config", "in/link");
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

#[tokio::test]
async fn searches_by_text_and_by_name() {
    let ground = Ground::new();
    let client = ground.client().await;
    ground.put("in/sub/b.rs", "fn one() {}\n// One more\n\nfn two() {}\n");
    fs::create_dir_all(ground.path("in/.git")).unwrap();
    ground.put("in/.git/one", "one\n");
    fs::write(ground.path("in/binary"), b"one\0one\n").unwrap();
    ground.link("../out", "in/way");
    let grep = |arguments| client.call("grep", arguments);
    assert_eq!(
        grep(json!({"pattern": "one", "ignore_case": true})).await.unwrap(),
        "a.txt:1: one\nsub/b.rs:1: fn one() {}\nsub/b.rs:2: // One more\n"
    );
    assert_eq!(
        grep(json!({"pattern": "^fn", "glob": "*.rs", "matches_max": 1})).await.unwrap(),
        "sub/b.rs:1: fn one() {}\n[there can be more matches: narrow the search]\n"
    );
    assert_eq!(
        grep(json!({"pattern": "two", "path": "sub/b.rs", "context_lines": 1})).await.unwrap(),
        "sub/b.rs-3- \nsub/b.rs:4: fn two() {}\n"
    );
    assert_eq!(grep(json!({"pattern": "SECRET"})).await.unwrap(), "[no line matches]\n");
    assert!(grep(json!({"pattern": "("})).await.unwrap_err().starts_with("the pattern is no regular expression"));
    assert!(grep(json!({"pattern": "a", "path": "../out"})).await.unwrap_err().contains("leads out of"));
    assert!(grep(json!({"pattern": "a", "path": "none"})).await.unwrap_err().contains("none is not there"));
    let glob = |arguments| client.call("glob", arguments);
    assert_eq!(glob(json!({"pattern": "**/*.{rs,txt}"})).await.unwrap(), "a.txt\nsub/b.rs\n");
    assert_eq!(glob(json!({"pattern": "*", "path": "sub"})).await.unwrap(), "sub/b.rs\n");
    assert_eq!(glob(json!({"pattern": "way/*"})).await.unwrap(), "[no file matches]\n");
    assert!(glob(json!({"pattern": "["})).await.unwrap_err().contains("no glob pattern"));
}

#[tokio::test]
async fn a_search_passes_by_what_is_ours() {
    let ground = Ground::new();
    fs::create_dir(ground.path("in/config")).unwrap();
    for name in ["in/config/key", "in/history.db", "in/history.db-wal", "in/fine"] {
        ground.put(name, "hidden\n");
    }
    fs::hard_link(ground.path("in/history.db"), ground.path("in/other-name")).unwrap();
    let client = ground.client_without(&["in/config", "in/history.db"]).await;
    assert_eq!(client.call("grep", json!({"pattern": "hidden"})).await.unwrap(), "fine:1: hidden\n");
    assert_eq!(client.call("glob", json!({"pattern": "**/key"})).await.unwrap(), "[no file matches]\n");
}

#[tokio::test]
async fn unknown_arguments_are_refused() {
    let ground = Ground::new();
    let client = ground.client().await;
    let refused = client.call("read", json!({"path": "a.txt", "limit": 3})).await.unwrap_err();
    assert!(refused.contains("unknown field `limit`"), "{refused}");
}
