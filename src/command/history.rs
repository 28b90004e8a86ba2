//! `history list` and `history show` as text: a table for people, JSON and TSV for scripts.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::listing::{aligned, cut, json_array, json_lines, one_line, pretty, tsv};
use crate::cli::ListFormat;
use crate::conversation::{MessageStatus, UnixMillis, Usage};
use crate::history::{ConversationSummary, History, HistoryError, StoredMessage};

/// A title is cut to this width in a table.
const TITLE_COLUMNS_MAX: usize = 60;

/// The most recently used conversations. The text is as stored: whoever prints it to a
/// terminal makes it safe.
pub fn list(history: &History, limit: usize, format: ListFormat) -> Result<String, HistoryError> {
    let conversations = history.conversations(limit)?;
    let values = || conversations.iter().map(conversation_json);
    Ok(match format {
        ListFormat::Table => list_table(&conversations, &TimeZone::system()),
        ListFormat::Json => json_array(values()),
        ListFormat::Jsonl => json_lines(values()),
        ListFormat::Tsv => {
            let header = ["id", "name", "title", "created", "used", "model", "messages", "status"].map(str::to_owned);
            tsv(std::iter::once(header).chain(conversations.iter().map(conversation_cells)))
        }
    })
}

/// One conversation with its active branch, or the newest `limit` messages of it. Without an
/// address the last used one.
pub fn show(
    history: &History,
    address: Option<&str>,
    limit: usize,
    format: ListFormat,
) -> Result<String, HistoryError> {
    let id = address.map_or_else(|| history.last_used(), |address| history.resolve(address))?;
    let conversation = history.conversation(&id)?;
    let mut messages = history.stored_messages(&id)?;
    messages.drain(..messages.len().saturating_sub(limit));
    let values = || messages.iter().map(message_json);
    Ok(match format {
        ListFormat::Table => show_text(&conversation, &messages, &TimeZone::system()),
        ListFormat::Json => {
            let mut value = conversation_json(&conversation);
            value["messages"] = values().collect();
            pretty(&value)
        }
        ListFormat::Jsonl => json_lines(std::iter::once(conversation_json(&conversation)).chain(values())),
        ListFormat::Tsv => {
            let header = ["id", "parent", "role", "status", "model", "created", "text"].map(str::to_owned);
            tsv(std::iter::once(header).chain(messages.iter().map(message_cells)))
        }
    })
}

fn list_table(conversations: &[ConversationSummary], zone: &TimeZone) -> String {
    let header = ["ID", "USED", "MESSAGES", "MODEL", "TITLE"].map(str::to_owned);
    let rows = conversations.iter().map(|conversation| {
        let mark = if conversation.pinned { "* " } else { "" };
        let title = format!("{mark}{}{}", label(conversation), status_mark(conversation.status.as_ref()));
        [
            conversation.id.0.clone(),
            local_time(conversation.used_ms, zone),
            conversation.messages.to_string(),
            conversation.model.clone().unwrap_or_default(),
            cut(&one_line(&title), TITLE_COLUMNS_MAX),
        ]
    });
    aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
}

/// What a person calls it.
fn label(conversation: &ConversationSummary) -> &str {
    conversation.name.as_deref().unwrap_or(&conversation.title)
}

fn status_mark(status: Option<&MessageStatus>) -> String {
    match status {
        Some(MessageStatus::Complete) | None => String::new(),
        Some(status) => format!(" [{}]", status_text(status)),
    }
}

fn show_text(conversation: &ConversationSummary, messages: &[StoredMessage], zone: &TimeZone) -> String {
    let mut text = format!(
        "{}\n{} · {} · {}\n",
        one_line(label(conversation)),
        conversation.id,
        if messages.len() == 1 { "1 message".to_owned() } else { format!("{} messages", messages.len()) },
        local_time(conversation.created_ms, zone)
    );
    for stored in messages {
        let message = &stored.message;
        let mut about = vec![message.role.name().to_owned(), local_time(message.created_ms, zone)];
        about.extend(message.model.clone());
        if message.status != MessageStatus::Complete {
            about.push(status_text(&message.status));
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "\n[{}]\n{}", about.join(" · "), message.text);
        if !message.text.is_empty() && !message.text.ends_with('\n') {
            text.push('\n');
        }
        for call in &message.tool_calls {
            let _ = writeln!(text, "→ {} {}", call.name, one_line(&call.arguments));
        }
    }
    text
}

fn conversation_json(conversation: &ConversationSummary) -> Value {
    let status = conversation.status.as_ref().map(status_name);
    json!({
        "id": conversation.id.0,
        "name": conversation.name,
        "title": conversation.title,
        "created": utc(conversation.created_ms),
        "used": utc(conversation.used_ms),
        "pinned": conversation.pinned,
        "model": conversation.model,
        "messages": conversation.messages,
        "status": status,
    })
}

fn message_json(stored: &StoredMessage) -> Value {
    let message = &stored.message;
    let calls: Vec<_> = message
        .tool_calls
        .iter()
        .map(|call| json!({ "id": call.id, "name": call.name, "arguments": arguments(&call.arguments) }))
        .collect();
    json!({
        "id": message.id.0,
        "parent": message.parent.as_ref().map(|id| &id.0),
        "role": message.role.name(),
        "status": status_name(&message.status),
        "reason": reason(&message.status),
        "text": message.text,
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

fn conversation_cells(conversation: &ConversationSummary) -> [String; 8] {
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

fn message_cells(stored: &StoredMessage) -> [String; 7] {
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

fn status_text(status: &MessageStatus) -> String {
    reason(status).map_or_else(|| status_name(status).to_owned(), |reason| format!("{}: {reason}", status_name(status)))
}

/// RFC 3339; a time that no calendar holds is empty.
pub fn utc(time_ms: UnixMillis) -> String {
    Timestamp::from_millisecond(time_ms).map_or_else(|_| String::new(), |time| time.to_string())
}

fn local_time(time_ms: UnixMillis, zone: &TimeZone) -> String {
    Timestamp::from_millisecond(time_ms).map_or_else(
        |_| String::new(),
        |time| time.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::Value;

    use super::{ListFormat, list, list_table, show, show_text};
    use crate::conversation::{ConversationId, Message, MessageId, Role};
    use crate::history::{DeltaPersistence, Entry, FlushOutcome, History, HistoryError, HistorySettings, Journal};

    /// One conversation: a prompt of two lines and no answer.
    fn history(folder: &std::path::Path) -> History {
        let settings = HistorySettings {
            path: Some(folder.join("history.db")),
            deltas: DeltaPersistence::default(),
            ..HistorySettings::default()
        };
        let mut journal = Journal::start(settings.clone());
        let id = ConversationId("01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned());
        let mut message =
            Message::new(MessageId("01M".to_owned()), None, Role::User, "Hi\tthere\nyou".to_owned(), 1_500);
        message.model = Some("demo:tour".to_owned());
        journal.record(Entry::ConversationStarted { id: id.clone(), name: None, created_ms: 0 });
        journal.record(Entry::MessageAdded { conversation: id, message });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        assert_eq!(runtime.block_on(journal.flush()), FlushOutcome::Durable);
        History::open_read(&settings).unwrap()
    }

    #[test]
    fn a_list_is_a_table_for_people() {
        let folder = tempfile::tempdir().unwrap();
        let conversations = history(folder.path()).conversations(10).unwrap();
        assert_eq!(
            list_table(&conversations, &TimeZone::UTC),
            "ID                          USED              MESSAGES  MODEL      TITLE\n\
             01ARZ3NDEKTSV4RRFFQ69G5FAV  1970-01-01 00:00  1         demo:tour  Hi there you\n"
        );
    }

    #[test]
    fn a_list_for_scripts() {
        let folder = tempfile::tempdir().unwrap();
        let history = history(folder.path());
        let line = r#"{"created":"1970-01-01T00:00:00Z","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","messages":1,"model":"demo:tour","name":null,"pinned":false,"status":"complete","title":"Hi there you","used":"1970-01-01T00:00:01.5Z"}"#;
        let jsonl = list(&history, 10, ListFormat::Jsonl).unwrap();
        let expected: Value = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&jsonl).unwrap(), expected);
        assert_eq!(jsonl.lines().count(), 1);
        let array: Value = serde_json::from_str(&list(&history, 10, ListFormat::Json).unwrap()).unwrap();
        assert_eq!(array, Value::Array(vec![expected]));
        assert_eq!(
            list(&history, 10, ListFormat::Tsv).unwrap(),
            "id\tname\ttitle\tcreated\tused\tmodel\tmessages\tstatus\n\
             01ARZ3NDEKTSV4RRFFQ69G5FAV\t\tHi there you\t1970-01-01T00:00:00Z\t1970-01-01T00:00:01.5Z\tdemo:tour\t1\tcomplete\n"
        );
        assert_eq!(list(&history, 0, ListFormat::Json).unwrap(), "[]\n");
    }

    #[test]
    fn one_conversation_is_shown_with_its_messages() {
        let folder = tempfile::tempdir().unwrap();
        let history = history(folder.path());
        let conversation = history.conversations(1).unwrap().remove(0);
        let messages = history.stored_messages(&conversation.id).unwrap();
        assert_eq!(
            show_text(&conversation, &messages, &TimeZone::UTC),
            "Hi there you\n01ARZ3NDEKTSV4RRFFQ69G5FAV · 1 message · 1970-01-01 00:00\n\n\
             [user · 1970-01-01 00:00 · demo:tour]\nHi\tthere\nyou\n"
        );
        let value: Value = serde_json::from_str(&show(&history, Some("@1"), 10, ListFormat::Json).unwrap()).unwrap();
        assert_eq!(value["messages"][0]["text"], "Hi\tthere\nyou");
        assert_eq!(value["messages"][0]["parent"], Value::Null);
        let tsv = show(&history, Some("01arz"), 10, ListFormat::Tsv).unwrap();
        assert_eq!(tsv.lines().last().unwrap().rsplit('\t').next(), Some("Hi\\tthere\\nyou"));
        let none: Value = serde_json::from_str(&show(&history, None, 0, ListFormat::Json).unwrap()).unwrap();
        assert_eq!(none["messages"], Value::Array(vec![]));
        assert!(matches!(show(&history, Some("other"), 10, ListFormat::Json), Err(HistoryError::NotFound { .. })));
    }
}
