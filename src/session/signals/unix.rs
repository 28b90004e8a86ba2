//! By the signals of Unix.

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::JobSignal;
use crate::session::CancelCause;

/// The number of SIGXFSZ: 25 on Linux for all but two rare machines, and on macOS.
const SIGXFSZ: i32 = 25;

/// All that end a turn or the program, each without an end.
pub fn causes() -> std::io::Result<Vec<BoxStream<'static, CancelCause>>> {
    let mut causes = Vec::new();
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
            causes.push(arrivals(signal(kind)?, cause));
        }
    }
    // Once it has been listened to, a file size limit is an error to report instead of a death.
    let _ = signal(SignalKind::from_raw(SIGXFSZ));
    Ok(causes)
}

fn arrivals(signal: Signal, cause: CancelCause) -> BoxStream<'static, CancelCause> {
    stream::unfold(signal, move |mut signal| async move { signal.recv().await.map(|()| (cause, signal)) }).boxed()
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

/// For programs that change the modes of the terminal. Whoever does not listen is stopped by the
/// system.
pub struct JobSignals {
    stop: Signal,
    go_on: Signal,
}

impl JobSignals {
    /// Must be called within the runtime.
    pub fn listen() -> std::io::Result<Self> {
        let listen = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self { stop: listen(Number::TSTP)?, go_on: listen(Number::CONT)? })
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
}
