//! Files of earlier versions: read as they are where that is possible, else brought up to date.

use std::fs;

use rusqlite::Connection;

use crate::support::{Run, Sandbox, needs};

const MIGRATIONS: [&str; 7] = [
    include_str!("../../src/history/migrations/0001_initial.sql"),
    include_str!("../../src/history/migrations/0002_index_answers_apart.sql"),
    include_str!("../../src/history/migrations/0003_upkeep.sql"),
    include_str!("../../src/history/migrations/0004_places_and_details.sql"),
    include_str!("../../src/history/migrations/0005_attachments.sql"),
    include_str!("../../src/history/migrations/0006_answers.sql"),
    include_str!("../../src/history/migrations/0007_budget.sql"),
];

/// A history as this version has left it.
fn of_version(version: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.data_folder()).unwrap();
    let database = Connection::open(sandbox.database_path()).unwrap();
    database.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").unwrap();
    database.execute_batch(MIGRATIONS[0]).unwrap();
    database
        .execute_batch(
            "INSERT INTO conversation (id, name, created_ms, used_ms, used_seq, head) VALUES ('C1', 'trip', 1, 1, 1, 2);
             INSERT INTO message (id, conversation, parent, role, status, created_ms, text) VALUES
                 ('M1', 1, NULL, 'user', 'complete', 1, 'a question'), ('M2', 1, 1, 'assistant', 'complete', 1, 'an answer');
             INSERT INTO tool_call (message, position, call_id, name, arguments) VALUES (2, 0, 'c', 'look', '{}');",
        )
        .unwrap();
    MIGRATIONS[1..version].iter().for_each(|migration| database.execute_batch(migration).unwrap());
    database.pragma_update(None, "user_version", u32::try_from(version).unwrap()).unwrap();
    sandbox
}

#[test]
fn every_version_can_be_read() {
    for version in 1..MIGRATIONS.len() {
        let template = of_version(version);
        let sandbox = Sandbox::new();
        fs::create_dir_all(sandbox.data_folder()).unwrap();
        let renew = || {
            for suffix in ["-wal", "-shm"] {
                let _ = fs::remove_file(sandbox.history_file(suffix));
            }
            fs::copy(template.database_path(), sandbox.database_path()).unwrap();
        };
        for (args, shown) in [
            (&["list"][..], "trip"),
            (&["list", "--status", "complete", "--tool", "x", "--format", "json"], "[]"),
            (&["show", "trip"], "an answer"),
            (&["show", "trip", "--tree"], "a question"),
            (&["show", "trip", "--timeline"], ""),
            (&["show", "trip", "--format", "json"], "an answer"),
            (&["search", "question"], "question"),
            (&["search", "--reasoning", "question"], "question"),
            (&["search", "--schema", "x"], ""),
            (&["export", "--format", "jsonl"], "an answer"),
            (&["export", "--format", "html"], "an answer"),
            (&["diff", "trip@1", "trip@2"], "an answer"),
            (&["follow", "trip"], "an answer"),
            (&["check", "--full"], "1 conversation and 2 messages"),
            (&["sql", "SELECT text FROM messages"], "an answer"),
            (&["sql", "SELECT count(*) AS n FROM usage"], "0"),
            (&["prune", "--dry-run"], ""),
            (&["scrub", "--dry-run"], ""),
            (&["backup", "copy.db"], ""),
        ] {
            renew();
            let output = sandbox.sayso(["history"].iter().chain(args).copied()).run();
            assert!(!output.stderr.contains("no such"), "version {version}, {args:?}: {output:?}");
            assert!(output.assert_exit(0).stdout().contains(shown), "version {version}, {args:?}");
        }
        renew();
        sandbox.sayso(["stats"]).run().assert_exit(0);
        renew();
        sandbox.sayso(["doctor", "--history"]).run().assert_exit(0);
    }
}

#[test]
fn what_is_too_old_to_read_and_cannot_be_written_says_so() {
    if !needs("unshare") {
        return;
    }
    for (version, code) in [(2, 3), (3, 0)] {
        let sandbox = of_version(version);
        let folder = sandbox.data_folder();
        let folder = folder.display();
        let script =
            format!("mount --bind '{folder}' '{folder}' && mount -o remount,bind,ro '{folder}' && exec \"$@\"");
        let read_only = |run: Run| run.shell(&script).under(["unshare", "-rm"]);
        let output = read_only(sandbox.sayso(["history", "list"])).run().assert_exit(code);
        if code == 0 {
            assert!(output.stdout().contains("trip"), "{output:?}");
        } else {
            output
                .assert_stderr_has(&["an early version of sayso has written it (schema 2)", "where it can be written"]);
        }
    }
}
