//! Bytes of a Gemini response in, events out. Pure; right for any cutting of the bytes.

use serde_json::{Map, Value};

use super::calls::Calls;
use super::wire::{Candidate, Chunk, Part, PromptFeedback, WireUsage};
use crate::conversation::{ReasoningKind, StopReason, StreamEvent, Usage};
use crate::http::Frame;
use crate::provider::decoder::{Failure, OnEvent, ReplyState, StreamDecoder, is_error_in_disguise};
use crate::provider::http_error::in_stream;
use crate::provider::once::{Beginning, Ending};
use crate::provider::replay_parts::PartsRecorder;

/// Decodes one response, streamed or not.
pub type GeminiDecoder = StreamDecoder<GeminiState>;

/// What the chunks so far have said.
#[derive(Debug, Default)]
pub struct GeminiState {
    parts: PartsRecorder,
    calls: Calls,
    counts: Counts,
    beginning: Beginning,
    has_candidates: bool,
    ending: Ending,
}

/// Tokens so far; a chunk tells only some of them.
#[derive(Debug, Default)]
struct Counts {
    prompt: Option<u64>,
    tool_use_prompt: Option<u64>,
    cached: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
    total: Option<u64>,
}

impl GeminiDecoder {
    #[must_use]
    pub fn new() -> Self {
        Self::with(GeminiState::default())
    }
}

impl ReplyState for GeminiState {
    type Chunk<'de> = Chunk<'de>;

    fn take_chunk(
        &mut self,
        chunk: &mut Chunk<'_>,
        frame: Frame<'_>,
        on_event: &mut OnEvent<'_>,
    ) -> Result<(), Failure> {
        let is_silent = !chunk.candidates.is_present && chunk.usage.0.is_none() && chunk.prompt_feedback.0.is_none();
        if chunk.error.is_truthy() || is_silent && is_error_in_disguise(frame) {
            return Err(in_stream(frame.data).into());
        }
        self.has_candidates |= !is_silent;
        self.beginning.tell(chunk.response_id.text(), chunk.model_version.text(), on_event);
        if let Some(feedback) = &chunk.prompt_feedback.0 {
            self.take_feedback(feedback, on_event);
        }
        if let Some(candidate) = &mut chunk.candidates.item.0 {
            self.take_candidate(candidate, on_event);
        }
        if let Some(usage) = &chunk.usage.0 {
            self.count(usage, on_event);
        }
        Ok(())
    }

    fn flush(&mut self, on_event: &mut OnEvent<'_>) {
        self.calls.flush(on_event);
        if let Some(json) = self.parts.to_json() {
            on_event(StreamEvent::Replay(&json));
        }
    }

    /// There is no last event: the stream just ends.
    fn is_done(&self) -> bool {
        false
    }

    fn is_finished(&self) -> bool {
        self.ending.is_told()
    }

    fn has_answer(&self) -> bool {
        self.has_candidates
    }
}

impl GeminiState {
    /// The question itself was refused.
    fn take_feedback(&mut self, feedback: &PromptFeedback<'_>, on_event: &mut OnEvent<'_>) {
        if feedback.block_reason.text().is_none() {
            return;
        }
        if let Some(message) = feedback.message.text() {
            on_event(StreamEvent::Refusal(message));
        }
        self.ending.tell(StopReason::ContentFilter, on_event);
    }

    fn take_candidate(&mut self, candidate: &mut Candidate<'_>, on_event: &mut OnEvent<'_>) {
        let parts = &mut candidate.content.parts;
        if let Some(part) = &mut parts.first.0 {
            self.take_part(part, on_event);
        }
        for mut part in parts.rest.0.drain(..) {
            self.take_part(&mut part, on_event);
        }
        if let Some(reason) = candidate.finish_reason.text() {
            self.ending.tell(stop_reason_of(reason), on_event);
        }
    }

    fn take_part(&mut self, part: &mut Part<'_>, on_event: &mut OnEvent<'_>) {
        let signature = part.signature.text().map(|text| ("thoughtSignature".to_owned(), Value::from(text)));
        let mut fields: Map<String, Value> = signature.into_iter().collect();
        if let Some(call) = part.call.0.take() {
            fields.extend(std::mem::take(&mut part.extra));
            if let Some((slot, id)) = self.calls.take(*call, on_event) {
                fields.extend(id.map(|id| ("id".to_owned(), Value::from(id))));
                self.parts.call(slot, fields);
            }
            return;
        }
        let text = part.text.text().unwrap_or_default();
        if !part.extra.is_empty() {
            fields.append(&mut part.extra);
            if part.is_thought.is_truthy() {
                fields.insert("thought".to_owned(), true.into());
            }
            self.parts.verbatim(fields);
            return;
        }
        if part.is_thought.is_truthy() {
            return self.take_thought(text, fields, on_event);
        }
        if !fields.is_empty() {
            self.parts.text_part(text.len(), fields);
        } else if !text.is_empty() {
            self.parts.text(text.len());
        }
        if !text.is_empty() {
            on_event(StreamEvent::Text(text));
        }
    }

    /// Thoughts are asked back only where they are signed.
    fn take_thought(&mut self, text: &str, mut fields: Map<String, Value>, on_event: &mut OnEvent<'_>) {
        if !fields.is_empty() {
            fields.insert("text".to_owned(), text.into());
            fields.insert("thought".to_owned(), true.into());
            self.parts.verbatim(fields);
        }
        if !text.is_empty() {
            on_event(StreamEvent::Reasoning { text, kind: ReasoningKind::Summary, block: 0 });
        }
    }

    fn count(&mut self, usage: &WireUsage<'_>, on_event: &mut OnEvent<'_>) {
        let counts = &mut self.counts;
        usage.prompt.count_into(&mut counts.prompt);
        usage.tool_use_prompt.count_into(&mut counts.tool_use_prompt);
        usage.cached.count_into(&mut counts.cached);
        usage.candidates.count_into(&mut counts.candidates);
        usage.thoughts.count_into(&mut counts.thoughts);
        usage.total.count_into(&mut counts.total);
        let usage = counts.usage();
        if usage != Usage::default() {
            on_event(StreamEvent::Usage(usage));
        }
    }
}

impl Counts {
    /// Thoughts are counted apart from the answer here, and among it elsewhere.
    fn usage(&self) -> Usage {
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
        };
        Usage {
            input: sum(self.prompt, self.tool_use_prompt),
            output: sum(self.candidates, self.thoughts),
            cached: self.cached,
            cache_write: None,
            reasoning: self.thoughts,
            total: self.total,
            cost_usd: None,
        }
    }
}

fn stop_reason_of(reason: &str) -> StopReason {
    match reason {
        "STOP" => StopReason::Stop,
        "MAX_TOKENS" => StopReason::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "LANGUAGE"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => StopReason::ContentFilter,
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "MISSING_THOUGHT_SIGNATURE" | "MALFORMED_RESPONSE" => {
            StopReason::Failed(reason.to_owned())
        }
        "OTHER" | "TOO_MANY_TOOL_CALLS" | "NO_IMAGE" | "IMAGE_OTHER" => StopReason::Unfinished(reason.to_owned()),
        other => StopReason::Other(other.to_owned()),
    }
}
