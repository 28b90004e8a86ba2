//! `history show`: one conversation with its messages, for people and for scripts.

use jiff::tz::TimeZone;

use super::rows::{
    MESSAGE_COLUMNS, conversation_json, count_of_messages, label, local_time, message_cells, message_json, status_text,
};
use super::text::{Ink, Text};
use crate::cli::ListFormat;
use crate::command::listing::{json_lines, one_line, pretty, tsv};
use crate::conversation::{MessageStatus, Role, size_in_words};
use crate::history::{ConversationSummary, History, HistoryError, Spot, StoredMessage};

/// One conversation with its active branch, or the branch up to a message; of it the newest `limit` messages.
/// Without an address the conversation used last.
pub fn show(history: &History, address: Option<&str>, limit: usize, format: ListFormat) -> Result<Text, HistoryError> {
    let spot = spot(history, address)?;
    let conversation = history.conversation(&spot.conversation)?;
    let mut messages = numbered(history.stored_messages_to(&spot.conversation, spot.message.as_ref())?);
    let left_out = messages.drain(..messages.len().saturating_sub(limit));
    let attached_before = left_out.map(|(_, stored)| stored.attached.len()).sum();
    let values = || messages.iter().map(|(_, message)| message_json(message));
    Ok(match format {
        ListFormat::Table => show_text(&conversation, &messages, attached_before, &TimeZone::system()),
        ListFormat::Json => {
            let mut value = conversation_json(&conversation);
            value["messages"] = values().collect();
            pretty(&value).into()
        }
        ListFormat::Jsonl => json_lines(std::iter::once(conversation_json(&conversation)).chain(values())).into(),
        ListFormat::Tsv => {
            let header = MESSAGE_COLUMNS.map(str::to_owned);
            tsv(std::iter::once(header).chain(messages.iter().map(|(_, message)| message_cells(message)))).into()
        }
    })
}

/// What an address means; without one the conversation used last.
pub fn spot(history: &History, address: Option<&str>) -> Result<Spot, HistoryError> {
    match address {
        Some(address) => history.locate(address),
        None => Ok(Spot { conversation: history.last_used()?, message: None }),
    }
}

/// Messages with the number by which they are addressed; system prompts and empty answers have none.
fn numbered(messages: Vec<StoredMessage>) -> Vec<(Option<usize>, StoredMessage)> {
    let mut last = 0;
    let number = |stored: StoredMessage| {
        let message = &stored.message;
        let is_said = match message.role {
            Role::System => false,
            Role::Assistant => !message.text.is_empty() || !message.tool_calls.is_empty(),
            Role::User | Role::Tool => true,
        };
        last += usize::from(is_said);
        (is_said.then_some(last), stored)
    };
    messages.into_iter().map(number).collect()
}

/// `attached_before`: attachments of the messages that are not shown.
fn show_text(
    conversation: &ConversationSummary,
    messages: &[(Option<usize>, StoredMessage)],
    attached_before: usize,
    zone: &TimeZone,
) -> Text {
    let mut text = Text::default();
    text.line(Ink::Strong, one_line(label(conversation)));
    let count = u64::try_from(messages.len()).unwrap_or(u64::MAX);
    let mut about =
        format!("{} · {} · {}", conversation.id, count_of_messages(count), local_time(conversation.created_ms, zone));
    if let Some(original) = &conversation.forked_from {
        about.push_str(&format!(" · forked from {original}"));
    }
    text.line(Ink::Faint, about);
    let mut attached = attached_before;
    for (number, stored) in messages {
        let message = &stored.message;
        let mut about: Vec<String> = number.iter().map(usize::to_string).collect();
        about.extend([message.role.name().to_owned(), local_time(message.created_ms, zone)]);
        about.extend(message.model.clone());
        if message.status != MessageStatus::Complete {
            about.push(status_text(&message.status));
        }
        text.push(Ink::Plain, "\n");
        text.line(Ink::Strong, format!("[{}]", about.join(" · ")));
        // What a person wrote stands as it was written.
        let ink = if message.role == Role::Assistant { Ink::Markdown } else { Ink::Plain };
        text.push(ink, message.text.clone());
        if !message.text.is_empty() && !message.text.ends_with('\n') {
            text.push(Ink::Plain, "\n");
        }
        for info in &stored.attached {
            attached += 1;
            let size = size_in_words(info.bytes);
            text.line(Ink::Faint, format!("[attachment {attached}: {}, {}, {size}]", one_line(&info.name), info.mime));
        }
        for call in &message.tool_calls {
            text.line(Ink::Faint, format!("→ {} {}", call.name, one_line(&call.arguments)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::Value;

    use super::super::list::{list, table};
    use super::{ListFormat, numbered, show, show_text};
    use crate::conversation::{ConversationId, Message, MessageId, Role};
    use crate::history::{Entry, Filter, FlushOutcome, History, HistoryError, HistorySettings, Journal, Page};

    /// One conversation: a prompt of two lines and no answer.
    fn history(folder: &std::path::Path) -> History {
        let settings = HistorySettings { path: Some(folder.join("history.db")), ..HistorySettings::default() };
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
            table(&conversations, &TimeZone::UTC).raw(),
            "ID                          USED              MESSAGES  MODEL      TITLE\n\
             01ARZ3NDEKTSV4RRFFQ69G5FAV  1970-01-01 00:00  1         demo:tour  Hi there you\n"
        );
    }

    #[test]
    fn a_list_for_scripts() {
        let folder = tempfile::tempdir().unwrap();
        let history = history(folder.path());
        let list = |limit, format| list(&history, &Filter::default(), Page { offset: 0, limit }, format).unwrap().raw();
        let line = r#"{"created":"1970-01-01T00:00:00.000Z","folder":null,"forked_from":null,"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","messages":1,"model":"demo:tour","name":null,"pinned":false,"status":"complete","title":"Hi there you","used":"1970-01-01T00:00:01.500Z"}"#;
        let jsonl = list(10, ListFormat::Jsonl);
        let expected: Value = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&jsonl).unwrap(), expected);
        assert_eq!(jsonl.lines().count(), 1);
        let array: Value = serde_json::from_str(&list(10, ListFormat::Json)).unwrap();
        assert_eq!(array, Value::Array(vec![expected]));
        assert_eq!(
            list(10, ListFormat::Tsv),
            "id\tname\ttitle\tcreated\tused\tmodel\tmessages\tstatus\n\
             01ARZ3NDEKTSV4RRFFQ69G5FAV\t\tHi there you\t1970-01-01T00:00:00.000Z\t1970-01-01T00:00:01.500Z\tdemo:tour\t1\tcomplete\n"
        );
        assert_eq!(list(0, ListFormat::Json), "[]\n");
    }

    #[test]
    fn one_conversation_is_shown_with_its_messages() {
        let folder = tempfile::tempdir().unwrap();
        let history = history(folder.path());
        let conversation = history.conversations(1).unwrap().remove(0);
        let messages = numbered(history.stored_messages(&conversation.id).unwrap());
        assert_eq!(
            show_text(&conversation, &messages, 0, &TimeZone::UTC).raw(),
            "Hi there you\n01ARZ3NDEKTSV4RRFFQ69G5FAV · 1 message · 1970-01-01 00:00\n\n\
             [1 · user · 1970-01-01 00:00 · demo:tour]\nHi\tthere\nyou\n"
        );
        let show = |address, limit, format| show(&history, address, limit, format).map(|text| text.raw());
        let value: Value = serde_json::from_str(&show(Some("@1"), 10, ListFormat::Json).unwrap()).unwrap();
        assert_eq!(value["messages"][0]["text"], "Hi\tthere\nyou");
        assert_eq!(value["messages"][0]["parent"], Value::Null);
        let tsv = show(Some("01arz"), 10, ListFormat::Tsv).unwrap();
        assert_eq!(tsv.lines().last().unwrap().rsplit('\t').next(), Some("Hi\\tthere\\nyou"));
        let none: Value = serde_json::from_str(&show(None, 0, ListFormat::Json).unwrap()).unwrap();
        assert_eq!(none["messages"], Value::Array(vec![]));
        assert!(matches!(show(Some("other"), 10, ListFormat::Json), Err(HistoryError::NotFound { .. })));
    }
}
