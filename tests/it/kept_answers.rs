//! `--once` and `--cache`: an answer is given again, one process asks for many, and nothing half is ever given.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Gate, ModelServer, Reply, Sandbox, Wire, long_tests, wait_until};

/// What `-v` tells of a process whose key is another one's.
const WAITING: &str = "waiting for the process that asks for this `--once`";

#[test]
fn a_key_is_asked_once() {
    let server = ModelServer::start([Reply::answer(&["first"]), Reply::answer(&["other"])]);
    let sandbox = Sandbox::for_server(&server);
    let once = |key: &'static str| sandbox.ask_once(["--once", key, "hi"]);
    once("a").run().assert_exit(0).assert_stdout("first\n").assert_quiet();
    once("a").run().assert_exit(0).assert_stdout("first\n").assert_quiet();
    once("b").run().assert_exit(0).assert_stdout("other\n");
    assert_eq!((server.requests().len(), sandbox.conversation_count()), (2, 2));
    let told = sandbox.ask_once(["-v", "--once", "a", "hi"]).run().assert_exit(0);
    told.assert_stderr_has(&["this answer was stored "]);
    let output = sandbox.ask_once(["--once", "a", "hi", "--format", "jsonl"]).run().assert_exit(0);
    let result = output.result();
    assert_eq!((&result["cached"], &result["text"], &result["usage"]), (&json!(true), &json!("first"), &Value::Null));
    sandbox.ask_once(["--once", "a", "--meta", "meta.json", "hi"]).run().assert_exit(0);
    let meta = std::fs::read_to_string(sandbox.work_folder().join("meta.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&meta).unwrap()["cached"], true);
    let stored = std::fs::read(sandbox.database_path()).unwrap();
    assert!(!stored.windows(11).any(|window| window == b"my-once-key"));
}

#[test]
fn stdin_is_read_also_where_it_is_not_needed() {
    let server = ModelServer::start([Reply::answer(&["first"])]);
    let sandbox = Sandbox::for_server(&server);
    for _ in 0..2 {
        let ask = sandbox.ask_once(["--once", "a", "hi"]).stdin("x".repeat(1 << 20));
        ask.run().assert_exit(0).assert_stdout("first\n");
    }
    assert!(server.request().body.len() > 1 << 20);
}

#[test]
fn what_failed_or_is_not_whole_is_never_given_again() {
    let server = ModelServer::start([
        Reply::error(500, "no"),
        Reply::sse().text("ha").fin(),
        Reply::sse().text("ha").finish("length").done().end(),
        Reply::answer(&["whole"]),
    ]);
    let sandbox = Sandbox::for_server(&server);
    for code in [8, 9, 9] {
        sandbox.ask_once(["--once", "a", "hi"]).run().assert_exit(code);
    }
    sandbox.ask_once(["--once", "a", "hi"]).run().assert_exit(0).assert_stdout("whole\n");
    sandbox.ask_once(["--once", "a", "hi"]).run().assert_exit(0).assert_stdout("whole\n");
}

#[test]
fn a_schema_and_a_part_are_taken_out_of_the_stored_answer_too() {
    let server = ModelServer::start([Reply::answer(&["Here: {\"n\": 1}"]), Reply::answer(&["```\nls\n```"])]);
    let sandbox = Sandbox::for_server(&server);
    for _ in 0..2 {
        let output = sandbox.ask_once(["--once", "a", "--schema", "n int", "hi"]).run().assert_exit(0);
        output.assert_stdout("{\"n\":1}\n");
        sandbox.ask_once(["--cache", "1h", "--code", "hi"]).run().assert_exit(0).assert_stdout("ls\n");
    }
}

#[test]
fn thirty_two_processes_with_one_key_make_one_request() {
    let gate = Gate::default();
    let server = ModelServer::always(Reply::sse().role().text("one").wait_for(&gate).finished());
    let sandbox = Sandbox::for_server(&server);
    let ask = |_| sandbox.ask_once(["-v", "--once", "key", "hi"]).spawn();
    let running: Vec<_> = (0..32).map(ask).collect();
    server.wait_for_sent("one");
    wait_until("all the others to wait", || {
        running.iter().filter(|process| process.stderr_so_far().contains(WAITING)).count() == 31
    });
    gate.open();
    for process in running {
        process.wait().assert_exit(0).assert_stdout("one\n");
    }
    assert_eq!((server.requests().len(), sandbox.conversation_count()), (1, 1));
    let locks = std::fs::read_dir(sandbox.data_folder().join("locks")).unwrap();
    let left: Vec<_> = locks.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.ends_with(".once")), "{left:?}");
}

#[test]
fn when_the_one_that_asks_is_killed_the_next_one_asks() {
    let gate = Gate::default();
    let held = gate.clone();
    let server = ModelServer::scripted(Wire::Plain, move |_, number| {
        Some(if number == 0 { Reply::sse().role().text("ha").wait_for(&held) } else { Reply::answer(&["whole"]) })
    });
    let sandbox = Sandbox::for_server(&server);
    let first = sandbox.ask_once(["--once", "key", "hi"]).spawn();
    first.wait_for_stdout("ha");
    let second = sandbox.ask_once(["-v", "--once", "key", "hi"]).spawn();
    second.wait_for_stderr(WAITING);
    assert_eq!(server.requests().len(), 1, "the second one waits");
    first.signal(Signal::KILL);
    second.wait().assert_exit(0).assert_stdout("whole\n");
    assert_eq!(server.requests().len(), 2);
    drop(first.wait());
    sandbox.ask_once(["--once", "key", "hi"]).run().assert_exit(0).assert_stdout("whole\n");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn who_waits_obeys_signals_and_the_time_limit() {
    let gate = Gate::default();
    let server = ModelServer::always(Reply::sse().role().text("ha").wait_for(&gate).finished());
    let sandbox = Sandbox::for_server(&server);
    let first = sandbox.ask_once(["--once", "key", "hi"]).spawn();
    first.wait_for_stdout("ha");
    sandbox
        .ask_once(["--once", "key", "--timeout", "300ms", "hi"])
        .run()
        .assert_exit(124)
        .assert_stderr_has(&["error[timeout]"]);
    let second = sandbox.ask_once(["-v", "--once", "key", "hi"]).spawn();
    second.wait_for_stderr(WAITING);
    second.signal(Signal::TERM);
    second.wait().assert_exit(143);
    gate.open();
    first.wait().assert_exit(0);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn without_a_history_there_is_no_once() {
    let server = ModelServer::start([]);
    let memory = crate::support::TestConfig::for_server(&server).set("chat.storage.type", "memory");
    let sandbox = Sandbox::new().config(&memory);
    sandbox.ask_once(["--once", "a", "hi"]).run().assert_exit(3).assert_stderr_has(&["needs a history"]);
    sandbox.ask_once(["--once", "a", "--no-save", "hi"]).run().assert_exit(2);
    sandbox.ask_once(["--once", "a", "--cache", "1h", "hi"]).run().assert_exit(2);
}

#[test]
fn the_very_same_request_is_answered_from_the_cache_and_no_other() {
    let server = ModelServer::scripted(Wire::Plain, |_, number| Some(Reply::answer(&[&format!("answer {number}")])));
    let sandbox = Sandbox::for_server(&server);
    let cached = |args: &[&'static str]| {
        let all = [&["--cache", "1h"], args].concat();
        sandbox.ask_once(all).run().assert_exit(0).stdout()
    };
    assert_eq!(cached(&["hi"]), "answer 0\n");
    assert_eq!(cached(&["hi"]), "answer 0\n");
    assert_eq!(cached(&["ho"]), "answer 1\n", "another question");
    assert_eq!(cached(&["hi", "-s", "Be brief."]), "answer 2\n", "another system prompt");
    assert_eq!(cached(&["hi", "-o", "temperature=0"]), "answer 3\n", "another parameter");
    assert_eq!(cached(&["hi", "-m", "test:other"]), "answer 4\n", "another model");
    assert_eq!(cached(&["hi", "--no-tools"]), "answer 5\n", "other tools");
    assert_eq!(cached(&["hi", "--stop-after", "r"]), "answer\n", "a part of it is no whole answer for the others");
    assert_eq!(cached(&["hi"]), "answer 0\n");
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("answer 7\n");
    assert_eq!(cached(&["hi"]), "answer 0\n", "what was not asked with it is not kept");
    let old = sandbox.ask_once(["--cache", "1ms", "hi"]).run().assert_exit(0);
    old.assert_stdout("answer 8\n");
    assert_eq!(cached(&["hi"]), "answer 8\n", "the newest one counts");
    assert_eq!(server.requests().len(), 9);
}

#[test]
fn an_answer_that_was_removed_is_not_given_again() {
    let server = ModelServer::start([Reply::answer(&["first"]), Reply::answer(&["second"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["--once", "a", "hi"]).run().assert_exit(0).assert_stdout("first\n");
    sandbox.sayso(["history", "rm", "--yes", "@1"]).run().assert_exit(0);
    sandbox.ask_once(["--once", "a", "hi"]).run().assert_exit(0).assert_stdout("second\n");
}

/// As scripts do it: many at once, each with a question of its own, on a history that is not there yet.
fn many_at_once(count: usize) {
    let echo = |request: &crate::support::Received, _| {
        let question = request.json()["messages"][0]["content"].as_str().unwrap().to_owned();
        Some(Reply::answer(&["answer to ", &question]))
    };
    let server = ModelServer::scripted(Wire::Plain, echo);
    let sandbox = Sandbox::for_server(&server);
    let questions: String = (0..count).map(|number| format!("question-{number}\n")).collect();
    let script = "xargs -P 32 -I{} sh -c '\"$0\" \"$@\" {} >out-{} 2>err-{} || echo failed {}' \"$@\"";
    let ask = sandbox.sayso(["ask", "--stdin", "never"]).shell(script).stdin(&questions);
    ask.limit(Duration::from_secs(600)).run().assert_exit(0).assert_stdout("");
    for number in 0..count {
        let read = |kind: &str| {
            std::fs::read_to_string(sandbox.work_folder().join(format!("{kind}-question-{number}"))).unwrap()
        };
        assert_eq!(
            (read("out").as_str(), read("err").as_str()),
            (format!("answer to question-{number}\n").as_str(), "")
        );
    }
    let query = "SELECT count(*) AS n FROM messages WHERE role = 'assistant' AND status = 'complete'
        AND text = 'answer to ' || (SELECT text FROM messages AS q WHERE q.id = messages.parent_id)";
    let output = sandbox.sayso(["history", "sql", "--format", "json", query]).run().assert_exit(0);
    let rows: Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
    assert_eq!(rows, json!([{ "n": count }]));
    assert_eq!(server.requests().len(), count);
    sandbox.assert_database_is_sound();
}

#[test]
fn a_hundred_questions_by_xargs_are_all_answered_and_kept() {
    many_at_once(100);
}

#[test]
fn a_thousand_questions_by_xargs_are_all_answered_and_kept() {
    if long_tests() {
        many_at_once(1000);
    }
}

#[test]
fn without_a_history_that_can_be_written_once_is_exit_12() {
    let server = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&server);
    // A folder where the file has to be.
    std::fs::create_dir_all(sandbox.database_path()).unwrap();
    sandbox
        .ask_once(["--once", "a", "hi"])
        .run()
        .assert_exit(12)
        .assert_stdout("")
        .assert_stderr_has(&["error[history]"]);
}
