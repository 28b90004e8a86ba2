//! Long pastes: one label in the line, the whole text in what is sent.
//!
//! The ends of a label are characters of the private use area, which are drawn as brackets. Nobody can type or
//! paste them: so a label is a label wherever it is moved to, and text that only reads like one is none.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustyline::{KeyCode, KeyEvent, Modifiers};

/// Drawn as `[` and `]`.
pub const BEGIN: char = '\u{f8f0}';
const END: char = '\u{f8f1}';

/// What is longer is folded.
const SHOWN_LINES_MAX: usize = 10;
const SHOWN_BYTES_MAX: usize = 1024;
/// Of one paste, as of standard input.
const PASTE_BYTES_MAX: usize = 16 << 20;
/// Of all that are folded; what does not fit is put into the line as it is.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// The terminal sends a paste at once. After such a silence Ctrl-C is a person who wants to get out.
const SILENCE: Duration = Duration::from_secs(2);

/// The pastes of this process.
#[derive(Debug, Default)]
pub struct Pastes(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    texts: Vec<String>,
    bytes: usize,
    collecting: Option<Collecting>,
}

#[derive(Debug)]
struct Collecting {
    text: String,
    last_key: Instant,
    /// Something of it was lost, which may have been its end.
    is_torn: bool,
}

/// What became of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Pasted {
    /// It was not part of a paste.
    NoPaste,
    Taken,
    /// It ended the paste: this goes into the line.
    Whole(String),
    GivenUp,
}

impl Pastes {
    /// The terminal says that what follows is a paste.
    pub fn begin(&self) {
        self.kept().collecting = Some(Collecting { text: String::new(), last_key: Instant::now(), is_torn: false });
    }

    /// The line editor has thrown away what it had read, as at a byte that is no UTF-8. What is still to come of the
    /// paste comes at once; a key after a silence is the person's.
    pub fn tear(&self) {
        self.kept().collecting.iter_mut().for_each(|collecting| collecting.is_torn = true);
    }

    /// Takes a key, where it is part of a paste.
    pub fn take(&self, key: KeyEvent) -> Pasted {
        let mut kept = self.kept();
        let Some(collecting) = &mut kept.collecting else { return Pasted::NoPaste };
        let silence = std::mem::replace(&mut collecting.last_key, Instant::now()).elapsed();
        if key == KeyEvent(KeyCode::BracketedPasteEnd, Modifiers::NONE) {
            return Pasted::Whole(kept.finish());
        }
        if key == KeyEvent::ctrl('C') && silence >= SILENCE {
            kept.collecting = None;
            return Pasted::GivenUp;
        }
        if let Some(character) = character(key).filter(|_| collecting.text.len() < PASTE_BYTES_MAX) {
            collecting.text.push(character);
        }
        if collecting.is_torn && silence >= SILENCE {
            return Pasted::Whole(kept.finish());
        }
        Pasted::Taken
    }

    /// The line with the texts in the place of their labels.
    pub fn expand<'l>(&self, line: &'l str) -> Cow<'l, str> {
        if !line.contains([BEGIN, END]) {
            return Cow::Borrowed(line);
        }
        let kept = self.kept();
        let (mut whole, mut rest) = (String::with_capacity(line.len()), line);
        while let Some(begin) = rest.find(BEGIN) {
            whole.push_str(&rest[..begin]);
            rest = &rest[begin..];
            match label_at(rest).and_then(|(length, number)| Some((length, kept.texts.get(number - 1)?))) {
                Some((length, text)) => {
                    whole.push_str(text);
                    rest = &rest[length..];
                }
                // Somebody has edited it.
                None => {
                    whole.push('[');
                    rest = &rest[BEGIN.len_utf8()..];
                }
            }
        }
        whole.push_str(rest);
        Cow::Owned(whole.replace(END, "]"))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A text is kept whole or not at all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// What goes into the line of a paste that is over.
    fn finish(&mut self) -> String {
        let text = self.collecting.take().map(|collecting| collecting.text).unwrap_or_default();
        self.fold(text.replace("\r\n", "\n").replace('\r', "\n"))
    }

    /// The label of a long text, or the text.
    fn fold(&mut self, text: String) -> String {
        let lines = text.trim_end_matches('\n').lines().count();
        let is_long = lines > SHOWN_LINES_MAX || text.len() > SHOWN_BYTES_MAX;
        if !is_long || self.bytes + text.len() > KEPT_BYTES_MAX {
            return text;
        }
        let size = match lines {
            0 | 1 => format!("{:.1} kB", text.len() as f64 / 1e3),
            lines => format!("{lines} lines"),
        };
        self.bytes += text.len();
        self.texts.push(text);
        format!("{BEGIN}pasted {size} #{}{END}", self.texts.len())
    }
}

/// The character that a pasted key was; `None` for keys that are no character, as in a stray escape sequence.
fn character(key: KeyEvent) -> Option<char> {
    match (key.0, key.1) {
        (KeyCode::Char(c), Modifiers::NONE) => (!is_mark(c)).then_some(c),
        (KeyCode::Char(c), Modifiers::CTRL) => char::from_u32(u32::from(c) & 0x1f),
        (KeyCode::Enter, Modifiers::NONE) => Some('\r'),
        (KeyCode::Tab, Modifiers::NONE) => Some('\t'),
        (KeyCode::Backspace, Modifiers::NONE) => Some('\u{7f}'),
        (KeyCode::Esc, Modifiers::SHIFT) => Some('\u{9b}'),
        _ => None,
    }
}

/// Whether it stands for the end of a label.
pub fn is_mark(c: char) -> bool {
    c == BEGIN || c == END
}

/// How such a character is drawn.
pub fn drawn(c: char) -> char {
    match c {
        BEGIN => '[',
        END => ']',
        other => other,
    }
}

/// A text from elsewhere, in which nothing is a label.
pub fn without_marks(text: String) -> String {
    if text.contains(is_mark) { text.replace(BEGIN, "[").replace(END, "]") } else { text }
}

/// Whether a label ends where `text` does.
pub fn is_label_before(text: &str) -> bool {
    let label = text.rfind(BEGIN).map(|begin| &text[begin..]);
    label.is_some_and(|label| label_at(label).is_some_and(|(length, _)| length == label.len()))
}

/// The length of the label that `text` begins with, and its number.
fn label_at(text: &str) -> Option<(usize, usize)> {
    let inner = text.strip_prefix(BEGIN)?;
    let end = inner.find(END)?;
    let (_, number) = inner[..end].strip_prefix("pasted ")?.rsplit_once(" #")?;
    let number: usize = number.parse().ok().filter(|number| *number > 0)?;
    Some((BEGIN.len_utf8() + end + END.len_utf8(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paste(pastes: &Pastes, text: &str) -> String {
        pastes.begin();
        for c in text.chars() {
            assert_eq!(pastes.take(KeyEvent::new(c, Modifiers::NONE)), Pasted::Taken);
        }
        match pastes.take(KeyEvent(KeyCode::BracketedPasteEnd, Modifiers::NONE)) {
            Pasted::Whole(inserted) => inserted,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_short_paste_is_what_it_is_and_a_long_one_a_label() {
        let pastes = Pastes::default();
        assert_eq!(paste(&pastes, "a\r\n\tb\u{7}\rc\u{9b}"), "a\n\tb\u{7}\nc\u{9b}");
        let long = "line\n".repeat(212);
        let label = paste(&pastes, &long.replace('\n', "\r"));
        assert_eq!(label.chars().map(drawn).collect::<String>(), "[pasted 212 lines #1]");
        let wide = paste(&pastes, &"x".repeat(1300));
        assert_eq!(wide.chars().map(drawn).collect::<String>(), "[pasted 1.3 kB #2]");
        let line = format!("explain {label} and {wide}");
        assert_eq!(pastes.expand(&line), format!("explain {long} and {}", "x".repeat(1300)));
    }

    #[test]
    fn what_only_reads_like_a_label_is_none() {
        let pastes = Pastes::default();
        let label = paste(&pastes, &"x\n".repeat(20));
        assert_eq!(pastes.expand("[pasted 20 lines #1]"), "[pasted 20 lines #1]");
        assert_eq!(paste(&pastes, &label), "pasted 20 lines #1");
        assert_eq!(without_marks(label.clone()), "[pasted 20 lines #1]");
        for (edited, sent) in [
            (label.replace("20", "2"), "x\n".repeat(20)),
            (label.replace(END, ""), "[pasted 20 lines #1".to_owned()),
            (label.replace("#1", "#7"), "[pasted 20 lines #7]".to_owned()),
            (label.replace(" #1", ""), "[pasted 20 lines]".to_owned()),
        ] {
            assert_eq!(pastes.expand(&edited), sent, "{edited:?}");
        }
    }

    #[test]
    fn the_label_before_the_cursor_goes_as_a_whole() {
        let pastes = Pastes::default();
        let label = paste(&pastes, &"x\n".repeat(20));
        assert!(is_label_before(&format!("a {label}")));
        for text in [format!("{label} "), "]".to_owned(), END.to_string(), label.replace("#1", "")] {
            assert!(!is_label_before(&text), "{text:?}");
        }
    }

    #[test]
    fn ctrl_c_in_a_paste_is_text_unless_the_paste_has_no_end() {
        let pastes = Pastes::default();
        pastes.begin();
        assert_eq!(pastes.take(KeyEvent::ctrl('C')), Pasted::Taken);
        pastes.kept().collecting.as_mut().unwrap().last_key = Instant::now().checked_sub(SILENCE).unwrap();
        assert_eq!(pastes.take(KeyEvent::ctrl('C')), Pasted::GivenUp);
        assert_eq!(pastes.take(KeyEvent::ctrl('C')), Pasted::NoPaste);
    }

    #[test]
    fn a_paste_that_has_lost_its_end_keeps_no_key_to_itself() {
        let pastes = Pastes::default();
        let key = |key: char| pastes.take(KeyEvent::new(key, Modifiers::NONE));
        let be_silent = || {
            pastes.kept().collecting.as_mut().unwrap().last_key = Instant::now().checked_sub(SILENCE).unwrap();
        };
        pastes.begin();
        assert_eq!(key('a'), Pasted::Taken);
        be_silent();
        // The rest may be slow.
        assert_eq!(key('b'), Pasted::Taken);
        pastes.tear();
        assert_eq!(key('\r'), Pasted::Taken);
        be_silent();
        assert_eq!(key('c'), Pasted::Whole("ab\nc".to_owned()));
        assert_eq!(key('d'), Pasted::NoPaste);
        pastes.tear();
        assert_eq!(paste(&pastes, "whole"), "whole");
    }
}
