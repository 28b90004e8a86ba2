//! Conversations and messages as JSON and as cells, and the words for their times and states.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::conversation::{MessageStatus, UnixMillis, Usage, rfc3339};
use crate::history::{AttachmentInfo, ConversationSummary, StoredMessage};

pub const CONVERSATION_COLUMNS: [&str; 8] = ["id", "name", "title", "created", "used", "model", "messages", "status"];
pub const MESSAGE_COLUMNS: [&str; 7] = ["id", "parent", "role", "status", "model", "created", "text"];

pub fn conversation_json(conversation: &ConversationSummary) -> Value {
    json!({
        "id": conversation.id.0,
        "name": conversation.name,
        "title": conversation.title,
        "created": utc(conversation.created_ms),
        "used": utc(conversation.used_ms),
        "pinned": conversation.pinned,
        "model": conversation.model,
        "messages": conversation.messages,
        "status": conversation.status.as_ref().map(status_name),
        "folder": conversation.folder,
        "forked_from": conversation.forked_from.as_ref().map(|id| &id.0),
    })
}

pub fn conversation_cells(conversation: &ConversationSummary) -> [String; 8] {
    [
        conversation.id.0.clone(),
        conversation.name.clone().unwrap_or_default(),
        conversation.title.clone(),
        utc(conversation.created_ms),
        utc(conversation.used_ms),
        conversation.model.clone().unwrap_or_default(),
        conversation.messages.to_string(),
        conversation.status.as_ref().map_or_else(String::new, |status| status_name(status).to_owned()),
    ]
}

pub fn message_json(stored: &StoredMessage) -> Value {
    let message = &stored.message;
    let calls: Vec<_> = message
        .tool_calls
        .iter()
        .map(|call| json!({ "id": call.id, "name": call.name, "arguments": arguments(&call.arguments) }))
        .collect();
    let attached: Vec<_> = stored.attached.iter().map(attachment_json).collect();
    json!({
        "id": message.id.0,
        "parent": message.parent.as_ref().map(|id| &id.0),
        "role": message.role.name(),
        "status": status_name(&message.status),
        "reason": reason(&message.status),
        "text": message.text,
        "attachments": attached,
        "reasoning": message.reasoning,
        "model": message.model,
        "created": utc(message.created_ms),
        "finished": stored.finished_ms.map(utc),
        "finish": stored.finish,
        "usage": message.usage.as_ref().map(usage_json),
        "tool_calls": calls,
        "tool_call_id": message.tool_call_id,
        "metrics": stored.metrics,
    })
}

fn attachment_json(attached: &AttachmentInfo) -> Value {
    let AttachmentInfo { name, mime, bytes, hash } = attached;
    json!({ "name": name, "mime": mime, "bytes": bytes, "sha256": hash })
}

pub fn message_cells(stored: &StoredMessage) -> [String; 7] {
    let message = &stored.message;
    [
        message.id.0.clone(),
        message.parent.as_ref().map_or_else(String::new, |id| id.0.clone()),
        message.role.name().to_owned(),
        status_name(&message.status).to_owned(),
        message.model.clone().unwrap_or_default(),
        utc(message.created_ms),
        message.text.clone(),
    ]
}

fn usage_json(usage: &Usage) -> Value {
    json!({
        "input": usage.input,
        "output": usage.output,
        "cached": usage.cached,
        "cache_write": usage.cache_write,
        "reasoning": usage.reasoning,
        "total": usage.total,
        "cost_usd": usage.cost_usd,
    })
}

/// Arguments as the JSON they should be, else as the text they are.
fn arguments(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// What a person calls it.
pub fn label(conversation: &ConversationSummary) -> &str {
    conversation.name.as_deref().unwrap_or(&conversation.title)
}

pub fn count_of_messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

fn status_name(status: &MessageStatus) -> &'static str {
    match status {
        MessageStatus::Streaming => "streaming",
        MessageStatus::Complete => "complete",
        MessageStatus::Interrupted(_) => "interrupted",
        MessageStatus::Error(_) => "error",
    }
}

fn reason(status: &MessageStatus) -> Option<&str> {
    match status {
        MessageStatus::Streaming | MessageStatus::Complete => None,
        MessageStatus::Interrupted(reason) => Some(reason.name()),
        MessageStatus::Error(class) => Some(class),
    }
}

/// As in `interrupted: crash`.
pub fn status_text(status: &MessageStatus) -> String {
    reason(status).map_or_else(|| status_name(status).to_owned(), |reason| format!("{}: {reason}", status_name(status)))
}

/// RFC 3339; a time that no calendar holds is empty.
pub fn utc(time_ms: UnixMillis) -> String {
    rfc3339(time_ms).unwrap_or_default()
}

pub fn local_time(time_ms: UnixMillis, zone: &TimeZone) -> String {
    Timestamp::from_millisecond(time_ms).map_or_else(
        |_| String::new(),
        |time| time.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}
