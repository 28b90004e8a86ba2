//! The same replies in the words of each API.

use serde_json::{Value, json};

use super::reply::Reply;
use super::strict::signature_of;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Chat,
    Responses,
    Anthropic,
    Gemini,
}

/// A call of a tool: id, name, arguments.
pub type Call<'a> = (&'a str, &'a str, Value);

impl Dialect {
    pub const ALL: [Self; 4] = [Self::Chat, Self::Responses, Self::Anthropic, Self::Gemini];

    /// The name in the configuration.
    pub fn api(self) -> &'static str {
        match self {
            Self::Chat => "openai_chat",
            Self::Responses => "openai_responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// A whole good answer.
    pub fn answer(self, text: &str) -> Reply {
        match self {
            Self::Chat => Reply::answer(&[text]),
            Self::Responses => {
                let item = message_item(text);
                let delta =
                    json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text});
                let done = json!({"type": "response.output_item.done", "output_index": 0, "item": item});
                responses(&[delta, done], &[item])
            }
            Self::Anthropic => {
                let start = json!({"type": "text", "text": ""});
                anthropic(&block(0, &start, &[json!({"type": "text_delta", "text": text})]), "end_turn")
            }
            Self::Gemini => gemini(&[json!({ "text": text })]),
        }
    }

    /// A signed thought, a word, and calls. The thoughts have to come back with the next request.
    pub fn calls(self, thought: &str, word: &str, calls: &[Call<'_>]) -> Reply {
        match self {
            Self::Chat => chat_calls(thought, word, calls),
            Self::Responses => responses_calls(thought, word, calls),
            Self::Anthropic => anthropic_calls(thought, word, calls),
            Self::Gemini => gemini_calls(word, calls),
        }
    }
}

fn chat_calls(thought: &str, word: &str, calls: &[Call<'_>]) -> Reply {
    let call = |(index, (id, name, arguments)): (usize, &Call<'_>)| {
        let function = json!({"name": name, "arguments": arguments.to_string()});
        let signature = json!({"google": {"thought_signature": signature_of(id)}});
        json!({"index": index, "id": id, "type": "function", "function": function, "extra_content": signature})
    };
    let calls: Vec<Value> = calls.iter().enumerate().map(call).collect();
    let thoughts = json!({"reasoning_content": thought});
    let reply = Reply::sse().role().delta(&thoughts).text(word);
    reply.delta(&json!({ "tool_calls": calls })).finish("tool_calls").usage(7, 3).done().end()
}

fn message_item(text: &str) -> Value {
    let content = json!([{"type": "output_text", "text": text, "annotations": []}]);
    json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content})
}

/// Events between the first and the last of a response.
fn responses(events: &[Value], output: &[Value]) -> Reply {
    let head = json!({"id": "resp_1", "model": "test-model", "status": "in_progress", "output": []});
    let usage = json!({"input_tokens": 7, "output_tokens": 3, "total_tokens": 10});
    let tail = json!({"id": "resp_1", "model": "test-model", "status": "completed", "output": output, "usage": usage});
    let events = events.iter().cloned();
    let first = json!({"type": "response.created", "response": head});
    let last = json!({"type": "response.completed", "response": tail});
    let all = std::iter::once(first).chain(events).chain([last]);
    all.fold(Reply::sse(), |reply, event| named_event(reply, &event)).end()
}

fn responses_calls(thought: &str, word: &str, calls: &[Call<'_>]) -> Reply {
    let summary = json!([{"type": "summary_text", "text": thought}]);
    let sealed = signature_of("rs_1");
    let mut items = vec![
        json!({"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": sealed}),
        message_item(word),
    ];
    for (number, (id, name, arguments)) in calls.iter().enumerate() {
        items.push(json!({"type": "function_call", "id": format!("fc_{number}"), "call_id": id, "name": name,
            "arguments": arguments.to_string(), "status": "completed"}));
    }
    let done = |(index, item): (usize, &Value)| json!({"type": "response.output_item.done", "output_index": index, "item": item});
    let events: Vec<Value> = items.iter().enumerate().map(done).collect();
    responses(&events, &[])
}

/// An event with its name in a line of its own, as these APIs send it.
fn named_event(reply: Reply, event: &Value) -> Reply {
    reply.bytes(format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()).as_bytes())
}

fn anthropic(events: &[Value], stop: &str) -> Reply {
    let usage = json!({"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 1});
    let message = json!({"id": "msg_1", "role": "assistant", "model": "test-model", "content": [], "usage": usage});
    let first = [json!({"type": "message_start", "message": message}), json!({"type": "ping"})];
    let last = [
        json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 3}}),
        json!({"type": "message_stop"}),
    ];
    first.iter().chain(events).chain(&last).fold(Reply::sse(), named_event).end()
}

fn block(index: usize, start: &Value, deltas: &[Value]) -> Vec<Value> {
    let delta = |delta: &Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let start = json!({"type": "content_block_start", "index": index, "content_block": start});
    let stop = json!({"type": "content_block_stop", "index": index});
    std::iter::once(start).chain(deltas.iter().map(delta)).chain([stop]).collect()
}

fn anthropic_calls(thought: &str, word: &str, calls: &[Call<'_>]) -> Reply {
    let (start, end) = thought.split_at(thought.len() / 2);
    let thinking = |text: &str| json!({"type": "thinking_delta", "thinking": text});
    let signature = json!({"type": "signature_delta", "signature": signature_of(thought)});
    let begun = json!({"type": "thinking", "thinking": "", "signature": ""});
    let mut events = block(0, &begun, &[thinking(start), thinking(end), signature]);
    events.extend(block(1, &json!({"type": "redacted_thinking", "data": "hidden"}), &[]));
    let begun = json!({"type": "text", "text": ""});
    events.extend(block(2, &begun, &[json!({"type": "text_delta", "text": word})]));
    for (number, (id, name, arguments)) in calls.iter().enumerate() {
        let text = arguments.to_string();
        let (start, end) = if text == "{}" { ("", "") } else { text.split_at(text.len() / 2) };
        let json = |text: &str| json!({"type": "input_json_delta", "partial_json": text});
        let begun = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
        events.extend(block(3 + number, &begun, &[json(start), json(end)]));
    }
    anthropic(&events, "tool_use")
}

fn gemini(parts: &[Value]) -> Reply {
    let chunk = |parts: &[Value], finish: Option<&str>| {
        let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
        if let Some(finish) = finish {
            candidate["finishReason"] = finish.into();
        }
        let usage = json!({"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10});
        json!({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "test-model", "responseId": "r1"})
    };
    let event = |reply: Reply, event: Value| reply.bytes(format!("data: {event}\r\n\r\n").as_bytes());
    let chunks = parts.iter().map(|part| chunk(std::slice::from_ref(part), None));
    chunks.chain([chunk(&[], Some("STOP"))]).fold(Reply::sse(), event).end()
}

/// Only the first of several calls is signed there.
fn gemini_calls(word: &str, calls: &[Call<'_>]) -> Reply {
    let mut parts = vec![json!({"text": "hm", "thought": true}), json!({ "text": word })];
    for (number, (id, name, arguments)) in calls.iter().enumerate() {
        let mut part = json!({"functionCall": {"id": id, "name": name, "args": arguments}});
        if number == 0 {
            part["thoughtSignature"] = signature_of(&arguments.to_string()).into();
        }
        parts.push(part);
    }
    gemini(&parts)
}
