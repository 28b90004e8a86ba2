//! Signals as causes to stop, and the second one as the end of patience.

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CancelCause;

/// The signals that end a turn or the program.
pub struct Signals {
    /// Each is looked at only after it has come: this waits beside every chunk of an answer.
    awaited: FuturesUnordered<BoxFuture<'static, (Signal, CancelCause)>>,
    /// Registered so that a file size limit is an error to report instead of a death.
    _file_size: Option<Signal>,
}

/// The number of SIGXFSZ: 25 on Linux for all but two rare machines, and on macOS.
const SIGXFSZ: i32 = 25;

impl Signals {
    /// Must be called within the runtime.
    pub fn listen() -> std::io::Result<Self> {
        let awaited = FuturesUnordered::new();
        for (kind, cause) in [
            (SignalKind::interrupt(), CancelCause::UserInterrupt),
            (SignalKind::terminate(), CancelCause::Terminate),
            // Ctrl-\ would leave a core and a terminal without echo.
            (SignalKind::quit(), CancelCause::Terminate),
            (SignalKind::hangup(), CancelCause::HangUp),
        ] {
            awaited.push(arrival(signal(kind)?, cause));
        }
        Ok(Self { awaited, _file_size: signal(SignalKind::from_raw(SIGXFSZ)).ok() })
    }

    /// Waits for the next one. Cancel-safe.
    pub async fn next(&mut self) -> CancelCause {
        let Some((signal, cause)) = self.awaited.next().await else { return std::future::pending().await };
        self.awaited.push(arrival(signal, cause));
        cause
    }
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
