//! Lines of JSON over stdin and stdout.

use std::io::{BufRead, StdinLock, Stdout, Write, stdin, stdout};

use serde_json::{Value, json};

pub struct Wire {
    input: StdinLock<'static>,
    output: Stdout,
    asked: u64,
}

impl Wire {
    pub fn new() -> Self {
        Self { input: stdin().lock(), output: stdout(), asked: 0 }
    }

    /// The next message; `None` at the end. What is no JSON-RPC 2.0 is a fault of the client.
    pub fn read(&mut self) -> Option<Value> {
        let mut line = String::new();
        if self.input.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        let message: Value = serde_json::from_str(&line).expect("the client sends JSON");
        assert_eq!(message["jsonrpc"], "2.0", "the client sends JSON-RPC 2.0");
        Some(message)
    }

    pub fn result(&mut self, id: &Value, result: Value) {
        self.message(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    pub fn error(&mut self, id: &Value, code: i64, message: &str) {
        self.message(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}));
    }

    pub fn notification(&mut self, method: &str, params: Value) {
        self.message(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Asks the client something; the id of the question.
    pub fn ask(&mut self, method: &str, params: Value) -> String {
        self.asked += 1;
        let id = format!("ask-{}", self.asked);
        self.message(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    fn message(&mut self, message: &Value) {
        self.raw(message.to_string().as_bytes());
        self.raw(b"\n");
    }

    /// Anything at all. A client that has gone is no reason to fail.
    pub fn raw(&mut self, bytes: &[u8]) {
        let _ = self.output.write_all(bytes);
        let _ = self.output.flush();
    }
}
