//! Makes text of unknown origin safe for a terminal, piece by piece as it streams in.
//!
//! Control characters are shown in caret form (`^[` for ESC), those of the C1 block and others
//! without a caret form as `<U+009B>`. Plain text is found by a scan and copied in runs.

use super::term_safe::TermSafeBuf;
use crate::conversation::is_hidden;

/// What the text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Answers, thoughts, output of tools: newline and tab pass, BiDi controls end with their
    /// line, tag characters go.
    Prose,
    /// Names, arguments, errors, everything a person decides by: one line in which nothing
    /// is invisible.
    Line,
}

/// Deeper nesting of BiDi controls than any text has (the standard allows 125).
const BIDI_DEPTH_MAX: usize = 61;

/// One stream of text. Any split of the same text gives the same output.
#[derive(Clone, Debug)]
pub struct Sanitizer {
    mode: Mode,
    /// A CR came last: dropped if LF follows.
    held_carriage_return: bool,
    /// The BiDi controls that are open on this line.
    open: Vec<Bidi>,
}

impl Sanitizer {
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self { mode, held_carriage_return: false, open: Vec::new() }
    }

    /// Appends the safe form of `raw`.
    pub fn push(&mut self, raw: &str, out: &mut TermSafeBuf) {
        if self.held_carriage_return && !raw.is_empty() {
            self.held_carriage_return = false;
            if !raw.starts_with('\n') {
                out.push_safe("^M");
            }
        }
        let bytes = raw.as_bytes();
        let (mut run, mut at) = (0, 0);
        while let Some(found) = find_stop(&bytes[at..], self.stops()) {
            at += found;
            let Some(char) = raw[at..].chars().next() else { break };
            let next = at + char.len_utf8();
            let action = self.decide(char, &raw[next..]);
            if !matches!(action, Action::Pass) {
                out.push_safe(&raw[run..at]);
                run = next;
                self.perform(action, char, out);
            }
            at = next;
        }
        if run < raw.len() {
            out.push_safe(&raw[run..]);
        }
    }

    /// The end of the text: shows what was held back and closes what is open.
    pub fn finish(&mut self, out: &mut TermSafeBuf) {
        if std::mem::take(&mut self.held_carriage_return) {
            out.push_safe("^M");
        }
        self.close_bidi(out);
    }

    fn stops(&self) -> &'static [bool; 256] {
        match self.mode {
            Mode::Line => &LINE_STOPS,
            Mode::Prose if self.open.is_empty() => &PROSE_STOPS,
            Mode::Prose => &PROSE_STOPS_AND_NEWLINE,
        }
    }

    fn decide(&self, char: char, rest: &str) -> Action {
        match self.mode {
            Mode::Line => decide_line(char),
            Mode::Prose => decide_prose(char, rest),
        }
    }

    fn perform(&mut self, action: Action, char: char, out: &mut TermSafeBuf) {
        match action {
            Action::Pass | Action::Drop => {}
            Action::Hold => self.held_carriage_return = true,
            Action::Show => show(char, out),
            Action::Newline => {
                self.close_bidi(out);
                out.end_line();
            }
            Action::Bidi(bidi) => self.apply_bidi(bidi, char, out),
        }
    }

    /// Lets a control pass if it opens something, or closes what is open on this line.
    fn apply_bidi(&mut self, bidi: Bidi, char: char, out: &mut TermSafeBuf) {
        let passes = match bidi {
            Bidi::Embedding | Bidi::Isolate => {
                let has_room = self.open.len() < BIDI_DEPTH_MAX;
                if has_room {
                    self.open.push(bidi);
                }
                has_room
            }
            Bidi::EndEmbedding => {
                let closes = self.open.last() == Some(&Bidi::Embedding);
                if closes {
                    self.open.pop();
                }
                closes
            }
            // It ends the embeddings inside the isolate, too.
            Bidi::EndIsolate => {
                let isolate = self.open.iter().rposition(|open| *open == Bidi::Isolate);
                if let Some(depth) = isolate {
                    self.open.truncate(depth);
                }
                isolate.is_some()
            }
        };
        if passes {
            out.push_safe(char.encode_utf8(&mut [0; 4]));
        }
    }

    fn close_bidi(&mut self, out: &mut TermSafeBuf) {
        while let Some(open) = self.open.pop() {
            match open {
                Bidi::Embedding => out.push_safe("\u{202C}"),
                Bidi::Isolate => out.push_safe("\u{2069}"),
                Bidi::EndEmbedding | Bidi::EndIsolate => {}
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bidi {
    /// Overrides as well.
    Embedding,
    Isolate,
    EndEmbedding,
    EndIsolate,
}

enum Action {
    Pass,
    Drop,
    Show,
    /// A CR at the end of a piece: the next one decides.
    Hold,
    Newline,
    Bidi(Bidi),
}

fn decide_prose(char: char, rest: &str) -> Action {
    match char {
        '\r' if rest.is_empty() => Action::Hold,
        '\r' if rest.starts_with('\n') => Action::Drop,
        '\n' | '\u{2028}' | '\u{2029}' => Action::Newline,
        '\t' => Action::Pass,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => Action::Show,
        '\u{202A}' | '\u{202B}' | '\u{202D}' | '\u{202E}' => Action::Bidi(Bidi::Embedding),
        '\u{202C}' => Action::Bidi(Bidi::EndEmbedding),
        '\u{2066}'..='\u{2068}' => Action::Bidi(Bidi::Isolate),
        '\u{2069}' => Action::Bidi(Bidi::EndIsolate),
        '\u{E0000}'..='\u{E007F}' => Action::Drop,
        _ => Action::Pass,
    }
}

fn decide_line(char: char) -> Action {
    if is_hidden(char) { Action::Show } else { Action::Pass }
}

/// `^[` for ESC, `^?` for DEL, `<U+202E>` for all that has no caret form.
fn show(char: char, out: &mut TermSafeBuf) {
    let code = u32::from(char);
    match u8::try_from(code) {
        Ok(code @ (0..=0x1f | 0x7f)) => {
            out.push_safe("^");
            out.push_safe(char::from(code ^ 0x40).encode_utf8(&mut [0; 4]));
        }
        Ok(_) | Err(_) => out.push_safe(&format!("<U+{code:04X}>")),
    }
}

/// The bytes that make the scan look closer: controls, and the first bytes of the characters
/// that [`decide_prose`] or [`decide_line`] treat.
const fn stops(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[0x7f] = true;
    let mut index = 0;
    while index < others.len() {
        table[others[index] as usize] = true;
        index += 1;
    }
    table
}

const fn without(mut table: [bool; 256], passing: &[u8]) -> [bool; 256] {
    let mut index = 0;
    while index < passing.len() {
        table[passing[index] as usize] = false;
        index += 1;
    }
    table
}

static PROSE_STOPS: [bool; 256] = without(stops(&[0xC2, 0xE2, 0xF3]), b"\n\t");
static PROSE_STOPS_AND_NEWLINE: [bool; 256] = without(stops(&[0xC2, 0xE2, 0xF3]), b"\t");
static LINE_STOPS: [bool; 256] = stops(&[0xC2, 0xCD, 0xD8, 0xE1, 0xE2, 0xE3, 0xEF, 0xF3]);

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES * 0x80;

/// The place of the first byte that `stops` names. Eight printable ASCII bytes are passed at once.
fn find_stop(bytes: &[u8], stops: &[bool; 256]) -> Option<usize> {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let bits = u64::from_ne_bytes(*word);
        let below_space = bits.wrapping_sub(ONES * 0x20) & !bits;
        let delete = (bits ^ (ONES * 0x7f)).wrapping_sub(ONES);
        if (below_space | delete | bits) & HIGHS == 0 {
            continue;
        }
        if let Some(found) = word.iter().position(|byte| stops[usize::from(*byte)]) {
            return Some(index * 8 + found);
        }
    }
    tail.iter().position(|byte| stops[usize::from(*byte)]).map(|found| words.len() * 8 + found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LINE_STOPS, Mode, PROSE_STOPS, Sanitizer, TermSafeBuf, find_stop, is_hidden};

    fn safe(mode: Mode, pieces: &[&str]) -> String {
        let (mut sanitizer, mut out) = (Sanitizer::new(mode), TermSafeBuf::new());
        pieces.iter().for_each(|piece| sanitizer.push(piece, &mut out));
        sanitizer.finish(&mut out);
        out.as_str().to_owned()
    }

    #[test]
    fn controls_are_shown() {
        assert_eq!(safe(Mode::Prose, &["a\x1b]52;c;eA==\x07\u{9b}2J\x7f\0"]), "a^[]52;c;eA==^G<U+009B>2J^?^@");
        assert_eq!(safe(Mode::Line, &["a\nb\tc\u{2028}d\r\n"]), "a^Jb^Ic<U+2028>d^M^J");
    }

    #[test]
    fn a_carriage_return_goes_only_with_its_newline() {
        assert_eq!(safe(Mode::Prose, &["a\r\nb\rc\r", "\nd\r", "", "e\r"]), "a\nb^Mc\nd^Me^M");
    }

    #[test]
    fn plain_text_of_many_scripts_passes() {
        let text = "Grüße, 世界! “quotes” – naïve\tשלום عربى 👩\u{200D}💻 ☺\u{FE0F}\n";
        assert_eq!(safe(Mode::Prose, &[text]), text);
    }

    #[test]
    fn bidi_controls_end_with_their_line() {
        assert_eq!(safe(Mode::Prose, &["a\u{202E}\u{2066}b\nc"]), "a\u{202E}\u{2066}b\u{2069}\u{202C}\nc");
        assert_eq!(safe(Mode::Prose, &["\u{2067}\u{202B}x\u{2069}\u{202C}y"]), "\u{2067}\u{202B}x\u{2069}y");
        assert_eq!(safe(Mode::Prose, &["\u{202C}\u{2069}\u{2067}\u{2028}z"]), "\u{2067}\u{2069}\nz");
        assert_eq!(safe(Mode::Line, &["\u{202E}x"]), "<U+202E>x");
    }

    #[test]
    fn what_cannot_be_seen_is_shown_in_a_line_and_tags_go_from_prose() {
        assert_eq!(safe(Mode::Prose, &["a\u{E0041}\u{200B}b"]), "a\u{200B}b");
        assert_eq!(safe(Mode::Line, &["a\u{E0041}\u{200B}\u{FEFF}b\u{FE0F}"]), "a<U+E0041><U+200B><U+FEFF>b\u{FE0F}");
    }

    #[test]
    fn deep_nesting_is_cut() {
        let made = safe(Mode::Prose, &[&"\u{202E}".repeat(1000)]);
        assert_eq!(made, "\u{202E}".repeat(61) + &"\u{202C}".repeat(61));
    }

    #[test]
    fn every_character_that_is_treated_is_found_by_the_scan() {
        for char in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let first = usize::from(char.encode_utf8(&mut [0; 4]).as_bytes()[0]);
            assert!(!is_hidden(char) || LINE_STOPS[first], "{char:?}");
            let passes = matches!(super::decide_prose(char, "x"), super::Action::Pass);
            assert!(passes || char == '\n' || PROSE_STOPS[first], "{char:?}");
        }
    }

    proptest! {
        #[test]
        fn the_fast_scan_finds_what_the_slow_one_finds(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for stops in [&LINE_STOPS, &PROSE_STOPS] {
                let slow = bytes.iter().position(|byte| stops[usize::from(*byte)]);
                prop_assert_eq!(find_stop(&bytes, stops), slow);
            }
        }
    }
}
