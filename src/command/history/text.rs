//! Text for people: as it stands for a pipe, safe and styled for a terminal.

use crate::terminal::{Color, RenderSettings, Style, TermSafeBuf, render_whole};

/// What a piece of text is to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Plain,
    Strong,
    Faint,
    /// A find: in brackets where there is no styling.
    Mark,
    Added,
    Removed,
    /// Markdown: rendered where that was settled, see [`Text::rendered`].
    Markdown,
}

/// Pieces of text, one after the other; what stands in them can come from anywhere.
#[derive(Clone, Debug, Default)]
pub struct Text {
    pieces: Vec<(Ink, String)>,
    markdown: Option<RenderSettings>,
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { pieces: vec![(Ink::Plain, text)], markdown: None }
    }
}

impl Text {
    pub fn push(&mut self, ink: Ink, text: impl Into<String>) {
        self.pieces.push((ink, text.into()));
    }

    pub fn line(&mut self, ink: Ink, text: impl Into<String>) {
        self.push(ink, text);
        self.push(Ink::Plain, "\n");
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Markdown in it is rendered for terminals; for pipes it stands as it is.
    #[must_use]
    pub fn rendered(self, settings: RenderSettings) -> Self {
        Self { markdown: Some(settings), ..self }
    }

    /// For pipes and files.
    #[must_use]
    pub fn raw(&self) -> String {
        let piece = |(ink, text): &(Ink, String)| match ink {
            Ink::Mark => format!("[{text}]"),
            Ink::Plain | Ink::Strong | Ink::Faint | Ink::Added | Ink::Removed | Ink::Markdown => text.clone(),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// For terminals.
    #[must_use]
    pub fn safe(&self, color: Color) -> TermSafeBuf {
        let mut safe = TermSafeBuf::new();
        for (ink, text) in &self.pieces {
            if let (Ink::Markdown, Some(settings)) = (ink, self.markdown) {
                safe.push(render_whole(text, RenderSettings { color, ..settings }).as_safe());
                continue;
            }
            let style = match ink {
                Ink::Plain | Ink::Markdown => None,
                Ink::Strong | Ink::Mark => Some(Style::Bold),
                Ink::Faint => Some(Style::Dim),
                Ink::Added => Some(Style::Green),
                Ink::Removed => Some(Style::Red),
            };
            let in_brackets = *ink == Ink::Mark && color == Color::Off;
            if let Some(style) = style {
                safe.push_style(style, color);
            }
            if in_brackets {
                safe.push_literal("[");
            }
            safe.push_prose(text);
            if in_brackets {
                safe.push_literal("]");
            }
            if style.is_some() {
                safe.push_style(Style::Reset, color);
            }
        }
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::{Color, Ink, Text};

    #[test]
    fn a_pipe_gets_the_text_and_a_terminal_nothing_that_steers_it() {
        let mut text = Text::from("a\x1b[2J".to_owned());
        text.push(Ink::Mark, "b\x07");
        text.line(Ink::Strong, "c");
        assert_eq!(text.raw(), "a\x1b[2J[b\x07]c\n");
        let safe = text.safe(Color::On);
        assert!(safe.as_str().ends_with("\x1b[1mc\x1b[0m\n") && !safe.as_str().contains("\x1b[2J"), "{safe:?}");
        assert!(text.safe(Color::Off).as_bytes().iter().all(|byte| !matches!(byte, 0x07 | 0x1b)));
    }
}
