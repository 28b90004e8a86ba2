//! Chat completions.

use std::collections::HashSet;

use serde_json::{Map, Value};

pub fn violations(body: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    if body.get("model").and_then(Value::as_str).is_none_or(str::is_empty) {
        found.push("no model".to_owned());
    }
    if !body.get("stream").is_none_or(Value::is_boolean) {
        found.push("stream is no bool".to_owned());
    }
    match body.get("messages").and_then(Value::as_array) {
        Some(messages) if !messages.is_empty() => found.extend(message_violations(messages)),
        Some(_) | None => found.push("no messages".to_owned()),
    }
    found
}

fn message_violations(messages: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for (number, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        let id = message["tool_call_id"].as_str().unwrap_or_default().to_owned();
        if role == "tool" {
            match open.iter().position(|other| *other == id) {
                Some(at) => drop(open.remove(at)),
                None => found.push(format!("message {number} answers the call {id:?}, which is not open")),
            }
        } else if !open.is_empty() {
            found.push(format!("message {number} comes while calls are open: {open:?}"));
            open.clear();
        }
        let calls = message["tool_calls"].as_array().map_or(&[][..], Vec::as_slice);
        if let Some(problem) = role_problem(role, number, message, calls.is_empty()) {
            found.push(format!("message {number}: {problem}"));
        }
        for call in calls {
            found.extend(call_problem(call).map(|problem| format!("message {number}: {problem}")));
            let id = call["id"].as_str().unwrap_or_default().to_owned();
            if !seen.insert(id.clone()) {
                found.push(format!("message {number}: the id {id:?} stands twice"));
            }
            open.push(id);
        }
    }
    if !open.is_empty() {
        found.push(format!("calls without a result: {open:?}"));
    }
    let last = messages.last().map_or("", |message| message["role"].as_str().unwrap_or_default());
    if last != "user" && last != "tool" {
        found.push(format!("the last message is of {last:?}"));
    }
    found
}

fn role_problem(role: &str, number: usize, message: &Value, has_no_calls: bool) -> Option<String> {
    let content = &message["content"];
    let is_text = content.as_str().is_some_and(|text| !text.is_empty());
    let is_list = content.as_array().is_some_and(|parts| !parts.is_empty());
    match role {
        "system" | "developer" if number > 0 => Some("a system message that is not the first".to_owned()),
        "system" | "developer" | "user" if !is_text && !is_list => Some(format!("no content: {message}")),
        "assistant" if has_no_calls && !is_text && !is_list => Some("a reply without text and calls".to_owned()),
        "tool" if !content.is_string() => Some("a result without content".to_owned()),
        "system" | "developer" | "user" | "assistant" | "tool" => None,
        other => Some(format!("the role {other:?}")),
    }
}

fn call_problem(call: &Value) -> Option<String> {
    let arguments = call["function"]["arguments"].as_str().map(serde_json::from_str::<Value>);
    if call["id"].as_str().is_none_or(str::is_empty) {
        Some("a call without an id".to_owned())
    } else if call["type"] != "function" || call["function"]["name"].as_str().is_none_or(str::is_empty) {
        Some(format!("not a call of a function: {call}"))
    } else if !matches!(arguments, Some(Ok(Value::Object(_)))) {
        Some(format!("arguments that are no JSON object: {call}"))
    } else {
        None
    }
}
