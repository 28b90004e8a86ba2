//! `--record` and `--replay`: what a server said is played again as it was, faults included, and holds no key.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::repl::{start, wait_for_end};
use crate::support::{AT_ONCE, Dialect, Gate, ModelServer, Output, Reply, Sandbox, TestConfig, Wire, closed_port};

const RECORD: &str = "record.jsonl";

/// Records one `ask` with these arguments.
fn record(sandbox: &Sandbox, args: &[&str]) -> Output {
    sandbox.sayso([&["ask", "--record", RECORD], args].concat()).run()
}

/// Plays the record where nothing is set up: no configuration, no key, no network.
fn replay(sandbox: &Sandbox, args: &[&str]) -> Output {
    let elsewhere = Sandbox::new();
    std::fs::copy(sandbox.work_folder().join(RECORD), elsewhere.work_folder().join(RECORD)).unwrap();
    let args = [&["--offline", "ask", "--replay", RECORD], args].concat();
    elsewhere.sayso(args).without_env("TEST_KEY").run()
}

fn lines(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.work_folder().join(RECORD)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

/// What was recorded of all bodies.
fn recorded_text(lines: &[Value]) -> String {
    of_type(lines, "chunk").iter().map(|chunk| chunk["text"].as_str().unwrap()).collect()
}

fn answers(replies: Vec<Reply>) -> (ModelServer, Sandbox) {
    let server = ModelServer::start(replies);
    let sandbox = Sandbox::for_server(&server);
    (server, sandbox)
}

#[test]
fn every_dialect_is_played_without_a_key_and_without_a_network() {
    for dialect in Dialect::ALL {
        let calls = [("c1", "calc__evaluate", json!({"expression": "6 * 7"}))];
        let replies = [dialect.calls("Hm.", "Let me see.", &calls), dialect.answer("It is 42.")];
        let server = ModelServer::start(replies);
        let config = TestConfig::for_server(&server).set("llm.providers.test.api", dialect.api());
        let sandbox = Sandbox::new().config(&config);
        let recorded = record(&sandbox, &["--format", "jsonl", "6 times 7?"]).assert_exit(0);
        let lines = lines(&sandbox);
        let requests = of_type(&lines, "request");
        assert_eq!((requests.len(), of_type(&lines, "response").len()), (2, 2), "{dialect:?}");
        for (line, received) in requests.iter().zip(server.requests()) {
            assert_eq!(line["body"], received.json(), "{dialect:?}");
            assert_eq!(line["asked"]["api"], dialect.api());
            assert!(line["url"].as_str().unwrap().ends_with(received.path.split('?').next().unwrap()));
        }
        drop(server);
        for _ in 0..2 {
            let played = replay(&sandbox, &["--format", "jsonl", "6 times 7?"]).assert_exit(0);
            for kind in ["tool_call", "usage"] {
                assert_eq!(played.events_of(kind), recorded.events_of(kind), "{dialect:?}");
            }
            assert_eq!(played.result()["text"], recorded.result()["text"], "{dialect:?}");
            assert_eq!(played.events()[0]["model"], "test:test-model");
        }
    }
}

#[test]
fn a_record_is_the_body_byte_for_byte_and_for_its_owner_only() {
    // One part ends in the middle of a letter.
    let [first, second] = [b"data: {\"choices\":[{\"delta\":{\"content\":\"\xc3".as_slice(), b"\xa9\"}}]}\n\n"];
    let reply = Reply::sse().bytes(first).sleep_ms(150).bytes(second).finished();
    let (_server, sandbox) = answers(vec![reply]);
    record(&sandbox, &["hi"]).assert_exit(0).assert_stdout("é\n");
    let file = sandbox.work_folder().join(RECORD);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let lines = lines(&sandbox);
    assert_eq!((&lines[0]["v"], &lines[0]["type"]), (&1.into(), &"record".into()));
    let response = of_type(&lines, "response")[0];
    let type_and_id = json!([["content-type", "text/event-stream"], ["x-request-id", "req-test"]]);
    assert_eq!((&response["status"], &response["headers"]), (&200.into(), &type_and_id));
    let chunks = of_type(&lines, "chunk");
    use base64::Engine;
    let decoded = base64::engine::general_purpose::STANDARD.decode(chunks[0]["base64"].as_str().unwrap());
    assert_eq!(decoded.unwrap(), first);
    let waited = chunks[1]["at_ms"].as_f64().unwrap() - chunks[0]["at_ms"].as_f64().unwrap();
    assert!(waited > 100.0, "{waited}");
    replay(&sandbox, &["hi"]).assert_exit(0).assert_stdout("é\n");
}

#[test]
fn retries_are_played_without_their_waits() {
    let busy = || Reply::error(503, "busy").header("retry-after", "1");
    let (_server, sandbox) = answers(vec![busy(), busy(), Reply::answer(&["There."])]);
    let recorded = record(&sandbox, &["--format", "jsonl", "hi"]).assert_exit(0);
    assert!(recorded.elapsed > Duration::from_secs(2));
    // As if it had been two minutes: one that waits cannot be taken for one that is slow.
    let path = sandbox.work_folder().join(RECORD);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(r#"["retry-after","1"]"#).count(), 2, "{text}");
    std::fs::write(path, text.replace(r#"["retry-after","1"]"#, r#"["retry-after","59"]"#)).unwrap();
    let played = replay(&sandbox, &["--format", "jsonl", "hi"]).assert_exit(0);
    let retries = |output: &Output| output.events_of("retry").iter().map(|retry| retry["attempt"].clone()).collect();
    let (seen, expected): (Vec<Value>, Vec<Value>) = (retries(&played), retries(&recorded));
    assert_eq!(seen, expected);
    assert!(played.elapsed < AT_ONCE, "{:?}", played.elapsed);
    assert_eq!(played.result()["text"], "There.");
}

#[test]
fn a_field_that_was_refused_is_refused_again_and_teaches_nothing() {
    let refused = Reply::error(400, "Unknown parameter: 'stream_options'.");
    let (_server, sandbox) = answers(vec![refused, Reply::answer(&["Fine."])]);
    record(&sandbox, &["hi"]).assert_exit(0).assert_stdout("Fine.\n");
    assert_eq!(of_type(&lines(&sandbox), "request").len(), 2);
    for _ in 0..2 {
        let output = sandbox.sayso(["ask", "--replay", RECORD, "hi"]).run();
        output.assert_exit(0).assert_stdout("Fine.\n");
    }
}

#[test]
fn faults_are_played_as_they_were() {
    for (reply, exit, text) in [
        (Reply::sse().role().text("Half").fin(), 9, "Half\n"),
        (Reply::error(401, "no such key"), 4, ""),
        (Reply::error(500, "broken"), 8, ""),
        (Reply::nothing().fin(), 5, ""),
    ] {
        let (_server, sandbox) = answers(vec![reply]);
        let recorded = record(&sandbox, &["--retries", "0", "hi"]).assert_exit(exit).assert_stdout(text);
        let played = replay(&sandbox, &["--retries", "0", "hi"]).assert_exit(exit).assert_stdout(text);
        let first = |output: &Output| output.stderr.lines().next().unwrap_or_default().to_owned();
        assert_eq!(first(&played), first(&recorded));
    }
    let sandbox = Sandbox::new().config(&TestConfig::new(&format!("http://127.0.0.1:{}/v1", closed_port())));
    let recorded = record(&sandbox, &["--retries", "0", "hi"]).assert_exit(5);
    let played =
        replay(&sandbox, &["--retries", "0", "hi"]).assert_exit(5).assert_stderr_has(&["(refused)", "base_url"]);
    assert_eq!(played.stderr.lines().next(), recorded.stderr.lines().next());
}

#[test]
fn what_came_before_ctrl_c_and_before_a_kill_is_in_the_record() {
    for (signal, ending) in [(Signal::INT, Some("stopped")), (Signal::KILL, None)] {
        let gate = Gate::default();
        let reply = Reply::sse().role().text("So ").text("far").sleep_ms(250).text("!").wait_for(&gate);
        let (server, sandbox) = answers(vec![reply]);
        let running = sandbox.sayso(["ask", "--record", RECORD, "hi"]).spawn();
        running.wait_for_stdout("So far!");
        running.signal(signal);
        running.wait();
        gate.open();
        drop(server);
        let lines = lines(&sandbox);
        assert!(recorded_text(&lines).contains("\"content\":\"far\""), "{signal:?} {lines:#?}");
        if let Some(ending) = ending {
            assert_eq!(lines.last().unwrap()["type"], ending);
        }
        let played = replay(&sandbox, &["hi"]).assert_exit(9);
        assert!(played.stdout().starts_with("So far"), "{played:?}");
        played.assert_stderr_has(&["it was stopped before the answer was whole"]);
    }
}

#[test]
fn what_does_not_fit_the_record_is_told() {
    let (_server, sandbox) = answers(vec![Reply::answer(&["Hello"])]);
    record(&sandbox, &["hi"]).assert_exit(0);
    let config = TestConfig::new("http://127.0.0.1:1/v1")
        .set("llm.providers.other", json!({"api": "gemini", "base_url": "http://127.0.0.1:1", "model": "g"}));
    let elsewhere = Sandbox::new().config(&config);
    std::fs::copy(sandbox.work_folder().join(RECORD), elsewhere.work_folder().join(RECORD)).unwrap();
    for (model, told) in [
        ("test:another", "is one of test-model (openai_chat), not of another (openai_chat)"),
        ("other:g", "is one of test-model (openai_chat), not of g (gemini)"),
    ] {
        let played = elsewhere.sayso(["ask", "--replay", RECORD, "-m", model, "hi"]).run();
        played.assert_exit(7).assert_stdout("").assert_stderr_has(&[told, "hint:"]);
    }
    // A record of a call, but not of what came after it.
    let call = Reply::call("c1", "calc__evaluate", &json!({"expression": "1"}));
    let (_server, sandbox) = answers(vec![call, Reply::answer(&["1"])]);
    record(&sandbox, &["hi"]).assert_exit(0);
    let path = sandbox.work_folder().join(RECORD);
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains("\"n\":2")).collect();
    std::fs::write(&path, kept.join("\n") + "\n").unwrap();
    replay(&sandbox, &["hi"]).assert_exit(7).assert_stderr_has(&["holds no more answers than 1"]);
    std::fs::write(&path, "{}\n").unwrap();
    replay(&sandbox, &["hi"]).assert_exit(3).assert_stderr_has(&["cannot play record.jsonl: it is no record of sayso"]);
}

#[test]
fn a_record_takes_its_time_where_that_is_asked_for() {
    let reply = Reply::sse().role().text("A").sleep_ms(600).text("B").finished();
    let (_server, sandbox) = answers(vec![reply]);
    record(&sandbox, &["hi"]).assert_exit(0);
    let paced = |speed: &str| replay(&sandbox, &["--replay-speed", speed, "--format", "jsonl", "hi"]).assert_exit(0);
    let gap_ms = |output: &Output| {
        let times: Vec<i64> = output.events_of("delta").iter().map(|delta| delta["t_ms"].as_i64().unwrap()).collect();
        times[1] - times[0]
    };
    assert!(gap_ms(&paced("1")) >= 500);
    assert!((150..500).contains(&gap_ms(&paced("3"))));
    replay(&sandbox, &["--replay-speed", "0", "hi"]).assert_exit(2);
}

#[test]
fn a_provider_of_the_configuration_plays_a_record() {
    let (_server, sandbox) = answers(vec![Reply::answer(&["Hello"])]);
    record(&sandbox, &["hi"]).assert_exit(0);
    let folder = sandbox.path("config/sayso");
    std::fs::copy(sandbox.work_folder().join(RECORD), folder.join(RECORD)).unwrap();
    let provider = json!({"api": "replay", "record": RECORD});
    let config = json!({"llm": {"active": "tape", "providers": {"tape": provider}}});
    let sandbox = sandbox.config_text(&config.to_string());
    let played = sandbox.sayso(["--offline", "ask", "--format", "json", "hi"]).run().assert_exit(0);
    assert_eq!((&played.result()["text"], &played.result()["model"]), (&"Hello".into(), &"tape:test-model".into()));
    sandbox.sayso(["config", "check"]).run().assert_exit(0);
    sandbox.sayso(["ask", "-m", "tape:x", "hi"]).run().assert_exit(7).assert_stderr_has(&["not of x (openai_chat)"]);
    std::fs::remove_file(folder.join(RECORD)).unwrap();
    sandbox.sayso(["ask", "hi"]).run().assert_exit(3).assert_stderr_has(&["cannot play", "record.jsonl"]);
}

#[test]
fn a_conversation_is_recorded_and_played_at_the_prompt() {
    let (server, sandbox) = answers(vec![Reply::answer(&["One."]), Reply::answer(&["Two."])]);
    let talk = |option: &str| {
        let mut pty = start(sandbox.sayso(["chat", option, RECORD, "--no-save"]), "test>");
        for answer in ["One.", "Two."] {
            pty.send("go on\r");
            pty.wait_for_text(answer);
            wait_for_end(&pty, &["test>"]);
        }
        pty
    };
    let mut pty = talk("--record");
    pty.send("\x04");
    assert_eq!(pty.wait_for_exit(), 0);
    assert_eq!(server.requests().len(), 2);
    drop(server);
    let mut pty = talk("--replay");
    pty.send("and more\r");
    pty.wait_for_text("no more answers than 2");
    wait_for_end(&pty, &["test>"]);
    pty.send("\x04");
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn a_pipe_and_a_time_that_is_none_are_no_record() {
    let sandbox = Sandbox::new();
    let pipe = sandbox.work_folder().join(RECORD);
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    sandbox
        .sayso(["ask", "--replay", RECORD, "hi"])
        .run()
        .assert_exit(3)
        .assert_stderr_has(&["cannot play record.jsonl: it is no file"]);
    std::fs::remove_file(&pipe).unwrap();
    let (_server, sandbox) = answers(vec![Reply::answer(&["Hello"])]);
    sandbox.sayso(["ask", "--record", RECORD, "hi"]).run().assert_exit(0);
    let path = sandbox.work_folder().join(RECORD);
    let text = std::fs::read_to_string(&path).unwrap();
    let begun = text.lines().filter(|line| !line.contains("\"end\"")).collect::<Vec<_>>().join("\n");
    std::fs::write(&path, format!("{begun}\n{{\"type\":\"end\",\"n\":1,\"at_ms\":1e22}}\n")).unwrap();
    let late = replay(&sandbox, &["--replay-speed", "1", "hi"]).assert_exit(3);
    late.assert_stderr_has(&["`at_ms` is 1e22"]);
}

#[test]
fn where_nothing_can_be_recorded_it_is_said_at_once() {
    let (server, sandbox) = answers(vec![]);
    let demo = sandbox.sayso(["ask", "--record", RECORD, "-m", "demo:echo", "hi"]).run();
    demo.assert_exit(2).assert_stderr_has(&["there is nothing to record"]);
    Sandbox::new().sayso(["ask", "--record", RECORD, "hi"]).run().assert_exit(4);
    std::fs::write(sandbox.work_folder().join("mine.txt"), "mine").unwrap();
    let foreign = sandbox.sayso(["ask", "--record", "mine.txt", "hi"]).run();
    foreign.assert_exit(3).assert_stderr_has(&["mine.txt is no record: it is not overwritten"]);
    assert_eq!(std::fs::read_to_string(sandbox.work_folder().join("mine.txt")).unwrap(), "mine");
    sandbox.sayso(["ask", "--record", "no/such/folder", "hi"]).run().assert_exit(3);
    sandbox.sayso(["ask", "--record", RECORD, "--replay", RECORD, "hi"]).run().assert_exit(2);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_key_that_is_echoed_in_pieces_is_in_no_record() {
    let key = "sk-Pieces+7Zq/9fXw=2LmT~vB4nR8kD1hJ6yP0c";
    let (one, two) = key.split_at(17);
    let reply = Reply::sse()
        .role()
        .text("it is ")
        .bytes(format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{one}").as_bytes());
    let reply = reply.sleep_ms(200).bytes(format!("{two}\"}}}}]}}\n\n").as_bytes()).text(".").finished();
    let server = ModelServer::scripted(Wire::Plain, move |_, _| Some(reply.clone())).lenient();
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.sayso(["ask", "--record", RECORD, "hi"]).env("TEST_KEY", key).run().assert_exit(0);
    assert!(output.stdout().contains(key), "the answer is what the model says: {output:?}");
    let text = std::fs::read_to_string(Path::new(&sandbox.work_folder()).join(RECORD)).unwrap();
    assert!(!text.contains(one) && !text.contains(two) && text.contains("[redacted]"), "{text}");
    replay(&sandbox, &["hi"]).assert_exit(0).assert_stdout("it is [redacted].\n");
}
