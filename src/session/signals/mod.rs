//! Signals as causes to stop, and the second Ctrl-C as the end of patience.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::{BoxStream, SelectAll};

use super::CancelCause;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

pub use system::JobSignals;

/// The signals that end a turn or the program.
pub struct Signals {
    /// Each is looked at only after it has come: this waits beside every chunk of an answer.
    awaited: SelectAll<BoxStream<'static, CancelCause>>,
    /// The last one that [`Self::next_cause`] has told.
    told: Option<(CancelCause, Instant)>,
    /// To be told once more.
    kept: Option<CancelCause>,
}

/// Two Ctrl-C that come closer together are one: nobody's fingers are so fast.
const ONE_PRESS: Duration = Duration::from_millis(30);

impl Signals {
    /// Hang-ups, Ctrl-C and Ctrl-\ stay ignored where they were when the program started. Must be called within the
    /// runtime.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { awaited: futures::stream::select_all(system::causes()?), told: None, kept: None })
    }

    /// Waits for the next one. Cancel-safe.
    pub async fn next(&mut self) -> CancelCause {
        if let Some(cause) = self.kept.take() {
            return cause;
        }
        match self.awaited.next().await {
            Some(cause) => cause,
            None => std::future::pending().await,
        }
    }

    /// For work that any signal stops: one that is to end the program, too, comes again. Cancel-safe.
    pub async fn next_stop(&mut self) -> CancelCause {
        let cause = self.next().await;
        self.kept = Some(cause).filter(|cause| *cause != CancelCause::UserInterrupt);
        cause
    }

    /// For a program that the first signal ends: waits for the next one that asks for more than those before it.
    /// Cancel-safe.
    pub async fn next_cause(&mut self) -> CancelCause {
        loop {
            let cause = self.next().await;
            let now = Instant::now();
            let told = self.told.map(|(told, at)| (told, now.saturating_duration_since(at)));
            if asks_for_more(cause, told) {
                self.told = Some((cause, now));
                return cause;
            }
        }
    }
}

/// Whether a signal says something new after the last one that did, so long ago. Who ends a job, like `timeout`, often
/// sends to the process and to its group, and the same signal comes twice.
fn asks_for_more(cause: CancelCause, told: Option<(CancelCause, Duration)>) -> bool {
    match (told, cause) {
        (Some((CancelCause::UserInterrupt, ago)), CancelCause::UserInterrupt) => ago >= ONE_PRESS,
        (None | Some((CancelCause::UserInterrupt, _)), _) | (Some(_), CancelCause::UserInterrupt) => true,
        (Some(_), _) => false,
    }
}

/// What a shell does to its jobs.
#[cfg_attr(not(unix), expect(dead_code, reason = "no other system has them"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobSignal {
    /// Ctrl-Z: whoever listens has to stop the process itself.
    Stop,
    Continue,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_is_repeated_says_nothing_new_but_a_second_ctrl_c_does() {
        use CancelCause::{HangUp, Terminate, UserInterrupt};
        let (at_once, later) = (Duration::from_millis(1), Duration::from_secs(1));
        for (cause, told, expected) in [
            (Terminate, None, true),
            (Terminate, Some((Terminate, at_once)), false),
            (Terminate, Some((Terminate, later)), false),
            (Terminate, Some((HangUp, later)), false),
            (UserInterrupt, None, true),
            (UserInterrupt, Some((UserInterrupt, at_once)), false),
            (UserInterrupt, Some((UserInterrupt, later)), true),
            (UserInterrupt, Some((Terminate, at_once)), true),
            (Terminate, Some((UserInterrupt, at_once)), true),
        ] {
            assert_eq!(asks_for_more(cause, told), expected, "{cause:?} after {told:?}");
        }
    }
}
