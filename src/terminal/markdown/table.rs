//! Tables: held until they end, then laid out to the width, or row by row as records where they do not fit.

use super::cells::{Cell, CellLine};
use super::inline::Inline;
use super::page::Page;
use super::settings::RenderSettings;
use super::theme::Element;
use super::word::{Sink, Tone};

/// A longer table is laid out by what has come; the rest follows row by row.
const HELD_BYTES_MAX: usize = 64 << 10;
const COLUMNS_MAX: usize = 64;
/// A word up to this is never cut to make a table fit.
const WORD_COLUMNS_MAX: usize = 24;
const GAP: &str = " │ ";
const GAP_COLUMNS: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Center,
    Right,
}

#[derive(Clone, Debug)]
enum Layout {
    Columns(Vec<usize>),
    Records,
}

#[derive(Debug)]
pub struct Table {
    settings: RenderSettings,
    header: Vec<String>,
    aligns: Vec<Align>,
    held: Vec<Vec<String>>,
    held_bytes: usize,
    rows: u64,
    layout: Option<Layout>,
}

impl Table {
    /// A table, if the second line makes the first one a header.
    #[must_use]
    pub fn begin(header: &str, second: &str, settings: RenderSettings) -> Option<Self> {
        let (header, aligns) = (cells(header), alignments(second)?);
        let fits = header.len() == aligns.len() && header.len() <= COLUMNS_MAX;
        fits.then_some(Self { settings, header, aligns, held: Vec::new(), held_bytes: 0, rows: 0, layout: None })
    }

    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn row(&mut self, line: &str, page: &mut Page) {
        let mut row = cells(line);
        row.resize(self.header.len(), String::new());
        self.rows += 1;
        self.held_bytes += line.len();
        self.held.push(row);
        if self.layout.is_some() || self.held_bytes > HELD_BYTES_MAX {
            self.show(page);
        }
    }

    pub fn end(mut self, page: &mut Page) {
        self.show(page);
    }

    /// Shows all rows that are held.
    fn show(&mut self, page: &mut Page) {
        let mut inline = Inline::new(self.settings);
        let mut cell = |text: &str, tone: &Tone| {
            let mut cell = Cell::default();
            inline.whole(text, tone.clone(), &mut cell);
            cell.close();
            cell
        };
        let header_tone = Tone::from(self.settings.theme.look(Element::TableHeader));
        let header: Vec<Cell> = self.header.iter().map(|text| cell(text, &header_tone)).collect();
        let held = std::mem::take(&mut self.held);
        let rows: Vec<Vec<Cell>> =
            held.iter().map(|row| row.iter().map(|text| cell(text, &Tone::default())).collect()).collect();
        let is_first = self.layout.is_none();
        let layout = self.layout.clone().unwrap_or_else(|| self.lay_out(&header, &rows, page.columns()));
        match &layout {
            Layout::Columns(widths) => {
                if is_first {
                    self.line(&header, widths, page);
                    self.rule(widths, page);
                }
                rows.iter().for_each(|row| self.line(row, widths, page));
            }
            Layout::Records => {
                let names: Vec<&String> = self.header.iter().collect();
                for (at, row) in held.iter().enumerate() {
                    if at > 0 || !is_first {
                        page.blank_line();
                    }
                    record(&names, row, self.settings, page);
                }
                if is_first && held.is_empty() {
                    record(&[], &self.header, self.settings, page);
                }
            }
        }
        self.layout = Some(layout);
    }

    fn lay_out(&self, header: &[Cell], rows: &[Vec<Cell>], width: usize) -> Layout {
        if self.settings.accessible {
            return Layout::Records;
        }
        let (mut least, mut most) = (Vec::new(), Vec::new());
        for column in 0..header.len() {
            let all = std::iter::once(&header[column]).chain(rows.iter().map(|row| &row[column]));
            let (longest, whole) = all.map(Cell::widths).fold((1, 1), |max, of| (max.0.max(of.0), max.1.max(of.1)));
            least.push(longest.min(WORD_COLUMNS_MAX));
            most.push(whole);
        }
        let room = width.saturating_sub(GAP_COLUMNS * (header.len().saturating_sub(1)));
        column_widths(&least, &most, room).map_or(Layout::Records, Layout::Columns)
    }

    /// A row of the table: as many lines as its longest cell needs.
    fn line(&self, row: &[Cell], widths: &[usize], page: &mut Page) {
        let cells: Vec<Vec<CellLine>> = row.iter().zip(widths).map(|(cell, width)| cell.lines(*width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        let none = CellLine::default();
        for at in 0..height {
            let lines: Vec<&CellLine> = cells.iter().map(|lines| lines.get(at).unwrap_or(&none)).collect();
            let last = lines.len().saturating_sub(1);
            for (column, line) in lines.iter().enumerate() {
                let free = widths[column].saturating_sub(line.columns);
                let before = match self.aligns[column] {
                    _ if column == last && line.columns == 0 => 0,
                    Align::Left => 0,
                    Align::Center => free / 2,
                    Align::Right => free,
                };
                page.put(&" ".repeat(before), &Tone::default());
                line.pieces.iter().for_each(|(text, tone)| page.put(text, tone));
                if column < last {
                    page.put(&" ".repeat(free - before), &Tone::default());
                    let is_rest_empty = lines[column + 1..].iter().all(|line| line.columns == 0);
                    page.put(if is_rest_empty { GAP.trim_end() } else { GAP }, &Tone::default());
                }
            }
            page.end_line();
        }
    }

    fn rule(&self, widths: &[usize], page: &mut Page) {
        let parts: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        page.put(&parts.join("─┼─"), &Tone::default());
        page.end_line();
    }
}

/// Each cell on lines of its own, behind the name of its column.
fn record(names: &[&String], row: &[String], settings: RenderSettings, page: &mut Page) {
    let mut inline = Inline::new(settings);
    let header = Tone::from(settings.theme.look(Element::TableHeader));
    for (at, text) in row.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        if let Some(name) = names.get(at).filter(|name| !name.is_empty()) {
            inline.whole(name, header.clone(), page);
            page.text(":", &header);
            page.blank();
        }
        inline.whole(text, Tone::default(), page);
        page.end_line();
    }
}

/// The widths of columns that together have `room`: wide ones give first. `None`: not without cutting words.
fn column_widths(least: &[usize], most: &[usize], room: usize) -> Option<Vec<usize>> {
    if least.iter().sum::<usize>() > room {
        return None;
    }
    let at_most = |cap: usize| -> Vec<usize> {
        least.iter().zip(most).map(|(least, most)| (*most).min(cap).max(*least)).collect()
    };
    let total = |widths: &[usize]| widths.iter().sum::<usize>();
    let (mut low, mut high) = (0, most.iter().copied().max().unwrap_or(0));
    while low < high {
        let middle = (low + high).div_ceil(2);
        if total(&at_most(middle)) <= room { low = middle } else { high = middle - 1 }
    }
    let mut widths = at_most(low);
    let mut left = room - total(&widths);
    for (width, most) in widths.iter_mut().zip(most) {
        if left > 0 && *width < *most {
            *width += 1;
            left -= 1;
        }
    }
    Some(widths)
}

/// The cells of a row; `\|` is a bar inside one.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        let last = cells.len() - 1;
        match char {
            '\\' if chars.peek() == Some(&'|') => cells[last].extend(chars.next()),
            '|' if cells.len() <= COLUMNS_MAX => cells.push(String::new()),
            other => cells[last].push(other),
        }
    }
    if cells.len() > 1 && cells.last().is_some_and(|last| last.trim().is_empty()) {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// What the line of dashes below a header says; `None`: it is none.
fn alignments(line: &str) -> Option<Vec<Align>> {
    let align = |cell: &String| {
        let dashes = cell.trim_matches(':');
        let is_it = !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-');
        is_it.then(|| match (cell.starts_with(':'), cell.ends_with(':')) {
            (true, true) => Align::Center,
            (false, true) => Align::Right,
            (_, false) => Align::Left,
        })
    };
    line.contains('-').then(|| cells(line).iter().map(align).collect::<Option<Vec<_>>>()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{Align, alignments, cells, column_widths};

    #[test]
    fn a_row_is_cut_at_its_bars() {
        assert_eq!(cells("| a | b\\|c |  |"), ["a", "b|c", ""]);
        assert_eq!(cells("|a|b"), ["a", "b"]);
        assert_eq!(alignments("|:-|-:|:-:|---|"), Some(vec![Align::Left, Align::Right, Align::Center, Align::Left]));
        assert_eq!(alignments("| a |"), None);
        assert_eq!(alignments("| |"), None);
    }

    #[test]
    fn wide_columns_give_first_and_words_stay_whole() {
        assert_eq!(column_widths(&[3, 5], &[3, 40], 30), Some(vec![3, 27]));
        assert_eq!(column_widths(&[3, 5], &[20, 40], 31), Some(vec![16, 15]));
        assert_eq!(column_widths(&[3, 5], &[10, 10], 80), Some(vec![10, 10]));
        assert_eq!(column_widths(&[10, 20], &[10, 20], 29), None);
    }
}
