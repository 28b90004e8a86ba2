//! Markdown as it streams in, for a terminal: safe text in, lines of the width of the terminal out.
//!
//! What comes out is appended to and never changed. It is the same for any split of the same text, whenever
//! nobody calls [`Markdown::decide`]. Only what cannot be told yet is held: the word that has not ended, what a mark
//! may have begun (80 characters), the rows of a table (64 KiB), a line of code.

mod blocks;
mod cells;
mod entity;
mod fence;
mod find;
mod highlight;
mod inline;
mod link;
mod look;
mod math;
mod page;
mod scan;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod theme;
mod theme_file;
mod word;

pub use look::Palette;
pub use settings::RenderSettings;
pub use theme::{Builtin, Theme};
pub use theme_file::parse_theme;
pub use word::columns;

use super::sanitize::{Mode, Sanitizer};
use super::term_safe::{TermSafe, TermSafeBuf};
use blocks::Blocks;
use page::Page;
use theme::Element;

/// Renders one answer.
#[derive(Debug)]
pub struct Markdown {
    sanitizer: Sanitizer,
    clean: TermSafeBuf,
    blocks: Blocks,
    page: Page,
}

impl Markdown {
    #[must_use]
    pub fn new(settings: RenderSettings) -> Self {
        let quote_mark = if settings.accessible { "> " } else { "│ " };
        let margin_look = settings.theme.look(Element::Marker);
        Self {
            sanitizer: Sanitizer::new(Mode::Prose),
            clean: TermSafeBuf::new(),
            blocks: Blocks::new(settings),
            page: Page::new(settings.width, settings.color, quote_mark, margin_look),
        }
    }

    /// From here on lines are of this width.
    pub fn set_width(&mut self, columns: usize) {
        self.page.set_width(columns);
    }

    /// More of the text, from anywhere.
    pub fn push(&mut self, raw: &str) {
        self.sanitizer.push(raw, &mut self.clean);
        self.read();
        self.page.show_early();
    }

    fn read(&mut self) {
        self.blocks.push(self.clean.as_str(), &mut self.page);
        self.clean.clear();
    }

    /// The end of the text: all that is held comes out.
    pub fn finish(&mut self) {
        self.sanitizer.finish(&mut self.clean);
        self.read();
        self.blocks.finish(&mut self.page);
    }

    /// Time has passed: what waited for the colours of a language goes on.
    pub fn resume(&mut self) {
        self.blocks.resume(&mut self.page);
    }

    /// Shows what is held inside a line, without knowing what could still come.
    pub fn decide(&mut self) {
        self.blocks.decide(&mut self.page);
        self.page.show_word();
    }

    /// Ends the line for something that stands between two lines of the text, which then goes on.
    pub fn pause(&mut self) {
        self.blocks.decide(&mut self.page);
        self.page.end_line();
    }

    /// Whether [`Self::decide`] or [`Self::resume`] may have something to show.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.blocks.is_holding() || self.page.is_holding()
    }

    /// How many rows of a table are held back.
    #[must_use]
    pub fn table_rows(&self) -> Option<u64> {
        self.blocks.table_rows()
    }

    /// What is ready for the terminal.
    #[must_use]
    pub fn ready(&mut self) -> TermSafe<'_> {
        self.page.out().as_safe()
    }

    /// [`Self::ready`] has been written.
    pub fn clear_ready(&mut self) {
        self.page.out().clear();
    }
}

/// A whole text at once.
#[must_use]
pub fn render_whole(raw: &str, settings: RenderSettings) -> TermSafeBuf {
    let mut markdown = Markdown::new(settings);
    markdown.push(raw);
    markdown.finish();
    std::mem::take(markdown.page.out())
}
