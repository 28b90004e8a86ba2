//! The way of a response that all dialects share: bytes → frames → chunks of JSON → events. Pure; right
//! for any cutting of the bytes.

use serde::de::DeserializeSeed;

use super::http_error::{in_stream, readable};
use super::json_repair::{is_nested_too_deeply, parse_leniently};
use super::tolerant::{Slot, Take};
use super::{ErrorKind, ProviderError};
use crate::conversation::StreamEvent;
use crate::http::{Frame, SseDecoder, SseError};

pub type OnEvent<'a> = dyn FnMut(StreamEvent<'_>) + 'a;

/// What is common to the decoders of all dialects.
pub trait Decode {
    /// Calls `on_event` for all that `bytes` complete. An error is what the server reports, or a
    /// stream that cannot be one; the events before it stand.
    fn feed(&mut self, bytes: &[u8], on_event: &mut OnEvent<'_>) -> Result<(), ProviderError>;

    /// The end of the bytes. True where the answer is whole: the server said so in one way or another.
    fn end(&mut self, on_event: &mut OnEvent<'_>) -> Result<bool, ProviderError>;

    /// Whether the server has said that nothing follows.
    fn is_done(&self) -> bool;
}

/// What the chunks of one dialect mean.
pub trait ReplyState {
    type Chunk<'de>: Take<'de> + Default;

    fn take_chunk(
        &mut self,
        chunk: &mut Self::Chunk<'_>,
        frame: Frame<'_>,
        on_event: &mut OnEvent<'_>,
    ) -> Result<(), Failure>;

    /// Hands out text that waited for more.
    fn flush_text(&mut self, _: &mut OnEvent<'_>) {}

    /// Hands out what is known only at the end.
    fn flush(&mut self, on_event: &mut OnEvent<'_>);

    /// Whether the dialect's own last event has come.
    fn is_done(&self) -> bool;

    /// Whether the model has said why it stopped.
    fn is_finished(&self) -> bool;

    /// Whether anything was part of an answer.
    fn has_answer(&self) -> bool;
}

/// Decodes one response, streamed or not.
#[derive(Debug, Default)]
pub struct StreamDecoder<S> {
    sse: SseDecoder,
    inner: Frames<S>,
}

#[derive(Debug, Default)]
struct Frames<S> {
    state: S,
    is_done: bool,
    good_chunks: u64,
    bad_chunks: u64,
    /// The stream ended inside its last line.
    is_cut: bool,
    has_ended: bool,
}

impl<S: ReplyState> StreamDecoder<S> {
    pub(super) fn with(state: S) -> Self {
        let inner = Frames { state, is_done: false, good_chunks: 0, bad_chunks: 0, is_cut: false, has_ended: false };
        Self { sse: SseDecoder::default(), inner }
    }
}

impl<S: ReplyState> Decode for StreamDecoder<S> {
    fn feed(&mut self, bytes: &[u8], on_event: &mut OnEvent<'_>) -> Result<(), ProviderError> {
        let Self { sse, inner } = self;
        let fed = sse.feed(bytes, |frame| inner.take_frame(frame, on_event));
        fed.map_err(|failure| {
            inner.state.flush_text(on_event);
            failure.into_error()
        })
    }

    fn end(&mut self, on_event: &mut OnEvent<'_>) -> Result<bool, ProviderError> {
        let Self { sse, inner } = self;
        if std::mem::replace(&mut inner.has_ended, true) {
            return Ok(inner.is_clean());
        }
        let ends_in_line = sse.is_inside_line();
        let last = sse.end(|frame| inner.take_last_frame(frame, ends_in_line, on_event));
        inner.state.flush_text(on_event);
        inner.state.flush(on_event);
        last.map_err(Failure::into_error)?;
        if inner.state.has_answer() {
            return Ok(inner.is_clean());
        }
        inner.without_answer(sse)
    }

    fn is_done(&self) -> bool {
        self.inner.is_done()
    }
}

/// Boxed: decoding returns one of these per chunk, nearly always `Ok`.
pub struct Failure(Box<ProviderError>);

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

impl<S: ReplyState> Frames<S> {
    fn take_frame(&mut self, frame: Frame<'_>, on_event: &mut OnEvent<'_>) -> Result<(), Failure> {
        let data = frame.data.trim_ascii();
        if data.is_empty() || self.is_done() {
            return Ok(());
        }
        let is_readable = data.starts_with('{') && !is_nested_too_deeply(data);
        let mut chunk = S::Chunk::default();
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
                let mut chunk = S::Chunk::default();
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
        chunk: &mut S::Chunk<'_>,
        frame: Frame<'_>,
        on_event: &mut OnEvent<'_>,
    ) -> Result<(), Failure> {
        self.good_chunks += 1;
        self.state.take_chunk(chunk, frame, on_event)
    }

    fn is_done(&self) -> bool {
        self.is_done || self.state.is_done()
    }

    fn is_clean(&self) -> bool {
        self.is_done() || self.state.is_finished()
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

/// An error that does not call itself one: `{"object":"error",…}`, `{"detail":…}`, `{"message":…}`.
pub(super) fn is_error_in_disguise(frame: Frame<'_>) -> bool {
    let Some(value) = parse_leniently(frame.data) else { return false };
    let is_named = value["object"] == "error" || value["type"] == "error";
    let has = |key: &&str| value.get(*key).is_some_and(|text| !text.is_null());
    let is_telling = ["detail", "message"].iter().any(has);
    is_named || is_telling || frame.event == "error" && ["msg", "code", "status", "reason"].iter().any(has)
}
