//! A fenced block of code: line by line, as it stands. No margins, no wrapping, no padding: what is selected is the code.

use super::find::run;
use super::highlight::Highlighter;
use super::page::Page;
use super::settings::RenderSettings;
use super::theme::Element;
use crate::terminal::term_safe::Color;

/// A longer line is not held until it ends.
const LINE_BYTES_MAX: usize = 4 << 10;

#[derive(Debug)]
pub struct Fence {
    settings: RenderSettings,
    opening: Opening,
    line: String,
    /// The start of this line has been shown.
    is_long: bool,
    highlighter: Highlighter,
}

/// How a block of code began.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// A backtick or a tilde.
    pub mark: char,
    /// How many of them.
    pub length: usize,
    /// Blanks before the fence: they go from each line.
    pub indent: usize,
    /// Marks of quotes before each line.
    pub quotes: usize,
}

/// What comes after a piece of a line.
#[derive(Debug, PartialEq, Eq)]
pub enum After {
    More,
    Ended,
    /// The quote around the block has ended with this line, which is no part of it.
    LeftQuote(String),
}

impl Fence {
    /// `first` is the line of the fence; `coloured_bytes`: how much code of this answer had colours before.
    #[must_use]
    pub fn begin(
        first: &str,
        opening: Opening,
        coloured_bytes: usize,
        settings: RenderSettings,
        page: &mut Page,
    ) -> Self {
        let first = first.trim();
        let info = first[opening.length.min(first.len())..].trim();
        let highlighter = match settings.color {
            Color::On => Highlighter::new(info, coloured_bytes),
            Color::Off => Highlighter::plain(coloured_bytes),
        };
        let fence = Self { settings, opening, line: String::new(), is_long: false, highlighter };
        fence.show_mark(first, page);
        fence
    }

    /// How much code of this answer has had colours, with this block.
    #[must_use]
    pub fn coloured_bytes(&self) -> usize {
        self.highlighter.coloured_bytes()
    }

    /// Whether the colours of the next line are there.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.highlighter.is_ready()
    }

    pub fn wait(&self) {
        self.highlighter.wait();
    }

    /// A piece of one line; how many bytes of it were used.
    pub fn piece(&mut self, piece: &str, page: &mut Page) -> (usize, After) {
        let taken = piece.floor_char_boundary(LINE_BYTES_MAX.saturating_sub(self.line.len()));
        self.line.push_str(&piece[..taken]);
        if self.line.ends_with('\n') {
            let line = std::mem::take(&mut self.line);
            return (taken, self.end_line(line, page));
        }
        if taken == 0 {
            let line = std::mem::take(&mut self.line);
            page.raw(
                if self.is_long { &line } else { self.code(&line).unwrap_or(&line) },
                self.settings.theme.look(Element::CodeBlock),
            );
            self.is_long = true;
        }
        (taken, After::More)
    }

    /// The text has ended inside the block.
    pub fn finish(&mut self, page: &mut Page) {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line) + "\n";
            self.end_line(line, page);
        } else if self.is_long {
            page.end_raw();
        }
    }

    fn end_line(&mut self, line: String, page: &mut Page) -> After {
        if std::mem::take(&mut self.is_long) {
            page.raw(line.trim_end_matches('\n'), self.settings.theme.look(Element::CodeBlock));
            page.end_raw();
            return After::More;
        }
        let Some(code) = self.code(&line) else { return After::LeftQuote(line) };
        if self.is_closed_by(code) {
            self.show_mark(code.trim(), page);
            return After::Ended;
        }
        let base = self.settings.theme.look(Element::CodeBlock);
        let parts = self.highlighter.line(code);
        for (text, element) in parts {
            let look = element.map_or(base, |element| base.with(self.settings.theme.look(element)));
            page.raw(text.trim_end_matches('\n'), look);
        }
        page.end_raw();
        After::More
    }

    /// The line without what stands before all lines of the block; `None` where the quote around it has ended.
    fn code<'l>(&self, line: &'l str) -> Option<&'l str> {
        let mut rest = line;
        for _ in 0..self.opening.quotes {
            rest = rest.trim_start_matches(' ').strip_prefix('>')?;
            rest = rest.strip_prefix(' ').unwrap_or(rest);
        }
        let mut left = self.opening.indent;
        while left > 0 {
            rest = match rest.as_bytes().first() {
                Some(b' ') => &rest[1..],
                Some(b'\t') => {
                    left = left.saturating_sub(3);
                    &rest[1..]
                }
                Some(_) | None => break,
            };
            left = left.saturating_sub(1);
        }
        Some(rest)
    }

    fn is_closed_by(&self, code: &str) -> bool {
        let start = code.trim_start_matches(' ');
        let length = if start.starts_with(self.opening.mark) { run(start) } else { 0 };
        code.len() - start.len() < 4 && length >= self.opening.length && start[length..].trim().is_empty()
    }

    fn show_mark(&self, line: &str, page: &mut Page) {
        if self.settings.has_markers() {
            page.raw(line, self.settings.theme.look(Element::Marker));
            page.end_raw();
        }
    }
}
