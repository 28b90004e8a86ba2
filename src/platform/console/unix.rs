//! By termios and process groups.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpgrp, getpid, getsid, kill_current_process_group, kill_process};
use rustix::stdio::{stderr, stdin};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, isatty, tcflush, tcgetattr, tcgetpgrp, tcsetattr,
};

/// How the terminal on stdin treats what is typed.
#[derive(Clone, Debug)]
pub struct Modes(Termios);

impl Modes {
    /// `None`: stdin is no terminal.
    #[must_use]
    pub fn now() -> Option<Self> {
        tcgetattr(stdin()).ok().map(Self)
    }

    /// Whether it was done. In the background it would stop the process, so it is not tried.
    pub fn set(&self) -> bool {
        is_foreground() && tcsetattr(stdin(), OptionalActions::Now, &self.0).is_ok()
    }

    /// The same, but that keys are not echoed. What is typed ahead stays, also across a Ctrl-C.
    #[must_use]
    pub fn without_echo(&self) -> Self {
        let mut silent = self.clone();
        silent.0.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        silent.0.local_modes.insert(LocalModes::NOFLSH);
        silent
    }

    #[must_use]
    pub fn with_echo(&self) -> Self {
        let mut heard = self.clone();
        heard.0.local_modes.insert(LocalModes::ECHO);
        heard
    }
}

/// Whether the terminal was closed, as with its window.
#[must_use]
pub fn is_gone() -> bool {
    tcgetattr(stdin()).is_err_and(|error| error == Errno::IO)
}

/// Whether the terminal on stdin is ours now, and not another job's.
#[must_use]
pub fn is_foreground() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp())
}

/// Throws away what was typed and not yet read.
pub fn discard_typed() {
    if is_foreground() {
        // Without a terminal there is nothing to throw away.
        let _ = tcflush(stdin(), QueueSelector::IFlush);
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

/// Writes to stderr past everything else, without a lock. Nothing of `on_terminal` where stderr is none, and where it is
/// not ready: these are its escape sequences.
pub fn tell_on_stderr(on_terminal: &[u8], text: &[u8]) {
    let has_sequences = isatty(stderr()) && (!text.is_empty() || is_writable());
    let bytes = if has_sequences { [on_terminal, text].concat() } else { text.to_vec() };
    if !bytes.is_empty() {
        // There is nobody else to tell.
        let _ = rustix::io::write(stderr(), &bytes);
    }
}

/// A terminal that was stopped with Ctrl-S would hold up the exit.
fn is_writable() -> bool {
    let stderr = stderr();
    let mut wanted = [PollFd::new(&stderr, PollFlags::OUT)];
    poll(&mut wanted, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}
