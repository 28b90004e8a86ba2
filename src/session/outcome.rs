//! From the way a reply ended to its status, its exit code and what the history keeps. Pure.

use super::{CancelCause, TurnStatus};
use crate::conversation::{InterruptReason, MessageStatus, ReplyBuilder, StopReason, exit_code};
use crate::provider::{ErrorKind, ProviderError};

/// How receiving a reply came to its end.
#[derive(Debug)]
pub enum ReplyEnding {
    /// The server said, or showed by closing, that this is all.
    Finished,
    Cancelled(CancelCause),
    /// What was wanted of the answer is there: the rest was not waited for.
    Enough,
    /// No progress for the idle timeout.
    Silent,
    /// The answer reached its size limit.
    TooLong,
    /// Standard output failed.
    OutputFailed,
    Failed(ProviderError),
    /// A bug of ours.
    Panicked,
}

/// What follows from an ending.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub status: TurnStatus,
    pub exit: u8,
    pub stored: MessageStatus,
}

impl Outcome {
    fn new(status: TurnStatus, exit: u8, stored: MessageStatus) -> Self {
        Self { status, exit, stored }
    }

    fn interrupted(exit: u8, reason: InterruptReason) -> Self {
        Self::new(TurnStatus::Interrupted, exit, MessageStatus::Interrupted(reason))
    }

    fn incomplete(reason: InterruptReason) -> Self {
        Self::new(TurnStatus::Incomplete, exit_code::INCOMPLETE, MessageStatus::Interrupted(reason))
    }
}

#[must_use]
pub fn outcome(ending: &ReplyEnding, reply: &ReplyBuilder) -> Outcome {
    match ending {
        ReplyEnding::Finished => finished(reply),
        ReplyEnding::Enough => Outcome::new(TurnStatus::Ok, exit_code::OK, MessageStatus::Complete),
        ReplyEnding::Cancelled(cause) => Outcome::interrupted(exit_of_cancel(*cause), cause.reason()),
        ReplyEnding::Silent => Outcome::incomplete(InterruptReason::IdleTimeout),
        ReplyEnding::TooLong => Outcome::incomplete(InterruptReason::Length),
        ReplyEnding::OutputFailed => Outcome::interrupted(exit_code::OUTPUT, InterruptReason::OutputClosed),
        ReplyEnding::Panicked => Outcome::interrupted(exit_code::INTERNAL, InterruptReason::Crash),
        ReplyEnding::Failed(error) if reply.is_empty() => Outcome::new(
            TurnStatus::Error,
            exit_of_error(error.kind),
            MessageStatus::Error(error.kind.name().to_owned()),
        ),
        ReplyEnding::Failed(error) => Outcome::incomplete(match error.kind {
            ErrorKind::BadResponse => InterruptReason::BadData,
            _ => InterruptReason::Disconnect,
        }),
    }
}

fn finished(reply: &ReplyBuilder) -> Outcome {
    let complete = |status, exit| Outcome::new(status, exit, MessageStatus::Complete);
    if reply.bad_chunks > 0 {
        return Outcome::incomplete(InterruptReason::BadData);
    }
    if reply.refused {
        return complete(TurnStatus::Incomplete, exit_code::REFUSED);
    }
    match reply.stop {
        Some(StopReason::ContentFilter | StopReason::Refusal) => complete(TurnStatus::Incomplete, exit_code::REFUSED),
        Some(StopReason::Length) => Outcome::incomplete(InterruptReason::Length),
        Some(StopReason::Failed(_) | StopReason::Unfinished(_)) => Outcome::incomplete(InterruptReason::ProviderStop),
        Some(StopReason::Stop | StopReason::ToolCalls | StopReason::Enough | StopReason::Other(_)) | None => {
            complete(TurnStatus::Ok, exit_code::OK)
        }
    }
}

/// The exit code of a turn that was cancelled.
#[must_use]
pub fn exit_of_cancel(cause: CancelCause) -> u8 {
    match cause {
        CancelCause::UserInterrupt => exit_code::INTERRUPT,
        CancelCause::Terminate => exit_code::TERMINATE,
        CancelCause::HangUp => exit_code::HANG_UP,
        CancelCause::Timeout => exit_code::TIMEOUT,
        CancelCause::OutputClosed => exit_code::OK,
    }
}

/// The exit code of a request that brought no answer at all.
#[must_use]
pub fn exit_of_error(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Auth => exit_code::CREDENTIALS,
        ErrorKind::RateLimited | ErrorKind::Quota | ErrorKind::Budget => exit_code::RATE_LIMIT,
        ErrorKind::LocalFile => exit_code::CONFIG,
        ErrorKind::Rejected | ErrorKind::ContextTooLong | ErrorKind::TryAgain => exit_code::REJECTED,
        ErrorKind::Failed | ErrorKind::BadResponse => exit_code::PROVIDER,
        ErrorKind::Network | ErrorKind::Tls | ErrorKind::Disconnected => exit_code::NETWORK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::StreamEvent;

    fn reply(events: &[StreamEvent<'_>]) -> ReplyBuilder {
        let mut reply = ReplyBuilder::default();
        events.iter().for_each(|event| reply.apply(event));
        reply
    }

    fn exits(ending: &ReplyEnding, events: &[StreamEvent<'_>]) -> (&'static str, u8) {
        let outcome = outcome(ending, &reply(events));
        (outcome.status.name(), outcome.exit)
    }

    #[test]
    fn an_end_of_the_stream_is_judged_by_what_the_model_said() {
        let text = StreamEvent::Text("x");
        let finish = |reason| [StreamEvent::Text("x"), StreamEvent::Finish(reason)];
        let end = ReplyEnding::Finished;
        assert_eq!(exits(&end, &finish(StopReason::Stop)), ("ok", 0));
        assert_eq!(exits(&end, &finish(StopReason::Other("eos".into()))), ("ok", 0));
        assert_eq!(exits(&end, &finish(StopReason::Length)), ("incomplete", 9));
        assert_eq!(exits(&end, &finish(StopReason::Unfinished("pause_turn".into()))), ("incomplete", 9));
        assert_eq!(exits(&end, &finish(StopReason::ContentFilter)), ("incomplete", 10));
        assert_eq!(exits(&end, &[StreamEvent::Refusal("no")]), ("incomplete", 10));
        assert_eq!(exits(&end, &[text, StreamEvent::BadChunk { reason: "" }]), ("incomplete", 9));
    }

    #[test]
    fn an_error_counts_as_such_only_before_the_first_token() {
        let failed = || ReplyEnding::Failed(ProviderError::new(ErrorKind::Failed, "overloaded"));
        assert_eq!(exits(&failed(), &[]), ("error", 8));
        assert_eq!(exits(&failed(), &[StreamEvent::Text("x")]), ("incomplete", 9));
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let outcome = outcome(&ReplyEnding::Cancelled(CancelCause::OutputClosed), &reply(&[]));
        assert_eq!((outcome.exit, outcome.stored), (0, MessageStatus::Interrupted(InterruptReason::OutputClosed)));
    }
}
