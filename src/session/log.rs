//! What a session tells its log: whole replies and calls, never pieces of them.

use super::Session;

/// One thing that happened. Texts are as they came.
#[derive(Clone, Debug)]
pub enum LogEntry<'a> {
    /// The system prompt of a request, once per turn.
    SystemPrompt(&'a str),
    /// A reply as it ended.
    Reply {
        /// `provider:model`.
        model: &'a str,
        status: &'static str,
        text: &'a str,
        /// The class of the failure.
        error: Option<&'static str>,
    },
    /// A call with its result.
    Tool { name: &'a str, arguments: &'a str, is_ok: bool, result_bytes: usize },
}

/// Takes what happened in a conversation, by its id.
pub type Log = Box<dyn FnMut(&str, &LogEntry<'_>)>;

impl Session {
    /// Tells the log, where there is one.
    pub(super) fn tell_log(&mut self, entry: &LogEntry<'_>) {
        if let Some(log) = &mut self.log {
            log(&self.conversation.0, entry);
        }
    }
}
