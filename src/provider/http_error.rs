//! Reads the error a server reports, whatever its shape, and says what can be done about it.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use super::json_repair::parse_leniently;
use super::{ErrorKind, ProviderError};
use crate::conversation::now_ms;
use crate::http::{parse_retry_after, wait_in_words};

/// So much of an error's body is read.
pub(super) const BODY_BYTES_MAX: usize = 64 << 10;
/// So much of a server's text is shown.
const MESSAGE_BYTES_MAX: usize = 2 << 10;
/// What is cut ends like this, also for [`crate::http::Keys::clean_cut`].
pub(super) const CUT_MARK: &str = "…";
/// JSON within text within JSON within text: enough.
const DEPTH_MAX: u8 = 3;

/// A response with a status that means failure.
pub(super) struct ErrorResponse<'a> {
    pub(super) status: u16,
    pub(super) body: &'a str,
    pub(super) header: &'a dyn Fn(&str) -> Option<String>,
}

/// What a body says.
#[derive(Debug, Default)]
struct Reported {
    message: String,
    /// `code`, `type` and `status` of the error, as far as they are words.
    names: Vec<String>,
    /// A `code` that is a number, as in HTTP.
    status: Option<u16>,
    retry_after: Option<Duration>,
}

/// The error that a response with status 300 or more reports.
pub(super) fn from_response(response: &ErrorResponse<'_>) -> ProviderError {
    let ErrorResponse { status, body, header } = response;
    let reported = reported_in(body);
    let kind = kind_of(Some(*status), &reported);
    let mut error = ProviderError::new(kind, message_of(*status, &reported.message, *header));
    error.status = Some(*status);
    error.request_id = request_id(*header);
    let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(now_ms()).unwrap_or(0));
    error.retry_after = parse_retry_after(header("retry-after-ms").as_deref(), header("retry-after").as_deref(), now)
        .or(reported.retry_after)
        .or_else(|| wait_in_words(&reported.message).filter(|_| matches!(status, 429 | 503)));
    error.should_retry = match header("x-should-retry").as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) | None => None,
    };
    error
}

/// The server's own id of a request.
pub(super) fn request_id(header: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    ["x-request-id", "request-id", "x-generation-id", "apim-request-id"].into_iter().find_map(header)
}

/// The error that stands in place of a chunk.
pub(super) fn in_stream(data: &str) -> ProviderError {
    let reported = reported_in(data);
    let kind = kind_of(reported.status, &reported);
    let message = match reported.message.as_str() {
        "" => "the server reports an error and does not say which".to_owned(),
        message => message.to_owned(),
    };
    let mut error = ProviderError::new(kind, message);
    error.status = reported.status;
    let may_say_when = matches!(kind, ErrorKind::RateLimited | ErrorKind::Failed);
    error.retry_after = reported.retry_after.or_else(|| wait_in_words(&reported.message).filter(|_| may_say_when));
    error
}

/// The error that a body with this status reports, without its headers.
#[must_use]
pub fn explain_error_body(status: u16, body: &str) -> ProviderError {
    from_response(&ErrorResponse { status, body, header: &|_| None })
}

fn message_of(status: u16, said: &str, header: &dyn Fn(&str) -> Option<String>) -> String {
    match (status, header("location")) {
        (300..400, Some(location)) => format!("redirects to {} ({status})", without_query(&location)),
        (_, _) if said.is_empty() => format!("answered with status {status}"),
        (_, _) => format!("{said} ({status})"),
    }
}

pub(super) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

fn kind_of(status: Option<u16>, reported: &Reported) -> ErrorKind {
    let is_named = |names: &[&str]| reported.names.iter().any(|name| names.contains(&name.as_str()));
    let text = reported.message.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    let may_be_about_length = matches!(status, None | Some(400 | 413 | 422 | 500));
    if may_be_about_length && (is_named(&TOO_LONG_NAMES) || says(&TOO_LONG_TEXTS)) {
        return ErrorKind::ContextTooLong;
    }
    if is_named(&["insufficient_quota", "billing_hard_limit_reached", "insufficient_credits"]) {
        return ErrorKind::Quota;
    }
    let is_about_key = says(&["incorrect api key", "invalid api key", "api key not valid"]);
    match status {
        Some(400) if is_about_key => ErrorKind::Auth,
        Some(401 | 403) => ErrorKind::Auth,
        Some(402) => ErrorKind::Quota,
        Some(408 | 409) => ErrorKind::TryAgain,
        Some(413) => ErrorKind::ContextTooLong,
        Some(429) => ErrorKind::RateLimited,
        Some(300..500) => ErrorKind::Rejected,
        Some(_) => ErrorKind::Failed,
        None => kind_by_name(&is_named),
    }
}

const TOO_LONG_NAMES: [&str; 6] = [
    "context_length_exceeded",
    "exceed_context_size_error",
    "too_many_prompt_tokens",
    "too_many_tokens",
    "string_above_max_length",
    "request_too_large",
];

const TOO_LONG_TEXTS: [&str; 9] = [
    "maximum context length",
    "max context length",
    "available context size",
    "context window",
    "context length exceeded",
    "exceed context limit",
    "prompt is too long",
    "maximum number of tokens allowed",
    "too many tokens",
];

/// For errors inside a stream, which often have no number.
fn kind_by_name(is_named: &dyn Fn(&[&str]) -> bool) -> ErrorKind {
    if is_named(&["rate_limit_error", "rate_limit_exceeded", "ratelimitreached", "too_many_requests"]) {
        ErrorKind::RateLimited
    } else if is_named(&["authentication_error", "permission_error", "invalid_api_key"]) {
        ErrorKind::Auth
    } else if is_named(&["invalid_request_error", "invalid_request", "tool_use_failed", "not_found_error"]) {
        ErrorKind::Rejected
    } else {
        ErrorKind::Failed
    }
}

fn reported_in(body: &str) -> Reported {
    let mut reported = Reported::default();
    match parse_leniently(body.trim()) {
        Some(value) => read_error(&value, &mut reported, DEPTH_MAX),
        None => add_text(body, &mut reported),
    }
    reported.message = readable(&reported.message);
    reported
}

/// Walks `error.message`, `error`, `message`, `detail`, `choices[].error`, lists of these, and JSON
/// inside of text.
fn read_error(value: &Value, reported: &mut Reported, depth: u8) {
    match value {
        Value::String(text) => add_message(text, reported, depth),
        Value::Array(items) => {
            for item in items.iter().take(4) {
                read_error(item, reported, depth);
            }
        }
        Value::Object(object) => {
            read_names(value, reported);
            let nested = ["error", "message", "detail", "msg", "choices"];
            if let Some(inner) = nested.iter().filter_map(|key| object.get(*key)).find(|inner| is_telling(inner)) {
                let place = object.get("loc").map(place_of).unwrap_or_default();
                if inner.is_string() && !place.is_empty() {
                    add_text(&format!("{place}: {}", inner.as_str().unwrap_or_default()), reported);
                } else {
                    read_error(inner, reported, depth);
                }
            }
            read_upstream(&value["metadata"], reported, depth);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_telling(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn read_names(object: &Value, reported: &mut Reported) {
    for key in ["code", "type", "error_type", "status", "status_code", "reason"] {
        match &object[key] {
            Value::String(name) => {
                reported.status = reported.status.or(name.parse().ok().filter(|code| (400..600).contains(code)));
                reported.names.push(name.to_lowercase());
            }
            Value::Number(number) => {
                let status = number.as_u64().and_then(|code| u16::try_from(code).ok());
                reported.status = reported.status.or(status.filter(|code| (400..600).contains(code)));
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
    for detail in object["details"].as_array().into_iter().flatten() {
        let seconds = detail["retryDelay"].as_str().and_then(|delay| delay.strip_suffix('s')?.parse().ok());
        let wait = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        reported.retry_after = reported.retry_after.or(wait);
    }
}

/// OpenRouter: `metadata.raw` holds what the server behind it said.
fn read_upstream(metadata: &Value, reported: &mut Reported, depth: u8) {
    let Some(raw) = metadata["raw"].as_str() else { return };
    let mut upstream = Reported::default();
    add_message(raw, &mut upstream, depth);
    if upstream.message.is_empty() || reported.message.contains(&upstream.message) {
        return;
    }
    let name = metadata["provider_name"].as_str().unwrap_or("upstream");
    let both = format!("{} ({name}: {})", reported.message, upstream.message);
    reported.message = readable(&both);
    reported.names.append(&mut upstream.names);
}

fn add_message(text: &str, reported: &mut Reported, depth: u8) {
    let trimmed = text.trim();
    if depth > 0
        && trimmed.starts_with(['{', '['])
        && let Some(value) = parse_leniently(trimmed)
    {
        let before = reported.message.len();
        read_error(&value, reported, depth - 1);
        if reported.message.len() > before {
            return;
        }
    }
    add_text(trimmed, reported);
}

fn add_text(text: &str, reported: &mut Reported) {
    if !reported.message.is_empty() {
        reported.message.push_str("; ");
    }
    reported.message.push_str(&readable(text));
}

/// `["body", "messages", 0]` as `body.messages.0`.
fn place_of(location: &Value) -> String {
    let steps = location.as_array().into_iter().flatten();
    let names: Vec<String> = steps.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
    names.join(".")
}

/// One line of text without markup: a web page becomes its title, or its words.
pub(super) fn readable(text: &str) -> String {
    let is_page = text.trim_start().starts_with('<');
    let title = if is_page { title_of(text) } else { None };
    let plain = without_tags(title.unwrap_or(text));
    let mut line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() > MESSAGE_BYTES_MAX {
        line.truncate(line.floor_char_boundary(MESSAGE_BYTES_MAX));
        line.push_str(CUT_MARK);
    }
    line
}

fn title_of(page: &str) -> Option<&str> {
    // ASCII lower case keeps the byte positions.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    page.get(start..end).filter(|title| !title.trim().is_empty())
}

/// Leaves out `<tag …>`, `</tag>` and `<!-- … -->`; a lone `<` stays.
fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        plain.push_str(before);
        let is_tag = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        match tag.find('>') {
            Some(end) if is_tag => {
                plain.push(' ');
                rest = &tag[end + 1..];
            }
            Some(_) | None => {
                plain.push('<');
                rest = &tag[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}
