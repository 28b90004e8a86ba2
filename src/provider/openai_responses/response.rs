//! Bytes of a Responses response in, events out. Pure; right for any cutting of the bytes.

use serde::de::DeserializeSeed;

use super::items::Items;
use super::wire::{Chunk, Response, WireUsage};
use crate::conversation::{StopReason, StreamEvent, Usage};
use crate::http::Frame;
use crate::provider::decoder::{Failure, OnEvent, ReplyState, StreamDecoder, is_error_in_disguise};
use crate::provider::http_error::in_stream;
use crate::provider::json_repair::parse_leniently;
use crate::provider::once::Beginning;
use crate::provider::tolerant::{Scalar, Slot};

/// Decodes one response, streamed or not.
pub type ResponsesDecoder = StreamDecoder<ResponseState>;

/// What the events so far have said.
#[derive(Debug, Default)]
pub struct ResponseState {
    items: Items,
    beginning: Beginning,
    has_response: bool,
    is_done: bool,
}

impl ResponsesDecoder {
    #[must_use]
    pub fn new() -> Self {
        Self::with(ResponseState::default())
    }
}

impl ReplyState for ResponseState {
    type Chunk<'de> = Chunk<'de>;

    fn take_chunk(
        &mut self,
        chunk: &mut Chunk<'_>,
        frame: Frame<'_>,
        on_event: &mut OnEvent<'_>,
    ) -> Result<(), Failure> {
        let kind = std::mem::take(&mut chunk.kind);
        let Some(kind) = kind.text() else { return self.take_untyped(chunk, frame, on_event) };
        if kind == "error" {
            return Err(in_stream(frame.data).into());
        }
        let Some(kind) = kind.strip_prefix("response.") else {
            return if chunk.error.is_truthy() { Err(in_stream(frame.data).into()) } else { Ok(()) };
        };
        self.has_response = true;
        self.items.select(&chunk.output_index);
        let place = (chunk.content_index.count(), chunk.summary_index.count());
        let (content, summary) = (place.0.unwrap_or(0), place.1.unwrap_or(0));
        let delta = chunk.delta.text().unwrap_or_default();
        let said = |text: &Scalar<'_>| text.text().unwrap_or_default().to_owned();
        match kind {
            "output_text.delta" => self.items.text(content, delta, on_event),
            "refusal.delta" => self.items.refusal(content, delta, on_event),
            "reasoning_text.delta" => self.items.thought(content, delta, on_event),
            "reasoning_summary_text.delta" => self.items.summary(summary, delta, on_event),
            "function_call_arguments.delta" => self.items.arguments(delta, on_event),
            "output_text.done" => self.items.whole_text(content, &said(&chunk.text), on_event),
            "refusal.done" => self.items.whole_refusal(content, &said(&chunk.refusal), on_event),
            "reasoning_text.done" => self.items.whole_thought(content, &said(&chunk.text), on_event),
            "reasoning_summary_text.done" => self.items.whole_summary(summary, &said(&chunk.text), on_event),
            "function_call_arguments.done" => self.items.whole_arguments(&said(&chunk.arguments)),
            "output_item.added" => self.items.start(&item_of(chunk), on_event),
            "output_item.done" => self.items.end(item_of(chunk), on_event),
            _ => return self.take_response(kind, chunk, frame, on_event),
        }
        Ok(())
    }

    fn flush(&mut self, on_event: &mut OnEvent<'_>) {
        self.items.flush(on_event);
        if let Some(json) = self.items.replay() {
            on_event(StreamEvent::Replay(&json));
        }
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    /// The last event says why.
    fn is_finished(&self) -> bool {
        self.is_done
    }

    fn has_answer(&self) -> bool {
        self.has_response
    }
}

fn item_of(chunk: &mut Chunk<'_>) -> serde_json::Map<String, serde_json::Value> {
    chunk.item.0.take().map(|item| *item).unwrap_or_default()
}

impl ResponseState {
    /// An answer to a request that did not ask for a stream, or an error.
    fn take_untyped(&mut self, chunk: &Chunk<'_>, frame: Frame<'_>, on_event: &mut OnEvent<'_>) -> Result<(), Failure> {
        let is_response = chunk.object.text() == Some("response");
        if !is_response && (chunk.error.is_truthy() || is_error_in_disguise(frame)) {
            return Err(in_stream(frame.data).into());
        }
        if let Some(value) = parse_leniently(frame.data).filter(|_| is_response) {
            let mut response = Response::default();
            // Every shape can be read, as far as it means anything.
            let _ = Slot(&mut response).deserialize(&value);
            let status = response.status.text().unwrap_or("completed").to_owned();
            self.has_response = true;
            return self.take_end(&status, &mut response, frame, on_event);
        }
        Ok(())
    }

    fn take_response(
        &mut self,
        kind: &str,
        chunk: &mut Chunk<'_>,
        frame: Frame<'_>,
        on_event: &mut OnEvent<'_>,
    ) -> Result<(), Failure> {
        let Some(mut response) = chunk.response.0.take() else { return Ok(()) };
        match kind {
            "completed" | "incomplete" | "failed" | "cancelled" => self.take_end(kind, &mut response, frame, on_event),
            _ => {
                self.beginning.tell(response.id.text(), response.model.text(), on_event);
                Ok(())
            }
        }
    }

    fn take_end(
        &mut self,
        status: &str,
        response: &mut Response<'_>,
        frame: Frame<'_>,
        on_event: &mut OnEvent<'_>,
    ) -> Result<(), Failure> {
        self.beginning.tell(response.id.text(), response.model.text(), on_event);
        // Nearly always a repetition, but some servers send an item only here.
        if !self.items.has_ended() {
            for (index, item) in (0..).zip(response.output.0.drain(..)) {
                self.items.select(&Scalar::Integer(index));
                self.items.end(item, on_event);
            }
        }
        self.items.flush(on_event);
        if let Some(usage) = &response.usage.0 {
            on_event(StreamEvent::Usage(usage_of(usage)));
        }
        if status == "failed" {
            return Err(in_stream(&error_in(frame.data)).into());
        }
        let reason = response.incomplete_details.reason.text();
        on_event(StreamEvent::Finish(stop_reason_of(status, reason, self.items.has_calls())));
        self.is_done = true;
        Ok(())
    }
}

/// The error of a response that failed stands inside of it.
fn error_in(data: &str) -> String {
    let value = parse_leniently(data).unwrap_or_default();
    let error = [&value["response"]["error"], &value["error"]].into_iter().find(|error| error.is_object());
    error.map_or_else(String::new, ToString::to_string)
}

fn stop_reason_of(status: &str, reason: Option<&str>, has_calls: bool) -> StopReason {
    match (status, reason) {
        (_, Some("max_output_tokens")) => StopReason::Length,
        (_, Some("content_filter")) => StopReason::ContentFilter,
        ("completed", _) if has_calls => StopReason::ToolCalls,
        ("completed", _) => StopReason::Stop,
        // Part of an answer, for a reason that nobody names.
        ("incomplete", None) => StopReason::Length,
        ("incomplete" | "cancelled", _) => StopReason::Unfinished(reason.unwrap_or(status).to_owned()),
        (other, reason) => StopReason::Other(reason.unwrap_or(other).to_owned()),
    }
}

fn usage_of(wire: &WireUsage<'_>) -> Usage {
    let input = &wire.input_tokens_details;
    Usage {
        input: wire.input_tokens.count(),
        output: wire.output_tokens.count(),
        cached: input.cached_tokens.count(),
        cache_write: input.cache_write_tokens.count(),
        reasoning: wire.output_tokens_details.reasoning_tokens.count(),
        total: wire.total_tokens.count(),
        cost_usd: wire.cost.cost(),
    }
}
