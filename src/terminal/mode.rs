//! The state of the terminal itself: saved once, changed by a guard, put back on every way out.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::term_safe::Color;
use crate::platform::console;
pub use crate::platform::console::{
    ask_to_stop, discard_typed, has_job_control, is_gone, look_at_window, stop_process,
};

/// How the terminal was when this process began.
static SAVED: OnceLock<Option<console::Modes>> = OnceLock::new();
static IS_STYLED: AtomicBool = AtomicBool::new(false);
static IS_PASTE_BRACKETED: AtomicBool = AtomicBool::new(false);
static IS_BUSY: AtomicBool = AtomicBool::new(false);

/// Keeps the state of the terminal on stdin for [`restore`]. Call it before anything changes it.
pub fn remember() {
    SAVED.get_or_init(console::Modes::now);
}

/// Puts back what [`remember`] kept, and ends styling, bracketed paste and progress where we began them.
/// Takes no lock and waits for nothing: for the panic hook and for signals.
pub fn restore() {
    if let Some(Some(saved)) = SAVED.get() {
        saved.set();
    }
    let mut reset = Vec::new();
    if IS_STYLED.swap(false, Ordering::Relaxed) {
        reset.extend_from_slice(b"\x1b[0m");
    }
    if IS_PASTE_BRACKETED.swap(false, Ordering::Relaxed) {
        reset.extend_from_slice(b"\x1b[?2004l");
    }
    if IS_BUSY.swap(false, Ordering::Relaxed) {
        reset.extend_from_slice(b"\x1b]9;4;0\x1b\\");
    }
    console::tell_on_stderr(&reset, b"");
}

/// Styling stays open across writes from here on.
pub fn styling_begins(color: Color) {
    IS_STYLED.store(color == Color::On, Ordering::Relaxed);
}

pub fn styling_ends() {
    IS_STYLED.store(false, Ordering::Relaxed);
}

/// Tell it when the line editor switches bracketed paste on or off.
pub fn set_paste_bracketed(is_on: bool) {
    IS_PASTE_BRACKETED.store(is_on, Ordering::Relaxed);
}

/// Whether the terminal shows that somebody waits; true where that is a change.
pub fn set_busy(is_busy: bool) -> bool {
    IS_BUSY.swap(is_busy, Ordering::Relaxed) != is_busy
}

/// The modes of a process that is about to be stopped.
#[derive(Debug)]
pub struct Suspended {
    modes: Option<console::Modes>,
    is_paste_bracketed: bool,
}

/// Gives the terminal to the shell as it was, until [`Suspended::resume`].
#[must_use]
pub fn suspend() -> Suspended {
    let is_paste_bracketed = IS_PASTE_BRACKETED.load(Ordering::Relaxed);
    let suspended = Suspended { modes: console::Modes::now(), is_paste_bracketed };
    restore();
    suspended
}

impl Suspended {
    /// Sets the modes again. In the background that has to wait, so `self` comes back.
    pub fn resume(self) -> Result<(), Self> {
        if !console::is_foreground() {
            return Err(self);
        }
        if let Some(modes) = &self.modes {
            modes.set();
        }
        if self.is_paste_bracketed {
            // The line editor, which switched it on, does not know that it was off.
            console::tell_on_stderr(b"\x1b[?2004h", b"");
            set_paste_bracketed(true);
        }
        Ok(())
    }
}

/// While it lives, keys are not echoed into a streaming answer. Lines and Ctrl-C work as ever,
/// and what is typed ahead waits for the prompt, also across a Ctrl-C. Enter typed ahead reaches the
/// prompt as a line feed, which sends nothing: neither does a paste.
#[derive(Debug)]
pub struct EchoOff {
    before: console::Modes,
}

impl EchoOff {
    /// Nothing where stdin is no terminal, or belongs to another process in the foreground.
    #[must_use]
    pub fn new() -> Option<Self> {
        remember();
        let before = console::Modes::now()?;
        before.without_echo().set().then_some(Self { before })
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        self.before.set();
    }
}

/// While it lives, the terminal echoes: it edits the line itself, in the middle of a turn.
#[derive(Debug)]
pub struct EchoOn {
    before: console::Modes,
}

impl EchoOn {
    /// Nothing where stdin is no terminal, or belongs to another process in the foreground.
    #[must_use]
    pub fn new() -> Option<Self> {
        let before = console::Modes::now()?;
        before.with_echo().set().then_some(Self { before })
    }
}

impl Drop for EchoOn {
    fn drop(&mut self) {
        self.before.set();
    }
}
