//! The text inside a block: emphasis, code, links, formulas. It passes words on as they come, and holds back only
//! what a mark has left open, for at most [`HOLD_CHARS_MAX`] characters.

mod links;

use super::find::{Ahead, Flanks, Found, run};
use super::look::Look;
use super::math::{looks_like_formula, to_unicode};
use super::settings::RenderSettings;
use super::theme::Element;
use super::word::{Sink, Tone};
use crate::terminal::term_safe::Color;

/// So far is looked ahead for the end of what a mark may have begun.
pub const HOLD_CHARS_MAX: usize = 80;
/// What is a formula by its first mark may be longer.
const FORMULA_CHARS_MAX: usize = 400;
/// Digits of an amount of money.
const NUMBER_BYTES_MAX: usize = 20;
const NESTED_MAX: usize = 16;
/// Images inside links, and no deeper.
const DEPTH_MAX: u8 = 2;

/// Whether more text may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Open,
    /// It may, but it has been waited for long enough.
    Forced,
    End,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    mark: char,
    length: usize,
}

#[derive(Debug)]
pub struct Inline {
    settings: RenderSettings,
    base: Tone,
    tone: Tone,
    open: Vec<Open>,
    /// What is not decided yet.
    pending: String,
    previous: char,
    /// Blanks that came last.
    blanks: usize,
    /// Inside code that so many backticks have begun and none has ended within reach.
    code: Option<usize>,
    depth: u8,
}

impl Inline {
    #[must_use]
    pub fn new(settings: RenderSettings) -> Self {
        Self {
            settings,
            base: Tone::default(),
            tone: Tone::default(),
            open: Vec::new(),
            pending: String::new(),
            previous: '\n',
            blanks: 0,
            code: None,
            depth: 0,
        }
    }

    /// Begins a text.
    pub fn start(&mut self, tone: Tone) {
        self.base = tone.clone();
        self.tone = tone;
        self.open.clear();
        self.pending.clear();
        (self.previous, self.blanks, self.code) = ('\n', 0, None);
    }

    /// More of it. `\n` is the end of a line inside the text.
    pub fn push(&mut self, text: &str, sink: &mut dyn Sink) {
        self.pending.push_str(text);
        self.run(Reach::Open, sink);
    }

    /// A whole text.
    pub fn whole(&mut self, text: &str, tone: Tone, sink: &mut dyn Sink) {
        self.start(tone);
        self.push(text, sink);
        self.finish(sink);
    }

    /// The end of it.
    pub fn finish(&mut self, sink: &mut dyn Sink) {
        self.run(Reach::End, sink);
        self.pending.clear();
    }

    #[must_use]
    pub fn is_holding(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Decides what is held without what could still come.
    pub fn decide(&mut self, sink: &mut dyn Sink) {
        self.run(Reach::Forced, sink);
    }

    fn run(&mut self, reach: Reach, sink: &mut dyn Sink) {
        let mut source = std::mem::take(&mut self.pending);
        let mut at = 0;
        while at < source.len() {
            let Some(bytes) = self.step(&source[at..], reach, sink) else { break };
            if let Some(last) = source[at..at + bytes].chars().next_back() {
                self.previous = last;
            }
            at += bytes;
        }
        source.drain(..at);
        self.pending = source;
    }

    /// Reads what stands first; how many bytes that was. `None`: more has to come.
    fn step(&mut self, rest: &str, reach: Reach, sink: &mut dyn Sink) -> Option<usize> {
        if let Some(length) = self.code {
            return self.code_goes_on(rest, length, reach, sink);
        }
        let first = rest.as_bytes()[0];
        if !matches!(first, b' ' | b'\t' | b'\n') {
            self.blanks = 0;
        }
        match first {
            b' ' | b'\t' => {
                if self.blanks == 0 {
                    sink.blank();
                }
                self.blanks += 1;
                Some(1)
            }
            b'\n' => {
                self.end_line(sink);
                Some(1)
            }
            b'\\' => self.escape(rest, reach, sink),
            b'`' => self.backticks(rest, reach, sink),
            b'*' | b'_' | b'~' => self.marks(rest, reach, sink),
            b'[' => self.bracket(rest, 0, reach, sink),
            b'!' => match rest.as_bytes().get(1) {
                Some(b'[') => self.bracket(rest, 1, reach, sink),
                None if reach == Reach::Open => None,
                Some(_) | None => self.literal(rest, 1, sink),
            },
            b'<' => self.angle(rest, reach, sink),
            b'&' => self.entity(rest, reach, sink),
            b'$' => self.dollar(rest, reach, sink),
            _ => {
                let end = rest.bytes().position(is_special).unwrap_or(rest.len());
                self.literal(rest, end.max(1), sink)
            }
        }
    }

    fn literal(&self, rest: &str, bytes: usize, sink: &mut dyn Sink) -> Option<usize> {
        sink.text(&rest[..bytes], &self.tone);
        Some(bytes)
    }

    /// Models break a line inside a paragraph where they mean it: in verse, in addresses.
    fn end_line(&mut self, sink: &mut dyn Sink) {
        sink.line_break();
        self.blanks = 1;
    }

    fn escape(&mut self, rest: &str, reach: Reach, sink: &mut dyn Sink) -> Option<usize> {
        match rest[1..].chars().next() {
            None if reach != Reach::End => None,
            Some('\n') => {
                self.end_line(sink);
                Some(2)
            }
            Some('(') => self.formula(rest, ("\\(", "\\)"), reach, sink),
            Some('[') => self.formula(rest, ("\\[", "\\]"), reach, sink),
            Some(char) if char.is_ascii_punctuation() => {
                sink.text(&rest[1..2], &self.tone);
                Some(2)
            }
            Some(_) | None => self.literal(rest, 1, sink),
        }
    }

    // Code.

    fn backticks(&mut self, rest: &str, reach: Reach, sink: &mut dyn Sink) -> Option<usize> {
        let length = run(held(rest));
        if length >= HOLD_CHARS_MAX {
            return self.literal(rest, HOLD_CHARS_MAX, sink);
        }
        if length == rest.len() && reach != Reach::End {
            return None;
        }
        match Ahead::new(&rest[length..], HOLD_CHARS_MAX, reach == Reach::End).code_end(length, 0) {
            Found::Yes(end) => {
                let text = &rest[length..length + end];
                let is_padded = text.starts_with([' ', '\n']) && text.ends_with([' ', '\n']) && text.len() > 2;
                let text = if is_padded && !text.trim().is_empty() { &text[1..text.len() - 1] } else { text };
                self.code_mark(length, sink);
                self.code_text(text, sink);
                self.code_mark(length, sink);
                Some(length + end + length)
            }
            Found::Unknown if reach == Reach::Open => None,
            Found::Unknown | Found::No if reach == Reach::End => self.literal(rest, length, sink),
            Found::Unknown | Found::No => {
                self.code = Some(length);
                self.code_mark(length, sink);
                Some(length)
            }
        }
    }

    /// Without styling the backticks tell what is code.
    fn code_mark(&self, length: usize, sink: &mut dyn Sink) {
        if self.settings.color == Color::Off {
            sink.text(&"`".repeat(length), &self.tone);
        }
    }

    fn code_text(&self, text: &str, sink: &mut dyn Sink) {
        let tone = self.toned(Element::Code);
        self.words(text, &tone, sink);
    }

    fn code_goes_on(&mut self, rest: &str, length: usize, reach: Reach, sink: &mut dyn Sink) -> Option<usize> {
        let ticks = if rest.starts_with('`') { run(rest) } else { 0 };
        if ticks == 0 {
            let end = rest.find('`').unwrap_or(rest.len());
            self.code_text(&rest[..end], sink);
            return Some(end);
        }
        // The code begins after its whole run: a backtick before this one belongs to one that was too long.
        let is_within_run = self.previous == '`';
        if ticks == rest.len() && reach != Reach::End && ticks <= length && !is_within_run {
            return None;
        }
        if ticks == length && !is_within_run {
            self.code = None;
            self.code_mark(length, sink);
        } else {
            self.code_text(&rest[..ticks], sink);
        }
        Some(ticks)
    }

    // Emphasis.

    fn marks(&mut self, rest: &str, reach: Reach, sink: &mut dyn Sink) -> Option<usize> {
        let length = run(held(rest));
        if length >= HOLD_CHARS_MAX {
            return self.literal(rest, HOLD_CHARS_MAX, sink);
        }
        let mark = char::from(rest.as_bytes()[0]);
        let next = match rest[length..].chars().next() {
            None if reach != Reach::End => return None,
            next => next.unwrap_or('\n'),
        };
        let flanks = Flanks::new(mark, self.previous, next);
        if flanks.can_close {
            let closed = self.close(mark, length, sink);
            if closed > 0 {
                return Some(closed);
            }
        }
        let is_mark = if mark == '~' { length == 2 } else { length <= 3 };
        if !flanks.can_open || !is_mark || self.open.len() >= NESTED_MAX {
            return self.literal(rest, length, sink);
        }
        let ahead = Ahead::new(&rest[length..], HOLD_CHARS_MAX, reach == Reach::End);
        let opens = match ahead.emphasis_end(mark, length) {
            Found::Yes(()) => true,
            Found::Unknown if reach == Reach::Open => return None,
            Found::Unknown | Found::No => reach != Reach::End && self.is_likely(mark, next),
        };
        if !opens {
            return self.literal(rest, length, sink);
        }
        self.open_marks(mark, length, sink);
        Some(length)
    }

    /// Whether a mark whose end is not in sight opens all the same: long passages in bold do. One that is open
    /// already, or stands inside a word, does not.
    fn is_likely(&self, mark: char, next: char) -> bool {
        !self.previous.is_alphanumeric() && !next.is_ascii_digit() && self.open.iter().all(|open| open.mark != mark)
    }

    fn open_marks(&mut self, mark: char, length: usize, sink: &mut dyn Sink) {
        let parts: &[usize] = if length == 3 { &[1, 2] } else { &[length] };
        self.open.extend(parts.iter().map(|length| Open { mark, length: *length }));
        self.strike_mark(mark, sink);
        self.restyle();
    }

    /// Without styling the marks tell what is struck out: it would read as the opposite.
    fn strike_mark(&self, mark: char, sink: &mut dyn Sink) {
        if mark == '~' && self.settings.color == Color::Off {
            sink.text("~~", &self.tone);
        }
    }

    /// Closes what so many marks close; how many they were.
    fn close(&mut self, mark: char, length: usize, sink: &mut dyn Sink) -> usize {
        let mut left = length;
        while let Some(at) = self.open.iter().rposition(|open| open.mark == mark && open.length <= left) {
            left -= self.open[at].length;
            self.open.remove(at);
            self.strike_mark(mark, sink);
        }
        self.restyle();
        length - left
    }

    fn restyle(&mut self) {
        let mut look = self.base.look;
        for open in &self.open {
            let element = match (open.mark, open.length) {
                ('~', _) => Element::Strike,
                (_, 1) => Element::Emphasis,
                _ => Element::Strong,
            };
            look = look.with(self.look(element));
        }
        self.tone.look = look;
    }

    // Formulas.

    fn dollar(&mut self, rest: &str, reach: Reach, sink: &mut dyn Sink) -> Option<usize> {
        if rest.len() == 1 && reach == Reach::Open {
            return None;
        }
        if rest.starts_with("$$") {
            return self.formula(rest, ("$$", "$$"), reach, sink);
        }
        let digits = rest[1..].bytes().take(NUMBER_BYTES_MAX).take_while(|byte| b"0123456789.,".contains(byte)).count();
        match rest[1 + digits..].chars().next() {
            None if reach == Reach::Open => None,
            // An amount.
            Some(char) if digits > 0 && !char.is_ascii_alphabetic() && !"\\^_=+*/(".contains(char) => {
                self.literal(rest, 1, sink)
            }
            Some(char) if !char.is_whitespace() => self.formula(rest, ("$", "$"), reach, sink),
            Some(_) | None => self.literal(rest, 1, sink),
        }
    }

    fn formula(&mut self, rest: &str, (open, close): (&str, &str), reach: Reach, sink: &mut dyn Sink) -> Option<usize> {
        let inner = &rest[open.len()..];
        let chars_max = if open == "$" { HOLD_CHARS_MAX } else { FORMULA_CHARS_MAX };
        let within = inner.char_indices().nth(chars_max).map(|(end, _)| end);
        let Some(end) = inner[..within.unwrap_or(inner.len())].find(close) else {
            let may_come = within.is_none() && reach == Reach::Open;
            return if may_come { None } else { self.no_formula(rest, sink) };
        };
        let whole = open.len() + end + close.len();
        let text = &inner[..end];
        if open == "$" {
            let is_closed = !text.ends_with(char::is_whitespace);
            match rest[whole..].chars().next() {
                None if reach == Reach::Open => return None,
                Some(next) if next.is_alphanumeric() => return self.literal(rest, 1, sink),
                Some(_) | None if !is_closed || !looks_like_formula(text) => return self.literal(rest, 1, sink),
                Some(_) | None => {}
            }
        }
        if open == "\\[" && !looks_like_formula(text) {
            return self.no_formula(rest, sink);
        }
        let tone = self.toned(Element::Math);
        match to_unicode(&text.replace('\n', " ")) {
            Some(formula) => self.words(&formula, &tone, sink),
            None => self.words(&rest[..whole], &tone, sink),
        }
        Some(whole)
    }

    /// A dollar, or an escaped bracket.
    fn no_formula(&self, rest: &str, sink: &mut dyn Sink) -> Option<usize> {
        match rest.strip_prefix('\\') {
            Some(escaped) => self.literal(escaped, 1, sink).map(|bytes| bytes + 1),
            None => self.literal(rest, 1, sink),
        }
    }

    // Helpers.

    fn look(&self, element: Element) -> Look {
        self.settings.theme.look(element)
    }

    fn toned(&self, element: Element) -> Tone {
        Tone { look: self.tone.look.with(self.look(element)), link: self.tone.link.clone() }
    }

    /// Text with all its blanks.
    fn words(&self, text: &str, tone: &Tone, sink: &mut dyn Sink) {
        for (at, word) in text.split([' ', '\n', '\t']).enumerate() {
            if at > 0 {
                sink.blank();
            }
            if !word.is_empty() {
                sink.text(word, tone);
            }
        }
    }
}

/// As much of it as decides: a megabyte of marks is not counted again for every few of them.
fn held(rest: &str) -> &str {
    &rest[..rest.floor_char_boundary(HOLD_CHARS_MAX)]
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\\' | b'`' | b'*' | b'_' | b'~' | b'[' | b'!' | b'<' | b'&' | b'$')
}
