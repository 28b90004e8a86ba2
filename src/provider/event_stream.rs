//! A running reply: bytes from a socket or from the demo model, decoded as they arrive.

use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;

use super::decoder::Decode;
use super::demo::DemoStream;
use super::error_context::ErrorContext;
use super::openai_chat::{ChatDecoder, ThinkTags};
use super::pace::Turn;
use super::{ErrorKind, ProviderError};
use crate::conversation::StreamEvent;
use crate::http::HttpResponse;

/// One pump takes no more than this, so that what came is shown: 256 KiB.
const PUMP_BYTES_MAX: usize = 256 << 10;
/// How long the end of a body may take that holds nothing more for us.
const DRAIN_MAX: Duration = Duration::from_secs(2);
/// Looks for the end of the body before that is left to the background.
const DRAIN_LOOKS: usize = 4;

/// What one call of [`EventStream::pump`] has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pumped {
    /// Bytes came; whether they moved the answer on shows in the events.
    More,
    /// The stream is over. `clean` is false when the server left in the middle of the answer.
    End { clean: bool },
}

pub struct EventStream {
    source: Source,
    decoder: Box<dyn Decode>,
    context: Box<ErrorContext>,
    /// Something that a person would miss has been handed out.
    has_answered: bool,
    /// Held until the reply is over, where many are under way.
    turn: Option<Turn>,
}

enum Source {
    Http(Box<HttpResponse>),
    Demo(DemoStream),
    /// Read to its end, or left to the background.
    Over,
}

impl EventStream {
    pub(super) fn from_http(response: HttpResponse, decoder: Box<dyn Decode>, context: ErrorContext) -> Self {
        Self::new(Source::Http(Box::new(response)), decoder, context)
    }

    /// A reply of the demo model.
    #[must_use]
    pub fn from_demo(stream: DemoStream) -> Self {
        let decoder = Box::new(ChatDecoder::new(ThinkTags::AreReasoning));
        Self::new(Source::Demo(stream), decoder, ErrorContext::default())
    }

    fn new(source: Source, decoder: Box<dyn Decode>, context: ErrorContext) -> Self {
        Self { source, decoder, context: Box::new(context), has_answered: false, turn: None }
    }

    /// A reply that keeps its place among others until it is dropped.
    pub(super) fn paced(mut self, turn: Turn) -> Self {
        self.turn = Some(turn);
        self
    }

    /// Waits for bytes, takes all that is ready, and calls `on_event` for each event in them.
    /// Cancel-safe: dropping the future loses nothing that was not handed to `on_event`.
    pub async fn pump(&mut self, on_event: &mut dyn FnMut(StreamEvent<'_>)) -> Result<Pumped, ProviderError> {
        let pumped = self.take_ready(on_event).await;
        if let Some(turn) = &self.turn {
            match &pumped {
                Ok(Pumped::More | Pumped::End { clean: false }) => {}
                Ok(Pumped::End { clean: true }) => turn.note_answer(),
                Err(error) => turn.note(error),
            }
        }
        pumped
    }

    async fn take_ready(&mut self, on_event: &mut dyn FnMut(StreamEvent<'_>)) -> Result<Pumped, ProviderError> {
        let mut arrived = self.source.next().await;
        let mut taken = 0;
        loop {
            let bytes = match arrived {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return self.end(on_event),
                Err(error) => return self.end_broken(error, on_event),
            };
            taken += bytes.len();
            self.decode(&bytes, on_event)?;
            if self.decoder.is_done() {
                self.drain().await;
                return self.end(on_event);
            }
            if taken >= PUMP_BYTES_MAX {
                return Ok(Pumped::More);
            }
            // The connection has a task of its own, which hands over one part at a time: it has to
            // run before a second look can find more.
            let_connection_run().await;
            arrived = tokio::select! {
                biased;
                more = self.source.next() => more,
                () = std::future::ready(()) => return Ok(Pumped::More),
            };
        }
    }

    fn decode(&mut self, bytes: &[u8], on_event: &mut dyn FnMut(StreamEvent<'_>)) -> Result<(), ProviderError> {
        let Self { decoder, has_answered, context, .. } = self;
        let fed = decoder.feed(bytes, &mut |event| {
            *has_answered |= is_answer(&event);
            on_event(event);
        });
        fed.map_err(|error| context.complete(error))
    }

    fn end(&mut self, on_event: &mut dyn FnMut(StreamEvent<'_>)) -> Result<Pumped, ProviderError> {
        self.source = Source::Over;
        match self.decoder.end(on_event) {
            Ok(clean) => Ok(Pumped::End { clean }),
            Err(error) => Err(self.context.complete(error)),
        }
    }

    /// The connection broke. That is no loss where the answer was whole already.
    fn end_broken(
        &mut self,
        error: ProviderError,
        on_event: &mut dyn FnMut(StreamEvent<'_>),
    ) -> Result<Pumped, ProviderError> {
        self.source = Source::Over;
        let mut has_answered = self.has_answered;
        let ended = self.decoder.end(&mut |event| {
            has_answered |= is_answer(&event);
            on_event(event);
        });
        match ended {
            Ok(true) => Ok(Pumped::End { clean: true }),
            Ok(false) | Err(_) => {
                let kind = if has_answered { ErrorKind::Disconnected } else { ErrorKind::Network };
                Err(self.context.complete(ProviderError { kind, ..error }))
            }
        }
    }

    /// Reads what follows the last event, so that the connection can be used again.
    async fn drain(&mut self) {
        let Source::Http(mut response) = std::mem::replace(&mut self.source, Source::Over) else { return };
        for _ in 0..DRAIN_LOOKS {
            tokio::task::yield_now().await;
            tokio::select! {
                biased;
                more = response.chunk() => if !matches!(more, Ok(Some(_))) { return },
                () = std::future::ready(()) => {}
            }
        }
        tokio::spawn(tokio::time::timeout(DRAIN_MAX, async move {
            let mut taken = 0;
            while let Ok(Some(bytes)) = response.chunk().await
                && taken < PUMP_BYTES_MAX
            {
                taken += bytes.len();
            }
        }));
    }
}

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>, ProviderError> {
        match self {
            Self::Http(response) => response.chunk().await.map_err(ProviderError::from),
            Self::Demo(stream) => stream.next_bytes().await.transpose(),
            Self::Over => Ok(None),
        }
    }
}

/// Goes to the end of the runtime's queue, behind the task of the connection. Tokio's own yield
/// would look at all sockets and timers first, which costs a system call for each chunk.
async fn let_connection_run() {
    let mut has_run = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut has_run, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Whether a person would miss the event.
fn is_answer(event: &StreamEvent<'_>) -> bool {
    match event {
        StreamEvent::Text(_)
        | StreamEvent::Reasoning { .. }
        | StreamEvent::Refusal(_)
        | StreamEvent::ToolStart { .. }
        | StreamEvent::ToolArguments { .. } => true,
        StreamEvent::Start { .. }
        | StreamEvent::Restart
        | StreamEvent::Usage(_)
        | StreamEvent::Replay(_)
        | StreamEvent::Finish(_)
        | StreamEvent::BadChunk { .. } => false,
    }
}
