//! One turn of a command without a prompt: it runs until it ends, a signal stops it, or its time is up.

use std::time::{Duration, Instant};

use crate::exit::Failure;
use crate::session::{CancelCause, CancelSource, Frontend, Session, Signals, TurnInput, TurnReport};

/// How long the end of the program waits for the disk.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(10);

pub enum Ended {
    Report {
        report: Box<TurnReport>,
        /// The signal, or the end of the time, that stopped it.
        cause: Option<CancelCause>,
    },
    /// The second signal: nothing is waited for any more.
    AtOnce {
        cause: CancelCause,
        /// A script has been told how the turn ended.
        is_told: bool,
    },
}

pub async fn run(
    session: &mut Session,
    input: TurnInput,
    view: &mut dyn Frontend,
    signals: &mut Signals,
    timeout: Option<Instant>,
) -> Result<Ended, Failure> {
    let source = CancelSource::default();
    let mut cancel = source.token();
    let mut stopped_by = None;
    let cause = {
        let mut turn = std::pin::pin!(session.run_turn(input, view, &mut cancel));
        loop {
            let cause = tokio::select! {
                biased;
                ended = &mut turn => return Ok(Ended::Report { report: Box::new(ended?), cause: stopped_by }),
                cause = stop(signals, timeout.filter(|_| stopped_by.is_none())) => cause,
            };
            if stopped_by.is_some() {
                break cause;
            }
            stopped_by = Some(cause);
            source.cancel(cause);
        }
    };
    Ok(Ended::AtOnce { cause, is_told: view.has_result() })
}

/// Waits for a signal, or the end of the time.
pub async fn stop(signals: &mut Signals, timeout: Option<Instant>) -> CancelCause {
    tokio::select! {
        biased;
        cause = signals.next_cause() => cause,
        () = at(timeout) => CancelCause::Timeout,
    }
}

/// Waits until then; for ever without a time.
pub async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
