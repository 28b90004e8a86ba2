//! One conversation at work: a prompt goes in, a turn runs to its end, whatever happens.

mod cancel;
mod frontend;
mod metrics;
mod next_step;
mod outcome;
mod output;
mod receive;
mod request;
mod signals;
mod state;
mod turn;
mod unwind;

pub use cancel::{Cancel, CancelCause, CancelSource};
pub use frontend::{Flushed, Frontend, NoticeLevel, OutputError, TurnEvent, TurnResult, TurnStatus};
pub use outcome::{exit_of_cancel, exit_of_error};
pub use signals::{JobSignal, JobSignals, Signals};
pub use state::{ActiveModel, Session, TurnSettings};
pub use turn::{TurnFailure, TurnInput, TurnReport};
