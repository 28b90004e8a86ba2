//! What the caller has decided about rendering.

use super::theme::Theme;
use crate::terminal::term_safe::Color;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderSettings {
    /// Columns of a line.
    pub width: usize,
    pub color: Color,
    pub theme: Theme,
    /// `#`, the marks of lists and the lines of a fence stand as they were written.
    pub shows_markers: bool,
    /// The terminal is known to take OSC 8.
    pub hyperlinks: bool,
    /// Words for glyphs, and tables line by line.
    pub accessible: bool,
}

impl RenderSettings {
    /// Without styling the marks are what tells a heading and a fence.
    #[must_use]
    pub fn has_markers(&self) -> bool {
        self.shows_markers || self.color == Color::Off
    }
}
