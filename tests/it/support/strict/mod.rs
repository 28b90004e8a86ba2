//! What every request must be like, whichever test sent it: a server that takes nothing malformed.

mod anthropic;
mod chat;
mod gemini;
mod responses;

use serde_json::{Map, Value};

use super::model_server::Received;

/// What a dialect's server looks at beside the body.
struct Door {
    /// The header that holds the key, and its value.
    key: (&'static str, String),
    /// Headers that must be there.
    headers: &'static [(&'static str, &'static str)],
    body: fn(&Received, &Map<String, Value>) -> Vec<String>,
}

/// All that is wrong with `request`.
pub fn violations(request: &Received, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    let Some(door) = door(request, key) else {
        return vec![format!("{} {}: the path is that of no dialect", request.method, request.path)];
    };
    let mut check = |holds: bool, text: &str| {
        if !holds {
            found.push(format!("{} {}: {text}", request.method, request.path));
        }
    };
    check(request.header("host").is_some(), "no host");
    check(request.header("user-agent").is_some_and(|agent| agent.starts_with("sayso/")), "no user agent of ours");
    check(request.header(door.key.0) == Some(&door.key.1), "the key is not the one that was set");
    for other in ["authorization", "x-api-key", "x-goog-api-key"] {
        check(other == door.key.0 || request.header(other).is_none(), "the key is in two places");
    }
    check(!request.path.contains(key), "the key is in the path");
    for (name, value) in door.headers {
        check(request.header(name) == Some(value), "a header is missing");
    }
    let content_type = request.header("content-type").unwrap_or_default();
    check(content_type.starts_with("application/json"), "the body is not called JSON");
    match serde_json::from_slice::<Value>(&request.body) {
        Ok(Value::Object(body)) => {
            found.extend(nulls(&body));
            found.extend((door.body)(request, &body));
        }
        Ok(_) => found.push("the body is no object".to_owned()),
        Err(error) => found.push(format!("the body is no JSON: {error}")),
    }
    found
}

fn door(request: &Received, key: &str) -> Option<Door> {
    let path = request.path.split('?').next().unwrap_or_default();
    let bearer = || ("authorization", format!("Bearer {key}"));
    match path.strip_prefix("/v1/")? {
        "chat/completions" => Some(Door { key: bearer(), headers: &[], body: |_, body| chat::violations(body) }),
        "responses" => Some(Door { key: bearer(), headers: &[], body: |_, body| responses::violations(body) }),
        "messages" => Some(Door {
            key: ("x-api-key", key.to_owned()),
            headers: &[("anthropic-version", "2023-06-01")],
            body: |_, body| anthropic::violations(body),
        }),
        path if path.starts_with("models/") => {
            Some(Door { key: ("x-goog-api-key", key.to_owned()), headers: &[], body: gemini::violations })
        }
        _ => None,
    }
}

fn nulls(body: &Map<String, Value>) -> Vec<String> {
    let nulls = body.iter().filter(|(_, value)| value.is_null());
    nulls.map(|(name, _)| format!("{name} is null; it should be left out")).collect()
}

/// A signature as the scripted servers make them: it holds for this text and no other.
pub fn signature_of(text: &str) -> String {
    let sum = text.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    format!("sig-{}-{sum:x}", text.len())
}

/// What is wrong with a signature of ours; those of recorded streams cannot be checked.
fn signature_problem(signature: &Value, text: &str) -> Option<String> {
    let signature = signature.as_str()?;
    let is_wrong = signature.starts_with("sig-") && signature != signature_of(text);
    is_wrong.then(|| format!("the signature {signature} is not that of {text:?}"))
}

/// Letters, digits, `_` and `-`, from one to `length_max`.
fn is_word(value: &Value, length_max: usize) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    value.as_str().is_some_and(|text| (1..=length_max).contains(&text.len()) && text.chars().all(is_letter))
}
