//! Takes keys out of text that others sent: as they are, escaped, and in base64 wherever they begin in it. Pure, but
//! for the list of all keys that this process uses.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::Secret;

const REDACTED: &str = "[redacted]";
/// Shorter keys are dummies for servers that want none; hiding them would garble the text.
const KEY_BYTES_MIN: usize = 4;
/// Of shorter ones the middle of their base64 stands for too much else.
const ENCODED_BYTES_MIN: usize = 12;
/// Where a text ends in the middle of a key, fewer letters than these give nothing away.
const CUT_BYTES_MIN: usize = 4;

/// Every key a provider of this process has been connected with, whenever that was.
static USED: Mutex<Vec<Secret>> = Mutex::new(Vec::new());

/// From now on [`Keys::used`] knows this key.
pub fn remember_key(key: &Secret) {
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    if !used.iter().any(|other| other.expose() == key.expose()) {
        used.push(key.clone());
    }
}

/// Keys in all of their forms, to be found in what others send.
pub struct Keys {
    forms: Vec<Vec<u8>>,
    /// By byte: whether a form can begin with it, escaped or not.
    begins: [bool; 256],
}

/// What [`Keys::scan`] has seen.
#[derive(Debug, PartialEq, Eq)]
pub struct Scan {
    /// Where keys stand, in order.
    pub found: Vec<Range<usize>>,
    /// Where a key may begin that goes on behind the end.
    pub open: Option<Open>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    pub start: usize,
    /// So much of it that the text must not end with it.
    pub is_telling: bool,
}

impl Keys {
    /// All keys that have been used so far.
    #[must_use]
    pub fn used() -> Self {
        let used = USED.lock().unwrap_or_else(PoisonError::into_inner);
        Self::of(used.iter().map(Secret::expose))
    }

    /// Those, and nothing else.
    #[must_use]
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms: Vec<Vec<u8>> = Vec::new();
        for secret in secrets.into_iter().filter(|secret| secret.len() >= KEY_BYTES_MIN) {
            forms.push(secret.as_bytes().to_vec());
            if secret.len() >= ENCODED_BYTES_MIN {
                forms.extend(encoded_forms(secret).into_iter().map(String::into_bytes));
            }
        }
        let mut begins = [false; 256];
        if !forms.is_empty() {
            let escapes = [b'\\', b'%'];
            let first = forms.iter().filter_map(|form| form.first().copied());
            first.chain(escapes).for_each(|byte| begins[usize::from(byte)] = true);
        }
        Self { forms, begins }
    }

    /// `text` without any of the keys.
    #[must_use]
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.scan(text.as_bytes()).found;
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut kept_to = 0;
        for key in found {
            // Both ends are borders of letters: a form is text itself, and escapes are ASCII.
            clean.push_str(&text[kept_to..key.start]);
            clean.push_str(REDACTED);
            kept_to = key.end;
        }
        clean.push_str(&text[kept_to..]);
        Cow::Owned(clean)
    }

    /// The same for text that was cut, and says so by `…`: also without the beginning of a key before it, or at the end.
    #[must_use]
    pub fn clean_cut(&self, text: &str) -> String {
        let without_beginning = |piece: &str| {
            let open = self.scan(piece.as_bytes()).open.filter(|open| open.is_telling);
            match open.and_then(|open| piece.get(..open.start)) {
                Some(before) => format!("{}{REDACTED}", self.clean(before)),
                None => self.clean(piece).into_owned(),
            }
        };
        text.split('…').map(without_beginning).collect::<Vec<_>>().join("…")
    }

    /// Looks for keys in `bytes`, which may go on.
    #[must_use]
    pub fn scan(&self, bytes: &[u8]) -> Scan {
        let mut found = Vec::new();
        let mut open: Option<Open> = None;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if !self.begins[usize::from(*byte)] {
                at += 1;
                continue;
            }
            let mut end = at + 1;
            for form in &self.forms {
                match match_at(bytes, at, form) {
                    Match::Whole(to) => {
                        found.push(at..to);
                        end = to;
                        break;
                    }
                    Match::Cut(matched) => {
                        let is_telling = matched >= CUT_BYTES_MIN;
                        let open = open.get_or_insert(Open { start: at, is_telling });
                        open.is_telling |= is_telling;
                    }
                    Match::No => {}
                }
            }
            at = end;
        }
        Scan { found, open }
    }
}

enum Match {
    /// Up to here.
    Whole(usize),
    /// So many bytes of the form, and then the end.
    Cut(usize),
    No,
}

/// Whether `form` begins at `start`, each of its bytes as it is, as `%2B`, or behind a backslash.
fn match_at(bytes: &[u8], start: usize, form: &[u8]) -> Match {
    let mut at = start;
    for (matched, wanted) in form.iter().enumerate() {
        at += match &bytes[at..] {
            [byte, ..] if byte == wanted => 1,
            [b'\\', byte, ..] if byte == wanted => 2,
            [b'%', high, low, ..] if hex(*high).zip(hex(*low)).is_some_and(|(h, l)| h * 16 + l == *wanted) => 3,
            [] | [b'\\'] | [b'%'] | [b'%', _] => return Match::Cut(matched),
            _ => return Match::No,
        };
    }
    Match::Whole(at)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The part of its base64 that is the secret's own, for each place in a group of three that it can begin at.
fn encoded_forms(secret: &str) -> Vec<String> {
    let mut forms: Vec<String> = Vec::new();
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        // Letters that hold bits of the neighbours on either side are not the secret's own.
        let first = (before * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            forms.extend(encoded.get(first..last).map(str::to_owned));
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const KEY: &str = "sk-Key+/with=odd~letters0123456789";

    fn without_secret(text: &str, secret: &str) -> String {
        Keys::of([secret]).clean(text).into_owned()
    }

    #[test]
    fn a_key_is_found_in_every_form() {
        let all_escaped: String = KEY.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let percent: String = url::form_urlencoded::byte_serialize(KEY.as_bytes()).collect();
        assert!(percent.contains("%2B"), "{percent}");
        for form in [KEY.to_owned(), percent, all_escaped, KEY.replace('/', "\\/")] {
            assert_eq!(without_secret(&format!("é {form} é"), KEY), "é [redacted] é", "{form}");
            assert_eq!(without_secret(&form[1..], KEY), form[1..], "only whole");
        }
        for before in ["", "x", "xy", "Bearer ", "{\"authorization\":\"Bearer "] {
            for after in ["", "x", "\"}"] {
                let encoded = STANDARD.encode(format!("{before}{KEY}{after}"));
                let clean = without_secret(&encoded, KEY);
                assert!(clean.contains(REDACTED), "{before:?} {after:?}: {clean}");
                // No more than the letters that the neighbours share are left.
                let is_kept = |part: &str| STANDARD.encode(KEY).contains(part) && part.len() > 4;
                assert!(!clean.split(REDACTED).any(is_kept), "{clean}");
            }
        }
    }

    #[test]
    fn a_key_that_goes_on_behind_the_end_is_noticed() {
        let keys = Keys::of([KEY]);
        let whole = format!("a {KEY} b");
        for cut in 0..=whole.len() {
            let scan = keys.scan(&whole.as_bytes()[..cut]);
            let key = 2..2 + KEY.len();
            let is_inside = cut > key.start && cut < key.end;
            assert_eq!(scan.found, if cut >= key.end { vec![key.clone()] } else { vec![] }, "{cut}");
            let expected = is_inside.then(|| Open { start: key.start, is_telling: cut - key.start >= CUT_BYTES_MIN });
            assert_eq!(scan.open.filter(|open| open.start == key.start), expected, "{cut}");
        }
        assert_eq!(keys.scan(b"100%").open.map(|open| open.is_telling), Some(false));
        assert_eq!(Keys::of(["dum"]).scan(b"dum").open, None);
    }

    #[test]
    fn the_beginning_of_a_key_at_a_cut_is_taken_out() {
        let keys = Keys::of([KEY]);
        for length in CUT_BYTES_MIN..KEY.len() {
            let part = &KEY[..length];
            assert_eq!(
                keys.clean_cut(&format!("é {part}… (401) {KEY} {part}")),
                "é [redacted]… (401) [redacted] [redacted]"
            );
        }
        assert_eq!(keys.clean_cut("sk-… is its beginning"), "sk-… is its beginning");
    }

    #[test]
    fn a_key_that_is_used_is_known_from_then_on() {
        let key = "sk-only-this-test-has-it-0123";
        assert_eq!(Keys::used().clean(key), key);
        remember_key(&Secret::new(key.to_owned()));
        assert_eq!(Keys::used().clean(&format!("é{key}é")), "é[redacted]é");
    }

    #[test]
    fn what_is_no_key_stays() {
        assert_eq!(without_secret("a key of x", "x"), "a key of x");
        assert_eq!(without_secret("c2hvcnQ", "short"), "c2hvcnQ");
    }
}
