//! JSON as one line that is safe on a terminal too: what a terminal could obey, or a reader could not
//! see, is written as `\u009b`. It means the same to every parser.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, Formatter};
use serde_json::value::RawValue;

use super::term_safe::TermSafeBuf;
use crate::conversation::is_hidden;

/// Appends `value` and a newline. The lines of this program always can be serialised; a value
/// that cannot is left out.
pub fn push_json_line(value: &impl Serialize, out: &mut TermSafeBuf) {
    let start = out.bytes_mut().len();
    let written = value.serialize(&mut Serializer::with_formatter(out.bytes_mut(), SafeFormatter));
    match written {
        Ok(()) => out.end_line(),
        Err(_) => out.bytes_mut().truncate(start),
    }
}

/// JSON text to be written as it is, but for what is hidden in its strings; `None` where it is no JSON.
#[must_use]
pub fn safe_raw(json: &str) -> Option<Box<RawValue>> {
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_hidden(letter) {
            letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| safe.push_str(&format!("\\u{unit:04x}")));
        } else {
            safe.push(letter);
        }
    }
    RawValue::from_string(safe).ok()
}

struct SafeFormatter;

impl Formatter for SafeFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // serde_json escapes the controls below space by itself.
        if fragment.is_ascii() && memchr::memchr(0x7f, fragment.as_bytes()).is_none() {
            return writer.write_all(fragment.as_bytes());
        }
        let mut start = 0;
        for (at, char) in fragment.char_indices().filter(|(_, char)| is_hidden(*char)) {
            writer.write_all(&fragment.as_bytes()[start..at])?;
            for unit in char.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            start = at + char.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[start..])
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(writer, escape)
    }
}

#[cfg(test)]
mod tests {
    use super::{TermSafeBuf, push_json_line};

    #[test]
    fn what_a_terminal_could_obey_is_escaped_and_means_the_same() {
        let text = "é世\u{9b}2J\x1b\x7f\u{202E}\u{E0041}\n\"";
        let mut out = TermSafeBuf::new();
        push_json_line(&text, &mut out);
        assert_eq!(out.as_str(), "\"é世\\u009b2J\\u001b\\u007f\\u202e\\udb40\\udc41\\n\\\"\"\n");
        assert_eq!(serde_json::from_str::<String>(out.as_str()).unwrap(), text);
        assert!(!out.is_mid_line());
    }
}
