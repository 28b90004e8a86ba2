//! Which earlier prompts Up, Ctrl-R and the dim text know: kept in step with the history.

use std::collections::VecDeque;

use super::Repl;
use crate::conversation::{ConversationId, now_ms};
use crate::history::Entry;

/// Lines of ours that the history has not given back yet.
const TYPED_MAX: usize = 1000;

/// How far the line editor knows the history.
#[derive(Debug, Default)]
pub struct KnownPrompts {
    conversation: Option<ConversationId>,
    /// The number of the last line.
    last: i64,
    typed: VecDeque<String>,
}

impl Repl<'_> {
    /// Before each prompt: another conversation, or what was typed in other terminals meanwhile.
    pub(super) fn refresh_prompts(&mut self) {
        let conversation = self.session.conversation();
        if self.known.conversation.as_ref() == Some(conversation) {
            let (lines, last) = self.services.lines_typed_after(self.known.last);
            self.known.last = last;
            let foreign: Vec<String> = lines.into_iter().filter(|line| !self.known.is_ours(line)).collect();
            if !foreign.is_empty() {
                self.input.add_others_history(foreign);
            }
            return;
        }
        self.known.conversation = Some(conversation.clone());
        let earlier = self.services.earlier_prompts(conversation);
        self.known.last = earlier.last;
        self.input.turn_history(earlier.others, earlier.own);
    }

    /// For Up in the next process. What starts with a space is nobody's business, as in shells.
    pub(super) fn record_line(&mut self, line: &str) {
        if !line.starts_with(' ') {
            if self.known.typed.len() == TYPED_MAX {
                self.known.typed.pop_front();
            }
            self.known.typed.push_back(line.to_owned());
            let typed = Entry::PromptTyped { text: line.to_owned(), cwd: None, typed_ms: now_ms() };
            self.session.journal.record(typed);
        }
    }
}

impl KnownPrompts {
    /// Whether it is the next line that was typed here: the history keeps their order.
    fn is_ours(&mut self, line: &str) -> bool {
        let found = self.typed.iter().position(|typed| typed == line);
        if let Some(at) = found {
            self.typed.drain(..=at);
        }
        found.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::KnownPrompts;

    #[test]
    fn a_line_of_ours_comes_back_once() {
        let typed = ["a", "b", "c"].map(str::to_owned).into();
        let mut known = KnownPrompts { typed, ..KnownPrompts::default() };
        assert_eq!(["x", "a", "a", "c", "b"].map(|line| known.is_ours(line)), [false, true, false, true, false]);
    }
}
