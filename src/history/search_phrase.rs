//! A phrase of words that are everywhere: looked for in the newest messages that hold them.
//!
//! SQLite goes on until it finds a phrase, whatever range or limit it is given: through all messages that hold the
//! words. So it is asked for those of them that do not have the phrase, of which there is always a next one soon.

use rusqlite::params;

use super::search::{Index, count, json_list};
use super::search_query::FullTextQuery;
use super::{History, HistoryError};

/// Among so many messages one without the phrase is looked for. Where there is none the phrase is frequent.
const SAMPLE_MAX: usize = 32;
/// A sample is no longer: a message that seems to fit, or not to, only costs time.
const SAMPLE_CHARS_MAX: u32 = 10_000;

/// Messages with a phrase, the newest first.
pub(super) struct Newest {
    pub numbers: Vec<i64>,
    /// There are no others.
    pub is_all: bool,
}

impl History {
    /// Those that fit `query` among the newest messages that hold its words in whatever order. `None` where it is found
    /// as quickly as any word: it has no phrase, or one that is frequent.
    pub(super) fn newest_with_phrase(
        &self,
        index: Index,
        query: &FullTextQuery,
        looked_at_max: usize,
    ) -> Result<Option<Newest>, HistoryError> {
        let Some(loose) = query.loosened() else { return Ok(None) };
        // All questions are about the same messages, whatever is written meanwhile.
        let _view = self.connection.unchecked_transaction()?;
        let mut numbers = self.newest(index, &loose.whole(), i64::MIN, looked_at_max)?;
        let is_all = numbers.len() < looked_at_max;
        let end = if is_all { None } else { self.one_without(index, query, &numbers)? };
        if let Some(end) = end {
            numbers.retain(|number| *number >= end);
        } else if !is_all {
            return Ok(None);
        }
        if let Some(last) = numbers.last() {
            let others = format!("({}) NOT ({})", loose.whole(), query.whole());
            let mut others = self.newest(index, &others, *last, looked_at_max)?.into_iter().peekable();
            numbers.retain(|number| others.next_if_eq(number).is_none());
        }
        Ok(Some(Newest { numbers, is_all }))
    }

    /// The newest messages that fit, down to `oldest`: behind it none is looked for.
    fn newest(&self, index: Index, words: &str, oldest: i64, numbers_max: usize) -> Result<Vec<i64>, HistoryError> {
        let table = index.table();
        let sql =
            format!("SELECT rowid FROM {table} WHERE {table} MATCH ?1 AND rowid >= ?2 ORDER BY rowid DESC LIMIT ?3");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![words, oldest, count(numbers_max)])?;
        let mut numbers = Vec::new();
        while let Some(row) = rows.next()? {
            numbers.push(row.get(0)?);
            if numbers.last() == Some(&oldest) {
                break;
            }
        }
        Ok(numbers)
    }

    /// The oldest of these messages that does not fit; only the last few are looked at.
    fn one_without(&self, index: Index, query: &FullTextQuery, numbers: &[i64]) -> Result<Option<i64>, HistoryError> {
        let sample = json_list(&numbers[numbers.len().saturating_sub(SAMPLE_MAX)..]);
        let (view, columns) = index.content();
        let begins: Vec<_> = columns.iter().map(|column| format!("substr({column}, 1, {SAMPLE_CHARS_MAX})")).collect();
        let (columns, begins) = (columns.join(", "), begins.join(", "));
        // In memory alone.
        self.connection.execute_batch(&format!(
            "PRAGMA query_only = OFF;
             CREATE VIRTUAL TABLE temp.sample USING fts5({columns}, tokenize = 'unicode61 remove_diacritics 2')"
        ))?;
        let fill = format!(
            "INSERT INTO temp.sample (rowid, {columns})
             SELECT number, {begins} FROM {view} WHERE number IN (SELECT value FROM json_each(?1))"
        );
        let look = "SELECT min(rowid) FROM temp.sample
            WHERE rowid NOT IN (SELECT rowid FROM temp.sample WHERE sample MATCH ?1)";
        let outcome = self
            .connection
            .execute(&fill, [sample])
            .and_then(|_| self.connection.query_row(look, [query.whole()], |row| row.get(0)));
        self.connection.execute_batch("DROP TABLE temp.sample; PRAGMA query_only = ON")?;
        Ok(outcome?)
    }
}
