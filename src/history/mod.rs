//! The SQLite history: one thread writes, read-only connections read, a kill loses only the last window.

mod entry;
mod error;
mod journal;
mod settings;

pub use entry::{DeltaKind, Entry, ReplyEnd, TurnMetrics};
pub use error::HistoryError;
pub use journal::{FlushOutcome, Journal, WriteCounts};
pub use settings::{DeltaPersistence, HistorySettings};
