//! A process group: what a command starts ends with it.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// Dropping it ends whatever is left of the group.
#[derive(Debug)]
pub struct Group(Option<Pid>);

impl Group {
    /// Of a child that was started as the leader of its own group.
    pub fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    pub fn signal(&self, signal: Signal) {
        if let Some(leader) = self.0 {
            // Nobody may be left to hear it.
            let _: Result<(), Errno> = kill_process_group(leader, signal);
        }
    }

    /// Ends it at once, and for good: the number can belong to others afterwards.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
