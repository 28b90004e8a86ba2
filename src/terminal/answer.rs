//! The text of an answer on its way to a person: as it came, or its Markdown rendered.

use std::time::{Duration, Instant};

use super::markdown::{Markdown, RenderSettings, Theme};
use super::sanitize::{Mode, Sanitizer};
use super::screen::{Screen, Stream};
use super::status_row::RowTime;
use super::term_safe::TermSafeBuf;

/// What may still change is shown as it is when nothing has come for so long.
const DECIDE_AFTER: Duration = Duration::from_millis(150);
/// The width of the terminal is asked for this often at most.
const WIDTH_EVERY: Duration = Duration::from_millis(50);

/// How Markdown is rendered, as far as the terminal has no say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarkdownSettings {
    pub theme: Theme,
    /// Columns; `None`: those of the terminal, as it is resized.
    pub width: Option<usize>,
    pub shows_markers: bool,
    pub hyperlinks: bool,
    pub accessible: bool,
}

impl MarkdownSettings {
    /// With what the screen is now.
    #[must_use]
    pub fn on(self, screen: &Screen) -> RenderSettings {
        RenderSettings {
            width: self.width.unwrap_or_else(|| screen.width(Stream::Stdout)),
            color: screen.color(Stream::Stdout),
            theme: self.theme,
            shows_markers: self.shows_markers,
            hyperlinks: self.hyperlinks,
            accessible: self.accessible,
        }
    }
}

/// The text between two things that are no text.
#[derive(Debug)]
pub struct Answer {
    settings: Option<MarkdownSettings>,
    sanitizer: Sanitizer,
    markdown: Option<Box<Markdown>>,
    last_text: Instant,
    last_width: Instant,
    has_row: bool,
}

impl Answer {
    #[must_use]
    pub fn new(settings: Option<MarkdownSettings>) -> Self {
        let now = Instant::now();
        let sanitizer = Sanitizer::new(Mode::Prose);
        Self { settings, sanitizer, markdown: None, last_text: now, last_width: now, has_row: false }
    }

    #[must_use]
    pub fn is_rendered(&self) -> bool {
        self.settings.is_some()
    }

    pub fn text(&mut self, text: &str, screen: &mut Screen) {
        let Some(settings) = self.settings else {
            self.sanitizer.push(text, screen.out());
            return;
        };
        self.last_text = Instant::now();
        let markdown = self.markdown.get_or_insert_with(|| Box::new(Markdown::new(settings.on(screen))));
        if settings.width.is_none() && self.last_text.duration_since(self.last_width) >= WIDTH_EVERY {
            self.last_width = self.last_text;
            markdown.set_width(screen.width(Stream::Stdout));
        }
        markdown.push(text);
        write_ready(markdown, screen);
        let rows = markdown.table_rows();
        self.show_rows(rows, screen);
    }

    /// A table that is held counts its rows where waiting is told.
    fn show_rows(&mut self, rows: Option<u64>, screen: &mut Screen) {
        match rows {
            Some(rows) => {
                let time = RowTime::Share { done: rows, total: 0 };
                if std::mem::replace(&mut self.has_row, true) {
                    screen.update_row(time);
                } else {
                    let mut label = TermSafeBuf::new();
                    label.push_literal("table, rows");
                    screen.start_row(label, time);
                }
            }
            None if std::mem::take(&mut self.has_row) => screen.stop_row(),
            None => {}
        }
    }

    /// Shows what has been held for too long.
    pub fn tick(&mut self, screen: &mut Screen) {
        let Some(markdown) = self.markdown.as_mut().filter(|markdown| markdown.is_holding()) else { return };
        markdown.resume();
        if self.last_text.elapsed() >= DECIDE_AFTER {
            markdown.decide();
        }
        write_ready(markdown, screen);
    }

    /// Ends the line, for something that stands between two lines of the same text.
    pub fn pause(&mut self, screen: &mut Screen) {
        match &mut self.markdown {
            Some(markdown) => {
                markdown.pause();
                write_ready(markdown, screen);
                self.show_rows(None, screen);
            }
            None => self.finish(screen),
        }
    }

    /// The text has ended: everything of it is shown, and what comes next begins a line.
    pub fn finish(&mut self, screen: &mut Screen) {
        if let Some(mut markdown) = self.markdown.take() {
            markdown.finish();
            self.show_rows(None, screen);
            write_ready(&mut markdown, screen);
        } else if self.settings.is_none() {
            let out = screen.out();
            self.sanitizer.finish(out);
            if out.is_mid_line() {
                out.end_line();
            }
        }
    }
}

/// The screen is left alone where nothing is ready: a row on it would blink.
fn write_ready(markdown: &mut Markdown, screen: &mut Screen) {
    if !markdown.ready().as_bytes().is_empty() {
        screen.out().push(markdown.ready());
        markdown.clear_ready();
    }
}
