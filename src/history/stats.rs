//! Sums and percentiles over turns, read from one small table.

use std::collections::BTreeMap;

use rusqlite::{Row, params};

use super::sums::{Histogram, histograms_of};
use super::{History, HistoryError};

/// What makes one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatsBy {
    Day,
    Model,
    Provider,
    Tool,
    Conversation,
}

/// The sums of one day, model, provider, tool or conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatsRow {
    pub key: String,
    /// What a person calls it, where that is something else.
    pub label: Option<String>,
    /// Replies; of a tool, calls.
    pub turns: i64,
    pub interrupted: i64,
    pub errors: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub cached_tokens: i64,
    pub reasoning_tokens: i64,
    pub cost_usd: f64,
    pub duration_ms: f64,
    pub chunks: i64,
    pub retries: i64,
    pub flushes: i64,
    pub commits: i64,
    pub bytes_written: i64,
    pub buffer_peak_bytes: i64,
    /// In milliseconds.
    pub durations: Histogram,
    /// In milliseconds.
    pub first_tokens: Histogram,
    /// The longest wait between two pieces of text in 99 of 100, in milliseconds.
    pub gaps: Histogram,
    /// In tokens per second.
    pub speeds: Histogram,
}

const QUERY: &str = "SELECT s.day, s.conversation, s.model, s.tool, coalesce(c.name, c.title),
        s.turns, s.interrupted, s.errors, s.input_tokens, s.output_tokens, s.cached_tokens, s.reasoning_tokens,
        s.cost_usd, s.duration_ms, s.chunks, s.retries, s.flushes, s.commits, s.bytes_written, s.buffer_peak_bytes,
        s.durations, s.first_tokens, s.gaps, s.speeds
    FROM turn_sums AS s LEFT JOIN conversation AS c ON c.id = s.conversation
    WHERE s.day >= ?1 AND (s.tool <> '') = ?2 AND";
/// What is the same for all conversations is summed already.
const OF_ALL: &str = "s.conversation = ''";
const OF_EACH: &str = "s.conversation <> ''";

impl History {
    /// The sums of all turns since a day (`2026-01-31`, UTC; empty: of all days). Days are in
    /// their order, everything else begins with what has the most turns.
    pub fn stats(&self, by: StatsBy, since: &str) -> Result<Vec<StatsRow>, HistoryError> {
        let mut groups: BTreeMap<String, StatsRow> = BTreeMap::new();
        let mut statement = self
            .connection
            .prepare_cached(&format!("{QUERY} {}", if by == StatsBy::Conversation { OF_EACH } else { OF_ALL }))?;
        let mut rows = statement.query(params![since, by == StatsBy::Tool])?;
        while let Some(row) = rows.next()? {
            let model: String = row.get(2)?;
            let key = match by {
                StatsBy::Day => row.get(0)?,
                StatsBy::Conversation => row.get(1)?,
                StatsBy::Model => model,
                StatsBy::Provider => model.split_once(':').map_or(String::new(), |(provider, _)| provider.to_owned()),
                StatsBy::Tool => row.get(3)?,
            };
            let sums = groups.entry(key.clone()).or_insert_with(|| StatsRow { key, ..StatsRow::default() });
            if by == StatsBy::Conversation {
                sums.label = row.get(4)?;
            }
            sums.add(row)?;
        }
        let mut found: Vec<StatsRow> = groups.into_values().collect();
        if by != StatsBy::Day {
            found.sort_by_key(|row| std::cmp::Reverse(row.turns));
        }
        Ok(found)
    }
}

impl StatsRow {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let counts = [
            &mut self.turns,
            &mut self.interrupted,
            &mut self.errors,
            &mut self.input_tokens,
            &mut self.output_tokens,
            &mut self.cached_tokens,
            &mut self.reasoning_tokens,
        ];
        for (column, count) in (5..).zip(counts) {
            *count = count.saturating_add(row.get(column)?);
        }
        self.cost_usd += row.get::<_, f64>(12)?;
        self.duration_ms += row.get::<_, f64>(13)?;
        let counts =
            [&mut self.chunks, &mut self.retries, &mut self.flushes, &mut self.commits, &mut self.bytes_written];
        for (column, count) in (14..).zip(counts) {
            *count = count.saturating_add(row.get(column)?);
        }
        self.buffer_peak_bytes = self.buffer_peak_bytes.max(row.get(19)?);
        let [durations, first_tokens, gaps, speeds] = histograms_of(row, 20)?;
        self.durations.merge(&durations);
        self.first_tokens.merge(&first_tokens);
        self.gaps.merge(&gaps);
        self.speeds.merge(&speeds);
        Ok(())
    }
}
