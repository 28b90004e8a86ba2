//! Folds the events of a running reply into one message.

use super::{StopReason, StreamEvent, ToolCall, Usage};

/// An answer is cut here: 64 MiB of text and reasoning together.
pub const TEXT_BYTES_MAX: usize = 64 << 20;
/// The arguments of one tool call are cut here: 1 MiB.
pub const TOOL_ARGUMENT_BYTES_MAX: usize = 1 << 20;

/// The reply so far. Applying the same events in any grouping gives the same reply.
#[derive(Debug, Default)]
pub struct ReplyBuilder {
    pub text: String,
    pub reasoning: String,
    pub refused: bool,
    pub usage: Option<Usage>,
    pub stop: Option<StopReason>,
    /// The last replay object, as JSON text.
    pub replay: Option<String>,
    pub response_id: Option<String>,
    pub response_model: Option<String>,
    pub bad_chunks: u32,
    calls: Vec<(u32, ToolCall)>,
    reasoning_block: Option<u32>,
}

impl ReplyBuilder {
    pub fn apply(&mut self, event: &StreamEvent<'_>) {
        match event {
            StreamEvent::Restart => self.calls.clear(),
            StreamEvent::Text(text) => self.text.push_str(text),
            StreamEvent::Refusal(text) => {
                self.refused = true;
                self.text.push_str(text);
            }
            StreamEvent::Reasoning { text, block, .. } => self.add_reasoning(text, *block),
            StreamEvent::ToolStart { slot, id, name } => self.start_call(*slot, *id, name),
            StreamEvent::ToolArguments { slot, text } => self.add_arguments(*slot, text),
            StreamEvent::Usage(usage) => self.usage.get_or_insert_default().update(usage),
            StreamEvent::Finish(reason) => self.stop = Some(reason.clone()),
            StreamEvent::Replay(json) => self.replay = Some((*json).to_owned()),
            StreamEvent::Start { id, model } => {
                self.response_id = id.map(str::to_owned);
                self.response_model = model.map(str::to_owned);
            }
            StreamEvent::BadChunk { .. } => self.bad_chunks = self.bad_chunks.saturating_add(1),
        }
    }

    /// Whether anything a person would miss has arrived.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty() && self.calls.is_empty()
    }

    /// Whether the answer has reached its limit of 64 MiB.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.text.len() + self.reasoning.len() >= TEXT_BYTES_MAX
    }

    /// The calls in the order they began, each with an id that is unique in this reply.
    #[must_use]
    pub fn tool_calls(&self) -> Vec<ToolCall> {
        let mut calls: Vec<ToolCall> = Vec::with_capacity(self.calls.len());
        for (_, call) in &self.calls {
            let mut call = call.clone();
            if call.id.is_empty() || calls.iter().any(|other| other.id == call.id) {
                call.id = (calls.len()..)
                    .map(|number| format!("call_{number}"))
                    .find(|id| !self.calls.iter().map(|(_, call)| call).chain(&calls).any(|call| call.id == *id))
                    .unwrap_or_default();
            }
            calls.push(call);
        }
        calls
    }

    fn add_reasoning(&mut self, text: &str, block: u32) {
        if self.reasoning_block.is_some_and(|last| last != block) && !self.reasoning.is_empty() {
            self.reasoning.push_str("\n\n");
        }
        self.reasoning_block = Some(block);
        self.reasoning.push_str(text);
    }

    fn start_call(&mut self, slot: u32, id: Option<&str>, name: &str) {
        let call = ToolCall { id: id.unwrap_or_default().to_owned(), name: name.to_owned(), arguments: String::new() };
        self.calls.push((slot, call));
    }

    fn add_arguments(&mut self, slot: u32, text: &str) {
        let Some((_, call)) = self.calls.iter_mut().rev().find(|(other, _)| *other == slot) else {
            return;
        };
        let room = TOOL_ARGUMENT_BYTES_MAX.saturating_sub(call.arguments.len());
        call.arguments.push_str(&text[..text.floor_char_boundary(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::{ReplyBuilder, StreamEvent};

    fn reply(events: &[StreamEvent<'_>]) -> ReplyBuilder {
        let mut reply = ReplyBuilder::default();
        events.iter().for_each(|event| reply.apply(event));
        reply
    }

    #[test]
    fn calls_get_ids_of_their_own() {
        let start = |slot, id| StreamEvent::ToolStart { slot, id, name: "read" };
        let made = reply(&[start(0, Some("x")), start(1, Some("x")), start(2, None), start(3, Some("call_2"))]);
        let ids: Vec<_> = made.tool_calls().into_iter().map(|call| call.id).collect();
        assert_eq!(ids, ["x", "call_1", "call_3", "call_2"]);
    }

    #[test]
    fn a_new_block_of_thoughts_is_a_paragraph() {
        let thought = |text, block| StreamEvent::Reasoning { text, kind: super::super::ReasoningKind::Raw, block };
        let made = reply(&[thought("a", 0), thought("b", 0), thought("c", 1)]);
        assert_eq!(made.reasoning, "ab\n\nc");
    }
}
