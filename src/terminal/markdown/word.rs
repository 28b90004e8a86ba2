//! A word on its way to the page: pieces of text, each with its tone, and how wide they are together.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::look::Look;

/// How a piece of text looks, and where it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tone {
    pub look: Look,
    /// An address that is safe to be sent to a terminal.
    pub link: Option<Arc<str>>,
}

impl From<Look> for Tone {
    fn from(look: Look) -> Self {
        Self { look, link: None }
    }
}

/// What takes the words of a text.
pub trait Sink {
    /// Text without blanks and line ends.
    fn text(&mut self, text: &str, tone: &Tone);
    /// The end of a word.
    fn blank(&mut self);
    fn line_break(&mut self);
}

/// A cluster of more bytes than any script has is cut: it would have to be held.
const CLUSTER_BYTES_MAX: usize = 128;

/// Text that no blank has ended yet.
#[derive(Clone, Debug, Default)]
pub struct Word {
    text: String,
    /// Where each tone begins.
    tones: Vec<(usize, Tone)>,
    /// Of all clusters but the last.
    done_columns: usize,
    /// Where the last cluster begins: it can still grow.
    last: usize,
    /// So much of the text stands on the page already.
    pub shown: usize,
}

impl Word {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    #[must_use]
    pub fn columns(&self) -> usize {
        self.done_columns + columns(&self.text[self.last..])
    }

    /// Columns of all that cannot grow any more.
    #[must_use]
    pub fn done(&self) -> (usize, usize) {
        (self.last, self.done_columns)
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.tones.clear();
        (self.done_columns, self.last, self.shown) = (0, 0, 0);
    }

    /// Appends characters of one byte and one column each.
    pub fn push_ascii(&mut self, text: &str, tone: &Tone) {
        if text.is_empty() {
            return;
        }
        self.note_tone(tone);
        self.done_columns = self.columns() + text.len() - 1;
        self.text.push_str(text);
        self.last = self.text.len() - 1;
    }

    /// Appends one character. Where it begins a cluster, the one before is complete: then its place and that
    /// of the new one.
    pub fn push_char(&mut self, char: char, tone: &Tone) -> Option<(usize, usize)> {
        self.note_tone(tone);
        self.text.push(char);
        let tail = &self.text[self.last..];
        let first = tail.graphemes(true).next().map_or(0, str::len);
        let is_cut = tail.len() > CLUSTER_BYTES_MAX;
        let first = if is_cut { tail.len() - char.len_utf8() } else { first };
        if first == tail.len() || first == 0 {
            return None;
        }
        let before = self.last;
        self.done_columns += columns(&tail[..first]);
        self.last += first;
        Some((before, self.last))
    }

    fn note_tone(&mut self, tone: &Tone) {
        if self.tones.last().is_none_or(|(_, last)| last != tone) {
            self.tones.push((self.text.len(), tone.clone()));
        }
    }

    /// The text from `from` to `to`, cut where its tone changes.
    pub fn pieces(&self, from: usize, to: usize) -> impl Iterator<Item = (&str, &Tone)> {
        self.tones.iter().enumerate().filter_map(move |(index, (start, tone))| {
            let end = self.tones.get(index + 1).map_or(self.text.len(), |(next, _)| *next);
            let (start, end) = ((*start).max(from), end.min(to));
            (start < end).then(|| (&self.text[start..end], tone))
        })
    }

    #[must_use]
    pub fn first_tone(&self) -> Option<&Tone> {
        self.tones.first().map(|(_, tone)| tone)
    }

    #[must_use]
    pub fn char_at(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    /// Forgets the text up to `at`, which has `columns` columns and ends with a whole cluster.
    pub fn drop_front(&mut self, at: usize, columns: usize) {
        self.text.drain(..at);
        let mut kept: Vec<(usize, Tone)> = Vec::new();
        for (start, tone) in self.tones.drain(..) {
            if start <= at {
                kept.clear();
            }
            kept.push((start.saturating_sub(at), tone));
        }
        self.tones = kept;
        self.done_columns -= columns;
        self.last -= at;
        self.shown = self.shown.saturating_sub(at);
    }

    /// Forgets the last cluster.
    pub fn cut_at_done(&mut self) {
        self.text.truncate(self.last);
        let bytes = self.last;
        self.tones.retain(|(start, _)| *start < bytes);
        self.last = self.text.grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
        self.done_columns = columns(&self.text[..self.last]);
    }

    /// The longest start of the complete clusters that has at most `limit` columns: its bytes and columns.
    /// Never nothing.
    #[must_use]
    pub fn front(&self, limit: usize) -> (usize, usize) {
        let (mut bytes, mut used) = (0, 0);
        for cluster in self.text[..self.last].graphemes(true) {
            let columns = columns(cluster);
            if used + columns > limit && bytes > 0 {
                break;
            }
            bytes += cluster.len();
            used += columns;
        }
        (bytes, used)
    }
}

/// Columns of a text, by its clusters.
#[must_use]
pub fn columns(text: &str) -> usize {
    if text.is_ascii() {
        return text.bytes().filter(|byte| !byte.is_ascii_control()).count();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// Whether a line may end between two clusters, given by their first characters: in scripts without blanks.
#[must_use]
pub fn may_break_between(before: char, after: char) -> bool {
    const NO_START: &str =
        "、。，．・：；？！ー）］｝」』】〕〉》”’%％‰℃ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ々…‥,.:;!?)]}";
    const NO_END: &str = "（［｛「『【〔〈《“‘([{";
    (is_unspaced(before) || is_unspaced(after)) && !NO_START.contains(after) && !NO_END.contains(before)
}

/// Han, kana and their punctuation.
#[must_use]
pub fn is_unspaced(char: char) -> bool {
    matches!(char, '\u{2E80}'..='\u{30FF}' | '\u{31F0}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FF01}'..='\u{FF60}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::{Tone, Word, columns, may_break_between};

    #[test]
    fn widths_are_those_of_clusters() {
        for (text, expected) in
            [("abc", 3), ("世界", 4), ("e\u{301}", 1), ("👩\u{200D}💻", 2), ("🇩🇪", 2), ("שלום", 4), ("☺\u{FE0F}", 2)]
        {
            let mut word = Word::default();
            text.chars().for_each(|char| {
                word.push_char(char, &Tone::default());
            });
            assert_eq!((word.columns(), columns(text)), (expected, expected), "{text}");
        }
    }

    #[test]
    fn a_front_is_of_whole_clusters() {
        let mut word = Word::default();
        "a世e\u{301}b".chars().for_each(|char| {
            word.push_char(char, &Tone::default());
        });
        assert_eq!(word.front(2), (1, 1));
        assert_eq!(word.front(3), (4, 3));
        word.drop_front(4, 3);
        assert_eq!((word.columns(), word.bytes()), (2, 4));
        assert_eq!(word.front(0), (3, 1));
    }

    #[test]
    fn a_line_of_han_can_end_anywhere_but_before_a_stop() {
        assert!(may_break_between('世', '界') && may_break_between('a', '界'));
        assert!(!may_break_between('界', '。') && !may_break_between('「', '世') && !may_break_between('a', 'b'));
    }
}
