//! `chat --format jsonl`, and the conversation that the environment names.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::attachments::{GIF, data_url, write};
use crate::support::{Gate, ModelServer, Output, Reply, Sandbox};

/// The events, of any number of turns.
#[track_caller]
fn events(output: &Output) -> Vec<Value> {
    let events: Vec<Value> = output.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    events
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).filter(|kind| *kind != "delta").collect()
}

#[test]
fn each_line_is_a_turn_and_a_bad_one_is_told() {
    let server = ModelServer::start([Reply::answer(&["one"]), Reply::error(400, "no"), Reply::answer(&["two"])]);
    let sandbox = Sandbox::for_server(&server);
    let lines = "{\"type\":\"user\",\"text\":\"a\"}\n\nhello\n{\"type\":\"user\",\"text\":\"b\"}\n{\"type\":\"stop\"}\n\
                 {\"type\":\"user\",\"text\":\"c\"}";
    let chat = sandbox.sayso(["chat", "--format", "jsonl", "--retries", "0", "--session", "talk"]).stdin(lines);
    let output = chat.run().assert_exit(0);
    let events = events(&output);
    let expected = ["start", "usage", "result", "notice", "start", "result", "notice", "start", "usage", "result"];
    assert_eq!(kinds(&events), expected);
    let notices: Vec<_> = events.iter().filter(|event| event["type"] == "notice").collect();
    assert!(notices.iter().all(|notice| notice["code"] == "bad_line"), "{notices:?}");
    assert!(notices[0]["message"].as_str().unwrap().starts_with("line 3 is left out: it is no JSON"), "{notices:?}");
    assert!(notices[1]["message"].as_str().unwrap().starts_with("line 5 is left out: "), "{notices:?}");
    let results: Vec<_> = events.iter().filter(|event| event["type"] == "result").collect();
    let ends: Vec<_> = results.iter().map(|result| (&result["exit"], &result["text"])).collect();
    assert_eq!(ends, [(&json!(0), &json!("one")), (&json!(7), &json!("")), (&json!(0), &json!("two"))]);
    let sent = server.requests()[2].json();
    let texts: Vec<_> = sent["messages"].as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(texts, [&json!("a"), &json!("one"), &json!("c")]);
    sandbox.ask_once(["--session", "talk", "-c"]).run().assert_exit(2);
}

#[test]
fn files_go_along_with_a_line_and_with_the_first_one() {
    let server = ModelServer::always(Reply::answer(&["Seen"]));
    let sandbox = Sandbox::for_server(&server);
    write(&sandbox, "first.md", "of the first");
    write(&sandbox, "shot.gif", GIF);
    write(&sandbox, "notes.md", "of mine");
    let lines = [
        json!({"type": "user", "text": "a", "attachments": ["no-such-file"]}),
        json!({"type": "user", "text": "b", "attachments": ["shot.gif", "notes.md#L1-1"]}),
        json!({"type": "user", "attachments": ["notes.md"]}),
        json!({"type": "user", "text": "c"}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let output = sandbox.sayso(["chat", "--format", "jsonl", "-f", "first.md"]).stdin(lines).run().assert_exit(0);
    let events = events(&output);
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).cloned().collect::<Vec<_>>();
    let notices = of("notice");
    let bad: Vec<_> = notices.iter().filter(|notice| notice["code"] == "bad_line").collect();
    assert_eq!(bad.len(), 1, "{notices:?}");
    assert_eq!(bad[0]["message"], "line 1 is left out: cannot attach no-such-file: there is no such file");
    let names = |start: &Value| -> Vec<String> {
        let all = start["attachments"].as_array().cloned().unwrap_or_default();
        all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let named: Vec<_> = of("start").iter().map(names).collect();
    let expected: [&[&str]; 3] = [&["first.md", "shot.gif", "notes.md#L1-1"], &["notes.md"], &[]];
    assert_eq!(named, expected);
    let sent: Vec<_> = server.requests().iter().map(|request| request.json()["messages"].clone()).collect();
    assert_eq!(sent[0][0]["content"][1]["image_url"]["url"], data_url("image/gif", GIF));
    assert_eq!(sent[1][2]["content"], "File: notes.md\n```\nof mine\n```");
    assert_eq!(sent[2][4]["content"], "c");
}

#[test]
fn input_that_cannot_be_read_is_no_end_of_it() {
    let sandbox = Sandbox::new();
    let folder = std::fs::File::open(sandbox.work_folder()).unwrap();
    let output = sandbox.sayso(["chat", "--format", "jsonl", "-m", "demo"]).stdin_file(folder).run().assert_exit(2);
    assert_eq!(kinds(&events(&output)), ["result"]);
    output.assert_stderr_has(&["cannot read standard input: Is a directory"]);
}

#[test]
fn the_schema_of_a_line_is_printed() {
    let schema = Sandbox::new().sayso(["help", "messages", "--schema"]).run().assert_exit(0).stdout();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["properties"]["attachments"]["items"]["type"], "string");
}

#[test]
fn an_answer_comes_while_stdin_stays_open_and_a_signal_ends_the_turn_with_its_result() {
    let gate = Gate::default();
    let server =
        ModelServer::start([Reply::answer(&["one"]), Reply::sse().role().text("ha").wait_for(&gate).finished()]);
    let sandbox = Sandbox::for_server(&server);
    let mut running = sandbox.sayso(["chat", "--format", "jsonl"]).open_stdin().spawn();
    running.send_stdin(b"{\"type\":\"user\",\"text\":\"a\"}\n");
    running.wait_for_stdout("\"result\"");
    running.send_stdin(b"{\"type\":\"user\",\"text\":\"b\"}\n");
    running.wait_for_stdout("\"ha\"");
    running.signal(Signal::TERM);
    let output = running.wait().assert_exit(143);
    let events = events(&output);
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["status"], &last["exit"]), (&json!("result"), &json!("interrupted"), &json!(143)));
}

#[test]
fn a_turn_that_a_second_ctrl_c_ends_at_once_has_its_result() {
    let server = ModelServer::start([Reply::sse().role().text("ha").wait_for_client_close()]);
    let sandbox = Sandbox::for_server(&server);
    let mut running = sandbox.sayso(["chat", "--format", "jsonl"]).open_stdin().spawn();
    running.send_stdin(b"{\"type\":\"user\",\"text\":\"a\"}\n");
    running.wait_for_stdout("\"ha\"");
    let lock = rusqlite::Connection::open(sandbox.database_path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    running.signal(Signal::INT);
    server.wait_for_client_gone();
    running.interrupt_until_it_ends();
    let output = running.wait().assert_exit(130);
    let results: Vec<Value> = events(&output).into_iter().filter(|event| event["type"] == "result").collect();
    assert_eq!((results.len(), &results[0]["status"]), (1, &json!("interrupted")), "{results:?}");
}

#[test]
fn a_failure_before_the_first_turn_is_a_result_too() {
    let output = Sandbox::new().sayso(["chat", "--format", "jsonl"]).run().assert_exit(4);
    assert_eq!(output.result()["error"]["class"], "auth");
}

#[test]
fn the_environment_names_the_conversation() {
    let server = ModelServer::always(Reply::answer(&["fine"]));
    let sandbox = Sandbox::for_server(&server);
    let ask = |args: &[&'static str]| sandbox.ask_once(args.to_vec()).env("SAYSO_CONVERSATION", "trip");
    ask(&["one"]).run().assert_exit(0);
    ask(&["two"]).run().assert_exit(0);
    assert_eq!((sandbox.conversation_count(), sandbox.messages_of("trip").len()), (1, 4));
    ask(&["--session", "other", "three"]).run().assert_exit(0);
    assert_eq!((sandbox.conversation_count(), sandbox.messages_of("trip").len()), (2, 4));
    ask(&["-c", "--global", "four"]).run().assert_exit(0);
    assert_eq!((sandbox.messages_of("trip").len(), sandbox.messages_of("other").len()), (4, 4));
}
