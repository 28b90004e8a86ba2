//! What is kept: conversations by their names, titles and texts, attachments, models.

use serde_json::{Value, json};

use super::grammar::framed;
use super::{assert_sink, assert_styled_sink, plain};
use crate::support::{ModelServer, Reply, Sandbox, TestConfig};

const TIME: &str = "2026-01-01T00:00:00.000Z";

/// A conversation in which everything is hostile.
fn conversation(number: usize, frame: &str) -> Value {
    let id = |kind: usize| format!("01M8F47Y4G{kind:06}{number:010}");
    let attached = json!([{"name": frame, "mime": "text/plain", "data": "dWk6Cg=="}]);
    let call = json!({"id": frame, "name": frame, "arguments": json!({frame: frame}).to_string()});
    let message = |kind: usize, role: &str, text: &str| {
        json!({
            "id": id(kind), "parent": (kind > 1).then(|| id(kind - 1)), "role": role, "status": "complete", "text": text,
            "model": frame, "created": TIME,
        })
    };
    let mut prompt = message(1, "user", &format!("word {frame}"));
    prompt["attachments"] = attached;
    let mut calling = message(2, "assistant", "");
    calling["tool_calls"] = json!([call]);
    let mut result = message(3, "tool", frame);
    result["tool_call_id"] = json!(frame);
    let mut answer = message(4, "assistant", frame);
    answer["reasoning"] = json!(frame);
    json!({
        "id": id(0), "name": frame, "title": frame, "created": TIME, "used": TIME, "pinned": false, "cwd": frame,
        "model": frame, "head": id(4), "messages": [prompt, calling, result, answer],
    })
}

fn sandbox_with_history() -> Sandbox {
    let sandbox = Sandbox::new().config(&plain(TestConfig::new("http://127.0.0.1:9/v1")));
    let each = framed();
    let whole = each.concat();
    // The last one holds everything.
    let all: Vec<Value> =
        each.iter().chain([&whole]).enumerate().map(|(number, text)| conversation(number, text)).collect();
    let file = sandbox.path("work/all.json");
    let document = format!("{{\"format\":\"sayso-history\",\"version\":1,\"conversations\":{}}}", Value::Array(all));
    std::fs::write(&file, document).unwrap();
    sandbox.sayso(["history", "import", file.to_str().unwrap()]).run().assert_exit(0);
    std::fs::remove_file(file).unwrap();
    sandbox
}

#[test]
fn what_is_stored() {
    let sandbox = sandbox_with_history();
    assert_styled_sink(|| sandbox.sayso(["history", "list", "--limit", "1000"]), 300);
    assert_styled_sink(|| sandbox.sayso(["history", "search", "word", "--limit", "1000"]), 100);
    // A page shows them in letters of its own.
    assert_sink(|| sandbox.sayso(["history", "export", "--format", "html"]), 0);
    for format in ["md", "json", "jsonl"] {
        assert_sink(|| sandbox.sayso(["history", "export", "--format", format]), 300);
    }
    for query in ["SELECT name, model FROM conversations", "SELECT text FROM messages"] {
        assert_sink(|| sandbox.sayso(["history", "sql", query]), 300);
    }
    assert_sink(|| sandbox.sayso(["stats", "--by", "model"]), 300);
    assert_sink(|| sandbox.sayso(["stats", "--by", "tool"]), 0);
}

#[test]
fn one_conversation_in_every_view() {
    let sandbox = sandbox_with_history();
    let id = format!("01M8F47Y4G{:06}{:010}", 0, framed().len());
    for (args, least) in [
        (&["show", &id][..], 300),
        (&["show", &id, "--timeline"], 0),
        (&["show", &id, "--tree"], 1),
        (&["diff", "@1", "@2"], 1),
        (&["show", "no such <0: \u{1b}[2J"], 1),
    ] {
        let run = || sandbox.sayso(["history"].into_iter().chain(args.iter().copied()));
        assert_styled_sink(run, least);
    }
}

#[test]
fn names_that_are_given() {
    let server = ModelServer::always(Reply::answer(&["ok"]));
    let sandbox = Sandbox::new().config(&super::config(&server));
    for part in framed().chunks(60) {
        let name = part.concat().replace('\0', "");
        assert_sink(|| sandbox.ask_once(["hi", "--session", &name, "-v"]), 0);
        assert_sink(|| sandbox.sayso(["history", "rename", "@1", &name]), 0);
        assert_sink(|| sandbox.sayso(["history", "show", &name]), 0);
        assert_sink(|| sandbox.sayso(["ask", "-m", &name, "hi"]), 0);
        assert_sink(|| sandbox.sayso([name.as_str()]), 0);
    }
}

#[test]
fn models_that_a_provider_names() {
    let models: Vec<Value> =
        framed().iter().map(|frame| json!({"id": frame, "name": frame, "owned_by": frame})).collect();
    let server = ModelServer::always(Reply::answer(&["ok"])).with_models(200, json!({"data": models}));
    let sandbox = Sandbox::new().config(&super::config(&server));
    // What is no name of a model is not listed.
    for format in ["table", "tsv", "json"] {
        assert_sink(|| sandbox.sayso(["models", "list", "test", "--format", format]), 0);
    }
    assert_sink(|| sandbox.sayso(["models", "refresh"]), 0);
}
