//! `stats`, `/stats` and `doctor --history`.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use super::repl::wait_for_end;
use crate::support::{Gate, ModelServer, Pty, Reply, Sandbox, wait_until};

/// Three turns, one of them cut off, with token counts.
fn talked() -> Sandbox {
    let server =
        ModelServer::start([Reply::answer(&["Hel", "lo"]), Reply::sse().text("par").rst(), Reply::answer(&["Yes"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    sandbox.ask_once(["--session", "a,\"b", "cut"]).run();
    sandbox.ask_once(["-c", "really?"]).run().assert_exit(0);
    sandbox
}

fn stats(sandbox: &Sandbox, args: &[&str]) -> String {
    sandbox.sayso(["stats"].into_iter().chain(args.iter().copied()).collect::<Vec<_>>()).run().assert_exit(0).stdout()
}

fn json(sandbox: &Sandbox, by: &str) -> Vec<Value> {
    serde_json::from_str(&stats(sandbox, &["--by", by, "--format", "json"])).unwrap()
}

#[test]
fn turns_are_counted_once_by_everything() {
    let sandbox = talked();
    for (by, rows) in [("day", 1), ("model", 1), ("provider", 1), ("conversation", 2), ("tool", 0)] {
        let found = json(&sandbox, by);
        assert_eq!(found.len(), rows, "{by}: {found:?}");
        let sum = |name: &str| found.iter().map(|row| row[name].as_i64().unwrap()).sum::<i64>();
        if rows > 0 {
            assert_eq!([sum("turns"), sum("interrupted")], [3, 1], "{by}: {found:?}");
        }
    }
    assert_eq!(json(&sandbox, "model")[0]["key"], "test:test-model");
    assert_eq!(json(&sandbox, "provider")[0]["key"], "test");
    assert_eq!(json(&sandbox, "conversation")[0]["label"], "a,\"b");
    let day = &json(&sandbox, "day")[0];
    assert!(day["total_ms"]["p50"].as_f64().unwrap() > 0.0 && day["first_token_ms"]["p95"].as_f64().is_some(), "{day}");
    // Deleting a conversation does not change what was counted.
    let database = Connection::open(sandbox.database_path()).unwrap();
    database.execute_batch("PRAGMA foreign_keys = ON; DELETE FROM conversation").unwrap();
    assert_eq!(json(&sandbox, "day")[0]["turns"], 3);
}

#[test]
fn every_format_reads_well() {
    let sandbox = talked();
    let table = stats(&sandbox, &["--by", "model"]);
    assert!(
        table.starts_with("MODEL") && table.contains("test:test-model  3") && table.contains("████████"),
        "{table}"
    );
    let csv = stats(&sandbox, &["--by", "conversation", "--format", "csv"]);
    assert!(csv.starts_with("key,label,turns,") && csv.contains(",\"a,\"\"b\",2,1,"), "{csv}");
    assert_eq!(stats(&sandbox, &["--format", "jsonl"]).lines().count(), 1);
    let svg = stats(&sandbox, &["--by", "conversation", "--format", "svg"]);
    assert!(svg.starts_with("<svg xmlns=") && svg.contains("a,&quot;b") && svg.trim_end().ends_with("</svg>"), "{svg}");
    let page = stats(&sandbox, &["--by", "model", "--format", "html"]);
    assert!(page.contains("<svg") && page.contains("<pre>MODEL") && !page.contains("<script"), "{page}");
    assert_eq!(json(&sandbox, "conversation").len(), 2);
    assert_eq!(stats(&sandbox, &["--by", "conversation", "--limit", "1", "--format", "jsonl"]).lines().count(), 1);
    assert_eq!(stats(&sandbox, &["--days", "1", "--format", "jsonl"]).lines().count(), 1);
    let empty = Sandbox::new();
    empty.sayso(["stats"]).run().assert_exit(0).assert_stdout("").assert_stderr_has(&["nothing has been counted yet"]);
    assert!(!empty.database_path().exists());
}

#[test]
fn an_empty_table_says_what_is_not_there() {
    let sandbox = talked();
    let output = sandbox.sayso(["stats", "--by", "tool"]).run().assert_exit(0).assert_stdout("");
    output.assert_stderr_has(&["no call of a tool has been counted yet"]);
    // As if all of it had been last month.
    let database = Connection::open(sandbox.database_path()).unwrap();
    database.execute_batch("UPDATE turn_sums SET day = '2020-01-01'").unwrap();
    let output = sandbox.sayso(["stats", "--days", "7"]).run().assert_exit(0).assert_stdout("");
    output.assert_stderr_has(&["nothing has been counted in these days"]);
}

#[test]
fn what_is_imported_counts_and_calls_of_tools_too() {
    let sandbox = Sandbox::new();
    let line = r#"{"id":"C","messages":[{"id":"A","role":"assistant","model":"p:m","created":"2024-01-02T00:00:00Z","usage":{"input":7},"tool_calls":[{"id":"1","name":"look","server":"files","ok":false,"started":"2024-01-02T00:00:01Z","finished":"2024-01-02T00:00:03Z"}]}]}"#;
    for _ in 0..2 {
        sandbox.sayso(["history", "import", "-"]).stdin(line).run().assert_exit(0);
    }
    let tool = &json(&sandbox, "tool")[0];
    assert_eq!(
        (tool["key"].as_str(), tool["turns"].as_i64(), tool["errors"].as_i64()),
        (Some("files/look"), Some(1), Some(1))
    );
    let half = tool["total_ms"]["p50"].as_f64().unwrap();
    assert!((1800.0..2200.0).contains(&half), "{half}");
    let day = &json(&sandbox, "day")[0];
    assert_eq!((day["key"].as_str(), day["input_tokens"].as_i64()), (Some("2024-01-02"), Some(7)));
}

#[test]
fn bytes_and_commits_of_a_streamed_answer_are_counted() {
    let reply = (0..200).fold(Reply::sse(), |reply, _| reply.text(&"words ".repeat(20)).sleep_ms(1));
    let server = ModelServer::start([reply.finished()]);
    let sandbox = Sandbox::new().config(&crate::support::TestConfig::for_server(&server).persist(20, 512));
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    let day = &json(&sandbox, "day")[0];
    for name in ["chunks", "flushes", "commits", "bytes_written", "buffer_peak_bytes"] {
        assert!(day[name].as_i64().unwrap() > 0, "{name}: {day}");
    }
}

#[test]
fn the_prompt_shows_them_too() {
    let sandbox = talked();
    let mut pty = Pty::start(sandbox.sayso(["-q"]), 40, 140);
    wait_for_end(&pty, &["test>"]);
    pty.send("/stats\r");
    pty.wait_for_screen("the tables and the prompt", |screen| {
        screen.contains("TURNS") && screen.contains("test:test-model") && screen.trim_end().ends_with("test>")
    });
    pty.send("/exit\r");
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn the_doctor_looks_at_the_history() {
    let gate = Gate::default();
    let reply = Reply::sse().text("Hel").wait_for(&gate).text("lo");
    let server = ModelServer::start([reply.finished()]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.sayso(["doctor", "--history"]).run().assert_exit(0).assert_stdout("there is no history yet\n");
    let running = sandbox.ask_once(["hi"]).spawn();
    running.wait_for_stdout("Hel");
    let look = || -> Value {
        let output = sandbox.sayso(["doctor", "--history", "--json"]).run().assert_exit(0);
        serde_json::from_slice(&output.stdout_bytes).unwrap()
    };
    wait_until("the writer", || look()["writers"] == 1);
    let found = look();
    assert_eq!((found["journal_mode"].as_str(), found["messages"].as_i64()), (Some("wal"), Some(2)));
    assert_eq!(found["schema_version"], found["schema_known"]);
    assert!(found["wal_bytes"].as_i64().unwrap() > 0, "{found}");
    gate.open();
    running.wait().assert_exit(0);
    let lock = Connection::open(sandbox.database_path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(look()["lock_holders"], serde_json::json!([std::process::id()]));
    drop(lock);
    let table = sandbox.sayso(["doctor", "--history"]).run().assert_exit(0).stdout();
    for part in ["mode       wal\n", "integrity  ok\n", "locks      none\n", "holds      1 conversations, 2 messages\n"]
    {
        assert!(table.contains(part), "{table}");
    }
    fs::write(sandbox.database_path(), "damaged damaged damaged damaged damaged damaged").unwrap();
    sandbox.sayso(["doctor", "--history"]).run().assert_exit(3);
    // The whole doctor sees it, too.
    let told = sandbox.sayso(["doctor"]).run().assert_exit(3).stdout();
    assert!(told.contains("BROKEN history"), "{told}");
}

#[test]
fn tables_fit_the_terminal_and_pipes_get_all_columns() {
    let sandbox = talked();
    for columns in [30, 40, 80] {
        for by in ["day", "model", "conversation"] {
            let log = Pty::start(sandbox.sayso(["stats", "--by", by]), 24, columns).finish();
            let text = String::from_utf8(log).unwrap();
            let is_fitting = |line: &str| line.trim_end().chars().count() <= usize::from(columns);
            assert!(text.contains("TURNS") && text.lines().all(is_fitting), "{columns}: {text}");
        }
    }
    assert!(stats(&sandbox, &["--by", "model"]).lines().next().unwrap().ends_with("TOTAL ms  TOKENS/s"));
}
