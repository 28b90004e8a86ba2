//! `stats`: turns, tokens and times, summed by day, model, provider, tool or conversation.

mod picture;
mod table;

use serde_json::{Value, json};

use super::context::Context;
use super::listing::{Bars, json_array, json_lines};
use crate::cli::{StatsFormat, StatsKey, StatsOptions};
use crate::config::Budget;
use crate::conversation::now_ms;
use crate::exit::Failure;
use crate::history::{History, HistoryError, StatsBy, StatsRow, day_of};
use crate::terminal::Stream;

/// The days that `/stats` shows.
const DAYS_IN_REPL: u32 = 14;

const NOTHING_YET: &str = "nothing has been counted yet: counting begins with the next answer";

/// `budget`: what the configuration allows; a table tells how much of it is left today.
pub fn run(options: &StatsOptions, history: &History, budget: &Budget, context: &mut Context) -> Result<u8, Failure> {
    let by = match options.by {
        StatsKey::Day => StatsBy::Day,
        StatsKey::Model => StatsBy::Model,
        StatsKey::Provider => StatsBy::Provider,
        StatsKey::Tool => StatsBy::Tool,
        StatsKey::Conversation => StatsBy::Conversation,
    };
    let mut rows = history.stats(by, &first_day(options.days))?;
    let limit = options.limit.map_or(rows.len(), |limit| usize::try_from(limit).unwrap_or(usize::MAX)).min(rows.len());
    if by == StatsBy::Day {
        rows.drain(..rows.len() - limit);
    } else {
        rows.truncate(limit);
    }
    if rows.is_empty() && options.format == StatsFormat::Table {
        context.note(why_empty(options));
    }
    Ok(context.show(&match options.format {
        StatsFormat::Table => {
            let columns = context.screen.is_terminal(Stream::Stdout).then(|| context.screen.width(Stream::Stdout));
            table::table(&rows, by, Bars::on(&context.screen), columns) + &today(history, budget)?
        }
        StatsFormat::Json => json_array(rows.iter().map(value)),
        StatsFormat::Jsonl => json_lines(rows.iter().map(value)),
        StatsFormat::Csv => table::csv(&rows),
        StatsFormat::Html => picture::page(&rows, by),
        StatsFormat::Svg => picture::svg(&rows),
    }))
}

fn why_empty(options: &StatsOptions) -> &'static str {
    match (options.by, options.days) {
        (_, Some(_)) => "nothing has been counted in these days",
        (StatsKey::Tool, None) => "no call of a tool has been counted yet",
        (StatsKey::Day | StatsKey::Model | StatsKey::Provider | StatsKey::Conversation, None) => NOTHING_YET,
    }
}

/// What is spent of the budget of the day; nothing where there is none.
fn today(history: &History, budget: &Budget) -> Result<String, HistoryError> {
    let mut parts = Vec::new();
    let spent = history.spent_on(&day_of(now_ms()))?;
    if let Some(limit) = budget.per_day_usd {
        parts.push(format!("${:.4} of ${limit}", spent.cost_usd()));
    }
    if let Some(limit) = budget.per_day_tokens {
        parts.push(format!("{} of {limit} tokens", spent.tokens));
    }
    let told = |parts: String| format!("budget of today (UTC): {parts}\n");
    Ok(if parts.is_empty() { String::new() } else { told(parts.join(", ")) })
}

/// What `/stats` prints: the last days, and the models of all time.
pub fn summary(history: &History, bars: Bars, columns: usize) -> Result<String, HistoryError> {
    let days = history.stats(StatsBy::Day, &first_day(Some(DAYS_IN_REPL)))?;
    let models = history.stats(StatsBy::Model, "")?;
    if models.is_empty() {
        return Ok(format!("{NOTHING_YET}\n"));
    }
    let table = |rows: &[StatsRow], by| table::table(rows, by, bars, Some(columns));
    Ok(format!("{}\n{}", table(&days, StatsBy::Day), table(&models, StatsBy::Model)))
}

/// `2026-01-31`; empty: from the beginning.
fn first_day(days: Option<u32>) -> String {
    let Some(days) = days else { return String::new() };
    let since = now_ms() - i64::from(days - 1) * 24 * 60 * 60 * 1000;
    jiff::Timestamp::from_millisecond(since)
        .map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%d").to_string())
}

fn value(row: &StatsRow) -> Value {
    let spread = |histogram: &crate::history::Histogram| {
        let round = |share| histogram.percentile(share).map(|value| (value * 10.0).round() / 10.0);
        json!({ "p50": round(0.5), "p95": round(0.95) })
    };
    json!({
        "key": row.key,
        "label": row.label,
        "turns": row.turns,
        "interrupted": row.interrupted,
        "errors": row.errors,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cached_tokens": row.cached_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "cost_usd": row.cost_usd,
        "duration_ms": row.duration_ms,
        "chunks": row.chunks,
        "retries": row.retries,
        "flushes": row.flushes,
        "commits": row.commits,
        "bytes_written": row.bytes_written,
        "buffer_peak_bytes": row.buffer_peak_bytes,
        "total_ms": spread(&row.durations),
        "first_token_ms": spread(&row.first_tokens),
        "gap_p99_ms": spread(&row.gaps),
        "tokens_per_second": spread(&row.speeds),
    })
}
