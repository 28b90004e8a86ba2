//! The state of the terminal itself: saved once, changed by a guard, put back on every way out.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpgrp, getpid, getsid, kill_current_process_group, kill_process};
use rustix::stdio::{stderr, stdin};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, isatty, tcflush, tcgetattr, tcgetpgrp, tcsetattr,
};

use super::term_safe::Color;

/// How the terminal was when this process began.
static SAVED: OnceLock<Option<Termios>> = OnceLock::new();
static IS_STYLED: AtomicBool = AtomicBool::new(false);
static IS_PASTE_BRACKETED: AtomicBool = AtomicBool::new(false);
static IS_BUSY: AtomicBool = AtomicBool::new(false);

/// Keeps the state of the terminal on stdin for [`restore`]. Call it before anything changes it.
pub fn remember() {
    SAVED.get_or_init(|| tcgetattr(stdin()).ok());
}

/// Puts back what [`remember`] kept, and ends styling, bracketed paste and progress where we began them.
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
    if IS_BUSY.swap(false, Ordering::Relaxed) {
        let _ = reset.write_all(b"\x1b]9;4;0\x1b\\");
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

/// Whether the terminal shows that somebody waits; true where that is a change.
pub fn set_busy(is_busy: bool) -> bool {
    IS_BUSY.swap(is_busy, Ordering::Relaxed) != is_busy
}

/// Whether the terminal was closed, as with its window.
#[must_use]
pub fn is_gone() -> bool {
    tcgetattr(stdin()).is_err_and(|error| error == Errno::IO)
}

/// The modes of a process that is about to be stopped.
#[derive(Debug)]
pub struct Suspended {
    modes: Option<Termios>,
    is_paste_bracketed: bool,
}

/// Gives the terminal to the shell as it was, until [`Suspended::resume`].
#[must_use]
pub fn suspend() -> Suspended {
    let is_paste_bracketed = IS_PASTE_BRACKETED.load(Ordering::Relaxed);
    let suspended = Suspended { modes: tcgetattr(stdin()).ok(), is_paste_bracketed };
    restore();
    suspended
}

impl Suspended {
    /// Sets the modes again. In the background that has to wait, so `self` comes back.
    pub fn resume(self) -> Result<(), Self> {
        if !is_foreground() {
            return Err(self);
        }
        if let Some(modes) = &self.modes {
            set(modes);
        }
        if self.is_paste_bracketed {
            // The line editor, which switched it on, does not know that it was off.
            let _ = rustix::io::write(stderr(), b"\x1b[?2004h");
            set_paste_bracketed(true);
        }
        Ok(())
    }
}

/// Whether there is a shell that could continue a stopped process: job control puts jobs into groups of
/// their own. Without one, Ctrl-Z would be the end of the session.
#[must_use]
pub fn has_job_control() -> bool {
    getsid(None).is_ok_and(|session| session != getpgrp())
}

/// Ctrl-Z where the terminal does not make a signal of it.
pub fn ask_to_stop() {
    // The signal goes to ourselves, which cannot be refused.
    let _ = kill_current_process_group(Signal::TSTP);
}

/// Stops this process until the shell continues it. May return a little earlier than it takes effect.
pub fn stop_process() {
    let _ = kill_process(getpid(), Signal::STOP);
}

/// Lets the line editor find out how large the window has become while nobody was told.
pub fn look_at_window() {
    let _ = kill_process(getpid(), Signal::WINCH);
}

/// While it lives, keys are not echoed into a streaming answer. Lines and Ctrl-C work as ever,
/// and what is typed ahead waits for the prompt, also across a Ctrl-C. Enter typed ahead reaches the
/// prompt as a line feed, which sends nothing: neither does a paste.
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
        silent.local_modes.insert(LocalModes::NOFLSH);
        set(&silent).then_some(Self { before })
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        set(&self.before);
    }
}

/// While it lives, the terminal echoes: it edits the line itself, in the middle of a turn.
#[derive(Debug)]
pub struct EchoOn {
    before: Termios,
}

impl EchoOn {
    /// Nothing where stdin is no terminal, or belongs to another process in the foreground.
    #[must_use]
    pub fn new() -> Option<Self> {
        let before = tcgetattr(stdin()).ok()?;
        let mut heard = before.clone();
        heard.local_modes.insert(LocalModes::ECHO);
        set(&heard).then_some(Self { before })
    }
}

impl Drop for EchoOn {
    fn drop(&mut self) {
        set(&self.before);
    }
}

/// Throws away what was typed and not yet read: a question is answered by who has seen it.
pub fn discard_typed() {
    if is_foreground() {
        // Without a terminal there is nothing to throw away.
        let _ = tcflush(stdin(), QueueSelector::IFlush);
    }
}

/// Whether it was done. In the background it would stop the process, so it is not tried.
fn set(state: &Termios) -> bool {
    is_foreground() && tcsetattr(stdin(), OptionalActions::Now, state).is_ok()
}

fn is_foreground() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp())
}
