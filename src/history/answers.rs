//! Answers that are found again: by the schema they fit, by a key of the user, by the request they answer.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Result, params, params_from_iter};

use super::filter::{Conditions, SchemaFilter};
use super::rows::{self, StoredMessage};
use super::search::{FoundIn, SearchHit, Wanted};
use super::{History, HistoryError};
use crate::conversation::{ConversationId, MessageId, MessageStatus, Role, UnixMillis};

/// An answer to a request is given again for a year at most, whatever is asked for.
const CACHE_AGE_MAX_MS: UnixMillis = 366 * 24 * 60 * 60 * 1000;

/// What a list shows of an answer.
const BEGINNING_CHARS: usize = 200;

/// By what an answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptBy {
    /// A key of the user's.
    Once,
    /// All of the request.
    Cache,
}

impl KeptBy {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Cache => "cache",
        }
    }
}

/// An answer that can be given again.
#[derive(Clone, Debug)]
pub struct KeptAnswer {
    pub kept_by: KeptBy,
    /// A hash.
    pub key: String,
    pub conversation: ConversationId,
    /// The last message of the answer.
    pub message: MessageId,
    pub at_ms: UnixMillis,
}

/// An answer that fits a schema.
#[derive(Clone, Debug)]
pub struct MatchedAnswer {
    pub conversation: ConversationId,
    pub message: MessageId,
    pub schema_name: String,
    /// JSON text.
    pub schema: String,
}

/// An answer as it was kept.
#[derive(Clone, Debug)]
pub struct Found {
    pub conversation: ConversationId,
    pub at_ms: UnixMillis,
    /// Its prompts, up to this answer.
    pub turn: u64,
    /// All messages of the model since the last prompt, as one text.
    pub text: String,
    /// The last one of them.
    pub last: StoredMessage,
}

/// Only complete answers count: one that is gone or never ended is not there.
pub(super) fn keep(connection: &Connection, kept: &KeptAnswer) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO kept_answer (kind, key, message, at_ms)
             SELECT ?1, ?2, number, ?4 FROM message WHERE id = ?3 AND status = 'complete'
             ON CONFLICT (kind, key) DO UPDATE SET message = excluded.message, at_ms = excluded.at_ms",
        )?
        .execute(params![kept.kept_by.name(), kept.key, kept.message.0, kept.at_ms])?;
    connection
        .prepare_cached("DELETE FROM kept_answer WHERE kind = 'cache' AND at_ms < ?1")?
        .execute([kept.at_ms.saturating_sub(CACHE_AGE_MAX_MS)])
        .map(drop)
}

pub(super) fn match_answer(connection: &Connection, matched: &MatchedAnswer) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO answer_schema (name, json) VALUES (?1, ?2) ON CONFLICT (name, json) DO NOTHING")?
        .execute([&matched.schema_name, &matched.schema])?;
    connection
        .prepare_cached(
            "INSERT INTO matched_answer (message, schema)
             SELECT message.number, answer_schema.number FROM message, answer_schema
             WHERE message.id = ?1 AND answer_schema.name = ?2 AND answer_schema.json = ?3
             ON CONFLICT (message) DO NOTHING",
        )?
        .execute([&matched.message.0, &matched.schema_name, &matched.schema])
        .map(drop)
}

impl History {
    /// The answers that fit a schema, the newest first, with their beginning.
    pub(super) fn matched(&self, schema: &SchemaFilter, wanted: &Wanted) -> Result<Vec<SearchHit>, HistoryError> {
        let mut conditions = Conditions::of(&wanted.filter, "m.created_ms", "m.model");
        conditions.add_schema(schema);
        let count = |number: usize| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
        let mut values = conditions.values;
        values.extend([count(wanted.page.limit), count(wanted.page.offset)]);
        let query = format!(
            "SELECT c.id, coalesce(c.name, c.title), m.id, m.created_ms, m.model,
                 substr(coalesce(unpack(m.packed), m.text), 1, {BEGINNING_CHARS})
             FROM message AS m JOIN conversation AS c ON c.number = m.conversation
             WHERE true{} ORDER BY m.number DESC LIMIT ? OFFSET ?",
            conditions.sql
        );
        let mut statement = self.connection.prepare_cached(&query)?;
        let hits = statement.query_map(params_from_iter(values), |row| {
            Ok(SearchHit {
                conversation: ConversationId(row.get(0)?),
                title: row.get(1)?,
                message: MessageId(row.get(2)?),
                role: Role::Assistant,
                created_ms: row.get(3)?,
                model: row.get(4)?,
                found_in: FoundIn::Text,
                snippet: row.get(5)?,
                marks: Vec::new(),
            })
        })?;
        Ok(hits.collect::<Result<_>>()?)
    }

    /// The answer that is kept under `key`, unless it is older than `not_before_ms` or its end did not come.
    pub fn kept_answer(
        &self,
        kept_by: KeptBy,
        key: &str,
        not_before_ms: UnixMillis,
    ) -> Result<Option<Found>, HistoryError> {
        if !self.connection.table_exists(None, "kept_answer")? {
            return Ok(None);
        }
        let row = self
            .connection
            .prepare_cached(
                "SELECT c.id, m.id, k.at_ms FROM kept_answer AS k JOIN message AS m ON m.number = k.message
                     JOIN conversation AS c ON c.number = m.conversation
                 WHERE k.kind = ?1 AND k.key = ?2 AND k.at_ms >= ?3 AND m.status = 'complete'",
            )?
            .query_row(params![kept_by.name(), key, not_before_ms], |row| {
                Ok((ConversationId(row.get(0)?), MessageId(row.get(1)?), row.get(2)?))
            })
            .optional()?;
        let Some((conversation, message, at_ms)) = row else { return Ok(None) };
        let branch = rows::branch_messages(&self.connection, &conversation, Some(&message))?;
        let turn = branch.iter().filter(|stored| stored.message.role == Role::User).count() as u64;
        let Some((last, text)) = answer_of(branch) else { return Ok(None) };
        Ok(Some(Found { conversation, at_ms, turn, text, last }))
    }
}

/// What the model has said since the last prompt, and the last message of it.
fn answer_of(mut branch: Vec<StoredMessage>) -> Option<(StoredMessage, String)> {
    let from = branch.iter().rposition(|stored| stored.message.role == Role::User).map_or(0, |at| at + 1);
    let said = branch[from..].iter().filter(|stored| stored.message.role == Role::Assistant);
    let texts: Vec<&str> = said.map(|stored| stored.message.text.as_str()).filter(|text| !text.is_empty()).collect();
    let text = texts.join("\n\n");
    branch.pop().filter(|last| last.message.status == MessageStatus::Complete).map(|last| (last, text))
}
