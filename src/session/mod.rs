//! One conversation at work: a prompt goes in, a turn runs to its end, whatever happens.

mod branch;
mod cancel;
mod frontend;
mod instructions;
mod metrics;
mod next_step;
mod outcome;
mod output;
mod own_settings;
mod question;
mod receive;
mod repair;
mod request;
mod resources;
mod server_question;
mod signals;
mod state;
mod tool_round;
mod turn;
mod turn_state;
mod unwind;

pub use branch::{Draft, Piece};
pub use cancel::{Cancel, CancelCause, CancelSource};
pub use frontend::{Flushed, Frontend, NamedCall, NoticeLevel, OutputError, TurnEvent, TurnResult, TurnStatus};
pub use outcome::{exit_of_cancel, exit_of_error};
pub use question::{Answer, Answering, Approval, Question};
pub use resources::resource_text;
pub use signals::{JobSignal, JobSignals, Signals};
pub use state::{ActiveModel, Preview, Session, TurnSettings};
pub use turn::{TurnFailure, TurnInput, TurnReport};
pub use turn_state::paragraph_break;
