//! What the table of Ctrl-C and Ctrl-D promises where tools run and questions are asked; sizes and signals that come
//! thick and fast; a thousand ways out.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::repl::{CTRL_C, CTRL_D, start, wait_for_end};
use crate::support::{FakeMcp, Gate, ModelServer, Pty, Reply, Sandbox, long_tests, wait_until};

const STOPPED: &str = "[interrupted: stopped by you]";
const ASKS: &str = "run it? [y/n/a/e/?]";

/// A REPL whose model calls a tool of a server of its own, which never answers.
fn hanging_tool() -> (ModelServer, FakeMcp, Pty) {
    let model = ModelServer::start([Reply::call("c1", "fake__hang", &json!({})), Reply::answer(&["on"])]);
    let fake = FakeMcp::for_model(&model, &[]);
    let mut pty = start(fake.sandbox.sayso(["chat", "--allow", "fake/hang"]), "test>");
    pty.send("hi\r");
    pty.wait_for_text("running fake/hang");
    (model, fake, pty)
}

#[test]
fn ctrl_c_cancels_a_tool_and_again_ends_its_server() {
    let (model, fake, mut pty) = hanging_tool();
    fake.wait_for_log("tools/call");
    let before = fake.processes();
    assert!(!before.is_empty());
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test>"]);
    pty.send(CTRL_C);
    wait_for_end(&pty, &["ended the server fake", "test>"]);
    // It may be started anew at once, for its tools are offered again.
    wait_until("the end of the server", || !before.iter().any(|id| fake.processes().contains(id)));
    pty.send("go on\r");
    wait_for_end(&pty, &["on", "usage: 7 in, 3 out", "", "test>"]);
    assert_eq!(model.told("c1"), "cancelled by the user");
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn ctrl_d_is_ignored_while_a_tool_runs() {
    let (_model, fake, mut pty) = hanging_tool();
    fake.wait_for_log("tools/call");
    pty.send(&format!("{CTRL_D}{CTRL_D}kept"));
    std::thread::sleep(Duration::from_millis(300));
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test> kept"]);
}

#[test]
fn ctrl_d_at_a_question_is_no() {
    let write = Reply::call("c1", "files__write", &json!({"path": "notes.md", "content": "x"}));
    let model = ModelServer::start([write, Reply::answer(&["fine"])]);
    let sandbox = Sandbox::for_server(&model);
    let mut pty = start(sandbox.sayso(["chat", "-t", "files"]), "test>");
    pty.send("write\r");
    pty.wait_for_text(ASKS);
    pty.send(CTRL_D);
    pty.wait_for_screen("the prompt", |screen| screen.contains("fine") && screen.trim_end().ends_with("test>"));
    assert!(model.told("c1").contains("denied"), "{}", model.told("c1"));
    assert!(!sandbox.work_folder().join("notes.md").exists());
}

#[test]
fn ctrl_d_is_ignored_before_the_first_token_and_while_an_answer_streams() {
    let (first, second) = (Gate::default(), Gate::default());
    let slow = Reply::sse().wait_for(&first).text("Hel").wait_for(&second).text("lo").finished();
    let model = ModelServer::start([slow]);
    let sandbox = Sandbox::for_server(&model);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("hi\r");
    model.wait_for_request(1);
    pty.send(CTRL_D);
    first.open();
    pty.wait_for_text("Hel");
    pty.send(CTRL_D);
    second.open();
    wait_for_end(&pty, &["Hello", "usage: 7 in, 3 out", "", "test>"]);
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn a_storm_of_window_sizes_loses_nothing_at_the_prompt_or_in_an_answer() {
    let gate = Gate::default();
    let words = Reply::nothing().text("word ").sleep_ms(3);
    let model = ModelServer::start([Reply::sse().repeat(200, words).wait_for(&gate).text("end").finished()]);
    let sandbox = Sandbox::for_server(&model);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    let storm = |pty: &Pty| {
        for number in 0_u16..300 {
            pty.resize(24, 40 + number % 60);
            pty.signal(Signal::WINCH);
        }
        pty.resize(24, 100);
    };
    pty.send("a question that is kept");
    wait_for_end(&pty, &["test> a question that is kept"]);
    storm(&pty);
    pty.send("!\r");
    model.wait_for_request(1);
    assert_eq!(model.requests()[0].json()["messages"][0]["content"], "a question that is kept!");
    storm(&pty);
    gate.open();
    wait_for_end(&pty, &["usage: 7 in, 3 out", "", "test>"]);
    assert_eq!(sandbox.messages()[1].text, format!("{}end", "word ".repeat(200)));
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0);
}

/// Leaves the REPL in its way and gives the exit code.
type Way = fn(&mut Pty) -> u32;

fn leave(pty: &mut Pty, keys: &str) -> u32 {
    pty.send(keys);
    pty.wait_for_exit()
}

fn end(pty: &mut Pty, signal: Signal) -> u32 {
    pty.signal(signal);
    pty.wait_for_exit()
}

const WAYS: [(Way, u32); 6] = [
    (|pty| leave(pty, "/exit\r"), 0),
    (|pty| leave(pty, CTRL_D), 0),
    (
        |pty| {
            pty.send(CTRL_C);
            wait_for_end(pty, &["Ctrl-C again, Ctrl-D or /exit leaves.", "demo unsaved>"]);
            leave(pty, CTRL_C)
        },
        130,
    ),
    (|pty| end(pty, Signal::TERM), 143),
    (|pty| end(pty, Signal::HUP), 129),
    (
        |pty| {
            pty.send("hi\r");
            pty.wait_for_text("One word");
            end(pty, Signal::TERM)
        },
        143,
    ),
];

#[test]
fn the_terminal_is_as_before_after_many_exits() {
    let count = if long_tests() { 1_000 } else { 12 };
    let sandbox = Sandbox::new();
    let untouched = {
        let mut cat = Pty::start(sandbox.program(Path::new("cat"), []), 40, 100);
        let termios = cat.termios();
        leave(&mut cat, CTRL_D);
        termios
    };
    for number in 0..count {
        let (way, code) = WAYS[number % WAYS.len()];
        let mut pty = start(sandbox.sayso(["chat", "-m", "demo:slow", "--no-save"]), "demo unsaved>");
        assert_eq!(way(&mut pty), code, "exit {number}: {}", pty.screen());
        assert_eq!(pty.termios(), untouched, "exit {number}");
    }
}

/// Prints how long Ctrl-C takes to the prompt, for people: a machine that is busy is no failure.
#[test]
fn ctrl_c_to_the_prompt_is_measured() {
    let count = if long_tests() { 200 } else { 5 };
    let stopped = |_| Reply::sse().text("Hello").wait_for_client_close();
    let model = ModelServer::start((0..count).map(stopped).collect::<Vec<_>>());
    let sandbox = Sandbox::for_server(&model);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    let mut times: Vec<Duration> = Vec::new();
    for number in 1..=count {
        pty.send("hi\r");
        pty.wait_for_screen("an answer", |screen| screen.trim_end().ends_with("Hello"));
        let pressed = Instant::now();
        pty.send(CTRL_C);
        wait_for_end(&pty, &[STOPPED, "", "test>"]);
        times.push(pressed.elapsed());
        // Else the next one would be a second press.
        pty.send("/usage\r");
        let turns = format!("{number} turn");
        pty.wait_for_screen("the prompt", |screen| screen.contains(&turns) && screen.trim_end().ends_with("test>"));
    }
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    let told = format!("Ctrl-C to the prompt, {count} times: p50 {:?}, p99 {:?}, most {:?}", at(50), at(99), at(100));
    std::io::Write::write_all(&mut std::io::stderr(), format!("{told}\n").as_bytes()).unwrap();
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0);
}
