//! A process group: what a command starts ends with it.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// Who ends what the group has started when we cannot wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leader {
    /// A guard of ours: asked politely, it ends all, also what has left the group.
    Guard,
    Program,
}

/// Dropping it ends whatever is left of the group.
#[derive(Debug)]
pub struct Group {
    id: Option<Pid>,
    leader: Leader,
}

impl Group {
    /// Of a child that was started as the leader of its own group.
    pub fn of(child: &Child, leader: Leader) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { id, leader }
    }

    pub fn signal(&self, signal: Signal) {
        if let Some(id) = self.id {
            // Nobody may be left to hear it.
            let _: Result<(), Errno> = kill_process_group(id, signal);
        }
    }

    /// Ends it at once, and for good: the number can belong to others afterwards.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.id = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        match self.leader {
            // Killed, it could not do its work.
            Leader::Guard => self.signal(Signal::TERM),
            Leader::Program => self.kill(),
        }
    }
}
