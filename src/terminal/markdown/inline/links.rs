//! What stands in brackets: links, images, notes, addresses; and entities.

use std::sync::Arc;

use super::{DEPTH_MAX, HOLD_CHARS_MAX, Inline, Reach};
use crate::terminal::markdown::entity::{self, ENTITY_BYTES_MAX};
use crate::terminal::markdown::find::{Ahead, Found, destination};
use crate::terminal::markdown::link::{URL_BYTES_MAX, host, safe_url, text_lies};
use crate::terminal::markdown::theme::Element;
use crate::terminal::markdown::word::Sink;
use crate::terminal::term_safe::Color;

impl Inline {
    /// A bracket, behind an exclamation mark or not.
    pub(super) fn bracket(&mut self, rest: &str, before: usize, reach: Reach, sink: &mut dyn Sink) -> Option<usize> {
        let inner = &rest[before + 1..];
        let end = match Ahead::new(inner, HOLD_CHARS_MAX, reach == Reach::End).bracket_end() {
            Found::Yes(end) => end,
            Found::Unknown if reach == Reach::Open => return None,
            Found::Unknown | Found::No => return self.literal(rest, before + 1, sink),
        };
        let (label, after) = (&inner[..end], &inner[end + 1..]);
        match after.chars().next() {
            None if reach == Reach::Open => return None,
            Some('(') if self.depth < DEPTH_MAX => {}
            _ if before == 0 && is_footnote(label) => {
                sink.text(&format!("[{}]", &label[1..]), &self.toned(Element::Footnote));
                return Some(label.len() + 2);
            }
            _ => return self.literal(rest, before + 1, sink),
        }
        match destination(&after[1..], URL_BYTES_MAX) {
            Found::Yes((url, bytes)) => {
                self.link(label, url, before == 1, sink);
                Some(before + 1 + end + 1 + 1 + bytes)
            }
            // It is a link, and its address does not stand in the text anyway.
            Found::Unknown if reach != Reach::End => None,
            Found::Unknown | Found::No => self.literal(rest, before + 1, sink),
        }
    }

    fn link(&self, label: &str, raw: &str, is_image: bool, sink: &mut dyn Sink) {
        let url = safe_url(raw);
        let is_linked = self.settings.hyperlinks && self.settings.color == Color::On;
        let mut tone = self.toned(Element::Link);
        tone.link = url.as_deref().filter(|_| is_linked).map(Arc::from).or(tone.link);
        if is_image {
            self.words(if label.trim().is_empty() { "image" } else { "image: " }, &tone, sink);
        }
        let mut inner = Self { depth: self.depth + 1, ..Self::new(self.settings) };
        inner.whole(label, tone.clone(), sink);
        let shown = match &url {
            Some(url) if tone.link.is_some() => text_lies(label, url).then(|| host(url)),
            Some(_) | None => Some(raw.trim()).filter(|raw| !raw.is_empty() && !is_same(label, raw)),
        };
        if let Some(shown) = shown {
            sink.blank();
            self.words(&format!("({shown})"), &self.toned(Element::Url), sink);
        }
    }

    pub(super) fn angle(&mut self, rest: &str, reach: Reach, sink: &mut dyn Sink) -> Option<usize> {
        for line_break in ["<br>", "<br/>", "<br />"] {
            let is_start = rest.len() < line_break.len()
                && line_break.as_bytes()[..rest.len()].eq_ignore_ascii_case(rest.as_bytes());
            if is_start && reach == Reach::Open {
                return None;
            }
            let is_it = rest.len() >= line_break.len()
                && rest.as_bytes()[..line_break.len()].eq_ignore_ascii_case(line_break.as_bytes());
            if is_it {
                self.blanks = 0;
                self.end_line(sink);
                return Some(line_break.len());
            }
        }
        let is_name = rest[1..].starts_with(|char: char| char.is_ascii_alphanumeric());
        if !is_name {
            return self.literal(rest, 1, sink);
        }
        let limit = if rest[1..].starts_with("http") { URL_BYTES_MAX } else { HOLD_CHARS_MAX };
        match rest[1..].find(['>', '<', ' ', '\n', '\t']) {
            Some(end) if end <= limit && rest[1 + end..].starts_with('>') => {
                let inside = &rest[1..=end];
                let is_mail = inside.contains('@') && !inside.contains(['/', ':', ';', '"']);
                let url = if is_mail { safe_url(&format!("mailto:{inside}")) } else { safe_url(inside) };
                let Some(url) = url else { return self.literal(rest, 1, sink) };
                let mut tone = self.toned(Element::Link);
                if self.settings.hyperlinks && self.settings.color == Color::On {
                    tone.link = Some(Arc::from(url));
                }
                sink.text(inside, &tone);
                Some(end + 2)
            }
            None if reach == Reach::Open && rest.len() <= limit => None,
            Some(_) | None => self.literal(rest, 1, sink),
        }
    }

    pub(super) fn entity(&mut self, rest: &str, reach: Reach, sink: &mut dyn Sink) -> Option<usize> {
        let end = rest[1..].bytes().position(|byte| !byte.is_ascii_alphanumeric() && byte != b'#').map(|end| end + 1);
        match end {
            Some(end) if rest[end..].starts_with(';') && end < ENTITY_BYTES_MAX => {
                match entity::decode(&rest[1..end]) {
                    Some(char) => {
                        sink.text(char.encode_utf8(&mut [0; 4]), &self.tone);
                        Some(end + 1)
                    }
                    None => self.literal(rest, 1, sink),
                }
            }
            None if reach == Reach::Open && rest.len() < ENTITY_BYTES_MAX => None,
            Some(_) | None => self.literal(rest, 1, sink),
        }
    }
}

fn is_footnote(label: &str) -> bool {
    label.len() > 1 && label.starts_with('^') && !label.contains([' ', '[', '\n', '\t'])
}

/// Whether a text names its address as it is.
fn is_same(label: &str, url: &str) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches("mailto:").trim_end_matches('/').to_owned();
    bare(label) == bare(url)
}
