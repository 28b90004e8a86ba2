//! Takes keys out of text that others sent: as they are, escaped, and in base64 wherever they begin in it. Pure.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

const REDACTED: &str = "[redacted]";
/// Shorter keys are dummies for servers that want none; hiding them would garble the text.
const KEY_BYTES_MIN: usize = 4;
/// Of shorter ones the middle of their base64 stands for too much else.
const ENCODED_BYTES_MIN: usize = 12;

/// `text` without `secret` in any of its forms.
#[must_use]
pub fn without_secret(text: &str, secret: &str) -> String {
    if secret.len() < KEY_BYTES_MIN {
        return text.to_owned();
    }
    let mut clean = without_escaped(text, secret);
    if secret.len() >= ENCODED_BYTES_MIN {
        for form in encoded_forms(secret) {
            clean = clean.replace(&form, REDACTED);
        }
    }
    clean
}

/// Replaces the secret where each of its bytes stands as it is, as `%2B`, or behind a backslash.
fn without_escaped(text: &str, secret: &str) -> String {
    let bytes = text.as_bytes();
    let mut clean = String::with_capacity(text.len());
    let (mut at, mut kept_to) = (0, 0);
    while at < bytes.len() {
        match escaped_end(bytes, at, secret.as_bytes()) {
            // Both ends are next to ASCII, so they are borders of letters.
            Some(end) => {
                clean.push_str(&text[kept_to..at]);
                clean.push_str(REDACTED);
                (at, kept_to) = (end, end);
            }
            None => at += 1,
        }
    }
    clean.push_str(&text[kept_to..]);
    clean
}

/// Where the secret ends that begins at `start`, if one does.
fn escaped_end(bytes: &[u8], start: usize, secret: &[u8]) -> Option<usize> {
    let mut at = start;
    for wanted in secret {
        let rest = bytes.get(at..)?;
        at += match rest {
            [byte, ..] if byte == wanted => 1,
            [b'\\', byte, ..] if byte == wanted => 2,
            [b'%', high, low, ..] if hex(*high)? * 16 + hex(*low)? == *wanted => 3,
            _ => return None,
        };
    }
    Some(at)
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
    fn what_is_no_key_stays() {
        assert_eq!(without_secret("a key of x", "x"), "a key of x");
        assert_eq!(without_secret("c2hvcnQ", "short"), "c2hvcnQ");
    }
}
