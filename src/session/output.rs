//! Gives pending output to a view without ever blocking on a slow reader.

use std::time::{Duration, Instant};

use super::{Cancel, CancelCause, Flushed, Frontend, OutputError};
use crate::history::Journal;

/// How often a full pipe is looked at again.
const BLOCKED_POLL: Duration = Duration::from_millis(5);

/// So long a question waits for a terminal that takes nothing.
const SEEN_WITHIN: Duration = Duration::from_secs(60);

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
        tokio::select! {
            biased;
            cause = cancel.cancelled() => return Err(OutputStop::Cancelled(cause)),
            () = tokio::time::sleep(BLOCKED_POLL) => journal.flush_due_deltas(Instant::now()),
        }
    }
}

/// Waits until all that was said is on the terminal: whoever answers a question has to have been shown the whole of
/// it. False where the terminal takes nothing for a minute.
pub async fn is_all_seen(front: &mut dyn Frontend) -> bool {
    let end = Instant::now() + SEEN_WITHIN;
    loop {
        // A pipe that has closed is found out elsewhere.
        let _ = front.flush();
        if !front.has_unseen() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(BLOCKED_POLL).await;
    }
}
