//! By the modes of the console. There are no jobs that a shell stops and continues.

use std::io::{IsTerminal as _, Write as _};

use winapi_util::HandleRef;
use winapi_util::console::{mode, set_mode};

/// `ENABLE_ECHO_INPUT`.
const ECHO: u32 = 0x4;

/// How the console on stdin treats what is typed.
#[derive(Clone, Debug)]
pub struct Modes(u32);

impl Modes {
    /// `None`: stdin is no console.
    #[must_use]
    pub fn now() -> Option<Self> {
        mode(HandleRef::stdin()).ok().map(Self)
    }

    /// Whether it was done.
    pub fn set(&self) -> bool {
        set_mode(HandleRef::stdin(), self.0).is_ok()
    }

    /// The same, but that keys are not echoed.
    #[must_use]
    pub fn without_echo(&self) -> Self {
        Self(self.0 & !ECHO)
    }

    #[must_use]
    pub fn with_echo(&self) -> Self {
        Self(self.0 | ECHO)
    }
}

/// A console that is closed ends its programs.
#[must_use]
pub fn is_gone() -> bool {
    false
}

#[must_use]
pub fn is_foreground() -> bool {
    std::io::stdin().is_terminal()
}

/// What was typed ahead stays: no safe call throws it away.
pub fn discard_typed() {}

#[must_use]
pub fn has_job_control() -> bool {
    false
}

pub fn ask_to_stop() {}

pub fn stop_process() {}

/// The line editor asks for the size by itself.
pub fn look_at_window() {}

/// Writes to stderr past everything else. Nothing of `on_terminal` where stderr is none: these are its escape sequences.
pub fn tell_on_stderr(on_terminal: &[u8], text: &[u8]) {
    let mut stderr = std::io::stderr();
    let start = if stderr.is_terminal() { on_terminal } else { b"" };
    // There is nobody else to tell.
    let _ = stderr.write_all(&[start, text].concat());
}
