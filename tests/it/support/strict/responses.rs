//! The Responses API.

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
    check(body.get("store") == Some(&Value::Bool(false)), "the server would keep the conversation");
    check(!body.contains_key("messages") && !body.contains_key("max_tokens"), "a field of chat completions");
    check(body.contains_key("tools") || !body.contains_key("tool_choice"), "a choice among no tools");
    for tool in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
        let is_tool = tool["type"] == "function" && is_word(&tool["name"], 64) && tool["parameters"].is_object();
        check(is_tool && tool["strict"] == false, &format!("not a tool: {tool}"));
    }
    let input = body.get("input").and_then(Value::as_array).cloned().unwrap_or_default();
    check(!input.is_empty(), "no input");
    found.extend(item_violations(&input));
    found
}

fn item_violations(input: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for (number, item) in input.iter().enumerate() {
        let call_id = item["call_id"].as_str().unwrap_or_default().to_owned();
        match item["type"].as_str().unwrap_or("message") {
            "function_call" => {
                if !seen.insert(call_id.clone()) {
                    found.push(format!("item {number}: an id stands twice: {item}"));
                }
                open.push(call_id);
            }
            "function_call_output" => match open.iter().position(|other| *other == call_id) {
                Some(at) => drop(open.remove(at)),
                None => found.push(format!("item {number} answers {call_id:?}, which is not open")),
            },
            "message" if !open.is_empty() => {
                found.push(format!("item {number} comes while calls are open: {open:?}"));
            }
            "reasoning" if !item["id"].is_null() && input.get(number + 1).is_none_or(|next| next["id"].is_null()) => {
                found.push(format!("item {number}: a thought without the item that followed it"));
            }
            _ => {}
        }
        found.extend(item_problem(item).map(|problem| format!("item {number}: {problem}")));
    }
    if !open.is_empty() {
        found.push(format!("calls without a result: {open:?}"));
    }
    let last = input.last().cloned().unwrap_or_default();
    if last["role"] != "user" && last["type"] != "function_call_output" {
        found.push(format!("the last item is {last}"));
    }
    found
}

fn item_problem(item: &Value) -> Option<String> {
    let is_text = |name: &str| item[name].as_str().is_some_and(|text| !text.is_empty());
    let arguments = item["arguments"].as_str().map(serde_json::from_str::<Value>);
    let holds = match item["type"].as_str().unwrap_or("message") {
        "message" => {
            let is_list = item["content"].as_array().is_some_and(|parts| !parts.is_empty());
            matches!(item["role"].as_str(), Some("system" | "developer" | "user" | "assistant"))
                && (is_text("content") || is_list)
        }
        "function_call" => {
            is_word(&item["call_id"], 64)
                && is_word(&item["name"], 64)
                && matches!(arguments, Some(Ok(Value::Object(_))))
        }
        "function_call_output" => {
            let is_list = item["output"].as_array().is_some_and(|parts| !parts.is_empty());
            is_word(&item["call_id"], 64) && (item["output"].is_string() || is_list)
        }
        "reasoning" if is_text("encrypted_content") && item["summary"].is_array() => {
            return signature_problem(&item["encrypted_content"], item["id"].as_str().unwrap_or_default());
        }
        "reasoning" => false,
        _ => true,
    };
    (!holds).then(|| format!("not as it should be: {item}"))
}
