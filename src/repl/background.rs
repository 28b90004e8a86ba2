//! Whether the terminal's background is light. The terminal is asked once, with the first prompt; its reply comes among
//! the keys, whenever it comes, and nothing waits for it.
//!
//! Source of the question and the reply: xterm, "Control Sequences", OSC 11; of the colours: XParseColor(3).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustyline::{KeyCode, KeyEvent, Modifiers};
use tokio::sync::mpsc::UnboundedSender;

use super::input::InputEvent;

/// It ends with BEL, so that most terminals end their reply with it, too: one byte cannot come in two pieces.
pub const QUESTION: &str = "\x1b]11;?\x07";

/// The slowest line takes less. Later the beginning of a reply is a key that somebody presses.
const REPLY_WITHIN: Duration = Duration::from_secs(10);
/// The longest reply that means something has 30.
const REPLY_LETTERS_MAX: usize = 40;
const REPLY_BEGINS: &str = "11;";
/// As the line editor reads ESC and a bracket, BEL, ESC and a backslash.
const BEGIN: KeyEvent = KeyEvent(KeyCode::Char(']'), Modifiers::ALT);
const END: KeyEvent = KeyEvent(KeyCode::Char('G'), Modifiers::CTRL);
const OTHER_END: KeyEvent = KeyEvent(KeyCode::Char('\\'), Modifiers::ALT);

/// The question that was put, and what has come of its reply.
#[derive(Debug, Default)]
pub struct Background(Mutex<Reply>);

#[derive(Debug, Default)]
enum Reply {
    #[default]
    NotAwaited,
    Awaited {
        since: Instant,
        tell: UnboundedSender<InputEvent>,
    },
    Coming {
        text: String,
        tell: UnboundedSender<InputEvent>,
    },
}

impl Background {
    /// The question is on its way: `tell` gets [`InputEvent::Background`] when its reply has come.
    pub fn await_reply(&self, tell: UnboundedSender<InputEvent>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Reply::Awaited { since: Instant::now(), tell };
    }

    /// Takes a key, where it is part of the reply; else a person has pressed it.
    pub fn takes(&self, key: KeyEvent) -> bool {
        let mut reply = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, is_taken) = match (std::mem::take(&mut *reply), key) {
            (Reply::Awaited { since, tell }, BEGIN) if since.elapsed() < REPLY_WITHIN => {
                (Reply::Coming { text: String::new(), tell }, true)
            }
            (Reply::Coming { mut text, tell }, KeyEvent(KeyCode::Char(letter), Modifiers::NONE))
                if fits(&text, letter) =>
            {
                text.push(letter);
                (Reply::Coming { text, tell }, true)
            }
            (Reply::Coming { text, tell }, END | OTHER_END) => {
                if let Some(is_light) = is_light(&text) {
                    // With nobody to hear it the line is not wanted either.
                    let _ = tell.send(InputEvent::Background { is_light });
                }
                (Reply::NotAwaited, true)
            }
            (Reply::Coming { .. }, _) => (Reply::NotAwaited, false),
            (waiting, _) => (waiting, false),
        };
        *reply = next;
        is_taken
    }
}

/// Whether a reply goes on with this letter. Vi's command mode takes digits for itself, so none has to be there.
fn fits(text: &str, letter: char) -> bool {
    text.len() < REPLY_LETTERS_MAX && (letter.is_ascii_hexdigit() || "rgba;:/#".contains(letter))
}

/// Whether a text of this colour could be read better in black.
fn is_light(reply: &str) -> Option<bool> {
    let [red, green, blue] = shares(reply.strip_prefix(REPLY_BEGINS)?)?;
    // ITU-R BT.601: how bright the three appear.
    Some(0.299 * red + 0.587 * green + 0.114 * blue > 0.5)
}

/// Red, green and blue from 0 to 1, of `rgb:ffff/ffff/ffff`, `rgba:…` with one more, or `#ffffff`.
fn shares(colour: &str) -> Option<[f32; 3]> {
    let mut parts = match colour.strip_prefix('#') {
        Some(digits) if digits.len().is_multiple_of(3) => {
            let each = digits.len() / 3;
            [0, 1, 2].map(|place| digits.get(place * each..(place + 1) * each))
        }
        Some(_) => return None,
        None => {
            let mut parts = colour.strip_prefix("rgb:").or_else(|| colour.strip_prefix("rgba:"))?.split('/');
            [(); 3].map(|()| parts.next())
        }
    }
    .into_iter()
    .map(|digits| share(digits?));
    Some([parts.next()??, parts.next()??, parts.next()??])
}

/// One to four hexadecimal digits, of as many `f`.
fn share(digits: &str) -> Option<f32> {
    let most = match digits.len() {
        1 => 0xf_u16,
        2 => 0xff,
        3 => 0xfff,
        4 => 0xffff,
        _ => return None,
    };
    Some(f32::from(u16::from_str_radix(digits, 16).ok()?) / f32::from(most))
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    fn key(letter: char) -> KeyEvent {
        KeyEvent::new(letter, Modifiers::NONE)
    }

    fn asked() -> (Background, UnboundedReceiver<InputEvent>) {
        let (tell, told) = unbounded_channel();
        let background = Background::default();
        background.await_reply(tell);
        (background, told)
    }

    /// How many of the letters were taken behind the beginning of a reply.
    fn taken(background: &Background, letters: &str) -> usize {
        assert!(background.takes(BEGIN));
        letters.chars().take_while(|letter| background.takes(key(*letter))).count()
    }

    #[test]
    fn a_background_is_as_light_as_it_appears() {
        for (reply, expected) in [
            ("11;rgb:ffff/ffff/ffff", Some(true)),
            ("11;rgb:0000/0000/0000", Some(false)),
            ("11;rgb:fd/f6/e3", Some(true)),
            ("11;rgb:002b/3636/4242", Some(false)),
            ("11;rgb:0/0/f", Some(false)),
            ("11;rgb:0/f/0", Some(true)),
            ("11;rgba:ffff/ffff/ffff/0000", Some(true)),
            ("11;#fdf6e3", Some(true)),
            ("11;#000", Some(false)),
            ("11;#00", None),
            ("11;", None),
            ("11;rgb:ffff/ffff", None),
            ("11;rgb:fffff/0/0", None),
            ("11;rgb://", None),
            ("11;#", None),
        ] {
            assert_eq!(is_light(reply), expected, "{reply}");
        }
    }

    #[test]
    fn a_reply_is_taken_whole_and_once() {
        for end in [KeyEvent::new('\u{7}', Modifiers::NONE), OTHER_END] {
            let (background, mut told) = asked();
            assert!(!background.takes(key('h')));
            let letters = "11;rgb:eeee/EEEE/eeee";
            assert_eq!(taken(&background, letters), letters.len());
            assert!(background.takes(end));
            assert_eq!(told.try_recv(), Ok(InputEvent::Background { is_light: true }));
            assert!(!background.takes(BEGIN) && !background.takes(end));
        }
    }

    #[test]
    fn a_reply_that_names_no_colour_is_taken_and_tells_nothing() {
        let (background, mut told) = asked();
        assert_eq!(taken(&background, "11;rgb:"), 7);
        assert!(background.takes(END));
        assert!(told.try_recv().is_err());
    }

    #[test]
    fn keys_that_are_no_reply_stay_keys() {
        assert!(!Background::default().takes(BEGIN));
        for (text, expected) in [("x", 0), ("11;x", 3), ("11;rgb:f\u{3}", 8)] {
            let (background, _told) = asked();
            assert_eq!(taken(&background, text), expected, "{text}");
            assert!(!background.takes(key('1')));
        }
    }

    #[test]
    fn a_reply_without_end_is_given_up() {
        let (background, _told) = asked();
        assert_eq!(taken(&background, &format!("11;{}", "f".repeat(100))), REPLY_LETTERS_MAX);
    }

    #[test]
    fn what_comes_much_later_is_a_key() {
        let (background, _told) = asked();
        if let Reply::Awaited { since, .. } = &mut *background.0.lock().unwrap() {
            *since = since.checked_sub(REPLY_WITHIN).unwrap();
        }
        assert!(!background.takes(BEGIN));
    }
}
