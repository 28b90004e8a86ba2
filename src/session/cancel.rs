//! The one way a turn is told to stop: Ctrl-C, a signal, a time limit, a reader that has gone.

use tokio::sync::watch;

use crate::conversation::InterruptReason;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelCause {
    UserInterrupt,
    Terminate,
    HangUp,
    Timeout,
    OutputClosed,
}

impl CancelCause {
    /// What the history says about a reply that was stopped this way.
    #[must_use]
    pub fn reason(self) -> InterruptReason {
        match self {
            Self::UserInterrupt => InterruptReason::UserInterrupt,
            Self::Terminate | Self::HangUp => InterruptReason::Signal,
            Self::Timeout => InterruptReason::Timeout,
            Self::OutputClosed => InterruptReason::OutputClosed,
        }
    }
}

/// Stops a turn. The first cause stands.
#[derive(Debug)]
pub struct CancelSource(watch::Sender<Option<CancelCause>>);

/// The turn's side.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Receiver<Option<CancelCause>>);

impl Default for CancelSource {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl CancelSource {
    pub fn cancel(&self, cause: CancelCause) {
        self.0.send_if_modified(|current| {
            let is_first = current.is_none();
            if is_first {
                *current = Some(cause);
            }
            is_first
        });
    }

    #[must_use]
    pub fn token(&self) -> Cancel {
        Cancel(self.0.subscribe())
    }
}

impl Cancel {
    /// Waits for a cause; for ever where the source is gone without one.
    pub async fn cancelled(&mut self) -> CancelCause {
        match self.0.wait_for(Option::is_some).await.map(|cause| *cause) {
            Ok(Some(cause)) => cause,
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}
