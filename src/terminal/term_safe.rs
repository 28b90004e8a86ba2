//! `TermSafe`: the only text a terminal is sent. It is made by the sanitiser, by our own literals and by safe JSON.

use super::sanitize::{Mode, Sanitizer};

/// Our own styling. Nothing else puts an escape sequence into a [`TermSafeBuf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Reset,
    Dim,
    Bold,
    Red,
    Green,
    Yellow,
}

impl Style {
    fn sequence(self) -> &'static str {
        match self {
            Self::Reset => "\x1b[0m",
            Self::Dim => "\x1b[2m",
            Self::Bold => "\x1b[1m",
            Self::Red => "\x1b[31m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
        }
    }
}

/// Whether a stream gets styling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    On,
    Off,
}

/// Text that holds no control characters but newline, tab and our own styling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermSafe<'a>(&'a [u8]);

impl<'a> TermSafe<'a> {
    /// Text of this program.
    #[must_use]
    pub fn literal(text: &'static str) -> TermSafe<'static> {
        TermSafe(text.as_bytes())
    }

    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text as a string. Only whole characters ever go in, so nothing is lost.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        std::str::from_utf8(self.0).unwrap_or_default()
    }
}

/// A growing `TermSafe`. It remembers whether its text so far has left the cursor inside a
/// line, also when the bytes have been taken out.
#[derive(Clone, Debug, Default)]
pub struct TermSafeBuf {
    bytes: Vec<u8>,
    mid_line: bool,
}

impl TermSafeBuf {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A whole text of unknown origin as one line: names, arguments, errors.
    #[must_use]
    pub fn line(raw: &str) -> Self {
        let mut made = Self::new();
        made.push_line(raw);
        made
    }

    /// Appends a whole text of unknown origin; line breaks in it are shown, not obeyed.
    pub fn push_line(&mut self, raw: &str) {
        let mut sanitizer = Sanitizer::new(Mode::Line);
        sanitizer.push(raw, self);
        sanitizer.finish(self);
    }

    /// Appends a whole text of unknown origin as prose of any number of lines.
    pub fn push_prose(&mut self, raw: &str) {
        let mut sanitizer = Sanitizer::new(Mode::Prose);
        sanitizer.push(raw, self);
        sanitizer.finish(self);
    }

    /// Appends text of this program.
    pub fn push_literal(&mut self, text: &'static str) {
        self.push_safe(text);
    }

    pub fn push(&mut self, text: TermSafe<'_>) {
        self.bytes.extend_from_slice(text.0);
        self.note_end();
    }

    pub fn push_style(&mut self, style: Style, color: Color) {
        match color {
            Color::On => self.bytes.extend_from_slice(style.sequence().as_bytes()),
            Color::Off => {}
        }
    }

    /// A sequence of ours that writes nothing on the screen, as a mark.
    pub(super) fn push_control(&mut self, sequence: &str) {
        self.bytes.extend_from_slice(sequence.as_bytes());
    }

    pub fn end_line(&mut self) {
        self.push_safe("\n");
    }

    #[must_use]
    pub fn as_safe(&self) -> TermSafe<'_> {
        TermSafe(&self.bytes)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        self.as_safe().as_str()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[must_use]
    pub fn is_mid_line(&self) -> bool {
        self.mid_line
    }

    /// Forgets the bytes, keeps their room and where the cursor is.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// For the sanitiser: text that it has looked at.
    pub(super) fn push_safe(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.note_end();
    }

    /// For safe JSON and for streams that are no terminal. The caller of
    /// [`Self::note_end`] afterwards, where it matters, is the caller of this.
    pub(super) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// For what was appended through [`Self::bytes_mut`].
    pub(super) fn note_end(&mut self) {
        if let Some(last) = self.bytes.last() {
            self.mid_line = *last != b'\n';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Color, Style, TermSafeBuf};

    #[test]
    fn styling_does_not_move_the_cursor() {
        let mut text = TermSafeBuf::new();
        text.push_style(Style::Dim, Color::On);
        assert!(!text.is_mid_line());
        text.push_prose("a\n");
        text.push_style(Style::Reset, Color::On);
        text.push_style(Style::Reset, Color::Off);
        assert_eq!((text.as_str(), text.is_mid_line()), ("\x1b[2ma\n\x1b[0m", false));
        text.push_line("b\n");
        text.clear();
        assert!(text.is_mid_line(), "also when the bytes have gone out");
    }
}
