//! Lists as text: a table for people, JSON and TSV for scripts.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::cli::ListFormat;
use crate::terminal::{Screen, TermSafeBuf};

/// The last column of a table is cut to this width.
const LAST_COLUMNS_MAX: usize = 72;
/// The others too, where somebody gives long names to things.
const CELL_COLUMNS_MAX: usize = 48;

/// Whether numbers are drawn beside being told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bars {
    Drawn,
    LeftOut,
}

impl Bars {
    /// Nothing is drawn for somebody who has it read out.
    #[must_use]
    pub fn on(screen: &Screen) -> Self {
        if screen.settings().accessible { Self::LeftOut } else { Self::Drawn }
    }
}

/// What servers tell, as a list. Its texts come from outside: cells of a table are made safe
/// also where the table goes to a pipe, because it is for people.
pub struct Listing<const COLUMNS: usize> {
    pub names: [&'static str; COLUMNS],
    pub rows: Vec<[String; COLUMNS]>,
    /// The same with everything in it.
    pub values: Vec<Value>,
}

impl<const COLUMNS: usize> Listing<COLUMNS> {
    #[must_use]
    pub fn render(self, format: ListFormat) -> String {
        match format {
            ListFormat::Table => {
                let header = self.names.map(str::to_uppercase);
                let rows = self.rows.into_iter().map(table_row);
                aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
            }
            ListFormat::Json => json_array(self.values.into_iter()),
            ListFormat::Jsonl => json_lines(self.values.into_iter()),
            ListFormat::Tsv => tsv(std::iter::once(self.names.map(str::to_owned)).chain(self.rows)),
        }
    }
}

fn table_row<const COLUMNS: usize>(row: [String; COLUMNS]) -> [String; COLUMNS] {
    let mut column = 0;
    row.map(|cell| {
        column += 1;
        let columns_max = if column == COLUMNS { LAST_COLUMNS_MAX } else { CELL_COLUMNS_MAX };
        cut(TermSafeBuf::line(&one_line(&cell)).as_str(), columns_max)
    })
}

pub fn json_array(values: impl Iterator<Item = Value>) -> String {
    pretty(&values.collect())
}

pub fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

pub fn json_lines(values: impl Iterator<Item = Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}

pub fn tsv<const COLUMNS: usize>(rows: impl Iterator<Item = [String; COLUMNS]>) -> String {
    rows.map(|row| format!("{}\n", row.map(|cell| escape_cell(&cell)).join("\t"))).collect()
}

/// One line of cells.
pub fn tsv_line(cells: impl Iterator<Item = String>) -> String {
    cells.map(|cell| escape_cell(&cell)).collect::<Vec<_>>().join("\t") + "\n"
}

/// A cell stays one cell: backslash, tab and ends of lines are written as in C.
fn escape_cell(cell: &str) -> String {
    cell.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As in `1 message` and `2 messages`.
#[must_use]
pub fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

pub fn cut(text: &str, columns_max: usize) -> String {
    if text.width() <= columns_max {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if kept.width() >= columns_max {
            kept.pop();
            break;
        }
    }
    kept + "…"
}

/// Columns as wide as their widest cell, two spaces between; nothing after the last one.
pub fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    align(rows, &mut [0; COLUMNS])
}

/// The same for as many columns as the first row has.
pub fn table(rows: &[Vec<String>]) -> String {
    align(rows, &mut vec![0; rows.first().map_or(0, Vec::len)])
}

fn align<R: AsRef<[String]>>(rows: &[R], widths: &mut [usize]) -> String {
    for row in rows.iter().map(AsRef::as_ref) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows.iter().map(AsRef::as_ref) {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width + 2 - cell.width()));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_fit_their_column() {
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語x", 6), "日本…");
        assert_eq!(escape_cell("a\\\tb\r\n"), "a\\\\\\tb\\r\\n");
        let rows = [["日本", "x"], ["a", "y"]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows), "日本  x\na     y\n");
    }

    #[test]
    fn a_table_obeys_nobody() {
        let listing = |format| {
            let row = ["a\x1b[2J".to_owned(), "one\ttwo\n\u{202E}three".to_owned()];
            Listing { names: ["name", "text"], rows: vec![row], values: vec![Value::Null] }.render(format)
        };
        let table = listing(ListFormat::Table);
        assert!(
            !table.contains(['\x1b', '\u{202E}']) && table.starts_with("NAME") && table.lines().count() == 2,
            "{table:?}"
        );
        assert_eq!(listing(ListFormat::Tsv).lines().last(), Some("a\x1b[2J\tone\\ttwo\\n\u{202E}three"));
        assert_eq!((listing(ListFormat::Json), listing(ListFormat::Jsonl)), ("[\n  null\n]\n".into(), "null\n".into()));
    }
}
