//! The sums as a table with bars, and as CSV.

use crate::command::listing::{Bars, cut, one_line, table as aligned};
use crate::history::{Histogram, StatsBy, StatsRow};
use crate::terminal::TermSafeBuf;

/// With it the table fits a terminal of 90 columns.
const BAR_COLUMNS: f64 = 8.0;
/// Where it stands in a row.
const BAR_CELL: usize = 2;
const KEY_COLUMNS_MAX: usize = 40;
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A table for people; of days with the curve of their turns above.
#[must_use]
pub fn table(rows: &[StatsRow], by: StatsBy, bars: Bars) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let turns: Vec<i64> = rows.iter().map(|row| row.turns).collect();
    let most = turns.iter().copied().max().unwrap_or(0);
    let mut cells = vec![header(by)];
    cells.extend(rows.iter().map(|row| line(row, by, most)));
    if bars == Bars::LeftOut {
        cells.iter_mut().for_each(|row| drop(row.remove(BAR_CELL)));
        return aligned(&cells);
    }
    let curve =
        if by == StatsBy::Day && rows.len() > 1 { format!("turns {}\n\n", sparkline(&turns)) } else { String::new() };
    curve + &aligned(&cells)
}

fn header(by: StatsBy) -> Vec<String> {
    let key = match by {
        StatsBy::Day => "DAY",
        StatsBy::Model => "MODEL",
        StatsBy::Provider => "PROVIDER",
        StatsBy::Tool => "TOOL",
        StatsBy::Conversation => "CONVERSATION",
    };
    let of_tools = ["CALLS", "", "FAILED", "TIME ms"];
    let of_turns = ["TURNS", "", "CUT", "FAILED", "IN", "OUT", "COST $", "FIRST ms", "TOTAL ms", "TOKENS/s"];
    let rest: &[&str] = if by == StatsBy::Tool { &of_tools } else { &of_turns };
    std::iter::once(key).chain(rest.iter().copied()).map(str::to_owned).collect()
}

fn line(row: &StatsRow, by: StatsBy, most: i64) -> Vec<String> {
    let key = match row.label.as_deref().filter(|label| !label.is_empty()) {
        Some(label) => label,
        None if row.key.is_empty() => "(unknown)",
        None => &row.key,
    };
    let mut cells = vec![
        cut(TermSafeBuf::line(&one_line(key)).as_str(), KEY_COLUMNS_MAX),
        row.turns.to_string(),
        bar(row.turns, most),
    ];
    if by == StatsBy::Tool {
        cells.extend([row.errors.to_string(), spread(&row.durations)]);
    } else {
        cells.extend([
            row.interrupted.to_string(),
            row.errors.to_string(),
            row.input_tokens.to_string(),
            row.output_tokens.to_string(),
            if row.cost_usd > 0.0 { format!("{:.4}", row.cost_usd) } else { String::new() },
            spread(&row.first_tokens),
            spread(&row.durations),
            row.speeds.percentile(0.5).map_or_else(String::new, |speed| format!("{speed:.0}")),
        ]);
    }
    cells
}

fn spread(histogram: &Histogram) -> String {
    match (histogram.percentile(0.5), histogram.percentile(0.95)) {
        (Some(half), Some(most)) => format!("{half:.0}/{most:.0}"),
        _ => String::new(),
    }
}

/// A bar of eighths of a column; nothing that is there is too small to be seen.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bar of a few columns"
)]
fn bar(value: i64, most: i64) -> String {
    if value <= 0 || most <= 0 {
        return String::new();
    }
    let eighths = ((value as f64 / most as f64) * BAR_COLUMNS * 8.0).round().max(1.0) as usize;
    let full = "█".repeat(eighths / 8);
    match eighths % 8 {
        0 => full,
        part => format!("{full}{}", EIGHTHS[part - 1]),
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "one of eight heights"
)]
fn sparkline(values: &[i64]) -> String {
    let most = values.iter().copied().max().unwrap_or(0).max(1) as f64;
    values.iter().map(|value| SPARKS[((*value as f64 / most) * 7.0).round().clamp(0.0, 7.0) as usize]).collect()
}

/// One line a row; what a spreadsheet would take for a formula is quoted as text.
#[must_use]
pub fn csv(rows: &[StatsRow]) -> String {
    let names = "key,label,turns,interrupted,errors,input_tokens,output_tokens,cached_tokens,reasoning_tokens,cost_usd,\
                 duration_ms,chunks,retries,flushes,commits,bytes_written,buffer_peak_bytes,total_ms_p50,total_ms_p95,\
                 first_token_ms_p50,first_token_ms_p95,tokens_per_second_p50";
    let mut text = format!("{names}\n");
    for row in rows {
        let share = |histogram: &Histogram, share| {
            histogram.percentile(share).map_or_else(String::new, |value| format!("{value:.1}"))
        };
        let counts = [
            row.turns,
            row.interrupted,
            row.errors,
            row.input_tokens,
            row.output_tokens,
            row.cached_tokens,
            row.reasoning_tokens,
        ];
        let rest = [row.chunks, row.retries, row.flushes, row.commits, row.bytes_written, row.buffer_peak_bytes];
        let mut cells = vec![quoted(&row.key), quoted(row.label.as_deref().unwrap_or_default())];
        cells.extend(counts.map(|count| count.to_string()));
        cells.extend([row.cost_usd.to_string(), format!("{:.1}", row.duration_ms)]);
        cells.extend(rest.map(|count| count.to_string()));
        cells.extend([
            share(&row.durations, 0.5),
            share(&row.durations, 0.95),
            share(&row.first_tokens, 0.5),
            share(&row.first_tokens, 0.95),
            share(&row.speeds, 0.5),
        ]);
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_curves_and_cells() {
        assert_eq!([bar(0, 8), bar(1, 1000), bar(8, 8), bar(1, 8)], ["", "▏", "████████", "█"]);
        assert_eq!(sparkline(&[0, 4, 8]), "▁▅█");
        assert_eq!([quoted("a"), quoted("a,\"b"), quoted("=1+1")], ["a", "\"a,\"\"b\"", "\"'=1+1\""]);
    }
}
