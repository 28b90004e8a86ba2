//! What the model server does with one request, as a list of steps.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// Holds a reply until the test opens it.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(super) fn is_open_within(&self, wait: Duration) -> bool {
        let open = self.0.0.lock().unwrap();
        *self.0.1.wait_timeout_while(open, wait, |open| !*open).unwrap().0
    }
}

/// How the end of the body is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Chunked,
    /// The headers say it, or the end of the connection does.
    AsWritten,
}

#[derive(Clone)]
pub enum Step {
    Head {
        status: u16,
        headers: Vec<(String, String)>,
        framing: Framing,
    },
    /// Bytes of the connection, as they are (not on HTTP/2).
    Raw(Vec<u8>),
    /// Bytes of the body; `text` is what they add to the answer.
    Body {
        bytes: Vec<u8>,
        text: String,
    },
    EndBody,
    Sleep(Duration),
    WaitFor(Gate),
    WaitForClientClose,
    Fin,
    Rst,
    /// HTTP/2: no new requests on this connection; this one goes on.
    GoAway,
    /// HTTP/2: ends this stream with an error code.
    ResetStream(h2::Reason),
    Repeat(usize, Vec<Step>),
}

#[derive(Clone)]
pub struct Reply {
    pub(super) steps: Vec<Step>,
}

impl Reply {
    /// The head of an event stream; what follows comes by the builder methods.
    pub fn sse() -> Self {
        Self::head(200, &[("content-type", "text/event-stream"), ("x-request-id", "req-test")], Framing::Chunked)
    }

    /// A whole good answer: tokens, finish reason, usage, `[DONE]`.
    pub fn answer(tokens: &[&str]) -> Self {
        tokens.iter().fold(Self::sse().role(), |reply, token| reply.text(token)).finished()
    }

    /// A reply that calls one tool.
    pub fn call(id: &str, name: &str, arguments: &Value) -> Self {
        Self::calls(&[(id, name, arguments.clone())])
    }

    /// A reply that calls tools: id, name, arguments.
    pub fn calls(all: &[(&str, &str, Value)]) -> Self {
        let call = |(index, (id, name, arguments)): (usize, &(&str, &str, Value))| json!({"index": index, "id": id, "function": {"name": name, "arguments": arguments.to_string()}});
        let calls: Vec<Value> = all.iter().enumerate().map(call).collect();
        Self::sse().delta(&json!({ "tool_calls": calls })).finish("tool_calls").done().end()
    }

    /// A failure with the body that OpenAI-like servers send.
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"error": {"message": message, "type": "test_error", "code": null}}))
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::body(status, "application/json", &body.to_string())
    }

    pub fn body(status: u16, content_type: &str, body: &str) -> Self {
        let length = body.len().to_string();
        let headers = [("content-type", content_type), ("content-length", &length), ("x-request-id", "req-test")];
        Self::head(status, &headers, Framing::AsWritten).bytes(body.as_bytes())
    }

    /// Nothing but what the builder methods add: `raw`, `fin`, `rst`.
    pub fn nothing() -> Self {
        Self { steps: Vec::new() }
    }

    pub fn head(status: u16, headers: &[(&str, &str)], framing: Framing) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { steps: vec![Step::Head { status, headers, framing }] }
    }

    /// Adds a header to the head.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Some(Step::Head { headers, .. }) = self.steps.first_mut() {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub fn raw(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Step::Raw(bytes.as_ref().to_vec()))
    }

    /// Bytes of the body that are no answer text.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.step(Step::Body { bytes: bytes.to_vec(), text: String::new() })
    }

    pub fn data(self, data: &str) -> Self {
        self.bytes(format!("data: {data}\n\n").as_bytes())
    }

    pub fn event(self, event: &Value) -> Self {
        self.data(&event.to_string())
    }

    pub fn comment(self, text: &str) -> Self {
        self.bytes(format!(": {text}\n\n").as_bytes())
    }

    pub fn role(self) -> Self {
        self.event(&chunk(&json!({"role": "assistant", "content": ""}), None))
    }

    pub fn text(self, token: &str) -> Self {
        let event = chunk(&json!({"content": token}), None);
        self.step(Step::Body { bytes: format!("data: {event}\n\n").into_bytes(), text: token.to_owned() })
    }

    pub fn delta(self, delta: &Value) -> Self {
        self.event(&chunk(delta, None))
    }

    pub fn finish(self, reason: &str) -> Self {
        self.event(&chunk(&json!({}), Some(reason)))
    }

    pub fn usage(self, input: u64, output: u64) -> Self {
        let usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output});
        self.event(&json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "test-model",
            "choices": [], "usage": usage}))
    }

    pub fn done(self) -> Self {
        self.data("[DONE]")
    }

    pub fn end(self) -> Self {
        self.step(Step::EndBody)
    }

    /// The usual end after the last token.
    pub fn finished(self) -> Self {
        self.finish("stop").usage(7, 3).done().end()
    }

    pub fn sleep_ms(self, wait_ms: u64) -> Self {
        self.step(Step::Sleep(Duration::from_millis(wait_ms)))
    }

    pub fn wait_for(self, gate: &Gate) -> Self {
        self.step(Step::WaitFor(gate.clone()))
    }

    pub fn wait_for_client_close(self) -> Self {
        self.step(Step::WaitForClientClose)
    }

    pub fn fin(self) -> Self {
        self.step(Step::Fin)
    }

    pub fn rst(self) -> Self {
        self.step(Step::Rst)
    }

    pub fn go_away(self) -> Self {
        self.step(Step::GoAway)
    }

    pub fn reset_stream(self, reason: h2::Reason) -> Self {
        self.step(Step::ResetStream(reason))
    }

    /// Adds the steps of `other` `times` times; the client's close ends it early.
    pub fn repeat(self, times: usize, other: Self) -> Self {
        self.step(Step::Repeat(times, other.steps))
    }

    pub fn then(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

fn chunk(delta: &Value, finish: Option<&str>) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "test-model",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}
