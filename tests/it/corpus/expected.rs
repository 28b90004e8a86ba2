//! What the index of the recordings says of each, in our terms: every API has its own names for the same.

use sayso::testing::{ChatDecoder, Decode, GeminiDecoder, MessagesDecoder, ResponsesDecoder, ThinkTags};
use serde_json::{Value, json};

use super::Outcome;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Chat,
    Anthropic,
    Gemini,
    Responses,
}

impl Wire {
    /// The name in the index.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat-completions",
            Self::Anthropic => "anthropic-messages",
            Self::Gemini => "gemini",
            Self::Responses => "responses",
        }
    }

    pub fn decoder(self) -> Box<dyn Decode> {
        match self {
            Self::Chat => Box::new(ChatDecoder::new(ThinkTags::AreText)),
            Self::Anthropic => Box::new(MessagesDecoder::new()),
            Self::Gemini => Box::new(GeminiDecoder::new()),
            Self::Responses => Box::new(ResponsesDecoder::new()),
        }
    }
}

/// Tokens in the order of [`super::Reply::usage`].
type Counts = [Option<u64>; 5];

#[derive(Debug)]
pub struct Expected {
    pub content: String,
    /// Nothing, where the index leaves out what we show.
    pub reasoning: Option<String>,
    pub refusal: String,
    /// Id, where the server gives one, name and arguments.
    pub calls: Vec<(Option<String>, String, String)>,
    id: Option<String>,
    model: Option<String>,
    usage: Option<Counts>,
    pub finish: Option<String>,
    pub has_error: bool,
    pub is_whole: bool,
}

impl Expected {
    pub fn new(wire: Wire, entry: &Value, is_empty: bool) -> Self {
        let expected = &entry["expected"];
        let features: Vec<&str> = entry["features"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let text = |key: &str| expected[key].as_str().map(str::to_owned);
        let mut made = Self {
            content: text("content").unwrap_or_default(),
            reasoning: text("reasoning"),
            refusal: text("refusal").unwrap_or_default(),
            calls: calls_in(expected),
            id: text("id"),
            model: text("model"),
            usage: expected["usage"].is_object().then(|| counts_in(wire, &expected["usage"])),
            finish: text("finish_reason"),
            has_error: expected["errors"].is_array() || is_empty,
            is_whole: true,
        };
        match wire {
            Wire::Chat => made.for_chat(&features),
            Wire::Anthropic => made.for_anthropic(expected),
            Wire::Gemini => made.for_gemini(expected),
            Wire::Responses => made.for_responses(entry),
        }
        made
    }

    fn for_chat(&mut self, features: &[&str]) {
        let has = |feature: &str| features.contains(&feature);
        // The index leaves out thoughts that stand in `reasoning_details` alone; we show them.
        if self.reasoning.as_deref() == Some("") && has("reasoning_details") {
            self.reasoning = None;
        }
        self.is_whole = !has("no_finish_reason") || !has("no_done");
    }

    fn for_anthropic(&mut self, expected: &Value) {
        self.refusal = expected["stop_details"]["explanation"].as_str().unwrap_or_default().to_owned();
        self.name_finish(&[
            ("end_turn", "stop"),
            ("stop_sequence", "stop"),
            ("tool_use", "tool_calls"),
            ("max_tokens", "length"),
        ]);
        self.is_whole = self.finish.is_some();
    }

    fn for_gemini(&mut self, expected: &Value) {
        if expected["block_reason"].is_string() {
            self.finish = Some("content_filter".to_owned());
        }
        self.name_finish(&[("STOP", "stop"), ("MAX_TOKENS", "length"), ("RECITATION", "content_filter")]);
        self.is_whole = self.finish.is_some();
        // The index does not put arguments together that come piece by piece.
        if expected["note"].as_str().is_some_and(|note| note.contains("partialArgs")) {
            for (call, city) in self.calls.iter_mut().zip(["Boston", "San Francisco"]) {
                call.2 = json!({ "location": city }).to_string();
            }
        }
    }

    fn for_responses(&mut self, entry: &Value) {
        let finish = if self.calls.is_empty() { "stop" } else { "tool_calls" };
        self.name_finish(&[("completed", finish)]);
        if self.has_error {
            self.finish = None;
        }
        // This server names itself anew with every event; we keep to the first name, the index to the last.
        if entry["file"].as_str().is_some_and(|file| file.contains("id-rotation")) {
            self.id = Some("capture-id-1".to_owned());
        }
    }

    fn name_finish(&mut self, names: &[(&str, &str)]) {
        let named = names.iter().find(|(theirs, _)| self.finish.as_deref() == Some(theirs));
        if let Some((_, ours)) = named {
            self.finish = Some((*ours).to_owned());
        }
    }

    pub fn check(&self, name: &str, outcome: &Outcome) {
        let reply = &outcome.reply;
        assert_eq!(reply.content, self.content, "content of {name}");
        assert_eq!(reply.refusal, self.refusal, "refusal of {name}");
        if let Some(reasoning) = &self.reasoning {
            assert_eq!(&reply.reasoning, reasoning, "reasoning of {name}");
        }
        let calls: Vec<_> = reply
            .calls
            .iter()
            .zip(&self.calls)
            .map(|(call, expected)| {
                let id = expected.0.as_ref().map(|_| call.0.clone());
                (id, call.1.clone(), call.2.clone())
            })
            .collect();
        assert_eq!((reply.calls.len(), calls), (self.calls.len(), self.calls.clone()), "tool calls of {name}");
        assert_eq!(reply.id, self.id, "id of {name}");
        assert_eq!(reply.model, self.model, "model of {name}");
        assert_eq!(reply.usage.is_some(), self.usage.is_some(), "usage of {name}");
        let (counted, expected) = (reply.usage.unwrap_or_default(), self.usage.unwrap_or_default());
        assert_eq!(counted[..3], expected[..3], "usage of {name}");
        for at in [3, 4] {
            assert!(expected[at].is_none() || counted[at] == expected[at], "cached or reasoning tokens of {name}");
        }
        assert_eq!(reply.finish, self.finish, "finish reason of {name}");
        assert_eq!(outcome.error.is_some(), self.has_error, "error of {name}: {:?}", outcome.error);
        assert_eq!(outcome.clean, (!self.has_error).then_some(self.is_whole), "end of {name}");
        assert_eq!(outcome.bad_chunks, 0, "bad chunks of {name}");
    }
}

fn calls_in(expected: &Value) -> Vec<(Option<String>, String, String)> {
    let text = |call: &Value, key: &str| call[key].as_str().unwrap_or_default().to_owned();
    let calls = expected["tool_calls"].as_array().unwrap().iter();
    let id = |call: &Value| call["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
    calls.map(|call| (id(call), text(call, "name"), text(call, "arguments"))).collect()
}

fn counts_in(wire: Wire, usage: &Value) -> Counts {
    let count = |path: &str| usage.pointer(path).and_then(Value::as_u64);
    let sum = |paths: &[&str]| {
        let counts: Vec<u64> = paths.iter().filter_map(|path| count(path)).collect();
        (!counts.is_empty()).then(|| counts.iter().sum())
    };
    match wire {
        Wire::Chat => [
            count("/prompt_tokens"),
            count("/completion_tokens"),
            count("/total_tokens"),
            count("/prompt_tokens_details/cached_tokens"),
            count("/completion_tokens_details/reasoning_tokens"),
        ],
        // Tokens of the cache are counted apart there.
        Wire::Anthropic => [
            sum(&["/input_tokens", "/cache_read_input_tokens", "/cache_creation_input_tokens"]),
            count("/output_tokens"),
            None,
            count("/cache_read_input_tokens"),
            count("/output_tokens_details/thinking_tokens"),
        ],
        // And thoughts there.
        Wire::Gemini => [
            sum(&["/promptTokenCount", "/toolUsePromptTokenCount"]),
            sum(&["/candidatesTokenCount", "/thoughtsTokenCount"]),
            count("/totalTokenCount"),
            count("/cachedContentTokenCount"),
            count("/thoughtsTokenCount"),
        ],
        Wire::Responses => [
            count("/input_tokens"),
            count("/output_tokens"),
            count("/total_tokens"),
            count("/input_tokens_details/cached_tokens"),
            count("/output_tokens_details/reasoning_tokens"),
        ],
    }
}
