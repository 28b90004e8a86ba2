//! Signals as causes to stop, and the second Ctrl-C as the end of patience.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CancelCause;

/// The signals that end a turn or the program.
pub struct Signals {
    /// Each is looked at only after it has come: this waits beside every chunk of an answer.
    awaited: FuturesUnordered<BoxFuture<'static, (Signal, CancelCause)>>,
    /// The last one that [`Self::next_cause`] has told.
    told: Option<(CancelCause, Instant)>,
    /// To be told once more.
    kept: Option<CancelCause>,
    /// Registered so that a file size limit is an error to report instead of a death.
    _file_size: Option<Signal>,
}

/// Two Ctrl-C that come closer together are one: nobody's fingers are so fast.
const ONE_PRESS: Duration = Duration::from_millis(30);

/// The number of SIGXFSZ: 25 on Linux for all but two rare machines, and on macOS.
const SIGXFSZ: i32 = 25;

impl Signals {
    /// Hang-ups, Ctrl-C and Ctrl-\ stay ignored where they were when the program started. Must be called within the
    /// runtime.
    pub fn listen() -> std::io::Result<Self> {
        let awaited = FuturesUnordered::new();
        let ignored = ignored_from_the_start();
        for (kind, cause) in [
            (SignalKind::interrupt(), CancelCause::UserInterrupt),
            (SignalKind::terminate(), CancelCause::Terminate),
            // Ctrl-\ would leave a core and a terminal without echo.
            (SignalKind::quit(), CancelCause::Terminate),
            (SignalKind::hangup(), CancelCause::HangUp),
        ] {
            // As `nohup` has it, and shells for what runs in the background of a script: to listen would be to obey.
            let is_ignored = kind != SignalKind::terminate() && has_signal(ignored, kind.as_raw_value());
            if !is_ignored {
                awaited.push(arrival(signal(kind)?, cause));
            }
        }
        Ok(Self { awaited, told: None, kept: None, _file_size: signal(SignalKind::from_raw(SIGXFSZ)).ok() })
    }

    /// Waits for the next one. Cancel-safe.
    pub async fn next(&mut self) -> CancelCause {
        if let Some(cause) = self.kept.take() {
            return cause;
        }
        let Some((signal, cause)) = self.awaited.next().await else { return std::future::pending().await };
        self.awaited.push(arrival(signal, cause));
        cause
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

/// A bit for each signal that is ignored, from 1. What is listened to is not among them.
#[cfg(target_os = "linux")]
fn ignored_from_the_start() -> u64 {
    // Of all files that tell it the cheapest: a third of `/proc/self/status`.
    std::fs::read_to_string("/proc/thread-self/stat").ok().as_deref().and_then(ignored_in).unwrap_or_default()
}

/// No other system tells without a call that is unsafe.
#[cfg(not(target_os = "linux"))]
fn ignored_from_the_start() -> u64 {
    0
}

/// The field `sigignore` of proc(5): the 31st behind the name, which can hold anything, also blanks and brackets.
#[cfg(any(target_os = "linux", test))]
fn ignored_in(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(30)?.parse().ok()
}

fn has_signal(mask: u64, number: i32) -> bool {
    (1..=64).contains(&number) && mask >> (number - 1) & 1 == 1
}

fn arrival(mut signal: Signal, cause: CancelCause) -> BoxFuture<'static, (Signal, CancelCause)> {
    Box::pin(async move {
        signal.recv().await;
        (signal, cause)
    })
}

/// What a shell does to its jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobSignal {
    /// Ctrl-Z: whoever listens has to stop the process itself.
    Stop,
    Continue,
}

/// For programs that change the modes of the terminal. Whoever does not listen is stopped by the
/// system.
pub struct JobSignals {
    stop: Signal,
    go_on: Signal,
}

impl JobSignals {
    /// Must be called within the runtime.
    pub fn listen() -> std::io::Result<Self> {
        let listen = |number: rustix::process::Signal| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self { stop: listen(rustix::process::Signal::TSTP)?, go_on: listen(rustix::process::Signal::CONT)? })
    }

    /// Waits for the next one. Cancel-safe.
    pub async fn next(&mut self) -> JobSignal {
        tokio::select! {
            biased;
            _ = self.stop.recv() => JobSignal::Stop,
            _ = self.go_on.recv() => JobSignal::Continue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_the_bits_of_a_field_of_the_system() {
        let stat = format!("7 (a) S (b) S {} 4097 6 0 0\n", ["0"; 29].join(" "));
        let mask = ignored_in(&stat).unwrap();
        assert!(has_signal(mask, 1) && has_signal(mask, 13));
        assert!(!has_signal(mask, 2) && !has_signal(mask, 0) && !has_signal(mask, 65));
        assert_eq!(ignored_in("7 (a) S 1 2"), None);
    }

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
