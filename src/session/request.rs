//! Asks the model for one reply, again where a failure before the first token allows it.

use std::time::{Duration, Instant};

use super::outcome::ReplyEnding;
use super::output::OutputStop;
use super::receive::{Receiving, TICK};
use super::{Cancel, NoticeLevel, TurnEvent, TurnSettings};
use crate::conversation::ReplyBuilder;
use crate::provider::{Attempt, ChatRequest, ErrorKind, EventStream, Provider, ProviderError, RetryPolicy, Verdict};

/// One reply to be had: the request, and the settings it runs under.
pub struct Asking<'a> {
    pub provider: &'a dyn Provider,
    pub request: &'a ChatRequest<'a>,
    pub settings: &'a TurnSettings,
}

impl Asking<'_> {
    /// Opens, receives, and repeats both as long as nothing has come and the policy says so.
    pub async fn run(&self, receiving: &mut Receiving<'_>, cancel: &mut Cancel) -> ReplyEnding {
        let policy = RetryPolicy { retries_max: self.settings.retries_max };
        for number in 1.. {
            receiving.front.show(&TurnEvent::Waiting);
            let ending = match self.open(receiving, cancel).await {
                Ok(stream) => {
                    self.show_notes(receiving);
                    receiving.run(stream, self.settings, cancel).await
                }
                Err(ending) => ending,
            };
            let ReplyEnding::Failed(error) = ending else { return ending };
            if !receiving.reply.is_empty() {
                return ReplyEnding::Failed(error);
            }
            let wait = match policy.verdict(&attempt(&error, number)) {
                Verdict::Wait(_) if !self.provider.waits_between_tries() => Duration::ZERO,
                Verdict::Wait(wait) => wait,
                Verdict::Stop => return ReplyEnding::Failed(error),
                Verdict::TooLong(wait) => return ReplyEnding::Failed(come_back_later(error, wait)),
            };
            *receiving.reply = ReplyBuilder::default();
            receiving.watch.retries = number;
            let of = policy.retries_max + 1;
            receiving.front.show(&TurnEvent::Retry { code: error.kind.name(), attempt: number, of, wait });
            if let Err(ending) = pause(wait, receiving, cancel).await {
                return ending;
            }
        }
        ReplyEnding::Failed(ProviderError::new(ErrorKind::Network, "no attempt is left"))
    }

    fn show_notes(&self, receiving: &mut Receiving<'_>) {
        for note in self.provider.take_notes() {
            let level = if note.is_news { NoticeLevel::Warn } else { NoticeLevel::Detail };
            let notice = TurnEvent::Notice { level, code: "parameter_left_out", message: &note.message };
            receiving.front.show(&notice);
        }
    }

    async fn open(&self, receiving: &mut Receiving<'_>, cancel: &mut Cancel) -> Result<EventStream, ReplyEnding> {
        let mut opening = self.provider.open(self.request);
        loop {
            tokio::select! {
                biased;
                cause = cancel.cancelled() => return Err(ReplyEnding::Cancelled(cause)),
                opened = &mut opening => return opened.map_err(ReplyEnding::Failed),
                () = tokio::time::sleep(TICK) => tick(receiving)?,
            }
        }
    }
}

/// Waits, while the view goes on telling so.
async fn pause(wait: Duration, receiving: &mut Receiving<'_>, cancel: &mut Cancel) -> Result<(), ReplyEnding> {
    let until = Instant::now() + wait;
    while Instant::now() < until {
        let step = until.min(Instant::now() + TICK);
        tokio::select! {
            biased;
            cause = cancel.cancelled() => return Err(ReplyEnding::Cancelled(cause)),
            () = tokio::time::sleep_until(step.into()) => tick(receiving)?,
        }
    }
    Ok(())
}

/// Tells the view that time passes. Pending output goes out too: JSON has its first lines early.
fn tick(receiving: &mut Receiving<'_>) -> Result<(), ReplyEnding> {
    let told = receiving.front.flush().and_then(|_| receiving.front.tick());
    match told.map_err(OutputStop::from) {
        Ok(()) => Ok(()),
        Err(OutputStop::Cancelled(cause)) => Err(ReplyEnding::Cancelled(cause)),
        Err(OutputStop::Failed(error)) => {
            *receiving.output_error = Some(error);
            Err(ReplyEnding::OutputFailed)
        }
    }
}

fn attempt(error: &ProviderError, number: u32) -> Attempt {
    Attempt {
        number,
        retry_after: error.retry_after,
        should_retry: error.should_retry,
        is_transient: is_transient(error.kind),
        jitter: random_share(),
    }
}

fn is_transient(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TryAgain | ErrorKind::Failed | ErrorKind::Network => true,
        ErrorKind::Auth
        | ErrorKind::Quota
        | ErrorKind::Budget
        | ErrorKind::LocalFile
        | ErrorKind::Rejected
        | ErrorKind::ContextTooLong
        | ErrorKind::Tls
        | ErrorKind::BadResponse
        | ErrorKind::Disconnected => false,
    }
}

fn come_back_later(mut error: ProviderError, wait: Duration) -> ProviderError {
    let minutes = wait.as_secs().div_ceil(60);
    error.hint = Some(format!("the provider asks to wait {minutes} min: try again then"));
    error
}

/// A random number in 0.0..1.0; without a random source 0.5.
fn random_share() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.5,
    }
}
