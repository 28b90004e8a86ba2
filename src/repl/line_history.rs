//! Earlier prompts in memory, for Up, Down and Ctrl-R; the database behind them is the caller's.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::path::Path;

use rustyline::Result;
use rustyline::error::ReadlineError;
use rustyline::history::{History, SearchDirection, SearchResult};

const ENTRIES_MAX: usize = 1000;

/// The newest [`ENTRIES_MAX`] prompts, oldest first.
#[derive(Debug, Default)]
pub struct LineHistory {
    entries: VecDeque<String>,
}

impl LineHistory {
    pub fn new(lines: Vec<String>) -> Self {
        let mut history = Self::default();
        for line in lines {
            history.push(line);
        }
        history
    }

    /// Keeps a line whatever it starts with: for one that was cleared and must come back.
    pub fn keep(&mut self, line: &str) -> bool {
        self.push(line.to_owned())
    }

    fn push(&mut self, line: String) -> bool {
        if line.trim().is_empty() || self.entries.back() == Some(&line) {
            return false;
        }
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(line);
        true
    }

    fn nearest(
        &self,
        start: usize,
        direction: SearchDirection,
        matches: impl Fn(&str) -> Option<usize>,
    ) -> Option<SearchResult<'_>> {
        let found = |idx: usize| {
            let entry = self.entries.get(idx)?;
            matches(entry).map(|pos| SearchResult { entry: Cow::Borrowed(entry), idx, pos })
        };
        match direction {
            SearchDirection::Reverse => (0..self.entries.len().min(start.saturating_add(1))).rev().find_map(found),
            SearchDirection::Forward => (start..self.entries.len()).find_map(found),
        }
    }
}

/// Where `term` stands in `entry`; in any case, unless the term has a capital.
fn position(entry: &str, term: &str) -> Option<usize> {
    if term.contains(|c: char| c.is_ascii_uppercase()) {
        return entry.find(term);
    }
    entry.as_bytes().windows(term.len()).position(|window| window.eq_ignore_ascii_case(term.as_bytes()))
}

impl History for LineHistory {
    fn get(&self, index: usize, _: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        let entry = self.entries.get(index);
        Ok(entry.map(|entry| SearchResult { entry: Cow::Borrowed(entry), idx: index, pos: 0 }))
    }

    /// A line that starts with a space is not kept, as in shells.
    fn add(&mut self, line: &str) -> Result<bool> {
        Ok(!line.starts_with(' ') && self.push(line.to_owned()))
    }

    fn add_owned(&mut self, line: String) -> Result<bool> {
        self.add(&line)
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
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
        self.entries.clear();
        Ok(())
    }

    fn search(&self, term: &str, start: usize, direction: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        if term.is_empty() {
            return Ok(None);
        }
        Ok(self.nearest(start, direction, |entry| position(entry, term)))
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
        history.entries.iter().map(String::as_str).collect()
    }

    fn history(lines: &[&str]) -> LineHistory {
        LineHistory::new(lines.iter().map(|line| (*line).to_owned()).collect())
    }

    #[test]
    fn keeps_each_line_once_in_a_row_and_not_what_starts_with_a_space() {
        let mut history = history(&["a", "a", "", "b"]);
        let added = ["b", " secret", "  ", "a", "two\nlines"].map(|line| history.add(line).unwrap());
        assert_eq!(added, [false, false, false, true, true]);
        assert!(history.keep(" cleared"));
        assert_eq!(lines(&history), ["a", "b", "a", "two\nlines", " cleared"]);
    }

    #[test]
    fn the_oldest_go_first() {
        let numbers: Vec<String> = (0..=ENTRIES_MAX).map(|number| number.to_string()).collect();
        let history = LineHistory::new(numbers);
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
}
