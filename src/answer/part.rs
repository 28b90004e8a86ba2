//! The part of an answer that is wanted, found while the answer comes in.

use regex::Regex;

use super::fence::FenceFinder;
use super::json_scan::JsonFinder;

/// So far back a new piece of text can be the end of a match that began before it.
const LOOK_BACK_BYTES_MAX: usize = 64 << 10;

/// Which part.
#[derive(Clone, Debug)]
pub enum PartKind {
    /// The last fenced block (`--code`): known at the end only.
    LastCode,
    FirstCode,
    /// The first object or list.
    FirstJson,
    /// All up to the end of the first match.
    UpTo(Regex),
}

impl PartKind {
    /// What is missing where there is none.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::LastCode | Self::FirstCode => "fenced block of code",
            Self::FirstJson => "JSON object or list",
            Self::UpTo(_) => "match of the pattern of `--stop-after`",
        }
    }
}

/// Looks for a part in one answer.
#[derive(Debug)]
pub struct PartFinder {
    kind: PartKind,
    fences: FenceFinder,
    json: JsonFinder,
    last_code: Option<String>,
    /// What was searched for the pattern.
    searched: usize,
    found: Option<String>,
}

impl PartFinder {
    #[must_use]
    pub fn new(kind: PartKind) -> Self {
        Self {
            kind,
            fences: FenceFinder::default(),
            json: JsonFinder::default(),
            last_code: None,
            searched: 0,
            found: None,
        }
    }

    /// Looks at what was added to `text`, the answer so far; true once the part is complete and no more is needed.
    pub fn look(&mut self, text: &str) -> bool {
        if self.found.is_some() {
            return true;
        }
        match &self.kind {
            PartKind::LastCode => {
                while let Some(code) = self.fences.next(text) {
                    self.last_code = Some(code);
                }
            }
            PartKind::FirstCode => self.found = self.fences.next(text),
            PartKind::FirstJson => self.found = self.json.next(text).map(str::to_owned),
            PartKind::UpTo(pattern) => {
                let from = text.floor_char_boundary(self.searched.saturating_sub(LOOK_BACK_BYTES_MAX));
                self.searched = text.len();
                self.found = pattern.find_at(text, from).map(|found| text[..found.end()].to_owned());
            }
        }
        self.found.is_some()
    }

    /// The part, of an answer that has come to its end.
    #[must_use]
    pub fn finish(mut self, text: &str) -> Option<String> {
        self.look(text);
        match self.kind {
            PartKind::LastCode => self.fences.last(text).or(self.last_code),
            PartKind::FirstCode => self.found.or_else(|| self.fences.last(text)),
            PartKind::FirstJson => self.found.or_else(|| self.json.next_of_whole(text).map(str::to_owned)),
            PartKind::UpTo(_) => self.found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PartFinder, PartKind, Regex};

    /// The part of `text` given letter by letter, and how much of it was needed.
    fn found(kind: PartKind, text: &str) -> (Option<String>, usize) {
        let mut finder = PartFinder::new(kind);
        let ends = text.char_indices().map(|(at, letter)| at + letter.len_utf8());
        let needed = ends.into_iter().find(|end| finder.look(&text[..*end])).unwrap_or(text.len());
        (finder.finish(&text[..needed]), needed)
    }

    #[test]
    fn no_more_is_needed_than_the_part() {
        let text = "One:\n```\na\n```\ntwo: {\"x\": 1}\n```\nb\n```";
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found(PartKind::FirstCode, text), (some("a\n"), text.find("two").unwrap()));
        assert_eq!(found(PartKind::LastCode, text), (some("b\n"), text.len()));
        assert_eq!(found(PartKind::FirstJson, text), (some("{\"x\": 1}"), text.find('}').unwrap() + 1));
        let pattern = PartKind::UpTo(Regex::new("(?m)^two").unwrap());
        assert_eq!(found(pattern, text), (some("One:\n```\na\n```\ntwo"), text.find(": {").unwrap()));
        for kind in [PartKind::FirstCode, PartKind::FirstJson, PartKind::UpTo(Regex::new("z").unwrap())] {
            assert_eq!(found(kind, "no such thing").0, None);
        }
    }

    #[test]
    fn a_block_of_code_that_ends_the_answer_counts() {
        assert_eq!(found(PartKind::FirstCode, "```\na\n```").0.as_deref(), Some("a\n"));
        assert_eq!(found(PartKind::LastCode, "```\na\n```\n").0.as_deref(), Some("a\n"));
    }
}
