//! Bytes of a chat-completions response in, events out. Pure; right for any cutting of the bytes.

use super::replay::ReplayFields;
use super::think::{Piece, ThinkFilter};
use super::tool_calls::ToolCalls;
use super::wire::{Choice, Chunk, Content, Delta, WireUsage};
use crate::conversation::{ReasoningKind, StopReason, StreamEvent, Usage};
use crate::http::Frame;
use crate::provider::decoder::{Failure, OnEvent, ReplyState, StreamDecoder, is_error_in_disguise};
use crate::provider::http_error::in_stream;
use crate::provider::once::{Beginning, Ending};
use crate::provider::tolerant::{Maybe, Scalar};

/// What `<think>` at the beginning of the text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThinkTags {
    AreReasoning,
    AreText,
}

/// Decodes one response, streamed or not.
pub type ChatDecoder = StreamDecoder<ChatState>;

/// What the chunks so far have said.
#[derive(Debug, Default)]
pub struct ChatState {
    think: Option<ThinkFilter>,
    calls: ToolCalls,
    replay: ReplayFields,
    beginning: Beginning,
    ending: Ending,
    has_choices: bool,
}

impl ChatDecoder {
    #[must_use]
    pub fn new(tags: ThinkTags) -> Self {
        let think = match tags {
            ThinkTags::AreReasoning => Some(ThinkFilter::default()),
            ThinkTags::AreText => None,
        };
        Self::with(ChatState { think, ..ChatState::default() })
    }
}

impl ReplyState for ChatState {
    type Chunk<'de> = Chunk<'de>;

    fn take_chunk(
        &mut self,
        chunk: &mut Chunk<'_>,
        frame: Frame<'_>,
        on_event: &mut OnEvent<'_>,
    ) -> Result<(), Failure> {
        self.start(chunk, on_event);
        let Chunk { choices, usage, x_groq, error, .. } = chunk;
        let has_choices = choices.is_present;
        self.has_choices |= has_choices;
        let mut has_error = error.is_truthy();
        let in_groq = x_groq.0.as_ref().and_then(|groq| groq.usage.0.as_ref());
        let usage = usage.0.as_ref().or(in_groq);
        let has_usage = usage.is_some();
        if let Some(choice) = &mut choices.item.0 {
            has_error |= choice.error.is_truthy();
            self.take_choice(choice, on_event);
        }
        if let Some(usage) = usage {
            on_event(StreamEvent::Usage(usage_of(usage)));
        }
        let says_nothing = !has_choices && !has_usage;
        if has_error || says_nothing && is_error_in_disguise(frame) {
            return Err(in_stream(frame.data).into());
        }
        Ok(())
    }

    fn flush_text(&mut self, on_event: &mut OnEvent<'_>) {
        if let Some(filter) = &mut self.think {
            filter.end(&mut |piece| on_event(event_of(piece)));
        }
    }

    fn flush(&mut self, on_event: &mut OnEvent<'_>) {
        self.calls.end(on_event);
        if let Some(json) = self.replay.to_json(self.calls.extras()) {
            on_event(StreamEvent::Replay(&json));
        }
    }

    /// The end is `[DONE]`, which no dialect calls its own.
    fn is_done(&self) -> bool {
        false
    }

    fn is_finished(&self) -> bool {
        self.ending.is_told()
    }

    fn has_answer(&self) -> bool {
        self.has_choices
    }
}

impl ChatState {
    /// The first chunk can be a preface with a model and no id.
    fn start(&mut self, chunk: &Chunk<'_>, on_event: &mut OnEvent<'_>) {
        if self.beginning.is_told() {
            return;
        }
        let (id, model) = (chunk.id.text(), chunk.model.text());
        let is_telling = if chunk.choices.item.0.is_some() { id.or(model) } else { id.and(model) }.is_some();
        if is_telling {
            self.beginning.tell(id, model, on_event);
        }
    }

    fn take_choice(&mut self, choice: &mut Choice<'_>, on_event: &mut OnEvent<'_>) {
        let Choice { delta, message, text, finish_reason, usage, .. } = choice;
        match (&mut delta.0, &mut message.0) {
            (Some(delta), _) => self.take_delta(delta, on_event),
            (None, Some(message)) => self.take_delta(message, on_event),
            (None, None) => self.take_text(text.text().unwrap_or_default(), on_event),
        }
        if let Maybe(Some(usage)) = usage {
            on_event(StreamEvent::Usage(usage_of(usage)));
        }
        if let Some(reason) = finish_reason.text() {
            self.ending.tell(stop_reason_of(reason), on_event);
        }
    }

    fn take_delta(&mut self, delta: &mut Delta<'_>, on_event: &mut OnEvent<'_>) {
        take_reasoning(delta, on_event);
        self.replay.add(delta);
        match &delta.content {
            Content::Missing => {}
            Content::Text(text) => self.take_text(text, on_event),
            Content::Parts(parts) => {
                for part in parts {
                    take_thinking(&part.thinking, on_event);
                    if let Some(text) = part.text.text() {
                        self.take_text(text, on_event);
                    }
                }
            }
        }
        if let Some(text) = delta.refusal.text() {
            on_event(StreamEvent::Refusal(text));
        }
        for part in delta.tool_calls.0.drain(..) {
            self.calls.apply(part, on_event);
        }
    }

    fn take_text(&mut self, text: &str, on_event: &mut OnEvent<'_>) {
        if text.is_empty() {
            return;
        }
        match &mut self.think {
            Some(filter) => filter.feed(text, &mut |piece| on_event(event_of(piece))),
            None => on_event(StreamEvent::Text(text)),
        }
    }
}

/// The same thoughts can stand in several fields: the first one that has any is shown.
fn take_reasoning(delta: &Delta<'_>, on_event: &mut OnEvent<'_>) {
    let fields = [&delta.reasoning_content, &delta.reasoning, &delta.reasoning_text];
    if let Some(text) = fields.into_iter().find_map(Scalar::text) {
        let is_summary =
            |detail: &serde_json::Map<_, _>| detail.get("type").is_some_and(|kind| kind == "reasoning.summary");
        let kind =
            if delta.reasoning_details.0.iter().any(is_summary) { ReasoningKind::Summary } else { ReasoningKind::Raw };
        return on_event(StreamEvent::Reasoning { text, kind, block: 0 });
    }
    for detail in &delta.reasoning_details.0 {
        let block = detail.get("index").and_then(serde_json::Value::as_u64).and_then(|index| u32::try_from(index).ok());
        let text_in = |key: &str| detail.get(key).and_then(|text| text.as_str()).filter(|text| !text.is_empty());
        let (text, kind) = match (text_in("text"), text_in("summary")) {
            (Some(text), _) => (text, ReasoningKind::Raw),
            (None, Some(text)) => (text, ReasoningKind::Summary),
            (None, None) => continue,
        };
        on_event(StreamEvent::Reasoning { text, kind, block: block.unwrap_or(0) });
    }
}

fn take_thinking(thinking: &Content<'_>, on_event: &mut OnEvent<'_>) {
    match thinking {
        Content::Missing => {}
        Content::Text(text) => on_event(StreamEvent::Reasoning { text, kind: ReasoningKind::Raw, block: 0 }),
        Content::Parts(parts) => {
            for text in parts.iter().filter_map(|part| part.text.text()) {
                on_event(StreamEvent::Reasoning { text, kind: ReasoningKind::Raw, block: 0 });
            }
        }
    }
}

fn event_of(piece: Piece<'_>) -> StreamEvent<'_> {
    match piece {
        Piece::Text(text) => StreamEvent::Text(text),
        Piece::Thought(text) => StreamEvent::Reasoning { text, kind: ReasoningKind::Raw, block: 0 },
    }
}

fn stop_reason_of(reason: &str) -> StopReason {
    match reason {
        "stop" | "eos" | "end_turn" | "stop_sequence" => StopReason::Stop,
        "length" | "max_tokens" => StopReason::Length,
        "tool_calls" | "function_call" | "tool_use" => StopReason::ToolCalls,
        "content_filter" => StopReason::ContentFilter,
        "refusal" => StopReason::Refusal,
        // The second is DeepSeek's.
        "error" | "insufficient_system_resource" => StopReason::Failed(reason.to_owned()),
        // vLLM and SGLang, of a request that was ended from their side.
        "abort" => StopReason::Unfinished(reason.to_owned()),
        other => StopReason::Other(other.to_owned()),
    }
}

fn usage_of(wire: &WireUsage<'_>) -> Usage {
    let (input, output) = (&wire.prompt_tokens_details, &wire.completion_tokens_details);
    let cached = input.cached_tokens.count().or(wire.prompt_cache_hit_tokens.count());
    Usage {
        input: wire.prompt_tokens.count(),
        output: wire.completion_tokens.count(),
        cached: cached.or(wire.cached_tokens.count()),
        cache_write: input.cache_write_tokens.count(),
        reasoning: output.reasoning_tokens.count().or(wire.reasoning_tokens.count()),
        total: wire.total_tokens.count(),
        cost_usd: wire.cost.total.cost(),
    }
}
