//! The configuration file of a test: one provider, `test`, and what the test sets beside it.

use serde_json::{Map, Value, json};

use super::model_server::ModelServer;

pub struct TestConfig(Value);

impl TestConfig {
    /// A provider at `base_url` whose key is in `TEST_KEY`, with limits that no healthy test reaches.
    pub fn new(base_url: &str) -> Self {
        let provider =
            json!({"api": "openai_chat", "base_url": base_url, "model": "test-model", "api_key_env": "TEST_KEY"});
        let limits = json!({"connect_timeout_ms": 5_000, "first_byte_timeout_ms": 10_000,
            "first_token_timeout_ms": 10_000, "idle_timeout_ms": 10_000, "roots": "bundled"});
        // What a test reads on the screen does not depend on time.
        let ui = json!({"prompt": ["provider"], "usage_parts": ["tokens", "cost"]});
        Self(json!({"llm": {"active": "test", "providers": {"test": provider}, "http": limits}, "ui": ui}))
    }

    pub fn for_server(server: &ModelServer) -> Self {
        let config = Self::new(&server.base_url());
        match server.ca_file() {
            Some(file) => config.http("ca_file", file.to_str().unwrap()),
            None => config,
        }
    }

    /// Sets the value at a path such as `chat.storage.type`.
    pub fn set(mut self, path: &str, value: impl Into<Value>) -> Self {
        let mut place = &mut self.0;
        for name in path.split('.') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[name];
        }
        *place = value.into();
        self
    }

    pub fn http(self, name: &str, value: impl Into<Value>) -> Self {
        self.set(&format!("llm.http.{name}"), value)
    }

    /// `persist_deltas: true` with this window.
    pub fn persist(self, interval_ms: u64, min_chars: u64) -> Self {
        let value = json!({"persist_deltas": true, "interval_ms": interval_ms, "min_chars": min_chars});
        self.set("chat.service.streaming.persistence", value)
    }

    /// JSON, which is YAML too.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.0)
    }
}
