//! Earlier prompts in memory, for Up, Down and Ctrl-R; the database behind them is the caller's.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::Path;

use rustyline::Result;
use rustyline::error::ReadlineError;
use rustyline::history::{History, SearchDirection, SearchResult};

use super::paste::without_marks;

/// Of each kind.
const ENTRIES_MAX: usize = 1000;

/// The newest prompts of this conversation, and before them those of all others.
#[derive(Debug, Default)]
pub struct LineHistory {
    others: VecDeque<String>,
    own: VecDeque<String>,
}

impl LineHistory {
    /// Another conversation. What was typed here is known to nobody else where nothing is kept, so it stays.
    pub fn turn_to(&mut self, others: Vec<String>, own: Vec<String>) {
        let before: Vec<String> = self.others.drain(..).chain(self.own.drain(..)).collect();
        let known: HashSet<&String> = others.iter().chain(&own).collect();
        let unknown: Vec<String> = before.into_iter().filter(|line| !known.contains(line)).collect();
        for line in unknown.into_iter().chain(others.into_iter().map(without_marks)) {
            push(&mut self.others, line);
        }
        for line in own {
            push(&mut self.own, without_marks(line));
        }
    }

    /// Lines that other processes have added.
    pub fn add_others(&mut self, lines: Vec<String>) {
        for line in lines {
            push(&mut self.others, without_marks(line));
        }
    }

    /// Keeps a line whatever it starts with: for one that was cleared and must come back.
    pub fn keep(&mut self, line: &str) -> bool {
        push(&mut self.own, line.to_owned())
    }

    fn entry(&self, index: usize) -> Option<&String> {
        match index.checked_sub(self.others.len()) {
            None => self.others.get(index),
            Some(index) => self.own.get(index),
        }
    }

    fn nearest(
        &self,
        start: usize,
        direction: SearchDirection,
        matches: impl Fn(&str) -> Option<usize>,
    ) -> Option<SearchResult<'_>> {
        let found = |idx: usize| {
            let entry = self.entry(idx)?;
            matches(entry).map(|pos| SearchResult { entry: Cow::Borrowed(entry), idx, pos })
        };
        match direction {
            SearchDirection::Reverse => (0..self.len().min(start.saturating_add(1))).rev().find_map(found),
            SearchDirection::Forward => (start..self.len()).find_map(found),
        }
    }
}

fn push(entries: &mut VecDeque<String>, line: String) -> bool {
    if line.trim().is_empty() || entries.back() == Some(&line) {
        return false;
    }
    if entries.len() == ENTRIES_MAX {
        entries.pop_front();
    }
    entries.push_back(line);
    true
}

/// Where `term` stands in `entry`; in any case, unless the term has a capital. Its words may stand in any order.
fn position_of_words(entry: &str, term: &str) -> Option<usize> {
    if let Some(whole) = position(entry, term) {
        return Some(whole);
    }
    let mut first = None;
    for word in term.split_whitespace() {
        let at = position(entry, word)?;
        first.get_or_insert(at);
    }
    first
}

fn position(entry: &str, term: &str) -> Option<usize> {
    if term.contains(|c: char| c.is_ascii_uppercase()) {
        return entry.find(term);
    }
    entry.as_bytes().windows(term.len()).position(|window| window.eq_ignore_ascii_case(term.as_bytes()))
}

/// Where the letters of `term` stand in `entry`, in their order but with others between.
fn position_of_letters(entry: &str, term: &str) -> Option<usize> {
    let mut letters = entry.char_indices();
    let mut first = None;
    for wanted in term.chars().filter(|letter| !letter.is_whitespace()) {
        let (at, _) = letters.find(|(_, letter)| letter.eq_ignore_ascii_case(&wanted))?;
        first.get_or_insert(at);
    }
    first
}

impl History for LineHistory {
    fn get(&self, index: usize, _: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        let entry = self.entry(index);
        Ok(entry.map(|entry| SearchResult { entry: Cow::Borrowed(entry), idx: index, pos: 0 }))
    }

    /// A line that starts with a space is not kept, as in shells.
    fn add(&mut self, line: &str) -> Result<bool> {
        Ok(!line.starts_with(' ') && self.keep(line))
    }

    fn add_owned(&mut self, line: String) -> Result<bool> {
        self.add(&line)
    }

    fn len(&self) -> usize {
        self.others.len() + self.own.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn set_max_len(&mut self, _: usize) -> Result<()> {
        Err(unsupported())
    }

    fn ignore_dups(&mut self, _: bool) -> Result<()> {
        Err(unsupported())
    }

    fn ignore_space(&mut self, _: bool) {}

    fn save(&mut self, _: &Path) -> Result<()> {
        Err(unsupported())
    }

    fn append(&mut self, _: &Path) -> Result<()> {
        Err(unsupported())
    }

    fn load(&mut self, _: &Path) -> Result<()> {
        Err(unsupported())
    }

    fn clear(&mut self) -> Result<()> {
        self.others.clear();
        self.own.clear();
        Ok(())
    }

    fn search(&self, term: &str, start: usize, direction: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        if term.is_empty() {
            return Ok(None);
        }
        let found = self.nearest(start, direction, |entry| position_of_words(entry, term));
        // Letters apart count only where nothing has the words: else each slip would find something.
        let has_words = || self.nearest(usize::MAX, SearchDirection::Reverse, |entry| position_of_words(entry, term));
        if found.is_some() || has_words().is_some() {
            return Ok(found);
        }
        Ok(self.nearest(start, direction, |entry| position_of_letters(entry, term)))
    }

    fn starts_with(&self, term: &str, start: usize, direction: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        if term.is_empty() {
            return Ok(None);
        }
        Ok(self.nearest(start, direction, |entry| entry.starts_with(term).then_some(term.len())))
    }
}

fn unsupported() -> ReadlineError {
    ReadlineError::Io(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(test)]
mod tests {
    use rustyline::history::{History, SearchDirection};

    use super::{ENTRIES_MAX, LineHistory};

    fn lines(history: &LineHistory) -> Vec<&str> {
        (0..history.len()).filter_map(|index| history.entry(index)).map(String::as_str).collect()
    }

    fn owned(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    fn history(lines: &[&str]) -> LineHistory {
        let mut history = LineHistory::default();
        history.add_others(owned(lines));
        history
    }

    #[test]
    fn keeps_each_line_once_in_a_row_and_not_what_starts_with_a_space() {
        let mut history = history(&["a", "a", "", "b"]);
        let added = ["c", "c", " secret", "  ", "a", "two\nlines"].map(|line| history.add(line).unwrap());
        assert_eq!(added, [true, false, false, false, true, true]);
        assert!(history.keep(" cleared"));
        assert_eq!(lines(&history), ["a", "b", "c", "a", "two\nlines", " cleared"]);
    }

    #[test]
    fn the_conversation_at_hand_comes_first_and_nothing_typed_is_forgotten() {
        let mut history = history(&["old"]);
        history.add("typed").unwrap();
        history.turn_to(owned(&["old", "news"]), owned(&["mine"]));
        assert_eq!(lines(&history), ["typed", "old", "news", "mine"]);
        history.add("more").unwrap();
        history.add_others(owned(&["elsewhere"]));
        assert_eq!(lines(&history), ["typed", "old", "news", "elsewhere", "mine", "more"]);
    }

    #[test]
    fn the_oldest_go_first() {
        let numbers: Vec<String> = (0..=ENTRIES_MAX).map(|number| number.to_string()).collect();
        let mut history = LineHistory::default();
        history.add_others(numbers);
        assert_eq!(history.len(), ENTRIES_MAX);
        assert_eq!(history.get(0, SearchDirection::Forward).unwrap().unwrap().entry, "1");
    }

    #[test]
    fn search_goes_both_ways_and_takes_any_case() {
        let history = history(&["Deploy now", "é deploy", "test"]);
        let found = |term, start, direction| {
            history.search(term, start, direction).unwrap().map(|found| (found.idx, found.pos))
        };
        assert_eq!(found("deploy", 2, SearchDirection::Reverse), Some((1, 3)));
        assert_eq!(found("deploy", 0, SearchDirection::Reverse), Some((0, 0)));
        assert_eq!(found("Deploy", 2, SearchDirection::Reverse), Some((0, 0)));
        assert_eq!(found("deploy", 1, SearchDirection::Forward), Some((1, 3)));
        assert_eq!(found("missing", 2, SearchDirection::Reverse), None);
        assert_eq!(found("", 2, SearchDirection::Reverse), None);
        assert_eq!(found("test", 99, SearchDirection::Reverse), Some((2, 0)));
    }

    #[test]
    fn words_stand_in_any_order_and_letters_apart_count_only_without_words() {
        let history = history(&["write a commit message", "compile it", "git commit"]);
        let found = |term| history.search(term, 9, SearchDirection::Reverse).unwrap().map(|found| found.entry);
        assert_eq!(found("message write").as_deref(), Some("write a commit message"));
        assert_eq!(found("com").as_deref(), Some("git commit"));
        assert_eq!(found("cpl").as_deref(), Some("compile it"));
        assert_eq!(found("zzz"), None);
        let second = history.search("com", 1, SearchDirection::Reverse).unwrap().unwrap();
        assert_eq!(second.entry, "compile it");
    }
}
