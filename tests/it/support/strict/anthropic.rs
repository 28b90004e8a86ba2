//! The Messages API.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{is_word, signature_problem};

pub fn violations(body: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |holds: bool, text: &str| {
        if !holds {
            found.push(text.to_owned());
        }
    };
    check(body.get("model").and_then(Value::as_str).is_some_and(|model| !model.is_empty()), "no model");
    check(body.get("max_tokens").and_then(Value::as_u64).is_some_and(|tokens| tokens > 0), "no max_tokens");
    check(body.contains_key("tools") || !body.contains_key("tool_choice"), "a choice among no tools");
    let marks = Value::Object(body.clone()).to_string().matches(r#""cache_control""#).count();
    check(marks <= 4, "more than four cache marks");
    let messages = body.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
    check(!messages.is_empty(), "no messages");
    let has_calls = messages.iter().flat_map(blocks).any(|block| block["type"] == "tool_use");
    check(!has_calls || body.contains_key("tools"), "calls without tools");
    for tool in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
        let is_tool = is_word(&tool["name"], 128) && tool["input_schema"]["type"] == "object";
        check(is_tool, &format!("not a tool: {tool}"));
    }
    found.extend(turn_violations(&messages));
    found
}

fn blocks(message: &Value) -> impl Iterator<Item = &Value> {
    message["content"].as_array().into_iter().flatten()
}

fn turn_violations(messages: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for (number, message) in messages.iter().enumerate() {
        let expected = if number % 2 == 0 { "user" } else { "assistant" };
        if message["role"] != expected {
            found.push(format!("message {number} is not of {expected}"));
        }
        if blocks(message).next().is_none() {
            found.push(format!("message {number} is empty"));
        }
        let results: Vec<&Value> = blocks(message).take_while(|block| block["type"] == "tool_result").collect();
        let answered: Vec<String> = results.iter().map(|result| text_of(result, "tool_use_id")).collect();
        if answered != open {
            found.push(format!("message {number} answers {answered:?} where {open:?} is open"));
        }
        open.clear();
        for block in blocks(message).skip(results.len()) {
            found.extend(block_problem(block, expected).map(|problem| format!("message {number}: {problem}")));
            if block["type"] == "tool_use" {
                open.push(text_of(block, "id"));
                if !seen.insert(text_of(block, "id")) {
                    found.push(format!("message {number}: an id stands twice: {block}"));
                }
            }
        }
    }
    if messages.last().is_some_and(|last| last["role"] != "user") {
        found.push("the last message is not the user's".to_owned());
    }
    found
}

fn text_of(block: &Value, name: &str) -> String {
    block[name].as_str().unwrap_or_default().to_owned()
}

fn block_problem(block: &Value, role: &str) -> Option<String> {
    let is_blank = |name: &str| block[name].as_str().is_none_or(|text| text.trim().is_empty());
    match block["type"].as_str().unwrap_or_default() {
        "text" if is_blank("text") => Some("blank text".to_owned()),
        "text" => None,
        "image" | "document" if role == "user" => {
            let source = &block["source"];
            let is_whole = source["type"] == "base64" && source["media_type"].is_string() && source["data"].is_string();
            (!is_whole).then(|| format!("without a source: {block}"))
        }
        _ if role == "user" => Some(format!("not the user's: {block}")),
        "tool_use" if !is_word(&block["id"], 256) || !is_word(&block["name"], 128) || !block["input"].is_object() => {
            Some(format!("not a call: {block}"))
        }
        "tool_use" => None,
        "thinking" if block.get("cache_control").is_some() => Some("a marked thought".to_owned()),
        "thinking" if is_blank("signature") => Some(format!("a thought without signature: {block}")),
        "thinking" => signature_problem(&block["signature"], block["thinking"].as_str().unwrap_or_default()),
        "redacted_thinking" if is_blank("data") => Some("a hidden thought without data".to_owned()),
        "" => Some(format!("a block without type: {block}")),
        _ => None,
    }
}
