//! Bytes of a Messages response in, events out. Pure; right for any cutting of the bytes.

use super::blocks::Blocks;
use super::wire::{Chunk, Delta, StopDetails, WireUsage};
use crate::conversation::{StopReason, StreamEvent, Usage};
use crate::http::Frame;
use crate::provider::decoder::{Failure, OnEvent, ReplyState, StreamDecoder, is_error_in_disguise};
use crate::provider::http_error::in_stream;
use crate::provider::once::{Beginning, Ending};
use crate::provider::tolerant::{Maybe, Scalar};

/// Decodes one response, streamed or not.
pub type MessagesDecoder = StreamDecoder<MessageState>;

/// What the events so far have said.
#[derive(Debug, Default)]
pub struct MessageState {
    blocks: Blocks,
    counts: Counts,
    beginning: Beginning,
    /// Of the last start.
    id: Option<String>,
    has_message: bool,
    ending: Ending,
    is_done: bool,
}

/// Tokens as the server counts them: those of the cache are not among the others.
#[derive(Debug, Default)]
struct Counts {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
}

impl MessagesDecoder {
    #[must_use]
    pub fn new() -> Self {
        Self::with(MessageState::default())
    }
}

impl ReplyState for MessageState {
    type Chunk<'de> = Chunk<'de>;

    fn take_chunk(
        &mut self,
        chunk: &mut Chunk<'_>,
        frame: Frame<'_>,
        on_event: &mut OnEvent<'_>,
    ) -> Result<(), Failure> {
        let index = chunk.index.count().unwrap_or(0);
        match chunk.kind.text() {
            Some("content_block_delta") => self.take_delta(index, &mut chunk.delta, on_event),
            Some("message_start") => self.take_start(chunk, on_event),
            Some("content_block_start") => {
                let block = chunk.content_block.0.take().map(|block| *block).unwrap_or_default();
                self.blocks.start(index, block, on_event);
            }
            Some("content_block_stop") => self.blocks.stop(index, on_event),
            Some("message_delta") => self.take_message_delta(chunk, on_event),
            Some("message_stop") => self.is_done = true,
            Some("message") => self.take_whole(chunk, on_event),
            Some("error") => return Err(in_stream(frame.data).into()),
            Some(_) | None if chunk.error.is_truthy() => return Err(in_stream(frame.data).into()),
            Some(_) => {}
            None if is_error_in_disguise(frame) => return Err(in_stream(frame.data).into()),
            None => {}
        }
        Ok(())
    }

    fn flush(&mut self, on_event: &mut OnEvent<'_>) {
        if let Some(json) = self.blocks.replay() {
            on_event(StreamEvent::Replay(&json));
        }
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn is_finished(&self) -> bool {
        self.ending.is_told()
    }

    fn has_answer(&self) -> bool {
        self.has_message
    }
}

impl MessageState {
    /// A second start is that of a proxy which has asked again: numbers and counts begin anew, and under another id
    /// the whole message does.
    fn take_start(&mut self, chunk: &Chunk<'_>, on_event: &mut OnEvent<'_>) {
        self.has_message = true;
        self.blocks.close();
        self.counts = Counts::default();
        if let Some(head) = &chunk.message.0 {
            let id = head.id.text().map(str::to_owned);
            if self.id.is_some() && self.id != id {
                self.blocks.restart(on_event);
            }
            self.id = id;
            self.beginning.tell(head.id.text(), head.model.text(), on_event);
            self.count(&head.usage, on_event);
        }
    }

    fn take_delta(&mut self, index: u64, delta: &mut Maybe<Delta<'_>>, on_event: &mut OnEvent<'_>) {
        self.has_message = true;
        let Some(delta) = &mut delta.0 else { return };
        if let Some(text) = delta.text.text() {
            self.blocks.text(index, text, on_event);
        } else if let Some(text) = delta.thinking.text() {
            self.blocks.thinking(index, text, on_event);
        } else if let Some(json) = delta.partial_json.text() {
            self.blocks.arguments(index, json, on_event);
        } else if let Some(signature) = delta.signature.text() {
            self.blocks.signature(index, signature);
        } else {
            self.blocks.extend(index, std::mem::take(&mut delta.extra));
        }
    }

    fn take_message_delta(&mut self, chunk: &Chunk<'_>, on_event: &mut OnEvent<'_>) {
        self.has_message = true;
        if let Some(delta) = &chunk.delta.0 {
            self.finish(&delta.stop_reason, &delta.stop_details, on_event);
        }
        self.count(&chunk.usage, on_event);
    }

    /// The answer to a request that did not ask for a stream.
    fn take_whole(&mut self, chunk: &mut Chunk<'_>, on_event: &mut OnEvent<'_>) {
        self.has_message = true;
        self.is_done = true;
        self.beginning.tell(chunk.id.text(), chunk.model.text(), on_event);
        for (index, block) in (0..).zip(chunk.content.0.drain(..)) {
            self.blocks.start(index, block, on_event);
            self.blocks.stop(index, on_event);
        }
        self.finish(&chunk.stop_reason, &chunk.stop_details, on_event);
        self.count(&chunk.usage, on_event);
    }

    fn finish(&mut self, reason: &Scalar<'_>, details: &Maybe<Box<StopDetails<'_>>>, on_event: &mut OnEvent<'_>) {
        let Some(reason) = reason.text().map(stop_reason_of) else { return };
        if !self.ending.is_news(&reason) {
            return;
        }
        if let Some(explanation) = details.0.as_ref().and_then(|details| details.explanation.text()) {
            on_event(StreamEvent::Refusal(explanation));
        }
        self.ending.tell(reason, on_event);
    }

    fn count(&mut self, usage: &Maybe<Box<WireUsage<'_>>>, on_event: &mut OnEvent<'_>) {
        let Some(usage) = &usage.0 else { return };
        usage.input_tokens.count_into(&mut self.counts.input);
        usage.cache_read_input_tokens.count_into(&mut self.counts.cache_read);
        usage.cache_creation_input_tokens.count_into(&mut self.counts.cache_write);
        usage.output_tokens.count_into(&mut self.counts.output);
        usage.output_tokens_details.thinking_tokens.count_into(&mut self.counts.thinking);
        on_event(StreamEvent::Usage(self.counts.usage()));
    }
}

impl Counts {
    fn usage(&self) -> Usage {
        let cached = [self.cache_read, self.cache_write].into_iter().flatten();
        Usage {
            input: self.input.map(|input| cached.fold(input, u64::saturating_add)),
            output: self.output,
            cached: self.cache_read,
            cache_write: self.cache_write,
            reasoning: self.thinking,
            total: None,
            cost_usd: None,
        }
    }
}

fn stop_reason_of(reason: &str) -> StopReason {
    match reason {
        "end_turn" | "stop_sequence" => StopReason::Stop,
        "tool_use" => StopReason::ToolCalls,
        "max_tokens" | "model_context_window_exceeded" => StopReason::Length,
        "refusal" => StopReason::Refusal,
        // A long turn with tools of the server, which a next request may carry on.
        "pause_turn" => StopReason::Unfinished(reason.to_owned()),
        other => StopReason::Other(other.to_owned()),
    }
}
