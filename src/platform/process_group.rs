//! A child with all that it starts, to be ended together: a process group, or on Windows a job.

use std::io;

use tokio::process::{Child, Command};

/// What a child leads. Nothing ends it but its methods; on Windows also the drop, and our end, however it comes.
#[derive(Debug)]
pub struct ProcessGroup {
    #[cfg(unix)]
    id: rustix::process::Pid,
    /// Closing it ends all that is in it.
    #[cfg(windows)]
    job: Option<win32job::Job>,
}

#[cfg(unix)]
impl ProcessGroup {
    /// Starts the child as the leader of a group of its own, so that a Ctrl-C at the terminal does not reach it.
    pub fn start(command: &mut Command) -> io::Result<(Child, Self)> {
        let child = command.process_group(0).spawn()?;
        let id = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        let id = id.ok_or_else(|| io::Error::other("it ended at once"))?;
        Ok((child, Self { id }))
    }

    /// The one that is led by this process.
    #[must_use]
    pub fn led_by(id: i32) -> Option<Self> {
        rustix::process::Pid::from_raw(id).map(|id| Self { id })
    }

    /// The number of the process that leads it, where groups have one.
    #[must_use]
    pub fn leader(&self) -> Option<i32> {
        Some(self.id.as_raw_pid())
    }

    /// Politely, by a signal that can be handled.
    pub fn ask_to_end(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// All that is left of it, at once.
    pub fn kill(&mut self) {
        self.signal(rustix::process::Signal::KILL);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        // There may be nobody left in it.
        let _ = rustix::process::kill_process_group(self.id, signal);
    }
}

#[cfg(windows)]
impl ProcessGroup {
    /// Starts the child as the first of a job of its own; a Ctrl-C at the console does not reach it.
    pub fn start(command: &mut Command) -> io::Result<(Child, Self)> {
        /// `CREATE_NEW_PROCESS_GROUP`.
        const NEW_GROUP: u32 = 0x200;
        let mut limits = win32job::ExtendedLimitInfo::new();
        limits.limit_kill_on_job_close();
        let job = win32job::Job::create_with_limit_info(&limits).map_err(io::Error::other)?;
        let mut child = command.creation_flags(NEW_GROUP).spawn()?;
        let handle = child.raw_handle().ok_or_else(|| io::Error::other("it ended at once"))?;
        if let Err(error) = job.assign_process(handle as isize) {
            // One that would outlive us is not started.
            child.start_kill()?;
            return Err(io::Error::other(error));
        }
        Ok((child, Self { job: Some(job) }))
    }

    /// None: jobs have no number.
    #[must_use]
    pub fn led_by(_: i32) -> Option<Self> {
        None
    }

    /// The number of the process that leads it, where groups have one.
    #[must_use]
    pub fn leader(&self) -> Option<i32> {
        None
    }

    /// No signal is polite here: to close its stdin has to be enough.
    pub fn ask_to_end(&self) {}

    /// All that is left of it, at once.
    pub fn kill(&mut self) {
        self.job = None;
    }
}
