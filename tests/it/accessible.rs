//! For somebody who has the screen read out: words, nothing drawn, nothing that moves.

use std::fs;

use serde_json::json;

use crate::repl::{start, wait_for_end};
use crate::support::{Gate, ModelServer, Pty, Reply, Run, Sandbox};

/// Letters that are pictures.
fn is_drawn(char: char) -> bool {
    matches!(char, '\u{2500}'..='\u{25FF}' | '\u{2800}'..='\u{28FF}' | '✓' | '✗' | '•')
}

#[track_caller]
fn assert_plain(log: &[u8]) {
    let text = String::from_utf8_lossy(log).replace("\r\n", "\n");
    let stray = text.chars().find(|char| is_drawn(*char) || (char.is_control() && !matches!(char, '\n' | '\t')));
    assert_eq!(stray, None, "{text:?}");
}

#[track_caller]
fn read_out(run: Run) -> String {
    let mut pty = Pty::start(run, 60, 100);
    let log = pty.finish();
    assert_plain(&log);
    String::from_utf8(log).unwrap()
}

const ANSWER: &str =
    "# Head\n\n- one\n- [x] two\n\n> said\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n\n```rust\nfn a() {}\n```\n";

#[test]
fn what_a_command_prints_is_words() {
    let server = ModelServer::always(Reply::answer(&[ANSWER])).with_models(200, json!({"data": [{"id": "one"}]}));
    let sandbox = Sandbox::for_server(&server);
    let rows: String = (0..20).map(|n| format!("{}\n", json!({"id": n, "prompt": format!("hi {n}")}))).collect();
    fs::write(sandbox.work_folder().join("rows.jsonl"), rows).unwrap();
    let run = |args: &[&str]| read_out(sandbox.sayso(args.iter().copied().chain(["--accessible"])));
    let answer = run(&["ask", "hi"]);
    assert!(answer.contains("a: 1") || answer.contains("a 1"), "{answer}");
    run(&["ask", "-m", "test:one", "-m", "test:two", "hi"]);
    run(&["batch", "rows.jsonl", "--output", "results.jsonl"]);
    run(&["history", "list"]);
    run(&["history", "show"]);
    run(&["history", "show", "--tree"]);
    let times = run(&["history", "show", "--timeline"]);
    assert!(times.contains(": after 0 ms, for "), "{times}");
    let stats = run(&["stats", "--by", "model"]);
    assert!(stats.contains("test:test-model"), "{stats}");
    run(&["history", "export", "-o", "all.json", "--format", "json"]);
    run(&["history", "import", "all.json"]);
    run(&["history", "prune"]);
    run(&["mcp", "list"]);
    run(&["models", "list", "test"]);
    run(&["doctor"]);
}

#[test]
fn the_prompt_is_words_and_so_is_a_paste() {
    let server = ModelServer::always(Reply::answer(&[ANSWER]));
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat", "--accessible"]), "test>");
    pty.send("hi\r");
    wait_for_end(&pty, &["usage: 7 in, 3 out", "", "test>"]);
    for line in ["/help", "/stats", "/usage", "/set", "/tools", "/redraw", "/show", "/sessions"] {
        pty.send(&format!("{line}\r"));
        pty.wait_for_screen(line, |screen| screen.trim_end().ends_with("test>"));
    }
    pty.send("\x04");
    let log = pty.finish();
    assert_plain(&log);
}

#[test]
fn what_was_typed_unseen_is_not_sent() {
    let gate = Gate::default();
    let server =
        ModelServer::start([Reply::sse().text("Hel").wait_for(&gate).text("lo").finished(), Reply::answer(&["Bye"])]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat", "--accessible"]), "test>");
    pty.send("hi\r");
    pty.wait_for_text("Hel");
    pty.send("typed ahead\rand more");
    gate.open();
    wait_for_end(&pty, &["Hello", "usage: 7 in, 3 out", "", "test>"]);
    pty.send("next\r");
    let sent = server.wait_for_request(2).json();
    assert_eq!(sent["messages"].as_array().unwrap().last().unwrap()["content"], "next");
}
