//! Signals as causes to stop, and the second one as the end of patience.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CancelCause;

/// The signals that end a turn or the program.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    quit: Signal,
    hang_up: Signal,
    /// Registered so that a file size limit is an error to report instead of a death.
    _file_size: Option<Signal>,
}

/// The number of SIGXFSZ: 25 on Linux for all but two rare machines, and on macOS.
const SIGXFSZ: i32 = 25;

impl Signals {
    /// Must be called within the runtime.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            hang_up: signal(SignalKind::hangup())?,
            _file_size: signal(SignalKind::from_raw(SIGXFSZ)).ok(),
        })
    }

    /// Waits for the next one. Cancel-safe.
    pub async fn next(&mut self) -> CancelCause {
        tokio::select! {
            _ = self.interrupt.recv() => CancelCause::UserInterrupt,
            _ = self.terminate.recv() => CancelCause::Terminate,
            // Ctrl-\ would leave a core and a terminal without echo.
            _ = self.quit.recv() => CancelCause::Terminate,
            _ = self.hang_up.recv() => CancelCause::HangUp,
        }
    }
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
