//! What is asked of the history: lists, one conversation, an address as people type it.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{self, StoredMessage};
use super::{History, HistoryError};
use crate::conversation::{ConversationId, InterruptReason, Message, MessageId, MessageStatus, UnixMillis};

/// So many conversations are named when an address fits several.
const FITS_SHOWN_MAX: u8 = 5;

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
}

const SUMMARY: &str = "SELECT c.id, c.name, c.title, c.created_ms, c.used_ms, c.pinned, c.model, c.message_count,
        head.id, head.status, head.reason, head.owner
    FROM conversation AS c LEFT JOIN message AS head ON head.number = c.head";

impl History {
    /// The most recently used first.
    pub fn conversations(&self, limit: usize) -> Result<Vec<ConversationSummary>, HistoryError> {
        let query = format!("{SUMMARY} ORDER BY c.used_seq DESC LIMIT ?1");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(&query)?;
        let found = statement.query_map([limit], |row| self.summary(row))?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    pub fn conversation(&self, id: &ConversationId) -> Result<ConversationSummary, HistoryError> {
        let query = format!("{SUMMARY} WHERE c.id = ?1");
        let found = self.connection.prepare_cached(&query)?.query_row([&id.0], |row| self.summary(row)).optional()?;
        found.ok_or_else(|| HistoryError::NotFound { wanted: id.0.clone() })
    }

    /// The messages from the first to the head. A reply that a dead process left open is
    /// shown as the interrupted answer it will be; one of a living process is `Streaming`.
    pub fn messages(&self, id: &ConversationId) -> Result<Vec<Message>, HistoryError> {
        Ok(self.stored_messages(id)?.into_iter().map(|stored| stored.message).collect())
    }

    /// The same with all that is stored beside them.
    pub fn stored_messages(&self, id: &ConversationId) -> Result<Vec<StoredMessage>, HistoryError> {
        let messages = rows::branch_messages(&self.connection, id)?;
        Ok(messages.into_iter().map(|stored| self.with_true_status(stored)).collect())
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

    /// The conversation `-c` goes on with.
    pub fn last_used(&self) -> Result<ConversationId, HistoryError> {
        self.nth_latest(1)?.ok_or(HistoryError::Empty)
    }

    /// Finds a conversation by what a person types: `@N` for the N-th latest, an id, a name
    /// (of several the last used one), or the beginning of an id.
    pub fn resolve(&self, address: &str) -> Result<ConversationId, HistoryError> {
        let wanted = address.trim();
        let missing = || HistoryError::NotFound { wanted: wanted.to_owned() };
        if let Some(number) = wanted.strip_prefix('@').and_then(|digits| digits.parse::<u32>().ok()) {
            return self.nth_latest(number)?.ok_or_else(missing);
        }
        let exact = "SELECT id FROM conversation WHERE id = upper(?1) OR name = ?1
                     ORDER BY id = upper(?1) DESC, used_seq DESC LIMIT 1";
        let exact: Option<String> =
            self.connection.prepare_cached(exact)?.query_row([wanted], |row| row.get(0)).optional()?;
        match exact {
            Some(id) => Ok(ConversationId(id)),
            None => self.by_prefix(wanted)?.ok_or_else(missing),
        }
    }

    /// The last `limit` lines typed at the prompt, the oldest first.
    pub fn prompts(&self, limit: usize) -> Result<Vec<String>, HistoryError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement =
            self.connection.prepare_cached("SELECT text FROM prompt_history ORDER BY number DESC LIMIT ?1")?;
        let mut prompts = statement.query_map([limit], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        prompts.reverse();
        Ok(prompts)
    }

    fn nth_latest(&self, number: u32) -> Result<Option<ConversationId>, HistoryError> {
        let Some(offset) = number.checked_sub(1) else { return Ok(None) };
        let query = "SELECT id FROM conversation ORDER BY used_seq DESC LIMIT 1 OFFSET ?1";
        let found = self.connection.prepare_cached(query)?.query_row([offset], |row| row.get(0)).optional()?;
        Ok(found.map(ConversationId))
    }

    fn by_prefix(&self, prefix: &str) -> Result<Option<ConversationId>, HistoryError> {
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        // Every character of an id sorts before `~`.
        let query = "SELECT id, coalesce(name, title) FROM conversation
                     WHERE id >= upper(?1) AND id < upper(?1) || '~' ORDER BY used_seq DESC LIMIT ?2";
        let mut statement = self.connection.prepare_cached(query)?;
        let fits: Vec<(String, String)> = statement
            .query_map(params![prefix, FITS_SHOWN_MAX + 1], |row| row.try_into())?
            .collect::<Result<_, _>>()?;
        match fits.as_slice() {
            [] => Ok(None),
            [(id, _)] => Ok(Some(ConversationId(id.clone()))),
            several => {
                let shown = several.iter().take(FITS_SHOWN_MAX.into()).map(|(id, title)| format!("{id} ({title})"));
                let mut fits = shown.collect::<Vec<_>>().join(", ");
                if several.len() > FITS_SHOWN_MAX.into() {
                    fits.push_str(", …");
                }
                Err(HistoryError::Ambiguous { wanted: prefix.to_owned(), fits })
            }
        }
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
