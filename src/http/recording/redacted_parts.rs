//! Parts of a body on their way into a record, without the keys in them, also where one stands across two parts. Pure.

use std::collections::VecDeque;
use std::ops::Range;

use crate::http::Keys;

const REDACTED: &[u8] = b"[redacted]";

pub struct RedactedParts {
    keys: Keys,
    /// Bytes that may be the beginning of a key, from the beginning of their part.
    held: Vec<u8>,
    parts: VecDeque<Part>,
}

struct Part {
    at_ms: f64,
    /// In `held`.
    end: usize,
}

impl RedactedParts {
    pub fn new(keys: Keys) -> Self {
        Self { keys, held: Vec::new(), parts: VecDeque::new() }
    }

    /// Hands out what can be told to be free of keys: nearly always `bytes` as they are, at once.
    pub fn push(&mut self, at_ms: f64, bytes: &[u8], out: &mut impl FnMut(f64, &[u8])) {
        if self.held.is_empty() {
            let scan = self.keys.scan(bytes);
            if scan.found.is_empty() && scan.open.is_none() {
                return out(at_ms, bytes);
            }
        }
        self.held.extend_from_slice(bytes);
        self.parts.push_back(Part { at_ms, end: self.held.len() });
        let scan = self.keys.scan(&self.held);
        let free_to = scan.open.map_or(self.held.len(), |open| open.start);
        let is_border = |end: usize| end <= free_to && !scan.found.iter().any(|key| key.start < end && end < key.end);
        let count = self.parts.iter().rposition(|part| is_border(part.end)).map_or(0, |last| last + 1);
        self.release(count, &scan.found, out);
    }

    /// Nothing follows: hands out the rest.
    pub fn finish(&mut self, out: &mut impl FnMut(f64, &[u8])) {
        let scan = self.keys.scan(&self.held);
        let mut found = scan.found;
        if let Some(open) = scan.open.filter(|open| open.is_telling) {
            found.retain(|key| key.end <= open.start);
            found.push(open.start..self.held.len());
        }
        self.release(self.parts.len(), &found, out);
    }

    fn release(&mut self, count: usize, found: &[Range<usize>], out: &mut impl FnMut(f64, &[u8])) {
        let mut start = 0;
        for part in self.parts.drain(..count) {
            out(part.at_ms, &without(&self.held, start..part.end, found));
            start = part.end;
        }
        self.held.drain(..start);
        self.parts.iter_mut().for_each(|part| part.end -= start);
    }
}

/// The bytes of `part`; a key that stands across two parts is replaced in the first of them.
fn without(bytes: &[u8], part: Range<usize>, found: &[Range<usize>]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(part.len());
    let mut at = part.start;
    for key in found.iter().filter(|key| key.start < part.end && key.end > part.start) {
        if key.start >= at {
            clean.extend_from_slice(&bytes[at..key.start]);
            clean.extend_from_slice(REDACTED);
        }
        at = key.end.min(part.end);
    }
    clean.extend_from_slice(&bytes[at..part.end]);
    clean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::{Secret, remember_key};

    const KEY: &str = "sk-cut-in-pieces-0123456789";

    fn parts(chunks: &[&[u8]]) -> Vec<String> {
        remember_key(&Secret::new(KEY.into()));
        let mut redacted = RedactedParts::new(Keys::used());
        let mut told = Vec::new();
        let mut out = |_: f64, bytes: &[u8]| told.push(String::from_utf8_lossy(bytes).into_owned());
        for (number, chunk) in chunks.iter().enumerate() {
            redacted.push(f64::from(u32::try_from(number).unwrap()), chunk, &mut out);
        }
        redacted.finish(&mut out);
        told
    }

    #[test]
    fn what_is_no_key_is_handed_out_part_for_part() {
        assert_eq!(parts(&[b"data: s", b"k-", b"x\n", b"s"]), ["data: s", "k-", "x\n", "s"]);
    }

    #[test]
    fn a_key_that_is_cut_off_is_no_longer_telling() {
        assert_eq!(parts(&[b"a", &KEY.as_bytes()[..20]]), ["a", "[redacted]"]);
    }

    proptest! {
        #[test]
        fn a_key_in_pieces_is_found(cuts in prop::collection::vec(0..60_usize, 0..6)) {
            let stream = format!("said {KEY}, and again {KEY}");
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|ends| &stream.as_bytes()[ends[0]..ends[1]]).collect();
            prop_assert_eq!(parts(&chunks).concat(), "said [redacted], and again [redacted]");
        }
    }
}
