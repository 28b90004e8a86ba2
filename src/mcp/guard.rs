//! The guard: a small process of ours that a server runs under, and that outlives us just long enough to end it.
//!
//! A server that loses its client does not always notice, and what it started itself hardly ever does. The
//! guard hears of our end from the system, also when we were killed, and ends all of them.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitOptions, getpgrp, getpid, getppid, kill_current_process_group, kill_process, wait,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::processes;

/// The hidden first argument that makes a guard of this program.
pub(super) const WORD: &str = "__guard";

/// After a polite signal. Shorter than what our host waits before it kills the guard itself.
const TERM_WAIT: Duration = Duration::from_millis(700);

/// For what was killed to be gone.
const KILL_WAIT: Duration = Duration::from_secs(1);

const POLL: Duration = Duration::from_millis(10);

/// How often it is looked whether we live, where the system does not tell.
const PARENT_POLL: Duration = Duration::from_millis(500);

/// As a shell says that a program cannot be started.
const NOT_STARTED: u8 = 127;

/// Runs as a guard where the arguments say so: `sayso __guard PARENT -- PROGRAM ARGUMENT…`; the exit code.
pub fn guard(arguments: &[OsString]) -> Option<u8> {
    let [_, word, parent, dashes, program, rest @ ..] = arguments else { return None };
    if word != WORD || dashes != "--" {
        return None;
    }
    let parent = parent.to_str()?.parse().ok()?;
    Some(run(parent, Command::new(program).args(rest)))
}

fn run(parent: i32, program: &mut Command) -> u8 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return NOT_STARTED };
    let ended = runtime.block_on(async {
        let mut notices = Notices::new()?;
        hear_of_the_end();
        let child = program.spawn()?;
        // The server alone holds its pipes: when it lets go of them, we notice.
        let _ = let_go_of_pipes();
        let child = i32::try_from(child.id()).ok();
        let status = if lives(parent) { notices.until_it_is_time(parent, child).await } else { None };
        end_all().await;
        io::Result::Ok(status)
    });
    match ended {
        Ok(status) => status.map_or(0, exit_code),
        Err(_) => NOT_STARTED,
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Lets the system tell us when our parent ends, and makes us the parent of what our children leave behind.
#[cfg(target_os = "linux")]
fn hear_of_the_end() {
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
    let _ = rustix::process::set_child_subreaper(Some(getpid()));
}

#[cfg(not(target_os = "linux"))]
fn hear_of_the_end() {}

fn lives(parent: i32) -> bool {
    getppid().is_some_and(|id| id.as_raw_pid() == parent)
}

fn let_go_of_pipes() -> io::Result<()> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(&nothing)?;
    rustix::stdio::dup2_stderr(&nothing)?;
    Ok(())
}

/// What the system tells us of.
struct Notices {
    child: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Notices {
    fn new() -> io::Result<Self> {
        Ok(Self {
            child: signal(SignalKind::child())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Until the server has ended, with its status; or until we are to end it.
    async fn until_it_is_time(&mut self, parent: i32, child: Option<i32>) -> Option<ExitStatus> {
        loop {
            for (id, status) in reap() {
                if Some(id) == child {
                    return Some(status);
                }
            }
            tokio::select! {
                _ = self.child.recv() => {}
                _ = self.terminate.recv() => return None,
                _ = self.hang_up.recv() => return None,
                _ = self.interrupt.recv() => return None,
                () = tokio::time::sleep(PARENT_POLL), if cfg!(not(target_os = "linux")) => {
                    if !lives(parent) {
                        return None;
                    }
                }
            }
        }
    }
}

/// Those that have ended by now, own children and adopted ones.
fn reap() -> Vec<(i32, ExitStatus)> {
    std::iter::from_fn(|| wait(WaitOptions::NOHANG).ok().flatten())
        .map(|(id, status)| (id.as_raw_pid(), ExitStatus::from_raw(status.as_raw())))
        .collect()
}

/// Ends the group, and whoever has left it: first by a signal that can be handled, then by one that cannot.
async fn end_all() {
    signal_group(Signal::TERM);
    signal_children(Signal::TERM);
    if none_left_within(TERM_WAIT, None).await {
        return;
    }
    let _ = none_left_within(KILL_WAIT, Some(Signal::KILL)).await;
    if cfg!(not(target_os = "linux")) {
        // Nothing tells us who our grandchildren are: all of the group, ourselves with them.
        signal_group(Signal::KILL);
    }
}

/// Only a group of our own: whoever starts a guard by hand keeps their shell.
fn signal_group(signal: Signal) {
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(signal);
    }
}

/// Waits until there are no children. Those of a child that ends become ours, and get `signal` too.
async fn none_left_within(limit: Duration, signal: Option<Signal>) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(signal) = signal {
            signal_children(signal);
        }
        reap();
        if wait(WaitOptions::NOHANG).is_err() {
            return true;
        }
        tokio::time::sleep(POLL).await;
    }
    false
}

fn signal_children(signal: Signal) {
    let own = getpid().as_raw_pid();
    for child in processes::all().into_iter().filter(|process| process.parent == own) {
        if let Some(id) = Pid::from_raw(child.id) {
            let _ = kill_process(id, signal);
        }
    }
}
