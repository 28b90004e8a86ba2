//! Masks secrets in what is stored already, and leaves no bytes of them in the file or its WAL.

use std::time::{Duration, Instant};

use regex::Regex;
use rusqlite::{Connection, Result, params};

use super::queue::Line;
use super::redact::{self, MASK};
use super::store::{BUSY_TIMEOUT, Durability, Store};
use super::upkeep::state;
use super::{HistoryError, HistorySettings, attached};
use crate::conversation::QuestionNote;

/// Rows that are looked at between two looks at the clock.
const ROWS_AT_ONCE: u32 = 64;
/// Others wait for the lock no longer than this.
const LOCK_MAX: Duration = Duration::from_millis(50);

/// What was masked, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScrubReport {
    pub messages: u64,
    pub tool_calls: u64,
    /// Names and titles.
    pub conversations: u64,
    /// Lines typed at the prompt.
    pub prompts: u64,
    /// Names and texts of what goes along with messages.
    pub attachments: u64,
    pub is_dry: bool,
}

impl ScrubReport {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages + self.tool_calls + self.conversations + self.prompts + self.attachments == 0
    }
}

/// What is looked for.
enum Pattern {
    /// Everything that looks like a key.
    Keys,
    Own(Regex),
}

impl Pattern {
    fn mask(&self, text: &str) -> Option<String> {
        match self {
            Self::Keys => redact::mask(text),
            Self::Own(regex) => {
                // A pattern that fits nothing at all would mask between any two letters.
                let masked =
                    regex.replace_all(text, |found: &regex::Captures<'_>| if found[0].is_empty() { "" } else { MASK });
                (masked != text).then(|| masked.into_owned())
            }
        }
    }
}

/// Masks in the whole history. `progress` is told how many rows are done, and of how many.
pub fn scrub(
    settings: &HistorySettings,
    pattern: Option<&str>,
    is_dry: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> std::result::Result<ScrubReport, HistoryError> {
    let path = settings.path.as_deref().ok_or(HistoryError::NotKept)?;
    let pattern = match pattern {
        None => Pattern::Keys,
        Some(text) => Pattern::Own(
            Regex::new(text)
                .map_err(|error| HistoryError::BadPattern { pattern: text.to_owned(), reason: error.to_string() })?,
        ),
    };
    if !path.exists() {
        return Ok(ScrubReport { is_dry, ..ScrubReport::default() });
    }
    let mut store = Store::open(path, settings.mmap_mb, &mut Line::of(path).wait(BUSY_TIMEOUT))?;
    store.set_synchronous(Durability::Power)?;
    store.connection().execute_batch("PRAGMA secure_delete = ON")?;
    let mut report = ScrubReport { is_dry, ..ScrubReport::default() };
    let total =
        TABLES.iter().try_fold(0, |sum, table| Ok::<_, HistoryError>(sum + rows_of(store.connection(), table)?))?;
    let mut done = 0;
    for table in &TABLES {
        let masked = scrub_table(store.connection(), table, &pattern, is_dry, &mut |rows| {
            done += rows;
            progress(done, total);
        })?;
        *(table.count)(&mut report) += masked;
    }
    report.attachments += attached::scrub(store.connection(), &|text| pattern.mask(text), is_dry)?;
    // Also where nothing was masked now: a run before this one may have got no further than the rows.
    if !is_dry && state::get(store.connection(), state::HAS_REMAINS)? != Some(0) {
        store.leave_no_remains().map_err(|error| HistoryError::Remains { reason: error.reason() })?;
        state::set(store.connection(), state::HAS_REMAINS, 0)?;
    }
    Ok(report)
}

/// A table with texts in it.
struct Table {
    name: &'static str,
    key: &'static str,
    /// Where rows share a key: what tells them apart.
    second: &'static str,
    /// Each with its packed form, where it can have one.
    texts: &'static [(&'static str, Option<&'static str>)],
    count: fn(&mut ScrubReport) -> &mut u64,
}

const TABLES: [Table; 6] = [
    Table {
        name: "message",
        key: "number",
        second: "0",
        texts: &[("text", Some("packed")), ("reasoning", None), ("replay_json", None)],
        count: |report| &mut report.messages,
    },
    Table {
        name: "message_delta",
        key: "number",
        second: "0",
        texts: &[("text", None)],
        count: |report| &mut report.messages,
    },
    Table {
        name: "tool_call",
        key: "message",
        second: "position",
        texts: &[("arguments", None), ("result", Some("packed_result"))],
        count: |report| &mut report.tool_calls,
    },
    Table {
        name: "conversation",
        key: "number",
        second: "0",
        texts: &[("name", None), ("title", None)],
        count: |report| &mut report.conversations,
    },
    Table {
        name: "prompt_history",
        key: "number",
        second: "0",
        texts: &[("text", None)],
        count: |report| &mut report.prompts,
    },
    Table {
        name: "message_attachment",
        key: "message",
        second: "position",
        texts: &[("name", None)],
        count: |report| &mut report.attachments,
    },
];

fn rows_of(connection: &Connection, table: &Table) -> Result<u64> {
    let count: i64 = connection.query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Returns how many rows had something to mask.
fn scrub_table(
    connection: &Connection,
    table: &Table,
    pattern: &Pattern,
    is_dry: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<u64> {
    let (mut last, mut masked) = (i64::MIN, 0);
    loop {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let since = Instant::now();
        let mut rows = 0;
        while since.elapsed() < LOCK_MAX {
            let batch = read_batch(connection, table, last)?;
            let Some(end) = batch.last().map(|row| row.key) else { break };
            rows += batch.len() as u64;
            last = end;
            for row in batch {
                masked += u64::from(scrub_row(connection, table, row, pattern, is_dry)?);
            }
        }
        if masked > 0 && !is_dry {
            state::set(connection, state::HAS_REMAINS, 1)?;
        }
        connection.execute_batch("COMMIT")?;
        progress(rows);
        if rows == 0 {
            return Ok(masked);
        }
    }
}

struct Found {
    key: i64,
    second: i64,
    texts: Vec<Option<String>>,
}

fn read_batch(connection: &Connection, table: &Table, after: i64) -> Result<Vec<Found>> {
    let texts = table.texts.iter().map(|(text, packed)| match packed {
        Some(packed) => format!("coalesce(unpack({packed}), {text})"),
        None => (*text).to_owned(),
    });
    let Table { name, key, second, .. } = table;
    // Rows that share a key stay together.
    let query = format!(
        "SELECT {key}, {second}, {} FROM {name} WHERE {key} > ?1 AND {key} <= (SELECT max({key}) FROM
             (SELECT DISTINCT {key} FROM {name} WHERE {key} > ?1 ORDER BY {key} LIMIT {ROWS_AT_ONCE}))
         ORDER BY {key}",
        texts.collect::<Vec<_>>().join(", "),
    );
    let columns = table.texts.len();
    connection
        .prepare_cached(&query)?
        .query_map([after], |row| {
            let texts = (2..columns + 2).map(|column| row.get(column)).collect::<Result<_>>()?;
            Ok(Found { key: row.get(0)?, second: row.get(1)?, texts })
        })?
        .collect()
}

fn scrub_row(connection: &Connection, table: &Table, row: Found, pattern: &Pattern, is_dry: bool) -> Result<bool> {
    let this_row = format!("{} = ?1 AND {} = ?2", table.key, table.second);
    let mut has_masked = false;
    for ((column, packed), text) in table.texts.iter().zip(row.texts) {
        let Some((text, masked)) = text.and_then(|text| pattern.mask(&text).map(|masked| (text, masked))) else {
            continue;
        };
        has_masked = true;
        if is_dry {
            continue;
        }
        if let Some(packed) = packed {
            // First as it was, so that the index sees the change of the text alone.
            let unpack = format!(
                "UPDATE {} SET {column} = unpack({packed}), {packed} = NULL WHERE {this_row} AND {packed} IS NOT NULL",
                table.name
            );
            connection.prepare_cached(&unpack)?.execute(params![row.key, row.second])?;
        }
        // A provider refuses what it did not write: then it gets nothing back.
        let masked = if *column == "replay_json" { QuestionNote::without_texts(&text) } else { Some(masked) };
        let update = format!("UPDATE {} SET {column} = ?3 WHERE {this_row}", table.name);
        connection.prepare_cached(&update)?.execute(params![row.key, row.second, masked])?;
    }
    Ok(has_masked)
}
