//! What MCP servers say: names, descriptions, results, log lines, progress, questions, their last words.

use serde_json::{Map, Value, json};

use super::grammar::{Ours, assert_harmless, framed};
use super::{assert_sink, assert_styled_sink};
use crate::support::{FakeMcp, ModelServer, Pty, Reply};

fn hostile(faults: &[&str]) -> FakeMcp {
    let fake = FakeMcp::with(faults, json!({"log_level": "debug"}));
    fake.set("ui.markers", json!(false))
}

#[test]
fn tools_prompts_and_resources() {
    let fake = hostile(&["hostile"]);
    for what in ["list", "tools", "prompts", "resources"] {
        assert_sink(|| fake.mcp([what, "-v"]), 0);
    }
    assert_sink(|| fake.mcp(["tools", "fake"]), 200);
    assert_sink(|| fake.mcp(["prompts", "fake"]), 200);
    assert_sink(|| fake.mcp(["resources", "fake"]), 200);
    assert_sink(|| fake.mcp(["trust", "fake"]), 0);
    assert_sink(|| fake.sandbox.sayso(["doctor"]), 0);
}

#[test]
fn what_a_call_tells_and_gives() {
    let fake = hostile(&["hostile"]);
    for args in [&["speak"][..], &["speak", "-v"], &["refuse", "-v"]] {
        assert_sink(|| fake.mcp(["call", "fake"].into_iter().chain(args.iter().copied())), 1);
    }
    assert_sink(|| fake.mcp(["read", "fake", "test://x"]), 200);
    assert_sink(|| fake.mcp(["prompt", "fake", "greet", "who=x"]), 200);
}

#[test]
fn the_last_words_of_a_server() {
    let parts = framed().len().div_ceil(50);
    for part in 0..parts {
        let fake = FakeMcp::with(&["hostile-exit"], json!({"env": {"FAKE_PART": part.to_string()}}));
        let fake = fake.set("ui.markers", json!(false));
        assert_sink(|| fake.mcp(["tools", "fake"]), 1);
        assert_sink(|| fake.sandbox.sayso(["ask", "--retries", "0", "hi"]), 0);
    }
}

#[test]
fn a_turn_with_tools() {
    let arguments: Map<String, Value> = framed().into_iter().map(|frame| (frame.clone(), json!(frame))).collect();
    let turn = [Reply::call("c1", "fake__speak", &Value::Object(arguments)), Reply::answer(&["ok"])];
    let model = ModelServer::start([&turn[..]; 4].concat());
    let fake =
        FakeMcp::for_model_with(&model, &["hostile"], json!({"log_level": "debug"})).set("ui.markers", json!(false));
    assert_styled_sink(|| fake.sandbox.ask_once(["hi", "--allow", "fake/*", "-v"]), 100);
    assert_sink(|| fake.sandbox.ask_once(["hi", "--allow", "fake/*", "--accessible"]), 1);
}

#[test]
fn questions_to_the_person() {
    let arguments: Map<String, Value> = framed().into_iter().map(|frame| (frame.clone(), json!(frame))).collect();
    for (tool, least, question) in [
        ("speak", 100, "run it? [y/n/a/e/?]"),
        ("elicit", 50, "fill it in? [y/n]"),
        ("elicit-url", 50, "open it in the browser? [y/n]"),
        ("sample", 50, "let the model answer? [y/n]"),
    ] {
        let call = Reply::call("c1", &format!("fake__{tool}"), &Value::Object(arguments.clone()));
        let model = ModelServer::start([call, Reply::answer(&["the end"])]);
        let fake = FakeMcp::for_model(&model, &["hostile"]).set("ui.markers", json!(false));
        let allow = if tool == "speak" { "fake/nothing" } else { "fake/*" };
        let run = fake.sandbox.sayso(["chat", "--color", "never", "--allow", allow]);
        let mut pty = Pty::start(run, 40, 200);
        pty.wait_for_text("test>");
        pty.send("hi\r");
        pty.wait_for_text(question);
        pty.send("\x03");
        pty.wait_for_screen("the prompt", |screen| screen.trim_end().ends_with("test>"));
        assert_harmless(&pty.log(), Ours::Edited, least);
    }
}
