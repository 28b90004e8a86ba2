//! Blocks that are read by whole lines: tables, code, HTML, formulas.

use super::{Blocks, Mode, without_margins};
use crate::terminal::markdown::fence::{Fence, Opening};
use crate::terminal::markdown::math::to_unicode;
use crate::terminal::markdown::page::Page;
use crate::terminal::markdown::scan::{Container, LINE_BYTES_MAX, Leaf};
use crate::terminal::markdown::table::Table;
use crate::terminal::markdown::theme::Element;
use crate::terminal::markdown::word::Sink;

impl Blocks {
    pub(super) fn hold(&mut self, mode: Mode, start: &str, page: &mut Page) {
        self.mode = mode;
        start.clone_into(&mut self.line);
        if self.line.ends_with('\n') {
            self.end_whole_line(page);
        }
    }

    pub(super) fn hold_verbatim(&mut self, element: Element, start: &str, page: &mut Page) {
        self.verbatim = Some(element);
        self.hold(Mode::Verbatim(element), start, page);
    }

    pub(super) fn whole_line(&mut self, piece: &str, page: &mut Page) -> usize {
        let taken = self.take(piece, LINE_BYTES_MAX);
        if self.line.ends_with('\n') || taken == 0 {
            self.end_whole_line(page);
        }
        taken
    }

    fn end_whole_line(&mut self, page: &mut Page) {
        match std::mem::replace(&mut self.mode, Mode::Start) {
            Mode::Row => self.row(page),
            Mode::Verbatim(element) => {
                let line = std::mem::take(&mut self.line);
                page.raw(line.trim_end_matches('\n'), self.settings.theme.look(element));
                if line.ends_with('\n') {
                    page.end_raw();
                } else {
                    self.mode = Mode::Verbatim(element);
                }
            }
            Mode::Formula => self.formula(page),
            Mode::Start | Mode::Text | Mode::Heading | Mode::Fence(_) => {}
        }
    }

    /// A whole line that begins with a bar: the first of a table, the second, or one of its rows.
    pub(super) fn row(&mut self, page: &mut Page) {
        self.mode = Mode::Start;
        let line = std::mem::take(&mut self.line);
        if let Some(table) = &mut self.table {
            table.row(without_margins(&line), page);
            return;
        }
        let table = self.header.as_ref().and_then(|(header, _)| Table::begin(header, &line, self.settings));
        if let Some(table) = table {
            self.begin_table(table, page);
            return;
        }
        self.header_is_text(page);
        if line.ends_with('\n') {
            self.header = Some((line, self.matched));
        } else {
            // Too long for a row.
            self.line_is_text(&line, self.matched, page);
        }
    }

    fn begin_table(&mut self, table: Table, page: &mut Page) {
        let matched = self.header.take().map_or(0, |(_, matched)| matched);
        self.begin_block(matched, Vec::new(), &Leaf::Row, page);
        self.table = Some(table);
    }

    pub(super) fn header_is_text(&mut self, page: &mut Page) {
        if let Some((header, matched)) = self.header.take() {
            self.line_is_text(&header, matched, page);
        }
    }

    /// A line with a bar that is no row: it begins a paragraph, or goes on with one.
    fn line_is_text(&mut self, line: &str, matched: usize, page: &mut Page) {
        if self.in_text {
            self.mode = Mode::Text;
            self.rest(line, page);
        } else {
            self.begin_block(matched, Vec::new(), &Leaf::Text, page);
            self.begin_text(line, page);
        }
    }

    pub(super) fn begin_fence(&mut self, line: &str, (mark, length, indent): (char, usize, usize), page: &mut Page) {
        let quotes = self.containers.iter().filter(|container| **container == Container::Quote).count();
        let columns: usize = self
            .containers
            .iter()
            .map(|container| match container {
                Container::Item(item) => item.content,
                Container::Quote => 0,
            })
            .sum();
        // The line of an item stands by itself: code has no margins.
        page.end_line();
        let opening = Opening { mark, length, indent: indent + columns, quotes };
        let fence = Fence::begin(line, opening, self.coloured_bytes, self.settings, page);
        self.mode = Mode::Fence(Box::new(fence));
    }

    pub(super) fn end_fence(&mut self) {
        if let Mode::Fence(fence) = std::mem::replace(&mut self.mode, Mode::Start) {
            self.coloured_bytes = fence.coloured_bytes();
        }
        self.apart = true;
    }

    /// A formula is held until the mark that ends it, or a line without text.
    fn formula(&mut self, page: &mut Page) {
        let close = if self.line.starts_with('$') { "$$" } else { "\\]" };
        let is_closed = self.line.trim_end().strip_suffix(close).is_some_and(|start| start.len() >= 2);
        let is_open = self.line.ends_with('\n') && !self.line.ends_with("\n\n");
        if !is_closed && is_open {
            self.mode = Mode::Formula;
            return;
        }
        let source = std::mem::take(&mut self.line);
        let look = self.settings.theme.look(Element::Math);
        let inner = source.trim_end().strip_suffix(close).filter(|_| is_closed).map_or("", |source| &source[2..]);
        let lines = formula_lines(inner)
            .unwrap_or_else(|| source.lines().map(|line| without_margins(line).to_owned()).collect());
        for line in lines.iter().filter(|line| !line.trim().is_empty()) {
            for word in line.split(' ').filter(|word| !word.is_empty()) {
                page.text(word, &look.into());
                page.blank();
            }
            page.end_line();
        }
        self.blank |= source.ends_with("\n\n");
    }
}

/// The lines of a formula in Unicode; `None` where one of them has no form there.
fn formula_lines(source: &str) -> Option<Vec<String>> {
    let mut source = source.to_owned();
    for name in ["aligned", "align*", "align", "equation*", "equation", "gather*", "gathered"] {
        source = source.replace(&format!("\\begin{{{name}}}"), "").replace(&format!("\\end{{{name}}}"), "");
    }
    let source = source.replace("\\\\", "\n").replace('&', "");
    let lines = source.lines().map(without_margins).filter(|line| !line.trim().is_empty());
    let lines: Option<Vec<String>> = lines.map(to_unicode).collect();
    lines.filter(|lines| !lines.is_empty())
}
