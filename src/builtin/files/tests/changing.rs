//! Writing, editing, moving and removing, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::Ground;
use crate::builtin::files::preview;

#[tokio::test]
async fn writes_and_shows_the_change() {
    let ground = Ground::new();
    let client = ground.client().await;
    let arguments = json!({"path": "sub/new.txt", "content": "hello\n"});
    let diff = "--- /dev/null\n+++ b/sub/new.txt\n@@ -0,0 +1 @@\n+hello\n";
    let shown = preview(&ground.settings(&[]), "write", arguments.as_object().unwrap());
    assert_eq!(shown.as_deref(), Some(diff));
    assert!(!ground.path("in/sub/new.txt").exists());
    assert_eq!(client.call("write", arguments).await.unwrap(), diff);
    assert_eq!(ground.text("in/sub/new.txt"), "hello\n");

    fs::set_permissions(ground.path("in/a.txt"), fs::Permissions::from_mode(0o750)).unwrap();
    let diff = client.call("edit", json!({"path": "a.txt", "old": "two", "new": "2"})).await.unwrap();
    assert_eq!(diff, "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
    assert_eq!(ground.text("in/a.txt"), "one\n2\nthree\n");
    assert_eq!(fs::metadata(ground.path("in/a.txt")).unwrap().permissions().mode() & 0o7777, 0o750);
    assert_eq!(ground.names("in"), ["a.txt", "sub"], "nothing is left beside it");
    assert_eq!(ground.names("in/sub"), ["new.txt"]);
}

#[tokio::test]
async fn previews_tell_what_would_fail_and_leave_readers_alone() {
    let ground = Ground::new();
    let settings = ground.settings(&[]);
    let shown = |tool: &str, arguments: serde_json::Value| preview(&settings, tool, arguments.as_object().unwrap());
    assert_eq!(
        shown("edit", json!({"path": "a.txt", "old": "four", "new": "4"})).unwrap(),
        "this would fail: a.txt: `old` does not stand in the file: read it again, spaces and line ends count"
    );
    assert!(shown("edit", json!({"path": "a.txt"})).unwrap().starts_with("this would fail: missing field"));
    assert!(shown("write", json!({"path": "../out/x", "content": ""})).unwrap().contains("leads out of"));
    assert_eq!(shown("remove", json!({"path": "a.txt"})).unwrap(), "removes a.txt");
    assert_eq!(shown("read", json!({"path": "a.txt"})), None);
}

#[tokio::test]
async fn nothing_outside_is_changed() {
    let ground = Ground::new();
    let client = ground.client().await;
    ground.link("../out", "in/way");
    ground.link("../out/secret.txt", "in/near");
    ground.link("../out/new.txt", "in/dangling");
    let out = ground.path("out/new.txt");
    for path in ["../out/new.txt", out.to_str().unwrap(), "way/new.txt", "near", "dangling"] {
        let refused = client.call("write", json!({"path": path, "content": "x"})).await.unwrap_err();
        let is_refused = ["outside of", "leads out of", "is a symbolic link"].iter().any(|text| refused.contains(text));
        assert!(is_refused, "{path}: {refused}");
        let _ = client.call("edit", json!({"path": path, "old": "SECRET", "new": "x"})).await.unwrap_err();
        let _ = client.call("make_folder", json!({"path": path})).await.unwrap_err();
        let _ = client.call("move", json!({"from": "a.txt", "to": path})).await.unwrap_err();
    }
    let _ = client.call("move", json!({"from": "way/secret.txt", "to": "mine"})).await.unwrap_err();
    let _ = client.call("remove", json!({"path": "way/secret.txt"})).await.unwrap_err();
    assert_eq!(ground.names("out"), ["secret.txt"]);
    assert_eq!(ground.text("out/secret.txt"), "SECRET\n");
}

#[tokio::test]
async fn what_is_ours_is_never_changed() {
    let ground = Ground::new();
    fs::create_dir_all(ground.path("in/home/config")).unwrap();
    ground.put("in/home/config/config.yaml", "key");
    ground.put("in/history.db", "rows");
    fs::hard_link(ground.path("in/history.db"), ground.path("in/other-name")).unwrap();
    // The state folder is not there yet.
    let client = ground.client_without(&["in/home/config", "in/history.db", "in/state/sayso"]).await;
    let refusals = [
        ("write", json!({"path": "home/config/config.yaml", "content": "x"})),
        ("write", json!({"path": "home/config/new", "content": "x"})),
        ("write", json!({"path": "history.db", "content": "x"})),
        ("write", json!({"path": "history.db-wal", "content": "x"})),
        ("edit", json!({"path": "other-name", "old": "rows", "new": "x"})),
        ("remove", json!({"path": "history.db"})),
        ("remove", json!({"path": "other-name"})),
        ("move", json!({"from": "history.db", "to": "mine"})),
        ("move", json!({"from": "home/config", "to": "mine"})),
        ("move", json!({"from": "home", "to": "mine"})),
        ("move", json!({"from": "a.txt", "to": "home/config/mine"})),
        ("move", json!({"from": "sub", "to": "state"})),
        ("make_folder", json!({"path": "state"})),
    ];
    for (tool, arguments) in refusals {
        let refused = client.call(tool, arguments.clone()).await.unwrap_err();
        assert!(refused.contains("belongs to this program itself"), "{tool} {arguments}: {refused}");
    }
    assert_eq!(ground.text("in/home/config/config.yaml"), "key");
    assert_eq!(ground.names("in"), ["a.txt", "history.db", "home", "other-name", "sub"]);
}

#[tokio::test]
async fn what_is_no_writable_text_file_stays() {
    let ground = Ground::new();
    let client = ground.client().await;
    rustix::fs::mkfifoat(rustix::fs::CWD, ground.path("in/fifo"), rustix::fs::Mode::RUSR).unwrap();
    fs::write(ground.path("in/binary"), b"a\0b").unwrap();
    let write = |path| client.call("write", json!({"path": path, "content": "x"}));
    assert_eq!(write("fifo").await.unwrap_err(), "fifo is a named pipe, not a file");
    assert_eq!(write("sub").await.unwrap_err(), "sub is a folder, not a file");
    assert_eq!(write("none/x").await.unwrap_err(), "none/x is not there");
    assert_eq!(write("..").await.unwrap_err(), ".. is a folder");
    let edit = client.call("edit", json!({"path": "binary", "old": "a", "new": "b"})).await;
    assert_eq!(edit.unwrap_err(), "binary is no text, or larger than 8388608 bytes");
    assert_eq!(write("binary").await.unwrap(), "binary: 3 bytes that are no text are replaced by text\n");
    let twice = client.call("edit", json!({"path": "a.txt", "old": "e\n", "new": "x"})).await.unwrap_err();
    assert!(twice.contains("stands in the file 2 times (lines 1, 3)"), "{twice}");
    assert_eq!(ground.text("in/a.txt"), "one\ntwo\nthree\n");
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(ground.path("in/a.txt"), fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(write("a.txt").await.unwrap_err(), "a.txt is write-protected");
    }
}

#[tokio::test]
async fn folders_are_made_moved_and_removed() {
    let ground = Ground::new();
    let client = ground.client().await;
    client.call("make_folder", json!({"path": "sub/deep"})).await.unwrap();
    client.call("move", json!({"from": "a.txt", "to": "sub/deep/b.txt"})).await.unwrap();
    ground.put("in/c.txt", "c");
    let onto = client.call("move", json!({"from": "c.txt", "to": "sub/deep/b.txt"})).await.unwrap_err();
    assert_eq!(onto, "sub/deep/b.txt is there already");
    let full = client.call("remove", json!({"path": "sub"})).await.unwrap_err();
    assert_eq!(full, "sub is not empty: remove what is in it first");
    for path in ["sub/deep/b.txt", "sub/deep", "sub"] {
        client.call("remove", json!({"path": path})).await.unwrap();
    }
    assert_eq!(ground.names("in"), ["c.txt"]);
}
