//! Several answers side by side as they stream in: rows are appended and never touched again.
//!
//! Each answer is rendered to the width of its column. A row goes out when every column has a line for it. A column
//! that gives none for a while does not hold up the others: its cells stay empty until it goes on.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::answer::MarkdownSettings;
use super::lines::interrupted_line;
use super::markdown::Markdown;
use super::screen::{Screen, Stream};
use super::styled_line::cut_styled;
use super::term_safe::{Color, Style, TermSafeBuf};
use crate::session::{TurnResult, TurnStatus};

/// Narrower columns nobody reads.
const COLUMNS_MIN: usize = 40;
const GAP_COLUMNS: usize = 3;
/// So long a row waits for a column that has no line for it.
const PATIENCE: Duration = Duration::from_secs(3);
/// The width of the terminal is asked for this often at most.
const WIDTH_EVERY: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub struct Columns {
    columns: Vec<Column>,
    settings: MarkdownSettings,
    color: Color,
    /// Of each column.
    width: usize,
    width_asked: Instant,
    /// Since when there is a row that not every column has a line for.
    incomplete_since: Option<Instant>,
}

/// One answer.
#[derive(Debug)]
struct Column {
    markdown: Markdown,
    /// The line that has not ended.
    begun: String,
    lines: VecDeque<String>,
    is_over: bool,
}

impl Columns {
    /// Writes the heads of the columns; `None` where the screen has no room for them, or is none.
    #[must_use]
    pub fn fitting(labels: &[String], settings: MarkdownSettings, screen: &mut Screen) -> Option<Self> {
        let is_plain = settings.accessible || screen.settings().term_dumb;
        let width = width_of_each(&settings, labels.len(), screen);
        if is_plain || !screen.is_terminal(Stream::Stdout) || width < COLUMNS_MIN {
            return None;
        }
        let render = super::RenderSettings { width, ..settings.on(screen) };
        let column = |_| Column {
            markdown: Markdown::new(render),
            begun: String::new(),
            lines: VecDeque::new(),
            is_over: false,
        };
        let columns = labels.iter().map(column).collect();
        let color = screen.color(Stream::Stdout);
        let made = Self { columns, settings, color, width, width_asked: Instant::now(), incomplete_since: None };
        made.write_heads(labels, screen);
        Some(made)
    }

    pub fn text(&mut self, index: usize, text: &str, screen: &mut Screen) {
        self.follow_width(screen);
        let column = &mut self.columns[index];
        column.markdown.push(text);
        column.gather();
        self.write_rows(screen);
    }

    /// Nothing more comes for this column. Where its answer is not whole, its last line says so.
    pub fn end(&mut self, index: usize, result: Option<&TurnResult>, screen: &mut Screen) {
        let column = &mut self.columns[index];
        if std::mem::replace(&mut column.is_over, true) {
            return;
        }
        column.markdown.finish();
        column.gather();
        column.lines.extend(Some(std::mem::take(&mut column.begun)).filter(|line| !line.is_empty()));
        let mut why = TermSafeBuf::new();
        why.push_style(Style::Dim, self.color);
        match result {
            Some(TurnResult { interrupted: Some(reason), .. }) => why.push(interrupted_line(*reason).as_safe()),
            Some(TurnResult { status: TurnStatus::Ok, .. }) => why.clear(),
            Some(TurnResult { status: TurnStatus::Incomplete, .. }) => why.push_literal("[incomplete]"),
            Some(_) | None => why.push_literal("[error]"),
        }
        if !why.is_empty() {
            why.push_style(Style::Reset, self.color);
            column.lines.push_back(why.as_str().to_owned());
        }
        self.write_rows(screen);
    }

    /// Called a few times a second: a row does not wait for ever.
    pub fn tick(&mut self, screen: &mut Screen) {
        for column in self.columns.iter_mut().filter(|column| column.markdown.is_holding()) {
            column.markdown.resume();
            column.gather();
        }
        self.write_rows(screen);
    }

    /// Lines that are laid out already are cut where they do not fit any more.
    fn follow_width(&mut self, screen: &Screen) {
        if self.settings.width.is_some() || self.width_asked.elapsed() < WIDTH_EVERY {
            return;
        }
        self.width_asked = Instant::now();
        let width = width_of_each(&self.settings, self.columns.len(), screen);
        if width != self.width {
            self.width = width;
            self.columns.iter_mut().for_each(|column| column.markdown.set_width(width));
        }
    }

    fn write_rows(&mut self, screen: &mut Screen) {
        while self.columns.iter().any(|column| !column.lines.is_empty()) {
            if self.columns.iter().any(|column| !column.is_over && column.lines.is_empty()) {
                let since = *self.incomplete_since.get_or_insert_with(Instant::now);
                if since.elapsed() < PATIENCE {
                    return;
                }
            } else {
                self.incomplete_since = None;
            }
            self.write_row(screen);
        }
    }

    fn write_row(&mut self, screen: &mut Screen) {
        let (color, width) = (self.color, self.width);
        let row = Row { out: screen.out(), color, width };
        let cells = self.columns.iter_mut().map(|column| {
            let cut = column.lines.pop_front().map(|line| cut_styled(&line, width)).unwrap_or_default();
            if let Some(rest) = cut.rest {
                column.lines.push_front(rest);
            }
            (cut.front, cut.columns)
        });
        row.write(cells);
    }

    fn write_heads(&self, labels: &[String], screen: &mut Screen) {
        let Self { color, width, .. } = *self;
        let head = |label: &String| {
            let cut = cut_styled(TermSafeBuf::line(label).as_str(), width);
            let mut head = TermSafeBuf::new();
            head.push_style(Style::Bold, color);
            head.push_safe(&cut.front);
            head.push_style(Style::Reset, color);
            (head.as_str().to_owned(), cut.columns)
        };
        Row { out: screen.out(), color, width }.write(labels.iter().map(head));
        let rule = |_| ("─".repeat(width), width);
        Row { out: screen.out(), color, width }.write(labels.iter().map(rule));
    }
}

impl Column {
    /// Takes the lines that the renderer has finished.
    fn gather(&mut self) {
        self.begun.push_str(std::str::from_utf8(self.markdown.ready().as_bytes()).unwrap_or_default());
        self.markdown.clear_ready();
        if !self.begun.contains('\n') {
            return;
        }
        let text = std::mem::take(&mut self.begun);
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(line) => self.lines.push_back(line.to_owned()),
                None => self.begun.push_str(line),
            }
        }
    }
}

/// A row on its way out.
struct Row<'a> {
    out: &'a mut TermSafeBuf,
    color: Color,
    width: usize,
}

impl Row<'_> {
    /// Each cell with its columns. Nothing follows the last text: a blank there would be copied.
    fn write(self, cells: impl Iterator<Item = (String, usize)>) {
        let Self { out, color, width } = self;
        let mut blanks = 0;
        for (index, (text, columns)) in cells.enumerate() {
            let gap = usize::from(index > 0);
            if gap > 0 {
                out.push_safe(&" ".repeat(blanks + gap));
                out.push_style(Style::Dim, color);
                out.push_literal("│");
                out.push_style(Style::Reset, color);
            }
            if columns > 0 {
                out.push_safe(&" ".repeat(gap));
                out.push_safe(&text);
                blanks = width.saturating_sub(columns);
            } else {
                blanks = width + gap;
            }
        }
        out.end_line();
    }
}

fn width_of_each(settings: &MarkdownSettings, count: usize, screen: &Screen) -> usize {
    let all = settings.on(screen).width;
    (all.saturating_sub(GAP_COLUMNS * count.saturating_sub(1)) / count.max(1)).max(1)
}
