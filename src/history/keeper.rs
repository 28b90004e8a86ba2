//! Changes of the history by commands: one at a time, durable before the command ends.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row};

use super::owner::Owners;
use super::queue::Line;
use super::redact::Masker;
use super::statements::{self, Fact};
use super::store::{BUSY_TIMEOUT, Durability, Store};
use super::upkeep::state;
use super::{Entry, Fork, HistoryError, HistorySettings, details, names};
use crate::conversation::ConversationId;

/// A file up to this size is written anew after a removal, so that no page holds a trace.
const REWRITTEN_BYTES_MAX: u64 = 64 << 20;

/// The right to change the history; readers and other writers go on beside it.
pub struct Keeper {
    store: Store,
    line: Line,
    owners: Owners,
    file_bytes: u64,
    redact: bool,
}

/// What came of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    pub messages: u64,
    /// Whether the bytes are gone from the file and its companions; false while another process reads them, and
    /// perhaps in files of more than 64 MiB.
    pub without_trace: bool,
}

impl Keeper {
    /// Opens the file for writing, and migrates it where needed.
    pub fn open(settings: &HistorySettings) -> Result<Self, HistoryError> {
        let Some(path) = &settings.path else { return Err(HistoryError::Empty) };
        let line = Line::of(path);
        let store = Store::open(path, settings.mmap_mb, &mut line.wait(BUSY_TIMEOUT))?;
        let file_bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        Ok(Self { store, line, owners: Owners::beside(path), file_bytes, redact: settings.upkeep.redact })
    }

    /// Names a conversation; a name that another one has is refused.
    pub fn rename(&mut self, id: &ConversationId, name: &str) -> Result<(), HistoryError> {
        self.write(Entry::ConversationRenamed { conversation: id.clone(), name: Some(name.to_owned()) })
    }

    pub fn pin(&mut self, id: &ConversationId, pinned: bool) -> Result<(), HistoryError> {
        self.write(Entry::ConversationPinned { conversation: id.clone(), pinned })
    }

    pub fn fork(&mut self, fork: Fork) -> Result<(), HistoryError> {
        self.write(Entry::ConversationForked(Box::new(fork)))
    }

    /// Deletes a conversation with all its branches, and the lines typed at the prompt that are its prompts.
    /// One that a living process has open stays.
    pub fn remove(&mut self, id: &ConversationId) -> Result<Removal, HistoryError> {
        let owners = self.owners.clone();
        let connection = self.store.connection();
        // Freed pages and freed words of the indexes are overwritten.
        connection.pragma_update(None, "secure_delete", true)?;
        let mut turn = self.line.wait(BUSY_TIMEOUT);
        let transaction = turn.begin(connection)?;
        if owners_of(&transaction, id)?.iter().any(|token| owners.is_alive(token)) {
            return Err(HistoryError::InUse { wanted: id.0.clone() });
        }
        overwrite_index(&transaction, true)?;
        forget_lines(&transaction, id)?;
        let count = "SELECT message_count FROM conversation WHERE id = ?1";
        let messages: u32 = transaction.query_row(count, [&id.0], |row| row.get(0))?;
        transaction.execute("DELETE FROM conversation WHERE id = ?1", [&id.0])?;
        overwrite_index(&transaction, false)?;
        transaction.commit()?;
        Ok(Removal { messages: messages.into(), without_trace: self.leave_no_trace() })
    }

    /// Indexes reasoning and tool results of older versions; `progress` is told how many messages are left.
    pub fn index_details(&mut self, mut progress: impl FnMut(i64)) -> Result<(), HistoryError> {
        let mut left = details::backlog(self.store.connection())?;
        while left > 0 {
            progress(left);
            left = details::index_some(self.store.connection())?;
        }
        self.store.shorten_wal();
        Ok(())
    }

    fn write(&mut self, entry: Entry) -> Result<(), HistoryError> {
        let entry = if self.redact { Masker::default().entry(entry) } else { entry };
        self.store.set_synchronous(Durability::Power)?;
        let mut turn = self.line.wait(BUSY_TIMEOUT);
        let transaction = turn.begin(self.store.connection())?;
        if let Some((id, name)) = names::given(&entry) {
            names::check(&transaction, Some(id), name)?;
        }
        statements::apply(&transaction, &Fact::Entry(entry), "")?;
        transaction.commit()?;
        Ok(())
    }

    /// Writes the file anew where it is small, and empties the WAL.
    fn leave_no_trace(&mut self) -> bool {
        let is_small = self.file_bytes <= REWRITTEN_BYTES_MAX;
        let connection = self.store.connection();
        let rewritten = if is_small {
            connection.execute_batch("VACUUM")
        } else {
            connection.execute_batch("PRAGMA incremental_vacuum")
        };
        let is_emptied = self.store.write_wal_again().is_ok();
        let is_without_trace = is_small && rewritten.is_ok() && is_emptied;
        if !is_without_trace {
            // The next scrub writes the file anew.
            let _ = state::set(self.store.connection(), state::HAS_REMAINS, 1);
        }
        is_without_trace
    }
}

/// Deletes the lines of the prompt that were prompts of a conversation, or the beginning of one: what goes along stands
/// behind an empty line.
fn forget_lines(connection: &Connection, id: &ConversationId) -> Result<(), HistoryError> {
    let said = "SELECT coalesce(unpack(packed), text) FROM message
        WHERE role = 'user' AND conversation = (SELECT number FROM conversation WHERE id = ?1)";
    let trimmed = |row: &Row<'_>, column: usize| row.get(column).map(|text: String| text.trim().to_owned());
    let prompts: BTreeSet<String> =
        connection.prepare(said)?.query_map([&id.0], |row| trimmed(row, 0))?.collect::<Result<_, _>>()?;
    let mut typed = connection.prepare("SELECT number, text FROM prompt_history")?;
    let lines = typed.query_map([], |row| Ok((row.get::<_, i64>(0)?, trimmed(row, 1)?)))?;
    let mut forget = connection.prepare("DELETE FROM prompt_history WHERE number = ?1")?;
    for line in lines.collect::<Result<Vec<_>, _>>()? {
        let (number, line) = line;
        let start = format!("{line}\n\n");
        let is_start = || prompts.range(start.clone()..).next().is_some_and(|said| said.starts_with(&start));
        if prompts.contains(&line) || (!line.is_empty() && is_start()) {
            forget.execute([number])?;
        }
    }
    Ok(())
}

/// The tokens of the processes that have the conversation open, or receive a reply in it.
fn owners_of(connection: &Connection, id: &ConversationId) -> Result<Vec<String>, HistoryError> {
    let query = "SELECT owner FROM conversation WHERE id = ?1 AND owner IS NOT NULL
        UNION SELECT owner FROM message WHERE status = 'streaming' AND owner IS NOT NULL
            AND conversation = (SELECT number FROM conversation WHERE id = ?1)";
    let mut statement = connection.prepare(query)?;
    Ok(statement.query_map([&id.0], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Whether words that are deleted from an index are overwritten, and not only marked.
fn overwrite_index(connection: &Connection, is_on: bool) -> Result<(), HistoryError> {
    for table in ["message_search", "detail_search"] {
        let set = format!("INSERT INTO {table} ({table}, rank) VALUES ('secure-delete', ?1)");
        connection.execute(&set, [is_on])?;
    }
    Ok(())
}
