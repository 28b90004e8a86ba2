//! The sums as a table with bars, and as CSV.

use unicode_width::UnicodeWidthStr as _;

use crate::command::listing::{Bars, cut, one_line, table as aligned};
use crate::history::{Histogram, StatsBy, StatsRow};
use crate::terminal::TermSafeBuf;

const BAR_COLUMNS: f64 = 8.0;
/// Where it stands in a row.
const BAR_CELL: usize = 2;
const KEY_COLUMNS_MAX: usize = 40;
const CURVE_NAME: &str = "turns ";
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is given up for a narrow terminal, in this order.
enum Sacrifice {
    /// Columns that have nothing in them.
    Empty,
    Bar,
    Column(&'static str),
    /// What is beyond so many columns of the first cell.
    Key(usize),
}

const SACRIFICES: [Sacrifice; 15] = [
    Sacrifice::Empty,
    Sacrifice::Bar,
    Sacrifice::Column("TOKENS/s"),
    Sacrifice::Column("FIRST ms"),
    Sacrifice::Key(24),
    Sacrifice::Column("CUT"),
    Sacrifice::Column("FAILED"),
    Sacrifice::Key(16),
    Sacrifice::Column("TIME ms"),
    Sacrifice::Column("TOTAL ms"),
    Sacrifice::Column("COST $"),
    Sacrifice::Key(10),
    Sacrifice::Column("IN"),
    Sacrifice::Column("OUT"),
    Sacrifice::Key(6),
];

/// A table for people; of days with the curve of their turns above. `columns`: those of the terminal, where it goes
/// to one.
#[must_use]
pub fn table(rows: &[StatsRow], by: StatsBy, bars: Bars, columns: Option<usize>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let columns = columns.unwrap_or(usize::MAX);
    let turns: Vec<i64> = rows.iter().map(|row| row.turns).collect();
    let most = turns.iter().copied().max().unwrap_or(0);
    let mut cells = vec![header(by)];
    cells.extend(rows.iter().map(|row| line(row, by, most)));
    if bars == Bars::LeftOut {
        remove(&mut cells, BAR_CELL);
    }
    let left_out = fit(&mut cells, columns);
    let mut text = String::new();
    if by == StatsBy::Day && rows.len() > 1 && bars == Bars::Drawn {
        let shown = turns.len().min(columns.saturating_sub(CURVE_NAME.len()).max(1));
        text = format!("{CURVE_NAME}{}\n\n", sparkline(&turns[turns.len() - shown..]));
    }
    text.push_str(&aligned(&cells));
    text + &no_room_for(&left_out, columns)
}

/// In lines of at most so many columns.
fn no_room_for(names: &[&str], columns: usize) -> String {
    let mut lines = vec![String::from("no room for")];
    for (index, name) in names.iter().enumerate() {
        let comma = if index + 1 < names.len() { "," } else { "" };
        match lines.last_mut() {
            Some(line) if line.len() + 1 + name.len() + comma.len() <= columns => {
                line.push_str(&format!(" {name}{comma}"));
            }
            Some(_) | None => lines.push(format!("  {name}{comma}")),
        }
    }
    if names.is_empty() { String::new() } else { lines.join("\n") + "\n" }
}

/// Gives up columns until the rest fits; the names of those that had something in them.
fn fit(cells: &mut [Vec<String>], columns: usize) -> Vec<&'static str> {
    let mut left_out = Vec::new();
    for sacrifice in &SACRIFICES {
        if width(cells) <= columns {
            break;
        }
        match sacrifice {
            Sacrifice::Empty => {
                for at in (1..cells[0].len()).rev().filter(|at| cells[0][*at] != "TURNS").collect::<Vec<_>>() {
                    if cells.iter().skip(1).all(|row| matches!(row[at].as_str(), "" | "0")) {
                        remove(cells, at);
                    }
                }
            }
            Sacrifice::Bar => {
                if let Some(at) = cells[0].iter().position(String::is_empty) {
                    remove(cells, at);
                }
            }
            Sacrifice::Column(name) => {
                if let Some(at) = cells[0].iter().position(|cell| cell == name) {
                    remove(cells, at);
                    left_out.push(*name);
                }
            }
            Sacrifice::Key(most) => cells.iter_mut().for_each(|row| row[0] = cut(&row[0], *most)),
        }
    }
    left_out
}

fn remove(cells: &mut [Vec<String>], at: usize) {
    cells.iter_mut().for_each(|row| drop(row.remove(at)));
}

/// Columns of the whole table, with two between two cells.
fn width(cells: &[Vec<String>]) -> usize {
    let of_column = |at: usize| cells.iter().map(|row| row[at].width()).max().unwrap_or(0);
    let count = cells.first().map_or(0, Vec::len);
    (0..count).map(of_column).sum::<usize>() + 2 * count.saturating_sub(1)
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

    /// As tight as the terminal is, no line is longer; what had something in it is named.
    #[test]
    fn a_table_fits_the_terminal() {
        let row = |key: &str, cut: &str| {
            let rest = ["12", "████████", cut, "0", "123456", "65432", "0.1234", "300/1200", "3000/12000", "85"];
            std::iter::once(key).chain(rest).map(str::to_owned).collect::<Vec<_>>()
        };
        let table = |columns, cut: &str| {
            let mut cells = vec![header(StatsBy::Model), row("openrouter:openai/gpt-4o-mini", cut), row("日本:x", "0")];
            let left_out = fit(&mut cells, columns);
            (width(&cells), cells[0].join(" "), left_out.join(", "))
        };
        let all = "MODEL TURNS  CUT FAILED IN OUT COST $ FIRST ms TOTAL ms TOKENS/s";
        assert_eq!(table(140, "0").1, all);
        assert_eq!(table(105, "0"), (101, all.replace(" CUT FAILED", ""), String::new()));
        let narrower = "MODEL TURNS IN OUT COST $ TOTAL ms";
        assert_eq!(table(80, "0"), (71, narrower.to_owned(), "TOKENS/s, FIRST ms".to_owned()));
        assert_eq!(table(75, "1"), (71, narrower.replace("IN", "CUT IN"), "TOKENS/s, FIRST ms".to_owned()));
        for columns in [20, 30, 40, 60] {
            assert!(table(columns, "1").0 <= columns, "{:?}", table(columns, "1"));
        }
    }

    #[test]
    fn bars_curves_and_cells() {
        assert_eq!([bar(0, 8), bar(1, 1000), bar(8, 8), bar(1, 8)], ["", "▏", "████████", "█"]);
        assert_eq!(sparkline(&[0, 4, 8]), "▁▅█");
        assert_eq!([quoted("a"), quoted("a,\"b"), quoted("=1+1")], ["a", "\"a,\"\"b\"", "\"'=1+1\""]);
    }
}
