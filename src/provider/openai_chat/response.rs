//! Bytes of a chat-completions response in, events out. Pure; right for any cutting of the bytes.

use serde::de::DeserializeSeed;

use super::replay::ReplayFields;
use super::think::{Piece, ThinkFilter};
use super::tolerant::{Maybe, Scalar, Slot};
use super::tool_calls::ToolCalls;
use super::wire::{Choice, Chunk, Content, Delta, WireUsage};
use crate::conversation::{ReasoningKind, StopReason, StreamEvent, Usage};
use crate::http::{Frame, SseDecoder, SseError};
use crate::provider::http_error::{in_stream, readable};
use crate::provider::json_repair::{is_nested_too_deeply, parse_leniently};
use crate::provider::{ErrorKind, ProviderError};

type OnEvent<'a> = dyn FnMut(StreamEvent<'_>) + 'a;

/// What `<think>` at the beginning of the text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThinkTags {
    AreReasoning,
    AreText,
}

/// Decodes one response, streamed or not.
#[derive(Debug)]
pub struct ChatDecoder {
    sse: SseDecoder,
    state: ChatState,
}

/// What the chunks so far have said.
#[derive(Debug, Default)]
struct ChatState {
    think: Option<ThinkFilter>,
    calls: ToolCalls,
    replay: ReplayFields,
    has_started: bool,
    finish: Option<StopReason>,
    is_done: bool,
    has_choices: bool,
    good_chunks: u64,
    bad_chunks: u64,
    /// The stream ended inside its last line.
    is_cut: bool,
    has_ended: bool,
}

impl ChatDecoder {
    #[must_use]
    pub fn new(tags: ThinkTags) -> Self {
        let think = match tags {
            ThinkTags::AreReasoning => Some(ThinkFilter::default()),
            ThinkTags::AreText => None,
        };
        Self { sse: SseDecoder::default(), state: ChatState { think, ..ChatState::default() } }
    }

    /// Calls `on_event` for all that `bytes` complete. An error is what the server reports, or a
    /// stream that cannot be one; the events before it stand.
    pub fn feed(&mut self, bytes: &[u8], on_event: &mut OnEvent<'_>) -> Result<(), ProviderError> {
        let Self { sse, state } = self;
        let fed = sse.feed(bytes, |frame| state.take_frame(frame, on_event));
        fed.map_err(|failure| {
            state.flush_text(on_event);
            failure.into_error()
        })
    }

    /// The end of the bytes. True where the answer is whole: the server said so in one way or another.
    pub fn end(&mut self, on_event: &mut OnEvent<'_>) -> Result<bool, ProviderError> {
        let Self { sse, state } = self;
        if std::mem::replace(&mut state.has_ended, true) {
            return Ok(state.is_clean());
        }
        let ends_in_line = sse.is_inside_line();
        let last = sse.end(|frame| state.take_last_frame(frame, ends_in_line, on_event));
        state.flush(on_event);
        last.map_err(Failure::into_error)?;
        if state.has_choices {
            return Ok(state.is_clean());
        }
        state.without_answer(sse)
    }

    /// Whether the server has said that nothing follows.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state.is_done
    }
}

/// Boxed: decoding returns one of these per chunk, nearly always `Ok`.
struct Failure(Box<ProviderError>);

impl Failure {
    fn into_error(self) -> ProviderError {
        *self.0
    }
}

impl From<SseError> for Failure {
    fn from(error: SseError) -> Self {
        Self(Box::new(ProviderError::new(ErrorKind::BadResponse, error.to_string())))
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self(Box::new(error))
    }
}

impl ChatState {
    fn take_frame(&mut self, frame: Frame<'_>, on_event: &mut OnEvent<'_>) -> Result<(), Failure> {
        let data = frame.data.trim_ascii();
        if data.is_empty() || self.is_done {
            return Ok(());
        }
        let is_readable = data.starts_with('{') && !is_nested_too_deeply(data);
        let mut chunk = Chunk::default();
        let mut json = sonic_rs::Deserializer::from_str(data);
        if is_readable && Slot(&mut chunk).deserialize(&mut json).and_then(|()| json.end()).is_ok() {
            return self.take_chunk(&mut chunk, frame, on_event);
        }
        self.take_odd_frame(data, frame, on_event)
    }

    /// The last frame, which the end of the stream may have cut off: then it is no broken chunk.
    fn take_last_frame(
        &mut self,
        frame: Frame<'_>,
        ends_in_line: bool,
        on_event: &mut OnEvent<'_>,
    ) -> Result<(), Failure> {
        let data = frame.data.trim_ascii();
        if ends_in_line && data != "[DONE]" && serde_json::from_str::<serde::de::IgnoredAny>(data).is_err() {
            self.is_cut = true;
            return Ok(());
        }
        self.take_frame(frame, on_event)
    }

    fn take_odd_frame(&mut self, data: &str, frame: Frame<'_>, on_event: &mut OnEvent<'_>) -> Result<(), Failure> {
        if data == "[DONE]" {
            self.is_done = true;
            return Ok(());
        }
        if matches!(frame.event, "ping" | "heartbeat" | "keepalive" | "keep-alive") {
            return Ok(());
        }
        match parse_leniently(data) {
            Some(value) if value.is_object() => {
                let mut chunk = Chunk::default();
                match Slot(&mut chunk).deserialize(&value) {
                    Ok(()) => self.take_chunk(&mut chunk, frame, on_event),
                    Err(_) => self.take_bad_chunk(on_event),
                }
            }
            Some(value) if frame.event == "error" || value[0]["error"].is_object() => Err(in_stream(data).into()),
            None if frame.event == "error" && !data.starts_with(['{', '[']) => Err(in_stream(data).into()),
            Some(_) | None => self.take_bad_chunk(on_event),
        }
    }

    fn take_bad_chunk(&mut self, on_event: &mut OnEvent<'_>) -> Result<(), Failure> {
        self.bad_chunks += 1;
        on_event(StreamEvent::BadChunk { reason: "a chunk that is not valid JSON" });
        Ok(())
    }

    fn take_chunk(
        &mut self,
        chunk: &mut Chunk<'_>,
        frame: Frame<'_>,
        on_event: &mut OnEvent<'_>,
    ) -> Result<(), Failure> {
        self.good_chunks += 1;
        self.start(chunk, on_event);
        let Chunk { choices, usage, x_groq, error, .. } = chunk;
        let has_choices = choices.is_present;
        self.has_choices |= has_choices;
        let mut has_error = error.is_truthy();
        let in_groq = x_groq.0.as_ref().and_then(|groq| groq.usage.0.as_ref());
        let usage = usage.0.as_ref().or(in_groq);
        let has_usage = usage.is_some();
        if let Some(choice) = &mut choices.first.0 {
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

    /// The first chunk can be a preface with a model and no id.
    fn start(&mut self, chunk: &Chunk<'_>, on_event: &mut OnEvent<'_>) {
        if self.has_started {
            return;
        }
        let (id, model) = (chunk.id.text(), chunk.model.text());
        let is_telling = if chunk.choices.first.0.is_some() { id.or(model) } else { id.and(model) }.is_some();
        if is_telling {
            self.has_started = true;
            on_event(StreamEvent::Start { id, model });
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
            self.finish(reason, on_event);
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

    /// Some servers repeat the reason with every chunk; it is news once.
    fn finish(&mut self, reason: &str, on_event: &mut OnEvent<'_>) {
        let reason = stop_reason_of(reason);
        if self.finish.as_ref() != Some(&reason) {
            on_event(StreamEvent::Finish(reason.clone()));
            self.finish = Some(reason);
        }
    }

    fn flush(&mut self, on_event: &mut OnEvent<'_>) {
        self.flush_text(on_event);
        self.calls.end(on_event);
        if let Some(json) = self.replay.to_json(self.calls.extras()) {
            on_event(StreamEvent::Replay(&json));
        }
    }

    fn flush_text(&mut self, on_event: &mut OnEvent<'_>) {
        if let Some(filter) = &mut self.think {
            filter.end(&mut |piece| on_event(event_of(piece)));
        }
    }

    fn is_clean(&self) -> bool {
        self.is_done || self.finish.is_some()
    }

    /// No chunk had anything to say: why not?
    fn without_answer(&self, sse: &SseDecoder) -> Result<bool, ProviderError> {
        let bad = |message: String| Err(ProviderError::new(ErrorKind::BadResponse, message));
        let stray = sse.stray();
        let page = readable(&stray);
        if self.bad_chunks > 0 {
            bad("the response holds nothing but broken chunks".to_owned())
        } else if self.is_cut {
            Ok(false)
        } else if !page.is_empty() {
            bad(format!("the response is no answer of a model: {page}"))
        } else if sse.has_only_comments() {
            bad("the response holds nothing but keep-alives".to_owned())
        } else if self.good_chunks > 0 {
            bad("the response holds no answer".to_owned())
        } else {
            bad("the response is empty".to_owned())
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
        "error" => StopReason::Error,
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
        cost_usd: wire.cost.total.number(),
    }
}

/// An error that does not call itself one: `{"object":"error",…}`, `{"detail":…}`, `{"message":…}`.
fn is_error_in_disguise(frame: Frame<'_>) -> bool {
    let Some(value) = parse_leniently(frame.data) else { return false };
    let is_named = value["object"] == "error" || value["type"] == "error";
    let has = |key: &&str| value.get(*key).is_some_and(|text| !text.is_null());
    let is_telling = ["detail", "message"].iter().any(has);
    is_named || is_telling || frame.event == "error" && ["msg", "code", "status", "reason"].iter().any(has)
}
