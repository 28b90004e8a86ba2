//! The built-in server `files` from outside: what it reads and changes, and what stays shut.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Output, Sandbox, TEST_KEY};

fn call(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.sayso(["mcp", "call", "files"].into_iter().chain(arguments.iter().copied())).run()
}

#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &[&str], reason: &str) {
    let output = call(sandbox, arguments);
    assert!(!output.stdout().contains(TEST_KEY) && !output.stderr.contains(TEST_KEY), "{arguments:?}: {output:?}");
    output.assert_exit(8).assert_stdout("").assert_stderr_has(&[reason]);
}

#[test]
fn files_are_read_and_changed_with_a_diff() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("work/notes.txt"), "one\ntwo\n").unwrap();
    call(&sandbox, &["read", "path=notes.txt"]).assert_exit(0).assert_stdout("one\ntwo\n");
    let diff = "--- a/notes.txt\n+++ b/notes.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n";
    call(&sandbox, &["edit", "path=notes.txt", "old=two", "new=2"]).assert_exit(0).assert_stdout(diff);
    assert_eq!(fs::read_to_string(sandbox.path("work/notes.txt")).unwrap(), "one\n2\n");
    refused(&sandbox, &["edit", "path=notes.txt", "old=three", "new=3"], "does not stand in the file");
    let patch = "patch=--- a/notes.txt\n+++ b/notes.txt\n@@ -1 +1 @@\n-uno\n+1\n";
    refused(&sandbox, &["patch", patch], "hunk 1 does not fit");
    call(&sandbox, &["grep", "pattern=^2"]).assert_exit(0).assert_stdout("notes.txt:2: 2\n");
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("secret"), TEST_KEY).unwrap();
    symlink("../secret", sandbox.path("work/link")).unwrap();
    symlink("..", sandbox.path("work/up")).unwrap();
    symlink("/proc/self/environ", sandbox.path("work/environ")).unwrap();
    let absolute = format!("path={}", sandbox.path("secret").display());
    for path in ["path=../secret", "path=link", "path=up/secret", "path=environ"] {
        refused(&sandbox, &["read", path], "leads out of the allowed folders");
    }
    for path in [&*absolute, "path=/proc/self/environ", "path=/etc/passwd", "path=/dev/null"] {
        refused(&sandbox, &["read", path], "is outside of the allowed folders");
    }
    refused(&sandbox, &["write", "path=../new", "content=x"], "leads out of the allowed folders");
    assert!(!sandbox.path("new").exists());
}

#[test]
fn what_belongs_to_sayso_stays_shut_also_where_its_folder_is_allowed() {
    let sandbox = Sandbox::new();
    let config = format!(
        "llm:\n  providers:\n    test: {{ api: openai_chat, base_url: 'http://127.0.0.1:9/v1', model: m, api_key_file: {1} }}\n\
         mcp:\n  servers:\n    files: {{ builtin: files, roots: ['{0}', '/proc'] }}\n",
        sandbox.path("").display().to_string().trim_end_matches('/'),
        sandbox.work_folder().join("key").display(),
    );
    let sandbox = sandbox.config_text(&config);
    for name in ["data/sayso", "state/sayso", "cache/sayso"] {
        fs::create_dir_all(sandbox.path(name)).unwrap();
    }
    for name in ["data/sayso/history.db", "data/sayso/history.db-wal", "state/sayso/tokens.json", "work/key"] {
        fs::write(sandbox.path(name), TEST_KEY).unwrap();
    }
    fs::hard_link(sandbox.path("data/sayso/history.db"), sandbox.path("work/innocent")).unwrap();
    symlink("../config/sayso", sandbox.path("work/settings")).unwrap();
    fs::write(sandbox.path("work/fine"), "fine\n").unwrap();
    call(&sandbox, &["read", "path=work/fine"]).assert_exit(0).assert_stdout("fine\n");
    let ours = "belongs to this program itself";
    for path in [
        "config/sayso/config.yaml",
        "data/sayso/history.db",
        "data/sayso/history.db-wal",
        "state/sayso/tokens.json",
        "work/innocent",
        "work/settings/config.yaml",
        "work/key",
    ] {
        refused(&sandbox, &["read", &format!("path={path}")], ours);
        refused(
            &sandbox,
            &["write", &format!("path={path}"), "content=x"],
            if path == "work/innocent" || path == "work/key" { ours } else { "" },
        );
    }
    refused(&sandbox, &["move", "from=config", "to=mine"], ours);
    refused(&sandbox, &["remove", "path=data/sayso/history.db"], ours);
    refused(&sandbox, &["write", "path=state/sayso/new", "content=x"], ours);
    let found = call(&sandbox, &["grep", "pattern=."]).assert_exit(0);
    assert_eq!(found.stdout(), "work/fine:1: fine\n");
    // The environment has the key in it.
    if cfg!(target_os = "linux") {
        refused(&sandbox, &["read", "path=/proc/self/environ"], "a window into a process");
    }
    assert_eq!(fs::read_to_string(sandbox.path("config/sayso/config.yaml")).unwrap(), config);
}
