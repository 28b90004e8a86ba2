//! The state of the terminal itself: saved once, changed by a guard, put back on every way out.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::stdio::{stderr, stdin};
use rustix::termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr};

use super::term_safe::Color;

/// How the terminal was when this process began.
static SAVED: OnceLock<Option<Termios>> = OnceLock::new();
static IS_STYLED: AtomicBool = AtomicBool::new(false);
static IS_PASTE_BRACKETED: AtomicBool = AtomicBool::new(false);

/// Keeps the state of the terminal on stdin for [`restore`]. Call it before anything changes it.
pub fn remember() {
    SAVED.get_or_init(|| tcgetattr(stdin()).ok());
}

/// Puts back what [`remember`] kept, and ends styling and bracketed paste where we began them.
/// Takes no lock and waits for nothing: for the panic hook and for signals.
pub fn restore() {
    if let Some(Some(saved)) = SAVED.get() {
        set(saved);
    }
    let mut reset = Vec::new();
    if IS_STYLED.swap(false, Ordering::Relaxed) {
        let _ = reset.write_all(b"\x1b[0m");
    }
    if IS_PASTE_BRACKETED.swap(false, Ordering::Relaxed) {
        let _ = reset.write_all(b"\x1b[?2004l");
    }
    if !reset.is_empty() && isatty(stderr()) && is_writable() {
        let _ = rustix::io::write(stderr(), &reset);
    }
}

/// A terminal that was stopped with Ctrl-S would hold up the exit.
fn is_writable() -> bool {
    let stderr = stderr();
    let mut wanted = [PollFd::new(&stderr, PollFlags::OUT)];
    poll(&mut wanted, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
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

/// While it lives, keys are not echoed into a streaming answer. Lines and Ctrl-C work as ever,
/// and what is typed ahead waits for the prompt.
#[derive(Debug)]
pub struct EchoOff {
    before: Termios,
}

impl EchoOff {
    /// Nothing where stdin is no terminal, or belongs to another process in the foreground.
    #[must_use]
    pub fn new() -> Option<Self> {
        remember();
        let before = tcgetattr(stdin()).ok()?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        set(&silent).then_some(Self { before })
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        set(&self.before);
    }
}

/// Whether it was done. In the background it would stop the process, so it is not tried.
fn set(state: &Termios) -> bool {
    let is_foreground = tcgetpgrp(stdin()).is_ok_and(|group| group == rustix::process::getpgrp());
    is_foreground && tcsetattr(stdin(), OptionalActions::Now, state).is_ok()
}
