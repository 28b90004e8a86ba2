//! What is asked of the history: lists, one conversation, its messages.

use rusqlite::{OptionalExtension, Row, params_from_iter};

use super::filter::{Conditions, Filter};
use super::rows::{self, StoredMessage, ToolRun};
use super::{History, HistoryError, Page};
use crate::conversation::{ConversationId, InterruptReason, MessageId, MessageStatus, UnixMillis};

/// One line of a list of conversations.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationSummary {
    pub id: ConversationId,
    pub name: Option<String>,
    /// The first words of the first prompt; empty before it.
    pub title: String,
    pub created_ms: UnixMillis,
    pub used_ms: UnixMillis,
    pub pinned: bool,
    /// `provider:model` that was asked last.
    pub model: Option<String>,
    /// Of all branches.
    pub messages: u64,
    /// The message the next one follows.
    pub head: Option<MessageId>,
    /// Of the head.
    pub status: Option<MessageStatus>,
    /// Where it was used last.
    pub folder: Option<String>,
    /// The message up to which it is a copy of another conversation.
    pub forked_from: Option<MessageId>,
    /// The token of the process that has it open.
    owner: Option<String>,
}

const SUMMARY: &str = "SELECT c.id, c.name, c.title, c.created_ms, c.used_ms, c.pinned, c.model, c.message_count,
        head.id, head.status, head.reason, head.owner, c.cwd, c.forked_from, c.owner
    FROM conversation AS c LEFT JOIN message AS head ON head.number = c.head";

/// The same in a file that nobody has migrated yet.
const OLD_SUMMARY: &str = "SELECT c.id, c.name, c.title, c.created_ms, c.used_ms, c.pinned, c.model, c.message_count,
        head.id, head.status, head.reason, head.owner, NULL, NULL, NULL
    FROM conversation AS c LEFT JOIN message AS head ON head.number = c.head";

impl History {
    /// The most recently used first.
    pub fn conversations(&self, limit: usize) -> Result<Vec<ConversationSummary>, HistoryError> {
        self.conversations_that(&Filter::default(), Page { offset: 0, limit })
    }

    /// Those that fit, the most recently used first.
    pub fn conversations_that(&self, filter: &Filter, page: Page) -> Result<Vec<ConversationSummary>, HistoryError> {
        let conditions = Conditions::of(filter, "c.used_ms", "c.model");
        let query = format!("{} WHERE true{} ORDER BY c.used_seq DESC", self.summary_query(), conditions.sql);
        let mut statement = self.connection.prepare_cached(&query)?;
        let all = statement.query_map(params_from_iter(conditions.values), |row| self.summary(row))?;
        let fits =
            |summary: &ConversationSummary| filter.status.is_none_or(|wanted| wanted.fits(summary.status.as_ref()));
        // Rows come one by one, by an index: what is beyond the limit is never read.
        let fitting = all.filter(|summary| summary.as_ref().map_or(true, fits));
        Ok(fitting.skip(page.offset).take(page.limit).collect::<Result<_, _>>()?)
    }

    /// What conversations are called whose names, or where they have none whose ids, begin like this; the most recently
    /// used first.
    pub fn addresses_beginning(&self, beginning: &str, limit: usize) -> Result<Vec<String>, HistoryError> {
        // Ranges, which indexes know; nothing in a name comes behind the last character there is.
        let query = "SELECT coalesce(name, id) FROM conversation
            WHERE (name >= ?1 AND name < ?2) OR (name IS NULL AND id >= ?1 AND id < ?2)
            ORDER BY used_seq DESC LIMIT ?3";
        let end = format!("{beginning}{}", char::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(query)?;
        let addresses = statement.query_map((beginning, &end, limit), |row| row.get(0))?;
        Ok(addresses.collect::<Result<_, _>>()?)
    }

    fn summary_query(&self) -> &'static str {
        if self.has_places() { SUMMARY } else { OLD_SUMMARY }
    }

    pub fn conversation(&self, id: &ConversationId) -> Result<ConversationSummary, HistoryError> {
        let query = format!("{} WHERE c.id = ?1", self.summary_query());
        let found = self.connection.prepare_cached(&query)?.query_row([&id.0], |row| self.summary(row)).optional()?;
        found.ok_or_else(|| HistoryError::NotFound { wanted: id.0.clone() })
    }

    /// The messages from the first to the head, with all that is stored beside them. A reply that a dead process
    /// left open is shown as the interrupted answer it will be; one of a living process is `Streaming`.
    pub fn stored_messages(&self, id: &ConversationId) -> Result<Vec<StoredMessage>, HistoryError> {
        self.stored_messages_to(id, None)
    }

    /// The branch that ends with this message; `None`: the active one.
    pub fn stored_messages_to(
        &self,
        id: &ConversationId,
        last: Option<&MessageId>,
    ) -> Result<Vec<StoredMessage>, HistoryError> {
        let messages = rows::branch_messages(&self.connection, id, last)?;
        Ok(messages.into_iter().map(|stored| self.with_true_status(stored)).collect())
    }

    /// The messages of all branches, in the order they were written.
    pub fn all_messages(&self, id: &ConversationId) -> Result<Vec<StoredMessage>, HistoryError> {
        let messages = rows::all_messages(&self.connection, id)?;
        Ok(messages.into_iter().map(|stored| self.with_true_status(stored)).collect())
    }

    /// The end of the newest branch that a message is on.
    pub fn newest_end(&self, message: &MessageId) -> Result<MessageId, HistoryError> {
        let found = rows::newest_end(&self.connection, message)?;
        found.ok_or_else(|| HistoryError::NoMessage { wanted: message.0.clone() })
    }

    /// The calls of a message, with what became of them.
    pub fn tool_runs(&self, message: &MessageId) -> Result<Vec<ToolRun>, HistoryError> {
        Ok(rows::tool_runs(&self.connection, message)?)
    }

    /// Whether a living process has the conversation open, or receives a reply in it.
    #[must_use]
    pub fn is_live(&self, conversation: &ConversationSummary) -> bool {
        let is_alive = |token: &String| self.owners.as_ref().is_some_and(|owners| owners.is_alive(token));
        conversation.owner.as_ref().is_some_and(is_alive) || conversation.status == Some(MessageStatus::Streaming)
    }

    /// One message, on whatever branch.
    pub fn message(&self, id: &MessageId) -> Result<StoredMessage, HistoryError> {
        let found = rows::message(&self.connection, id)?;
        found
            .map(|stored| self.with_true_status(stored))
            .ok_or_else(|| HistoryError::NoMessage { wanted: id.0.clone() })
    }

    fn with_true_status(&self, mut stored: StoredMessage) -> StoredMessage {
        stored.message.status = self.true_status(stored.message.status, stored.owner.as_deref());
        stored
    }

    fn summary(&self, row: &Row<'_>) -> rusqlite::Result<ConversationSummary> {
        let owner: Option<String> = row.get(11)?;
        let status = match row.get::<_, Option<String>>(9)? {
            Some(name) => Some(self.true_status(rows::status(&name, row.get(10)?), owner.as_deref())),
            None => None,
        };
        Ok(ConversationSummary {
            id: ConversationId(row.get(0)?),
            name: row.get(1)?,
            title: row.get(2)?,
            created_ms: row.get(3)?,
            used_ms: row.get(4)?,
            pinned: row.get(5)?,
            model: row.get(6)?,
            messages: row.get::<_, u32>(7)?.into(),
            head: row.get::<_, Option<String>>(8)?.map(MessageId),
            status,
            folder: row.get(12)?,
            forked_from: row.get::<_, Option<String>>(13)?.map(MessageId),
            owner: row.get(14)?,
        })
    }

    /// A reply without a living owner has ended, though nobody has written that down yet.
    fn true_status(&self, status: MessageStatus, owner: Option<&str>) -> MessageStatus {
        let is_alive = |token| self.owners.as_ref().is_some_and(|owners| owners.is_alive(token));
        match status {
            MessageStatus::Streaming if !owner.is_some_and(is_alive) => {
                MessageStatus::Interrupted(InterruptReason::Crash)
            }
            MessageStatus::Streaming
            | MessageStatus::Complete
            | MessageStatus::Interrupted(_)
            | MessageStatus::Error(_) => status,
        }
    }
}
