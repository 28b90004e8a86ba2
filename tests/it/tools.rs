//! The tool loop with the servers that are linked in: what runs, what is asked, what is kept.

use std::fs;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::repl::{CTRL_C, start, wait_for_end};
use crate::support::{AT_ONCE, ModelServer, Pty, Reply, Sandbox, Wire, wait_until};

const ASKS: &str = "run it? [y/n/a/e/?]";

/// The columns of a stored call: server, approval, ok.
fn stored(sandbox: &Sandbox, id: &str) -> (Option<String>, Option<String>, Option<bool>) {
    let database = Connection::open(sandbox.database_path()).unwrap();
    let query = "SELECT server, approval, ok FROM tool_call WHERE call_id = ?1";
    database.query_row(query, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
}

fn write(id: &str) -> Reply {
    Reply::call(id, "files__write", &json!({"path": "notes.md", "content": "hello\n"}))
}

/// A REPL that may use `files`, with a server of these replies.
fn chat(replies: impl Into<Vec<Reply>>) -> (ModelServer, Sandbox, Pty) {
    let server = ModelServer::start(replies);
    let sandbox = Sandbox::for_server(&server);
    let pty = start(sandbox.sayso(["chat", "-t", "files", "-t", "shell"]), "test>");
    (server, sandbox, pty)
}

#[test]
fn harmless_tools_are_offered_and_run_without_a_question() {
    let server = ModelServer::start([
        Reply::call("c1", "calc__evaluate", &json!({"expression": "6 * 7"})),
        Reply::answer(&["It is 42."]),
    ]);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["6 times 7?", "--format", "jsonl"]).run().assert_exit(0);
    let kinds: Vec<String> = output.events().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["start", "tool_call", "approval", "tool_result", "delta", "usage", "result"]);
    assert!(server.told("c1").contains("42"), "{}", server.told("c1"));
    let offered = server.requests()[0].json()["tools"].to_string();
    for (name, is_offered) in
        [("time__", true), ("calc__", true), ("files__", false), ("shell__", false), ("fetch__", false)]
    {
        assert_eq!(offered.contains(name), is_offered, "{name} in {offered}");
    }
    assert_eq!(stored(&sandbox, "c1"), (Some("calc".into()), Some("allowed by policy".into()), Some(true)));
    let roles: Vec<String> = sandbox.messages().iter().map(|message| message.role.clone()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant"]);
}

#[test]
fn no_tools_means_none() {
    let server = ModelServer::start([Reply::answer(&["fine"])]);
    Sandbox::for_server(&server).ask_once(["hi", "--no-tools"]).run().assert_exit(0);
    assert_eq!(server.request().json()["tools"], Value::Null);
}

#[test]
fn a_model_whose_server_refuses_tools_is_asked_without() {
    let refusal = Reply::error(400, "registry/gemma:2b does not support tools");
    let server = ModelServer::start([refusal, Reply::answer(&["fine"])]);
    Sandbox::for_server(&server).ask_once(["hi"]).run().assert_exit(0).assert_stdout("fine\n");
    let offered: Vec<bool> = server.requests().iter().map(|request| request.json()["tools"].is_array()).collect();
    assert_eq!(offered, [true, false]);
}

#[test]
fn without_a_person_what_needs_a_say_so_is_denied_with_exit_10() {
    let server = ModelServer::start([write("c1")]);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["hi", "-t", "files"]).run().assert_exit(10);
    assert!(output.stderr.contains("files/write"), "{output:?}");
    assert!(output.stderr.contains("--allow files/write"), "the way out is told: {output:?}");
    assert!(!sandbox.work_folder().join("notes.md").exists());
    assert_eq!(stored(&sandbox, "c1"), (Some("files".into()), Some("denied by policy".into()), Some(false)));
}

#[test]
fn an_option_allows_a_tool_for_one_run() {
    for allowed in ["files/write", "files/*"] {
        let server = ModelServer::start([write("c1"), Reply::answer(&["done"])]);
        let sandbox = Sandbox::for_server(&server);
        sandbox.ask_once(["hi", "-t", "files", "--allow", allowed]).run().assert_exit(0).assert_stdout("done\n");
        assert_eq!(fs::read_to_string(sandbox.work_folder().join("notes.md")).unwrap(), "hello\n");
    }
}

#[test]
fn a_person_says_yes_and_no() {
    let (server, sandbox, mut pty) = chat([write("c1"), Reply::answer(&["ok"]), write("c2"), Reply::answer(&["good"])]);
    pty.send("write it\r");
    let screen = pty.wait_for_text(ASKS);
    assert!(screen.contains("files/write wants to run:"), "{screen}");
    assert!(screen.contains("path: \"notes.md\""), "{screen}");
    assert!(screen.contains("content: \"hello\\n\""), "{screen}");
    assert!(screen.contains("+hello"), "the change is shown as a diff: {screen}");
    pty.send("n\r");
    pty.wait_for_text("ok");
    assert!(server.told("c1").contains("denied"), "{}", server.told("c1"));
    assert!(!sandbox.work_folder().join("notes.md").exists());
    wait_for_end(&pty, &["test>"]);
    pty.send("please\r");
    pty.wait_for_screen("a second question", |screen| screen.matches(ASKS).count() == 2);
    pty.send("y\r");
    pty.wait_for_text("good");
    assert_eq!(fs::read_to_string(sandbox.work_folder().join("notes.md")).unwrap(), "hello\n");
    assert_eq!(stored(&sandbox, "c2").1.as_deref(), Some("allowed by person"));
    wait_for_end(&pty, &["test>"]);
    pty.send("/exit\r");
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn what_is_typed_before_the_question_is_no_answer() {
    let slow = Reply::sse().text("thinking ").sleep_ms(600).delta(&json!({"tool_calls": [{"index": 0, "id": "c1",
        "function": {"name": "files__write", "arguments": "{\"path\": \"notes.md\", \"content\": \"x\"}"}}]}));
    let slow = slow.finish("tool_calls").done().end();
    let (_server, sandbox, mut pty) = chat([slow, Reply::answer(&["ok"])]);
    pty.send("write it\r");
    pty.wait_for_text("thinking");
    pty.send("y\r");
    pty.wait_for_text(ASKS);
    std::thread::sleep(Duration::from_millis(300));
    assert!(!sandbox.work_folder().join("notes.md").exists(), "{}", pty.screen());
    pty.send("n\r");
    pty.wait_for_text("ok");
    assert!(!sandbox.work_folder().join("notes.md").exists());
}

#[test]
fn what_came_in_one_go_with_the_prompt_is_no_answer_either() {
    let (_server, sandbox, mut pty) = chat([write("c1"), Reply::answer(&["ok"])]);
    pty.send("write it\ry\r");
    pty.wait_for_text(ASKS);
    std::thread::sleep(Duration::from_millis(300));
    assert!(!sandbox.work_folder().join("notes.md").exists(), "{}", pty.screen());
    pty.send("n\r");
    pty.wait_for_text("ok");
    assert!(!sandbox.work_folder().join("notes.md").exists());
}

#[test]
fn ctrl_c_at_the_question_is_no_and_twice_ends_the_turn() {
    let (server, _sandbox, mut pty) = chat([write("c1"), write("c2"), Reply::answer(&["never"])]);
    pty.send("write it\r");
    pty.wait_for_text(ASKS);
    pty.send(CTRL_C);
    pty.wait_for_screen("the question of the second call", |screen| screen.matches(ASKS).count() == 2);
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test>"]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn the_arguments_can_be_edited_before_the_call_runs() {
    let (server, sandbox, mut pty) = chat([write("c1"), Reply::answer(&["ok"])]);
    pty.send("write it\r");
    pty.wait_for_text(ASKS);
    pty.send("e\r");
    pty.wait_for_text("arguments: {");
    // Ctrl-U takes the line away.
    pty.send("\x15{\"path\": \"other.md\", \"content\": \"changed\"}\r");
    pty.wait_for_text("ok");
    assert_eq!(fs::read_to_string(sandbox.work_folder().join("other.md")).unwrap(), "changed");
    assert!(!sandbox.work_folder().join("notes.md").exists());
    assert!(!server.told("c1").contains("denied"));
}

#[test]
fn always_is_asked_once() {
    let two = ["a.md", "b.md"].map(|path| json!({"path": path, "content": "x"}));
    let two = Reply::calls(&[("c1", "files__write", two[0].clone()), ("c2", "files__write", two[1].clone())]);
    let (_server, sandbox, mut pty) = chat([two, Reply::answer(&["ok"])]);
    pty.send("write it\r");
    pty.wait_for_text(ASKS);
    pty.send("a\r");
    pty.wait_for_text("ok");
    assert_eq!(pty.screen().matches(ASKS).count(), 1, "{}", pty.screen());
    assert_eq!(stored(&sandbox, "c2").1.as_deref(), Some("allowed by person"));
    assert!(sandbox.work_folder().join("b.md").exists());
}

#[test]
fn ctrl_c_cancels_a_running_tool_and_the_prompt_is_back_at_once() {
    let sleep = Reply::call("c1", "shell__run", &json!({"argv": ["sleep", "60"]}));
    let (server, sandbox, mut pty) = chat([sleep, Reply::answer(&["again"])]);
    pty.send("sleep\r");
    pty.wait_for_text(ASKS);
    pty.send("y\r");
    pty.wait_for_text("running shell/run");
    let stopped = Instant::now();
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test>"]);
    assert!(stopped.elapsed() < AT_ONCE, "{:?}", stopped.elapsed());
    assert_eq!(stored(&sandbox, "c1").2, Some(false));
    // The server itself checks that the call is answered.
    pty.send("go on\r");
    pty.wait_for_text("again");
    assert_eq!(server.told("c1"), "cancelled by the user");
}

#[test]
fn results_keep_the_order_of_the_calls() {
    let three = Reply::calls(&[
        ("a", "calc__evaluate", json!({"expression": "1 + 1"})),
        ("b", "time__now", json!({})),
        ("c", "calc__evaluate", json!({"expression": "2 + 2"})),
    ]);
    let server = ModelServer::start([three, Reply::answer(&["ok"])]);
    Sandbox::for_server(&server).ask_once(["hi"]).run().assert_exit(0);
    let last = server.requests()[1].json();
    let ids: Vec<&str> =
        last["messages"].as_array().unwrap().iter().filter_map(|message| message["tool_call_id"].as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[test]
fn a_kill_while_a_tool_runs_leaves_a_conversation_that_goes_on() {
    let sleep = Reply::call("c1", "shell__run", &json!({"argv": ["sleep", "60"]}));
    let server = ModelServer::start([sleep, Reply::answer(&["fine"])]);
    let sandbox = Sandbox::for_server(&server);
    let running = sandbox.ask_once(["hi", "-t", "shell", "--allow", "shell/run", "-v"]).spawn();
    let is_started = || {
        let database = Connection::open(sandbox.database_path()).ok()?;
        database.query_row("SELECT started_ms FROM tool_call", [], |row| row.get::<_, Option<i64>>(0)).ok()?
    };
    wait_until("the call to be on disk before it runs", || is_started().is_some());
    running.signal(rustix::process::Signal::KILL);
    running.wait();
    sandbox.ask_once(["-c", "again"]).run().assert_exit(0).assert_stdout("fine\n");
    assert!(server.told("c1").contains("interrupted"));
}

#[test]
fn the_result_of_a_tool_cannot_steer_the_terminal() {
    let (_server, sandbox, mut pty) =
        chat([Reply::call("c1", "files__read", &json!({"path": "evil\u{1b}[2J.txt"})), Reply::answer(&["ok"])]);
    fs::write(sandbox.work_folder().join("evil\u{1b}[2J.txt"), "\u{1b}]0;title\u{7}\u{1b}[5A").unwrap();
    pty.send("read it\r");
    pty.wait_for_text("ok");
    let log = pty.log();
    for sequence in [&b"\x1b[2J"[..], b"\x1b]0;", b"\x1b[5A"] {
        assert!(!log.windows(sequence.len()).any(|window| window == sequence), "{}", pty.screen());
    }
}
#[test]
fn a_tool_changes_the_settings_of_its_session() {
    let script = |request: &crate::support::Received, number: usize| {
        let model = request.json()["model"].as_str().unwrap_or_default().to_owned();
        Some(match number {
            0 => Reply::call("c1", "settings__change", &json!({"temperature": 0.25})),
            _ => Reply::answer(&[&model]),
        })
    };
    let server = ModelServer::scripted(Wire::Plain, script);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi", "--allow", "settings/change"]).run().assert_exit(0);
    let requests = server.requests();
    assert_eq!(requests[0].json()["temperature"], Value::Null);
    assert_eq!(requests[1].json()["temperature"], json!(0.25));
}
