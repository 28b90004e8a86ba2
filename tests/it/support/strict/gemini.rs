//! The Gemini API.

use serde_json::{Map, Value};

use super::super::model_server::Received;
use super::{is_word, signature_problem};

const FIELDS: [&str; 6] =
    ["contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig"];

pub fn violations(request: &Received, body: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |holds: bool, text: &str| {
        if !holds {
            found.push(text.to_owned());
        }
    };
    let is_stream = request.path.ends_with(":streamGenerateContent?alt=sse");
    check(is_stream || request.path.ends_with(":generateContent"), "no method");
    for name in body.keys() {
        check(FIELDS.contains(&name.as_str()), &format!("an unknown name: {name}"));
    }
    check(body.contains_key("tools") || !body.contains_key("toolConfig"), "a choice among no tools");
    for tool in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
        for declared in tool["functionDeclarations"].as_array().into_iter().flatten() {
            let is_tool = is_word(&declared["name"], 64) && declared["parametersJsonSchema"].is_object();
            check(is_tool, &format!("not a tool: {declared}"));
        }
    }
    let contents = body.get("contents").and_then(Value::as_array).cloned().unwrap_or_default();
    check(!contents.is_empty(), "no contents");
    let wants_signatures = request.path.contains("gemini-3");
    found.extend(turn_violations(&contents, wants_signatures));
    found
}

fn parts(content: &Value) -> impl Iterator<Item = &Value> {
    content["parts"].as_array().into_iter().flatten()
}

/// What a call and its result have in common.
fn names(part: &Value, kind: &str) -> Option<(Value, Value)> {
    part.get(kind).map(|call| (call["name"].clone(), call["id"].clone()))
}

fn turn_violations(contents: &[Value], wants_signatures: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<(Value, Value)> = Vec::new();
    for (number, content) in contents.iter().enumerate() {
        let expected = if number % 2 == 0 { "user" } else { "model" };
        if content["role"] != expected {
            found.push(format!("content {number} is not of {expected}"));
        }
        if parts(content).next().is_none() {
            found.push(format!("content {number} is empty"));
        }
        let answered: Vec<_> = parts(content).filter_map(|part| names(part, "functionResponse")).collect();
        if answered != open {
            found.push(format!("content {number} answers {answered:?} where {open:?} is open"));
        }
        open = parts(content).filter_map(|part| names(part, "functionCall")).collect();
        let first_call = parts(content).find(|part| part.get("functionCall").is_some());
        if wants_signatures && first_call.is_some_and(|call| call["thoughtSignature"].as_str().is_none()) {
            found.push(format!("content {number}: a call without signature"));
        }
        found.extend(parts(content).filter_map(part_problem).map(|problem| format!("content {number}: {problem}")));
    }
    if contents.last().is_some_and(|last| last["role"] != "user") {
        found.push("the last content is not the user's".to_owned());
    }
    found
}

fn part_problem(part: &Value) -> Option<String> {
    let call = &part["functionCall"];
    if !call.is_null() {
        if !is_word(&call["name"], 64) || !call["args"].is_object() {
            return Some(format!("not a call: {part}"));
        }
        return signature_problem(&part["thoughtSignature"], &call["args"].to_string());
    }
    let response = &part["functionResponse"];
    if !response.is_null() {
        let is_result = is_word(&response["name"], 64) && response["response"].is_object();
        return (!is_result).then(|| format!("not a result: {part}"));
    }
    let text = part["text"].as_str()?;
    signature_problem(&part["thoughtSignature"], text)
}
