//! The table that `stats` reads: what each reply and each call of a tool adds to it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::TurnMetrics;
use crate::conversation::{InterruptReason, MessageStatus, UnixMillis, Usage};

/// Eight buckets for every doubling: a percentile is off by 9 % at most.
const BUCKETS_PER_DOUBLING: f64 = 8.0;

/// How often values of each size have come; sizes grow by a twelfth from bucket to bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(BTreeMap<i32, u64>);

impl Histogram {
    /// Values that are no positive number do not count.
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of any number is small")]
    pub fn add(&mut self, value: f64) {
        if value.is_finite() && value > 0.0 {
            let bucket = (value.log2() * BUCKETS_PER_DOUBLING).floor() as i32;
            let count = self.0.entry(bucket).or_default();
            *count = count.saturating_add(1);
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            let sum = self.0.entry(*bucket).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// The value that so large a share of all values does not exceed, by the middle of its bucket. The counts are as
    /// large as the file says.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of turns")]
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let total = self.0.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
        let mut below = 0_u64;
        let found = self.0.iter().find(|(_, count)| {
            below = below.saturating_add(**count);
            below as f64 >= share * total as f64
        });
        found.map(|(bucket, _)| ((f64::from(*bucket) + 0.5) / BUCKETS_PER_DOUBLING).exp2())
    }

    fn text(&self) -> String {
        self.0.iter().map(|(bucket, count)| format!("{bucket}:{count}")).collect::<Vec<_>>().join(" ")
    }

    /// What is no pair is left out.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let pairs = text.split(' ').filter_map(|pair| {
            let (bucket, count) = pair.split_once(':')?;
            Some((bucket.parse().ok()?, count.parse().ok()?))
        });
        Self(pairs.collect())
    }
}

/// A reply that has ended.
pub struct EndedTurn<'a> {
    pub conversation: &'a str,
    pub model: &'a str,
    pub status: &'a MessageStatus,
    pub usage: Option<&'a Usage>,
    pub metrics: &'a TurnMetrics,
    pub finished_ms: UnixMillis,
}

/// As much as JSON can tell. A sum that does not fit becomes REAL, which a column of INTEGER refuses, and nothing that is
/// counted may cost an answer: no count is larger, and no sum. The trigger that counts answers of this process only
/// adds, which leaves it room for millions of them.
const COUNT_MAX: i64 = 1 << 53;

/// What both tables add up in the same way, of a row that is there already.
macro_rules! usage_added {
    () => {
        "interrupted = interrupted + excluded.interrupted,
        errors = errors + excluded.errors,
        input_tokens = min(input_tokens + excluded.input_tokens, 9007199254740992),
        output_tokens = min(output_tokens + excluded.output_tokens, 9007199254740992),
        cached_tokens = min(cached_tokens + excluded.cached_tokens, 9007199254740992),
        reasoning_tokens = min(reasoning_tokens + excluded.reasoning_tokens, 9007199254740992),
        cost_usd = cost_usd + excluded.cost_usd"
    };
}

const ADD: &str = concat!(
    "INSERT INTO turn_sums (day, conversation, model, tool, turns, interrupted, errors, input_tokens,
        output_tokens, cached_tokens, reasoning_tokens, cost_usd, duration_ms, chunks, retries, flushes, commits,
        bytes_written, buffer_peak_bytes, durations, first_tokens, gaps, speeds)
    VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)
    ON CONFLICT (conversation, day, model, tool) DO UPDATE SET
        turns = turns + 1, ",
    usage_added!(),
    ",
        duration_ms = duration_ms + excluded.duration_ms,
        chunks = min(chunks + excluded.chunks, 9007199254740992),
        retries = retries + excluded.retries,
        flushes = min(flushes + excluded.flushes, 9007199254740992),
        commits = min(commits + excluded.commits, 9007199254740992),
        bytes_written = min(bytes_written + excluded.bytes_written, 9007199254740992),
        buffer_peak_bytes = max(buffer_peak_bytes, excluded.buffer_peak_bytes),
        durations = excluded.durations, first_tokens = excluded.first_tokens, gaps = excluded.gaps,
        speeds = excluded.speeds"
);

const ADD_USAGE: &str = concat!(
    "INSERT INTO daily_usage (day, model, replies, interrupted, errors, input_tokens, output_tokens, cached_tokens,
        reasoning_tokens, cost_usd)
    VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (day, model) DO UPDATE SET replies = replies + 1, ",
    usage_added!()
);

/// The row in which all conversations are one.
pub const ALL: &str = "";

/// Counts a reply once, when it ends.
pub fn count_turn(connection: &Connection, turn: &EndedTurn<'_>) -> Result<()> {
    [ALL, turn.conversation].into_iter().try_for_each(|row| add_turn(connection, turn, row))
}

fn add_turn(connection: &Connection, turn: &EndedTurn<'_>, conversation: &str) -> Result<()> {
    let day = day(turn.finished_ms);
    let [mut durations, mut first_tokens, mut gaps, mut speeds] =
        histograms(connection, [&day, conversation, turn.model, ""])?;
    let metrics = turn.metrics;
    durations.add(metrics.total_ms);
    first_tokens.add(metrics.first_token_ms.unwrap_or(0.0));
    gaps.add(metrics.gap_p99_ms.unwrap_or(0.0));
    speeds.add(metrics.tokens_per_second.unwrap_or(0.0));
    let usage = turn.usage.copied().unwrap_or_default();
    let tokens = |count: Option<u64>| whole(count.unwrap_or(0));
    connection
        .prepare_cached(ADD)?
        .execute(params![
            day,
            conversation,
            turn.model,
            "",
            matches!(turn.status, MessageStatus::Interrupted(_)),
            matches!(turn.status, MessageStatus::Error(_)),
            tokens(usage.input),
            tokens(usage.output),
            tokens(usage.cached),
            tokens(usage.reasoning),
            usage.cost_usd.unwrap_or(0.0),
            metrics.total_ms,
            whole(metrics.chunks),
            metrics.retries,
            whole(metrics.flushes),
            whole(metrics.commits),
            whole(metrics.bytes_written),
            whole(metrics.delta_buffer_peak_bytes),
            durations.text(),
            first_tokens.text(),
            gaps.text(),
            speeds.text(),
        ])
        .map(drop)
}

/// Counts a reply for the view `usage`, as a trigger does where one ends here.
pub fn count_usage(connection: &Connection, turn: &EndedTurn<'_>) -> Result<()> {
    let usage = turn.usage.copied().unwrap_or_default();
    let tokens = |count: Option<u64>| whole(count.unwrap_or(0));
    connection
        .prepare_cached(ADD_USAGE)?
        .execute(params![
            day(turn.finished_ms),
            turn.model,
            matches!(turn.status, MessageStatus::Interrupted(_)),
            matches!(turn.status, MessageStatus::Error(_)),
            tokens(usage.input),
            tokens(usage.output),
            tokens(usage.cached),
            tokens(usage.reasoning),
            usage.cost_usd.unwrap_or(0.0),
        ])
        .map(drop)
}

/// Counts a reply that ended with its process: when it came is all that is known.
pub fn count_crash(connection: &Connection, number: i64) -> Result<()> {
    let query = "SELECT c.id, coalesce(m.model, ''), m.created_ms FROM message AS m
                 JOIN conversation AS c ON c.number = m.conversation WHERE m.number = ?1";
    let (conversation, model, finished_ms): (String, String, i64) =
        connection.prepare_cached(query)?.query_row([number], |row| row.try_into())?;
    let turn = EndedTurn {
        conversation: &conversation,
        model: &model,
        status: &MessageStatus::Interrupted(InterruptReason::Crash),
        usage: None,
        metrics: &TurnMetrics::default(),
        finished_ms,
    };
    count_turn(connection, &turn)
}

/// A call of a tool that has ended.
pub struct EndedCall<'a> {
    pub conversation: &'a str,
    pub model: &'a str,
    /// `server/name`.
    pub tool: &'a str,
    pub ok: bool,
    pub started_ms: UnixMillis,
    pub finished_ms: UnixMillis,
}

/// Counts a call once, when it ends.
pub fn count_call(connection: &Connection, call: &EndedCall<'_>) -> Result<()> {
    [ALL, call.conversation].into_iter().try_for_each(|row| add_call(connection, call, row))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a call")]
fn add_call(connection: &Connection, call: &EndedCall<'_>, conversation: &str) -> Result<()> {
    let day = day(call.finished_ms);
    let [mut durations, first_tokens, gaps, speeds] =
        histograms(connection, [&day, conversation, call.model, call.tool])?;
    let duration = call.finished_ms.saturating_sub(call.started_ms).max(0) as f64;
    durations.add(duration);
    connection
        .prepare_cached(ADD)?
        .execute(params![
            day,
            conversation,
            call.model,
            call.tool,
            false,
            !call.ok,
            0,
            0,
            0,
            0,
            0.0,
            duration,
            0,
            0,
            0,
            0,
            0,
            0,
            durations.text(),
            first_tokens.text(),
            gaps.text(),
            speeds.text(),
        ])
        .map(drop)
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).map_or(COUNT_MAX, |count| count.min(COUNT_MAX))
}

fn day(time: UnixMillis) -> String {
    Timestamp::from_millisecond(time).map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%d").to_string())
}

fn histograms(connection: &Connection, key: [&str; 4]) -> Result<[Histogram; 4]> {
    let query = "SELECT durations, first_tokens, gaps, speeds FROM turn_sums
                 WHERE day = ?1 AND conversation = ?2 AND model = ?3 AND tool = ?4";
    let found = connection.prepare_cached(query)?.query_row(key, |row| histograms_of(row, 0)).optional()?;
    Ok(found.unwrap_or_default())
}

/// Four columns from `first` on.
pub fn histograms_of(row: &Row<'_>, first: usize) -> Result<[Histogram; 4]> {
    let read = |column: usize| Ok::<_, rusqlite::Error>(Histogram::from_text(&row.get::<_, String>(first + column)?));
    Ok([read(0)?, read(1)?, read(2)?, read(3)?])
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn a_histogram_knows_its_percentiles_and_survives_as_text() {
        let mut all = Histogram::default();
        (1..=1000).for_each(|value| all.add(f64::from(value)));
        [0.0, -1.0, f64::NAN, f64::INFINITY].into_iter().for_each(|value| all.add(value));
        for (share, expected) in [(0.5, 500.0), (0.95, 950.0), (1.0, 1000.0)] {
            let found = all.percentile(share).unwrap();
            assert!((found / expected - 1.0_f64).abs() < 0.1, "{share}: {found}");
        }
        assert_eq!(Histogram::from_text(&all.text()), all);
        assert_eq!(Histogram::from_text("x 1:2 3 4:y 5:1"), Histogram([(1, 2), (5, 1)].into()));
        let mut twice = all.clone();
        twice.merge(&all);
        assert_eq!(twice.percentile(0.5), all.percentile(0.5));
        assert_eq!(Histogram::default().percentile(0.5), None);
        let mut full = Histogram::from_text("8:18446744073709551615 80:7");
        full.add(2.0);
        assert_eq!(full.percentile(0.5), Histogram::from_text("8:1").percentile(0.5));
    }
}
