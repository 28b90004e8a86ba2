//! What was typed at the prompt before: for Up and for searching.

use std::collections::HashSet;

use super::{History, HistoryError};
use crate::conversation::ConversationId;

/// A longer prompt of a conversation is not offered again, unless it was typed at a prompt.
const PROMPT_BYTES_MAX: i64 = 64 << 10;

/// Earlier prompts, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarlierPrompts {
    /// Lines typed anywhere; those of `own` are not among them.
    pub others: Vec<String>,
    /// The prompts of one conversation, on all of its branches.
    pub own: Vec<String>,
    /// Counts the lines of the history: what comes later has a higher number.
    pub last: i64,
}

impl History {
    /// The last `limit` lines typed at any prompt, and as many prompts of a conversation.
    pub fn earlier_prompts(
        &self,
        conversation: Option<&ConversationId>,
        limit: usize,
    ) -> Result<EarlierPrompts, HistoryError> {
        let (lines, last) = self.lines_typed_after(0, limit)?;
        let said = match conversation {
            Some(conversation) => self.prompts_of(conversation, limit)?,
            None => Vec::new(),
        };
        let own: Vec<String> = said.into_iter().map(|prompt| as_typed(prompt, &lines)).collect();
        let taken: HashSet<&String> = own.iter().collect();
        let others = lines.iter().filter(|line| !taken.contains(line)).cloned().collect();
        Ok(EarlierPrompts { others, own, last })
    }

    /// The last `limit` lines typed at any prompt behind number `after`, and the number of the last one.
    pub fn lines_typed_after(&self, after: i64, limit: usize) -> Result<(Vec<String>, i64), HistoryError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = "SELECT number, text FROM prompt_history WHERE number > ?1 ORDER BY number DESC LIMIT ?2";
        let mut statement = self.connection.prepare_cached(query)?;
        let rows = statement.query_map([after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut rows = rows.collect::<Result<Vec<(i64, String)>, _>>()?;
        let last = rows.first().map_or(after, |(number, _)| *number);
        rows.reverse();
        Ok((rows.into_iter().map(|(_, text)| text).collect(), last))
    }

    fn prompts_of(&self, conversation: &ConversationId, limit: usize) -> Result<Vec<String>, HistoryError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = "SELECT coalesce(unpack(packed), text) AS said FROM message
            WHERE conversation = (SELECT number FROM conversation WHERE id = ?1) AND role = 'user'
                AND length(said) <= ?3
            ORDER BY number DESC LIMIT ?2";
        let mut statement = self.connection.prepare_cached(query)?;
        let rows = statement.query_map((&conversation.0, limit, PROMPT_BYTES_MAX), |row| row.get(0))?;
        let mut prompts = rows.collect::<Result<Vec<String>, _>>()?;
        prompts.reverse();
        Ok(prompts)
    }
}

/// What goes along with a prompt stands behind it in the message: the line is what was typed.
fn as_typed(prompt: String, lines: &[String]) -> String {
    let is_start = |line: &&String| {
        let typed = line.trim();
        prompt.strip_prefix(typed).is_some_and(|rest| !typed.is_empty() && rest.starts_with("\n\n"))
    };
    lines.iter().rev().find(is_start).cloned().unwrap_or(prompt)
}
