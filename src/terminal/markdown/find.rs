//! Looking ahead inside a line of text, never further than so many characters: what cannot be decided by then is
//! decided without.

use super::word::is_unspaced;

/// How a search has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<T> {
    Yes(T),
    /// Not as far as was looked.
    No,
    /// What has come so far does not tell.
    Unknown,
}

/// Deeper nesting is not text any more.
const NESTED_MAX: usize = 16;

/// The text that may be looked at.
#[derive(Clone, Copy, Debug)]
pub struct Ahead<'a> {
    text: &'a str,
    /// Nothing comes after it that counts.
    is_whole: bool,
}

impl<'a> Ahead<'a> {
    /// The next `chars_max` characters of `rest`; `at_end`: no more will come.
    #[must_use]
    pub fn new(rest: &'a str, chars_max: usize, at_end: bool) -> Self {
        match rest.char_indices().nth(chars_max) {
            Some((end, _)) => Self { text: &rest[..end], is_whole: true },
            None => Self { text: rest, is_whole: at_end },
        }
    }

    fn not_found<T>(self) -> Found<T> {
        if self.is_whole { Found::No } else { Found::Unknown }
    }

    /// The run of this byte at `at`; `None` where it may go on.
    fn run(self, at: usize) -> Option<usize> {
        let length = run(&self.text[at..]);
        (self.is_whole || at + length < self.text.len()).then_some(length)
    }

    /// The next run of exactly `length` backticks: where it begins.
    #[must_use]
    pub fn code_end(self, length: usize, from: usize) -> Found<usize> {
        let mut at = from;
        while let Some(found) = self.text[at..].find('`') {
            at += found;
            match self.run(at) {
                Some(other) if other == length => return Found::Yes(at),
                Some(other) => at += other,
                None => return Found::Unknown,
            }
        }
        self.not_found()
    }

    /// Passes over what is no plain text at `at`: an escape, a span of code. Where to go on.
    fn pass(self, at: usize) -> Found<usize> {
        let rest = &self.text[at..];
        match rest.as_bytes().first() {
            Some(b'\\') => Found::Yes(
                at + 1 + rest[1..].chars().next().filter(char::is_ascii_punctuation).map_or(0, char::len_utf8),
            ),
            Some(b'`') => match self.run(at) {
                None => Found::Unknown,
                Some(length) => match self.code_end(length, at + length) {
                    Found::Yes(end) => Found::Yes(end + length),
                    Found::No => Found::Yes(at + length),
                    Found::Unknown => Found::Unknown,
                },
            },
            Some(_) => Found::Yes(at + rest.chars().next().map_or(1, char::len_utf8)),
            None => Found::No,
        }
    }

    /// Whether emphasis that `length` marks have just opened is closed.
    #[must_use]
    pub fn emphasis_end(self, mark: char, length: usize) -> Found<()> {
        let mut nested = if length == 3 { vec![1, 2] } else { vec![length] };
        let (mut at, mut previous) = (0, mark);
        while let Some(char) = self.text[at..].chars().next() {
            if char != mark {
                match self.pass(at) {
                    Found::Yes(next) => at = next,
                    Found::No => break,
                    Found::Unknown => return Found::Unknown,
                }
                previous = if at > 0 { self.text[..at].chars().next_back().unwrap_or(char) } else { char };
                continue;
            }
            let Some(run) = self.run(at) else { return Found::Unknown };
            let next = self.text[at + run..].chars().next().unwrap_or('\n');
            let flanks = Flanks::new(mark, previous, next);
            let mut left = run;
            while let (true, Some(top)) = (flanks.can_close, nested.last().filter(|top| **top <= left)) {
                left -= top;
                nested.pop();
            }
            if nested.is_empty() {
                return Found::Yes(());
            }
            if flanks.can_open && (1..=3).contains(&left) && nested.len() < NESTED_MAX {
                nested.push(left);
            }
            at += run;
            previous = mark;
        }
        self.not_found()
    }

    /// The bracket that closes the one just before: where it is.
    #[must_use]
    pub fn bracket_end(self) -> Found<usize> {
        let (mut at, mut depth) = (0, 0);
        while at < self.text.len() {
            match self.text.as_bytes()[at] {
                b'[' => depth += 1,
                b']' if depth == 0 => return Found::Yes(at),
                b']' => depth -= 1,
                _ => {}
            }
            match self.pass(at) {
                Found::Yes(next) => at = next,
                Found::No => break,
                Found::Unknown => return Found::Unknown,
            }
        }
        self.not_found()
    }
}

/// How often the first character of a text stands there in a row, in bytes. It is one of ASCII.
#[must_use]
pub fn run(text: &str) -> usize {
    let first = text.as_bytes().first();
    text.bytes().take_while(|byte| Some(byte) == first).count()
}

/// What a run of marks can do, by what stands on both sides.
#[derive(Clone, Copy, Debug)]
pub struct Flanks {
    pub can_open: bool,
    pub can_close: bool,
}

impl Flanks {
    #[must_use]
    pub fn new(mark: char, before: char, after: char) -> Self {
        let (before_blank, after_blank) = (before.is_whitespace(), after.is_whitespace());
        let (before_sign, after_sign) = (is_sign(before), is_sign(after));
        let left = !after_blank && (!after_sign || before_blank || before_sign);
        let right = !before_blank && (!before_sign || after_blank || after_sign);
        if mark == '_' {
            return Self { can_open: left && (!right || before_sign), can_close: right && (!left || after_sign) };
        }
        // Beyond the standard: `2*3*4` is a product, and text without blanks has emphasis beside its punctuation.
        let opens_unspaced = !after_blank && is_unspaced(before);
        let closes_unspaced = !before_blank && is_unspaced(after);
        Self {
            can_open: (left && !before.is_ascii_alphanumeric()) || opens_unspaced,
            can_close: right || closes_unspaced,
        }
    }
}

fn is_sign(char: char) -> bool {
    char.is_ascii_punctuation() || (!char.is_ascii() && !char.is_alphanumeric() && !char.is_whitespace())
}

/// Where a link leads, read from what follows its opening parenthesis: the address, and the bytes with the closing one.
#[must_use]
pub fn destination(rest: &str, bytes_max: usize) -> Found<(&str, usize)> {
    let incomplete = if rest.len() > bytes_max { Found::No } else { Found::Unknown };
    let rest = &rest[..rest.floor_char_boundary(bytes_max + 4)];
    let start = rest.len() - rest.trim_start().len();
    let (address, mut at) = if let Some(inner) = rest[start..].strip_prefix('<') {
        match inner.find(['>', '<', '\n']) {
            Some(end) if inner[end..].starts_with('>') => (&inner[..end], start + 1 + end + 1),
            Some(_) => return Found::No,
            None => return incomplete,
        }
    } else {
        let Some(end) = bare_end(&rest[start..]) else { return incomplete };
        if end == usize::MAX {
            return Found::No;
        }
        (&rest[start..start + end], start + end)
    };
    at += blanks(&rest[at..]);
    if let Some(quote) = rest[at..].chars().next().filter(|char| matches!(char, '"' | '\'' | '(')) {
        let close = if quote == '(' { ')' } else { quote };
        match rest[at + 1..].find(close) {
            Some(end) => at += 1 + end + 1,
            None => return incomplete,
        }
        at += blanks(&rest[at..]);
    }
    match rest[at..].chars().next() {
        Some(')') if at <= bytes_max => Found::Yes((address, at + 1)),
        Some(_) => Found::No,
        None => incomplete,
    }
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Where an address without brackets ends: its own parentheses are in pairs. `usize::MAX`: it is none.
fn bare_end(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' if depth == 8 => return Some(usize::MAX),
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(at),
            b')' => depth -= 1,
            b' ' | b'\n' | b'\t' => return Some(if depth == 0 { at } else { usize::MAX }),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Ahead, Found, destination};

    #[test]
    fn the_end_of_emphasis_is_found_where_it_is_sure() {
        let end = |text: &str, length, at_end| Ahead::new(text, 80, at_end).emphasis_end('*', length);
        assert_eq!(end("bold** and", 2, false), Found::Yes(()));
        assert_eq!(end("bold**", 2, false), Found::Unknown, "a third could come");
        assert_eq!(end("bold**", 2, true), Found::Yes(()));
        assert_eq!(end("a **b** c", 1, true), Found::No);
        assert_eq!(end("a `*` c", 1, true), Found::No);
        assert_eq!(end("a `* c", 1, false), Found::Unknown);
        assert_eq!(end("both*** x", 3, false), Found::Yes(()));
        assert_eq!(end(&"x".repeat(100), 1, false), Found::No);
    }

    #[test]
    fn addresses_end_where_they_should() {
        for (rest, expected) in [
            ("https://a.b/c) d", Found::Yes(("https://a.b/c", 14))),
            ("a(b)c) d", Found::Yes(("a(b)c", 6))),
            ("<a b> \"title\") x", Found::Yes(("a b", 14))),
            ("a b) c", Found::No),
            ("", Found::Unknown),
            ("a \"title", Found::Unknown),
            (") x", Found::Yes(("", 1))),
        ] {
            assert_eq!(destination(rest, 100), expected, "{rest}");
        }
        assert_eq!(destination(&"a".repeat(101), 100), Found::No);
    }
}
