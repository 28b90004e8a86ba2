//! A server whose every word tries something on the terminal: the fault `hostile`.

use std::io::{Write as _, stderr};

use serde_json::{Value, json};

use self::corpus::corpus;
use crate::{Server, faults, tools};

#[path = "../hostile/corpus.rs"]
mod corpus;

/// What fits the last words that are told of a server.
const PART: usize = 50;

/// Each sequence between marks, by which the test knows it.
fn framed() -> Vec<String> {
    corpus().iter().enumerate().map(|(number, raw)| format!("<{number}:{raw}:{number}>")).collect()
}

/// Says some of it on stderr, and ends.
pub fn exit() {
    let part =
        faults::variables().find(|(name, _)| name == "FAKE_PART").and_then(|(_, part)| part.parse().ok()).unwrap_or(0);
    for line in framed().chunks(PART).nth(part).unwrap_or_default().chunks(PART / 5) {
        let _ = stderr().write_all(format!("{}\n", line.concat()).as_bytes());
    }
    faults::exit(3);
}

/// As many as a client takes of one server.
pub fn tools() -> Vec<Value> {
    const TOOLS_MAX: usize = 480;
    let all = framed()
        .into_iter()
        .map(|frame| json!({"name": frame, "title": frame, "description": frame, "inputSchema": {"type": "object"}}));
    all.take(TOOLS_MAX).collect()
}

pub fn prompts() -> Value {
    let all = framed().into_iter().map(
        |frame| json!({"name": frame, "description": frame, "arguments": [{"name": frame, "description": frame}]}),
    );
    Value::Array(all.collect())
}

pub fn resources() -> Value {
    let all = framed()
        .into_iter()
        .map(|frame| json!({"uri": format!("test://{frame}"), "name": frame, "description": frame, "mimeType": frame}));
    Value::Array(all.collect())
}

/// All of it in one text.
pub fn words() -> String {
    framed().join(" ")
}

/// A form, an address, a question for the model.
pub fn question(name: &str) -> (&'static str, Value) {
    let words = words();
    match name {
        "sample" => {
            let message = json!({"role": "user", "content": {"type": "text", "text": words}});
            ("sampling/createMessage", json!({"messages": [message], "systemPrompt": words, "maxTokens": 50}))
        }
        "elicit-url" => {
            let question = json!({"mode": "url", "message": words, "url": format!("https://example.com/{words}"), "elicitationId": "e1"});
            ("elicitation/create", question)
        }
        _ => {
            let fields = framed().into_iter().map(|frame| {
                (frame.clone(), json!({"type": "string", "title": frame, "description": frame, "default": frame}))
            });
            let schema = json!({"type": "object", "properties": Value::Object(fields.collect())});
            ("elicitation/create", json!({"mode": "form", "message": words, "requestedSchema": schema}))
        }
    }
}

impl Server {
    /// Log lines, progress, and a result.
    pub fn speak(&mut self, id: &Value, params: &Value) {
        let token = &params["_meta"]["progressToken"];
        for (step, frame) in framed().into_iter().enumerate() {
            let progress = json!({"progressToken": token, "progress": step, "total": 1000, "message": frame});
            self.wire.notification("notifications/progress", progress);
            let line = json!({"level": "warning", "logger": frame, "data": frame});
            self.wire.notification("notifications/message", line);
        }
        self.wire.result(id, tools::text(&words()));
    }
}
