//! What a command starts ends with it.

use crate::platform::ProcessGroup;

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
    /// `None`: it was killed, and its number can belong to others.
    group: Option<ProcessGroup>,
    leader: Leader,
}

impl Group {
    pub fn new(group: ProcessGroup, leader: Leader) -> Self {
        Self { group: Some(group), leader }
    }

    pub fn ask_to_end(&self) {
        if let Some(group) = &self.group {
            group.ask_to_end();
        }
    }

    /// Ends it at once, and for good.
    pub fn kill(&mut self) {
        if let Some(mut group) = self.group.take() {
            group.kill();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        match self.leader {
            // Killed, it could not do its work.
            Leader::Guard => self.ask_to_end(),
            Leader::Program => self.kill(),
        }
    }
}
