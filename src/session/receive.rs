//! Takes a running reply from its stream: fold, show, record, in this order, and watch the time.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::metrics::Stopwatch;
use super::outcome::ReplyEnding;
use super::output::{OutputStop, drain};
use super::{Cancel, Frontend, NoticeLevel, OutputError, TurnEvent, TurnSettings};
use crate::answer::PartFinder;
use crate::conversation::{MessageId, ReplyBuilder, StopReason, StreamEvent};
use crate::history::{DeltaKind, Journal};
use crate::provider::{ErrorKind, EventStream, ProviderError, Pumped};

/// How often the view is told that time passes.
pub const TICK: Duration = Duration::from_millis(100);

/// Everything a reply touches while it runs.
pub struct Receiving<'a> {
    pub reply: &'a mut ReplyBuilder,
    pub reply_id: &'a MessageId,
    pub watch: &'a mut Stopwatch,
    pub journal: &'a mut Journal,
    pub front: &'a mut dyn Frontend,
    /// Where a failure of standard output is left for the caller.
    pub output_error: &'a mut Option<OutputError>,
    /// Looks for the part that is wanted; without one all is wanted.
    pub part: Option<PartFinder>,
}

/// What came with one read from the network.
#[derive(Default)]
struct Arrival {
    /// Something that moves the answer on.
    progress: bool,
    reasoning: bool,
    texts: u64,
    /// The part that is wanted is there.
    enough: bool,
}

impl Receiving<'_> {
    /// Receives until the stream ends, falls silent, fails or is cancelled.
    pub async fn run(&mut self, mut stream: EventStream, settings: &TurnSettings, cancel: &mut Cancel) -> ReplyEnding {
        let mut last_progress = Instant::now();
        let mut tick_at = last_progress + TICK;
        let mut token = cancel.clone();
        // Beside each chunk it is only looked at whether something has come.
        let mut cancelled = FuturesUnordered::from_iter([token.cancelled()]);
        loop {
            let limit = if self.reply.is_empty() { settings.first_token_timeout } else { settings.idle_timeout };
            let silent_at = last_progress + limit;
            let wake_at = [Some(silent_at), self.journal.delta_deadline(), Some(tick_at)];
            let wake_at = wake_at.into_iter().flatten().min().unwrap_or(silent_at);

            let mut arrival = Arrival::default();
            let pumped = {
                let mut on_event = |event: StreamEvent<'_>| self.take(&event, &mut arrival);
                tokio::select! {
                    biased;
                    Some(cause) = cancelled.next() => return ReplyEnding::Cancelled(cause),
                    pumped = stream.pump(&mut on_event) => Some(pumped),
                    () = tokio::time::sleep_until(wake_at.into()) => None,
                }
            };
            let now = Instant::now();
            if arrival.reasoning {
                self.watch.reasoning_arrived(now);
            }
            if arrival.texts > 0 {
                self.watch.text_arrived(now, arrival.texts);
            }
            self.journal.flush_due_deltas(now);
            let drained = drain(self.front, self.journal, cancel).await;
            if arrival.progress {
                last_progress = Instant::now();
            }
            match self.judge(pumped, drained, silent_at) {
                // Dropping the stream cancels the request.
                None | Some(ReplyEnding::Failed(_)) if arrival.enough => return ReplyEnding::Enough,
                // Also between chunks that follow each other fast: what comes of them may be held back from stdout,
                // and then nothing but this finds out that its reader has gone.
                None if now >= tick_at => {
                    tick_at = now + TICK;
                    if let Some(ending) = self.tick() {
                        return ending;
                    }
                }
                None => {}
                Some(ending) => return ending,
            }
        }
    }

    fn take(&mut self, event: &StreamEvent<'_>, arrival: &mut Arrival) {
        self.reply.apply(event);
        match event {
            StreamEvent::Text(text) | StreamEvent::Refusal(text) => {
                self.front.show(&TurnEvent::Text(text));
                arrival.enough |= self.part.as_mut().is_some_and(|part| part.look(&self.reply.text));
                self.journal.record_delta(self.reply_id, DeltaKind::Text, text);
                arrival.texts += u64::from(!text.is_empty());
                arrival.progress |= !text.is_empty();
            }
            StreamEvent::Reasoning { text, kind, block } => {
                self.front.show(&TurnEvent::Reasoning { text, kind: *kind, block: *block });
                self.journal.record_delta(self.reply_id, DeltaKind::Reasoning, text);
                arrival.reasoning |= !text.is_empty();
                arrival.progress |= !text.is_empty();
            }
            StreamEvent::BadChunk { reason } => {
                let message = format!("a part of the answer could not be read: {reason}");
                self.front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "bad_chunk", message: &message });
            }
            StreamEvent::ToolStart { .. } | StreamEvent::ToolArguments { .. } | StreamEvent::Finish(_) => {
                arrival.progress = true;
            }
            StreamEvent::Start { .. } | StreamEvent::Restart | StreamEvent::Usage(_) | StreamEvent::Replay(_) => {}
        }
    }

    /// Whether receiving ends here, and how.
    fn judge(
        &mut self,
        pumped: Option<Result<Pumped, ProviderError>>,
        drained: Result<(), OutputStop>,
        silent_at: Instant,
    ) -> Option<ReplyEnding> {
        match drained {
            Ok(()) => {}
            Err(OutputStop::Cancelled(cause)) => return Some(ReplyEnding::Cancelled(cause)),
            Err(OutputStop::Failed(error)) => return Some(self.fail_output(error)),
        }
        match pumped {
            Some(Err(error)) => Some(ReplyEnding::Failed(error)),
            Some(Ok(Pumped::End { clean: true })) => Some(self.end()),
            Some(Ok(Pumped::End { clean: false })) => Some(ReplyEnding::Failed(cut_off(self.reply))),
            Some(Ok(Pumped::More)) if self.reply.is_too_long() => Some(ReplyEnding::TooLong),
            Some(Ok(Pumped::More)) => None,
            None => self.silence(silent_at),
        }
    }

    /// A model that failed before its first word has not answered.
    fn end(&self) -> ReplyEnding {
        match &self.reply.stop {
            Some(StopReason::Failed(name)) if self.reply.is_empty() => {
                let message = format!("the model failed before its first word ({name})");
                ReplyEnding::Failed(ProviderError::new(ErrorKind::Failed, message))
            }
            _ => ReplyEnding::Finished,
        }
    }

    fn silence(&self, silent_at: Instant) -> Option<ReplyEnding> {
        let is_waiting = self.reply.is_empty();
        let ending = || if is_waiting { ReplyEnding::Failed(no_first_token()) } else { ReplyEnding::Silent };
        (Instant::now() >= silent_at).then(ending)
    }

    fn tick(&mut self) -> Option<ReplyEnding> {
        match self.front.tick().map_err(OutputStop::from) {
            Ok(()) => None,
            Err(OutputStop::Cancelled(cause)) => Some(ReplyEnding::Cancelled(cause)),
            Err(OutputStop::Failed(error)) => Some(self.fail_output(error)),
        }
    }

    fn fail_output(&mut self, error: OutputError) -> ReplyEnding {
        *self.output_error = Some(error);
        ReplyEnding::OutputFailed
    }
}

fn no_first_token() -> ProviderError {
    let mut error = ProviderError::new(ErrorKind::Network, "no token came in time")
        .hint("raise `llm.http.first_token_timeout_ms` if this model thinks for long");
    error.should_retry = Some(false);
    error
}

fn cut_off(reply: &ReplyBuilder) -> ProviderError {
    if reply.is_empty() {
        return ProviderError::new(ErrorKind::Network, "the server closed the connection before the first token");
    }
    ProviderError::new(ErrorKind::Disconnected, "the connection was cut in the middle of the answer")
}
