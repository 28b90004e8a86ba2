//! Names of conversations: no two have one. Whoever writes decides, since others may have been faster than a look before.

use rusqlite::{Connection, OptionalExtension, params};

use super::statements::Fact;
use super::{Entry, History, HistoryError, why_no_name};
use crate::conversation::ConversationId;

impl History {
    /// Whether a conversation could get this name; `id` is the one that may have it already.
    pub fn check_name(&self, id: Option<&ConversationId>, name: &str) -> Result<(), HistoryError> {
        check(&self.connection, id, name)
    }
}

pub fn check(connection: &Connection, id: Option<&ConversationId>, name: &str) -> Result<(), HistoryError> {
    let bad = |reason: String| HistoryError::BadName { name: name.to_owned(), reason };
    if let Some(reason) = why_no_name(name) {
        return Err(bad(reason.to_owned()));
    }
    match holder(connection, id.map(|id| id.0.as_str()), name)? {
        None => Ok(()),
        Some(holder) => Err(bad(format!("the conversation {holder} has it"))),
    }
}

/// The id of a conversation other than `id` that has the name.
pub fn holder(connection: &Connection, id: Option<&str>, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT id FROM conversation WHERE name = ?1 AND id IS NOT ?2 LIMIT 1")?
        .query_row(params![name, id], |row| row.get(0))
        .optional()
}

/// The name that an entry gives, with the conversation that gets it.
pub fn given(entry: &Entry) -> Option<(&ConversationId, &str)> {
    match entry {
        Entry::ConversationStarted { id, name, .. } | Entry::ConversationRenamed { conversation: id, name } => {
            Some((id, name.as_deref()?))
        }
        Entry::ConversationForked(fork) => Some((&fork.id, fork.name.as_deref()?)),
        _ => None,
    }
}

/// Of what was just written: words about names that somebody else already had.
pub fn refused(connection: &Connection, written: &[Fact]) -> rusqlite::Result<Vec<String>> {
    let mut told = Vec::new();
    for fact in written {
        let Fact::Entry(entry) = fact else { continue };
        let Some((id, name)) = given(entry) else { continue };
        if let Some(holder) = holder(connection, Some(&id.0), name)? {
            told.push(format!(
                "the conversation {holder} has the name {name:?} by now: this one, {id}, is kept without it"
            ));
        }
    }
    Ok(told)
}
