//! `batch --save`: each row is a conversation of the history.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::batch::{batch, echo, prompt, results, rows};
use crate::support::{ModelServer, Reply, Sandbox, TestConfig, Wire};

#[test]
fn saved_rows_are_conversations_that_go_on() {
    let server = echo();
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 40);
    let args = ["in.jsonl", "--save", "--output", "out.jsonl", "--jobs", "16", "-s", "Be brief."];
    batch(&sandbox, args).run().assert_exit(0);
    assert_eq!(sandbox.conversation_count(), 40);
    let results = results(&sandbox, "out.jsonl");
    let named: BTreeSet<&str> = results.iter().map(|result| result["conversation"].as_str().unwrap()).collect();
    assert_eq!(named.len(), 40);
    let id = results[7]["conversation"].as_str().unwrap();
    sandbox.ask_once(["--session", id, "and?"]).run().assert_exit(0);
    let sent = server.requests().last().unwrap().json()["messages"].clone();
    let contents: Vec<&str> = sent.as_array().unwrap().iter().map(|one| one["content"].as_str().unwrap()).collect();
    assert_eq!(contents, ["Be brief.", "<7>", "re: <7>", "and?"]);
    // What is done is neither asked nor kept again.
    batch(&sandbox, args).run().assert_exit(0).assert_stderr_has(&["40 done before"]);
    assert_eq!(sandbox.conversation_count(), 40);
    sandbox.assert_database_is_sound();
}

#[test]
fn what_cannot_be_saved_is_told_before_any_request() {
    let server = echo();
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 2);
    batch(&sandbox, ["in.jsonl", "--save", "--jobs", "65"]).run().assert_exit(2).assert_stderr_has(&["takes 64"]);
    let memory = TestConfig::for_server(&server).set("chat.storage.type", "memory");
    let sandbox = Sandbox::new().config(&memory);
    rows(&sandbox, "in.jsonl", 2);
    batch(&sandbox, ["in.jsonl", "--save"]).run().assert_exit(3).assert_stderr_has(&["needs a history"]);
    assert_eq!(server.requests().len(), 0);
    let plain = batch(&sandbox, ["in.jsonl"]).run().assert_exit(0);
    assert!(!plain.stdout().contains("conversation"), "{plain:?}");
}

/// Several batches at once, each with many jobs, on a history that is not there yet, and with few files to open.
#[test]
fn many_batches_at_once_save_all_of_their_rows() {
    let server = echo();
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 96);
    let start = |shard: &'static str| {
        let args = ["in.jsonl", "--save", "--jobs", "64", "--shard", shard];
        batch(&sandbox, args).shell("ulimit -n 1024; exec \"$@\"").limit(Duration::from_secs(60)).spawn()
    };
    let running: Vec<_> = ["1/3", "2/3", "3/3"].into_iter().map(start).collect();
    for process in running {
        let output = process.wait().assert_exit(0);
        assert!(!output.stderr.contains("warning"), "{output:?}");
    }
    assert_eq!(sandbox.conversation_count(), 96);
    let query = "SELECT count(*) AS n FROM messages WHERE role = 'assistant' AND status = 'complete'
        AND text = 're: ' || (SELECT text FROM messages AS q WHERE q.id = messages.parent_id)";
    let output = sandbox.sayso(["history", "sql", "--format", "json", query]).run().assert_exit(0);
    assert_eq!(serde_json::from_str::<Value>(&output.stdout()).unwrap(), json!([{ "n": 96 }]));
    sandbox.assert_database_is_sound();
}

#[test]
fn a_kill_marks_what_was_saved_of_a_row() {
    let server = ModelServer::scripted(Wire::Plain, |request, number| {
        let prompt = prompt(request);
        Some(if number == 0 {
            Reply::sse().text("half").sleep_ms(30_000).finished()
        } else {
            Reply::answer(&[&prompt])
        })
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 1);
    let args = ["in.jsonl", "--save", "--output", "out.jsonl"];
    let running = batch(&sandbox, args).spawn();
    server.wait_for_request(1);
    running.signal(Signal::KILL);
    running.wait();
    batch(&sandbox, args).run().assert_exit(0);
    let query = "SELECT status, count(*) AS n FROM messages WHERE role = 'assistant' GROUP BY status ORDER BY status";
    let output = sandbox.sayso(["history", "sql", "--format", "json", query]).run().assert_exit(0);
    let told: Value = serde_json::from_str(&output.stdout()).unwrap();
    assert_eq!(told, json!([{"status": "complete", "n": 1}, {"status": "interrupted", "n": 1}]));
    assert_eq!(sandbox.conversation_count(), 2);
}
