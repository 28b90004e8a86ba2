//! Gives pending output to a view without ever blocking on a slow reader.

use std::time::{Duration, Instant};

use super::{Cancel, CancelCause, Flushed, Frontend, OutputError};
use crate::history::Journal;

/// How often a full pipe is looked at again.
const BLOCKED_POLL: Duration = Duration::from_millis(5);

/// Why output stopped.
#[derive(Debug)]
pub enum OutputStop {
    Cancelled(CancelCause),
    Failed(OutputError),
}

impl From<OutputError> for OutputStop {
    fn from(error: OutputError) -> Self {
        match error {
            OutputError::Closed => Self::Cancelled(CancelCause::OutputClosed),
            OutputError::Failed(_) => Self::Failed(error),
        }
    }
}

/// Writes everything that is pending. While the reader is slow nothing is taken from the
/// network, the history still gets its share in time, and a cancel is obeyed.
pub async fn drain(front: &mut dyn Frontend, journal: &mut Journal, cancel: &mut Cancel) -> Result<(), OutputStop> {
    loop {
        match front.flush()? {
            Flushed::All => return Ok(()),
            Flushed::Blocked => {}
        }
        wait_for_reader(journal, cancel).await?;
    }
}

/// The same, and also what may lag behind the answer is on the terminal: whoever is asked has been shown everything.
pub async fn drain_until_seen(
    front: &mut dyn Frontend,
    journal: &mut Journal,
    cancel: &mut Cancel,
) -> Result<(), OutputStop> {
    loop {
        drain(front, journal, cancel).await?;
        if !front.has_unseen() {
            return Ok(());
        }
        wait_for_reader(journal, cancel).await?;
    }
}

/// A moment in which a slow reader may get on.
async fn wait_for_reader(journal: &mut Journal, cancel: &mut Cancel) -> Result<(), OutputStop> {
    tokio::select! {
        biased;
        cause = cancel.cancelled() => Err(OutputStop::Cancelled(cause)),
        () = tokio::time::sleep(BLOCKED_POLL) => {
            journal.flush_due_deltas(Instant::now());
            Ok(())
        }
    }
}
