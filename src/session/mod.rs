//! One conversation at work: a prompt goes in, a turn runs to its end, whatever happens.

mod cancel;
mod frontend;

pub use cancel::{Cancel, CancelCause, CancelSource};
pub use frontend::{Flushed, Frontend, NoticeLevel, OutputError, TurnEvent, TurnResult, TurnStatus};
