//! What a model and its server say: answers, thoughts, calls, errors.

use serde_json::{Map, Value, json};

use super::grammar::{every_split, framed};
use super::{assert_sink, assert_styled_sink, config};
use crate::support::{ModelServer, Reply, Sandbox, Wire};

#[test]
fn an_answer_and_the_thoughts_before_it() {
    let pieces = every_split();
    let thinking =
        pieces.iter().fold(Reply::sse().role(), |reply, piece| reply.delta(&json!({"reasoning_content": piece})));
    let answer = pieces.iter().fold(thinking, |reply, piece| reply.text(piece)).finished();
    let server = ModelServer::always(answer);
    for markdown in [true, false] {
        let config = config(&server).set("ui.markdown", markdown).set("ui.thinking", "show");
        let sandbox = Sandbox::new().config(&config);
        assert_styled_sink(|| sandbox.ask_once(["hi"]), 300);
    }
}

#[test]
fn several_models_beside_each_other() {
    let server = ModelServer::scripted(Wire::Plain, |request, _| {
        let is_first = request.json()["model"].as_str().is_some_and(|model| model.starts_with("<0:"));
        let frames = framed();
        let tokens: Vec<&str> = frames.iter().map(String::as_str).collect();
        Some(if is_first { Reply::answer(&tokens) } else { Reply::error(400, &frames.concat()) })
    });
    let sandbox = Sandbox::new().config(&config(&server));
    let models = framed();
    let models: Vec<String> =
        models.iter().take(1).chain(models.iter().skip(400)).map(|model| format!("test:{model}")).collect();
    let models: Vec<&str> = models.iter().take(4).flat_map(|model| ["-m", model]).collect();
    assert_sink(|| sandbox.ask_once(["hi"].into_iter().chain(models.clone())), 300);
}

/// A text is cut: so many sequences are shown whole.
const PART: usize = 64;

#[test]
fn the_error_of_a_provider() {
    for part in framed().chunks(PART) {
        let message = part.concat();
        let page = format!("<html>{message}");
        for reply in [
            Reply::error(400, &message),
            Reply::body(500, "text/html", &page),
            Reply::body(200, "text/html", &message),
            Reply::sse().text("so far").event(&json!({"error": {"message": message, "code": message}})).end(),
        ] {
            let server = ModelServer::always(reply);
            let sandbox = Sandbox::new().config(&config(&server));
            assert_sink(|| sandbox.ask_once(["hi", "-v"]), 1);
        }
    }
}

#[test]
fn a_call_of_a_tool_that_nobody_has() {
    // More of them in one answer are refused.
    for part in framed().chunks(60) {
        let call = |frame: &String| {
            let arguments = Map::from_iter([(frame.clone(), json!(frame))]);
            (frame.clone(), Value::Object(arguments))
        };
        let calls: Vec<_> = part.iter().map(call).collect();
        let calls: Vec<_> = calls.iter().map(|(frame, sent)| (frame.as_str(), frame.as_str(), sent.clone())).collect();
        let server = ModelServer::start([Reply::calls(&calls), Reply::answer(&["ok"])]).lenient();
        let sandbox = Sandbox::new().config(&config(&server));
        assert_sink(|| sandbox.ask_once(["hi", "-v"]), 1);
    }
}
