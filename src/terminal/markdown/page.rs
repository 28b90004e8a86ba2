//! The page: words become lines of the width of the terminal, each behind the marks of what it stands in.
//!
//! Nothing that was written is ever touched again. A word is written as soon as it has ended, the first one of
//! a line even while it comes: where it stands does not depend on what follows.

use super::look::Look;
use super::word::{Sink, Tone, Word, may_break_between};
use crate::terminal::term_safe::{Color, TermSafeBuf};

/// A word of more bytes is cut, where its script has no blanks or it is no word at all.
const WORD_BYTES_MAX: usize = 4096;
/// Styling and repeated marks may cost twice the text and this much: a line of code of one-letter tokens stays readable
/// without styling, and a line that goes on in the next without bars before it.
const EXTRA_BYTES_FREE: usize = 512;

/// A part of the text that repeated marks may always take: a short quote keeps its bar, whatever code has cost.
const FEW_BARS: usize = 8;

/// In the place of a quote's mark, of the same columns.
const BLANKS: &str = "    ";

/// What stands before each line inside a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Margin {
    Quote,
    /// An item of a list: its mark on the first line, blanks on the others.
    Item {
        mark: String,
        columns: usize,
        is_marked: bool,
    },
}

#[derive(Debug)]
pub struct Page {
    out: TermSafeBuf,
    color: Color,
    width: usize,
    margins: Vec<Margin>,
    margin_tone: Tone,
    quote_mark: &'static str,
    word: Word,
    /// Columns from where a word begins that is shown already.
    shown_room: usize,
    /// Before the word.
    blanks: usize,
    breaks: bool,
    /// The margins of this line are written.
    is_open: bool,
    column: usize,
    margin_columns: usize,
    /// What the terminal writes with now.
    pen: Tone,
    styling_bytes: usize,
    /// Of margins before what is only the rest of a line that was too long.
    repeated_bytes: usize,
    text_bytes: usize,
}

/// Why a line has its margins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Margins {
    /// They were written there.
    Own,
    /// It goes on with what found no room in the line before.
    Repeated,
}

impl Page {
    #[must_use]
    pub fn new(width: usize, color: Color, quote_mark: &'static str, margin_look: Look) -> Self {
        Self {
            out: TermSafeBuf::new(),
            color,
            width,
            margins: Vec::new(),
            margin_tone: margin_look.into(),
            quote_mark,
            word: Word::default(),
            shown_room: 0,
            blanks: 0,
            breaks: false,
            is_open: false,
            column: 0,
            margin_columns: 0,
            pen: Tone::default(),
            styling_bytes: 0,
            repeated_bytes: 0,
            text_bytes: 0,
        }
    }

    pub fn set_width(&mut self, width: usize) {
        self.width = width.max(1);
    }

    /// What is ready to be written; the caller clears it.
    pub fn out(&mut self) -> &mut TermSafeBuf {
        &mut self.out
    }

    pub fn margins(&mut self) -> &mut Vec<Margin> {
        &mut self.margins
    }

    /// Columns that are left beside the margins.
    #[must_use]
    pub fn columns(&self) -> usize {
        let margins = self.margins.iter().fold(0, |column, margin| {
            let columns = self.columns_of(margin);
            let is_written = matches!(margin, Margin::Item { is_marked: false, .. }) || self.has_room(column, columns);
            column + if is_written { columns } else { 0 }
        });
        self.width.saturating_sub(margins).max(1)
    }

    /// Writes the margins of a line, if that is not done.
    pub fn open_line(&mut self) {
        self.open(Margins::Own);
    }

    fn open(&mut self, which: Margins) {
        if std::mem::replace(&mut self.is_open, true) {
            return;
        }
        let text_bytes = self.text_bytes;
        let quote_mark = self.quote_mark;
        if which == Margins::Repeated && self.is_dear() && self.repeated_bytes > self.text_bytes / FEW_BARS {
            // The text stays where it is, and only the bars before it go.
            self.quote_mark = &BLANKS[..super::word::columns(quote_mark)];
        }
        let mut margins = std::mem::take(&mut self.margins);
        for margin in &mut margins {
            self.write_margin(margin);
        }
        self.margins = margins;
        self.quote_mark = quote_mark;
        self.margin_columns = self.column;
        if which == Margins::Repeated {
            self.repeated_bytes += self.text_bytes - text_bytes;
            self.text_bytes = text_bytes;
        }
    }

    /// What stands beside the text has cost as much as it may.
    fn is_dear(&self) -> bool {
        self.styling_bytes + self.repeated_bytes > 2 * self.text_bytes + EXTRA_BYTES_FREE
    }

    /// Ends the word and the line.
    pub fn end_line(&mut self) {
        self.end_word();
        self.blanks = 0;
        self.breaks = false;
        self.new_line();
    }

    /// A line with nothing on it but the marks of quotes.
    pub fn blank_line(&mut self) {
        self.end_line();
        let quotes = self.margins.iter().rposition(|margin| *margin == Margin::Quote).map_or(0, |last| last + 1);
        let mut margins = std::mem::take(&mut self.margins);
        for (at, margin) in margins.iter_mut().take(quotes).enumerate() {
            if at + 1 == quotes {
                self.write_mark(self.quote_mark.trim_end());
            } else {
                self.write_margin(margin);
            }
        }
        self.margins = margins;
        self.new_line_always();
    }

    /// A piece of a line that is not wrapped and has no margins: code.
    pub fn raw(&mut self, text: &str, look: Look) {
        if !text.is_empty() {
            self.is_open = true;
            self.set_pen(&look.into());
            self.write(text);
        }
    }

    /// A piece of a line that is laid out already, behind the margins.
    pub fn put(&mut self, text: &str, tone: &Tone) {
        if !text.is_empty() {
            self.open_line();
            self.set_pen(tone);
            self.write(text);
        }
    }

    /// Ends a line of [`Self::raw`], also one with nothing on it.
    pub fn end_raw(&mut self) {
        self.new_line_always();
    }

    /// Writes a word that has not ended where it cannot move any more: it changes when bytes are written, never which.
    pub fn show_early(&mut self) {
        let starts_line = !self.breaks && (!self.is_open || self.column == self.margin_columns);
        if starts_line || self.word.shown > 0 {
            self.show_word();
        }
    }

    /// Writes a word that has not ended, wherever it stands. If it becomes too long for its line, it is cut.
    pub fn show_word(&mut self) {
        let columns = self.word.columns();
        if self.word.is_empty() || columns >= self.room() {
            return;
        }
        if self.word.shown == 0 {
            self.find_place(columns);
            self.shown_room = self.width.saturating_sub(self.column).max(1);
        }
        let (from, to) = (self.word.shown, self.word.bytes());
        if from < to {
            self.write_word(from, to);
            self.word.shown = to;
        }
    }

    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.word.shown < self.word.bytes()
    }

    /// Places the word on this line or the next.
    pub fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let columns = self.word.columns();
        self.find_place(columns);
        self.write_word(self.word.shown, self.word.bytes());
        self.column += columns;
        self.word.clear();
    }

    /// Columns that the word can have: those of a whole line beside its margins, unless it stands somewhere.
    fn room(&self) -> usize {
        if self.word.shown > 0 {
            return self.shown_room;
        }
        if self.is_open { self.width.saturating_sub(self.margin_columns).max(1) } else { self.columns() }
    }

    /// Ends the line where a word of so many columns does not fit, and writes the blanks where it does.
    fn find_place(&mut self, columns: usize) {
        if self.word.shown > 0 {
            return;
        }
        let blanks = std::mem::take(&mut self.blanks);
        let is_full = self.column > self.margin_columns && self.column + blanks + columns > self.width;
        let goes_on = std::mem::take(&mut self.breaks) || (self.is_open && is_full);
        if goes_on {
            self.new_line();
        }
        self.open(if goes_on { Margins::Repeated } else { Margins::Own });
        if self.column > self.margin_columns {
            self.write_blanks(blanks);
        }
    }

    fn write_blanks(&mut self, blanks: usize) {
        let next = self.word.first_tone().cloned().unwrap_or_default();
        if next != self.pen && (self.pen.look.marks_blanks() || self.pen.link.is_some()) {
            self.set_pen(&Tone::default());
        }
        for _ in 0..blanks {
            self.write(" ");
        }
        self.column += blanks;
    }

    /// Writes a start of the word that ends a line of its own.
    fn cut_word(&mut self, bytes: usize, columns: usize) {
        self.find_place(columns);
        self.write_word(self.word.shown.min(bytes), bytes);
        self.column += columns;
        self.word.drop_front(bytes, columns);
    }

    fn write_word(&mut self, from: usize, to: usize) {
        let word = std::mem::take(&mut self.word);
        for (text, tone) in word.pieces(from, to) {
            self.set_pen(tone);
            self.write(text);
        }
        self.word = word;
    }

    /// What the word has become too long for.
    fn cut_long_word(&mut self) {
        while self.word.columns() > self.room() {
            let (bytes, columns) = self.word.front(self.room());
            if bytes == 0 {
                break;
            }
            if self.word.shown == 0 && self.column > self.margin_columns {
                self.breaks = true;
            }
            self.cut_word(bytes, columns);
            self.breaks = true;
        }
        let (bytes, columns) = self.word.done();
        if self.word.bytes() > WORD_BYTES_MAX && bytes > 0 {
            self.cut_word(bytes, columns);
        }
    }

    fn columns_of(&self, margin: &Margin) -> usize {
        match margin {
            Margin::Quote => super::word::columns(self.quote_mark),
            Margin::Item { columns, .. } => *columns,
        }
    }

    fn has_room(&self, column: usize, columns: usize) -> bool {
        column + columns <= self.width / 2
    }

    /// A margin that would leave less than half of the line is left out, but never the mark of an item.
    fn write_margin(&mut self, margin: &mut Margin) {
        let columns = self.columns_of(margin);
        let has_room = self.has_room(self.column, columns);
        match margin {
            Margin::Quote if has_room => self.write_mark(self.quote_mark),
            Margin::Quote => {}
            Margin::Item { mark, is_marked, .. } => {
                if !std::mem::replace(is_marked, true) {
                    self.write_mark(mark);
                } else if has_room {
                    self.write(&" ".repeat(columns));
                } else {
                    return;
                }
                self.column += columns;
                return;
            }
        }
        self.column += if has_room { columns } else { 0 };
    }

    fn write_mark(&mut self, mark: &str) {
        let tone = self.margin_tone.clone();
        let visible = mark.trim_end();
        if !visible.is_empty() {
            self.set_pen(&tone);
        }
        self.write(visible);
        if tone.look.marks_blanks() {
            self.set_pen(&Tone::default());
        }
        self.write(&mark[visible.len()..]);
    }

    fn new_line(&mut self) {
        if self.is_open {
            self.new_line_always();
        }
    }

    fn new_line_always(&mut self) {
        self.set_pen(&Tone::default());
        self.out.end_line();
        self.is_open = false;
        (self.column, self.margin_columns) = (0, 0);
    }

    fn set_pen(&mut self, tone: &Tone) {
        if self.color == Color::Off || self.pen == *tone {
            return;
        }
        let is_plain = *tone == Tone::default();
        if !is_plain && self.is_dear() {
            if self.pen != Tone::default() {
                self.set_pen(&Tone::default());
            }
            return;
        }
        let before = self.out.as_bytes().len();
        if self.pen.link != tone.link {
            self.write_link(self.pen.link.is_some(), tone.link.as_deref());
        }
        self.out.bytes_mut().extend_from_slice(self.pen.look.change(tone.look).as_bytes());
        self.styling_bytes += self.out.as_bytes().len() - before;
        self.pen = tone.clone();
    }

    /// The address holds nothing but visible ASCII: see `link.rs`.
    fn write_link(&mut self, was_open: bool, url: Option<&str>) {
        let bytes = self.out.bytes_mut();
        match url {
            Some(url) => {
                bytes.extend_from_slice(b"\x1b]8;;");
                bytes.extend_from_slice(url.as_bytes());
                bytes.extend_from_slice(b"\x1b\\");
            }
            None if was_open => bytes.extend_from_slice(b"\x1b]8;;\x1b\\"),
            None => {}
        }
    }

    fn write(&mut self, text: &str) {
        if !text.is_empty() {
            self.out.push_safe(text);
            self.text_bytes += text.len();
        }
    }
}

impl Sink for Page {
    fn text(&mut self, text: &str, tone: &Tone) {
        let mut rest = text;
        while !rest.is_empty() {
            // As many as can come before the word is too long, and one.
            let room = (self.room() + 1).saturating_sub(self.word.columns()).max(1);
            let is_short = self.word.is_empty() || self.word.bytes() < WORD_BYTES_MAX;
            let ascii = rest.bytes().take(if is_short { room } else { 1 }).take_while(u8::is_ascii).count();
            if ascii > 0 && self.ascii_stands_alone() {
                self.word.push_ascii(&rest[..ascii], tone);
                rest = &rest[ascii..];
            } else if let Some(char) = rest.chars().next() {
                self.push_char(char, tone);
                rest = &rest[char.len_utf8()..];
            }
            self.cut_long_word();
        }
    }

    fn blank(&mut self) {
        self.end_word();
        self.blanks += 1;
    }

    fn line_break(&mut self) {
        self.end_word();
        self.blanks = 0;
        self.breaks |= self.is_open;
    }
}

impl Page {
    /// Whether ASCII after this word is no part of a cluster that has begun, and no line can end before it.
    fn ascii_stands_alone(&self) -> bool {
        let (last, _) = self.word.done();
        self.word.is_empty() || (self.word.bytes() - last == 1)
    }

    fn push_char(&mut self, char: char, tone: &Tone) {
        let Some((before, after)) = self.word.push_char(char, tone) else { return };
        let (Some(first), Some(second)) = (self.word.char_at(before), self.word.char_at(after)) else { return };
        if may_break_between(first, second) {
            let (bytes, columns) = self.word.done();
            self.cut_word(bytes, columns);
        }
    }
}
