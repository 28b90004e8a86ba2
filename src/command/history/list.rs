//! `history list`: a table for people, JSON and TSV for scripts.

use jiff::tz::TimeZone;

use super::rows::{CONVERSATION_COLUMNS, conversation_cells, conversation_json, label, local_time, status_text};
use super::text::{Ink, Text};
use crate::cli::ListFormat;
use crate::command::listing::{aligned, cut, json_array, json_lines, one_line, tsv};
use crate::conversation::MessageStatus;
use crate::history::{ConversationSummary, Filter, History, HistoryError, Page};

/// A title is cut to this width in a table.
const TITLE_COLUMNS_MAX: usize = 60;

/// The conversations that fit, the one used last first.
pub fn list(history: &History, filter: &Filter, page: Page, format: ListFormat) -> Result<Text, HistoryError> {
    let conversations = history.conversations_that(filter, page)?;
    let values = || conversations.iter().map(conversation_json);
    Ok(match format {
        ListFormat::Table => table(&conversations, &TimeZone::system()),
        ListFormat::Json => json_array(values()).into(),
        ListFormat::Jsonl => json_lines(values()).into(),
        ListFormat::Tsv => {
            let header = CONVERSATION_COLUMNS.map(str::to_owned);
            tsv(std::iter::once(header).chain(conversations.iter().map(conversation_cells))).into()
        }
    })
}

pub fn table(conversations: &[ConversationSummary], zone: &TimeZone) -> Text {
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
    let lines = aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>());
    let (header, rows) = lines.split_once('\n').unwrap_or((&lines, ""));
    let mut text = Text::default();
    text.line(Ink::Strong, header);
    text.push(Ink::Plain, rows);
    text
}

fn status_mark(status: Option<&MessageStatus>) -> String {
    match status {
        Some(MessageStatus::Complete) | None => String::new(),
        Some(status) => format!(" [{}]", status_text(status)),
    }
}
