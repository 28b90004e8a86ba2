//! The SQLite history: one thread writes, read-only connections read, a kill loses only the last window.

mod connect;
mod delta_buffer;
mod entry;
mod error;
mod file;
mod journal;
mod kept;
mod owner;
mod packing;
mod portable;
mod query;
mod queue;
mod reader;
mod recovery;
mod rows;
mod schema;
mod search;
mod settings;
mod statements;
mod store;
mod writer;

pub use entry::{DeltaKind, Entry, ReplyEnd, ToolEnd, ToolStart, TurnMetrics};
pub use error::HistoryError;
pub use journal::{FlushOutcome, Journal, WriteCounts};
pub use portable::{
    DocumentError, DocumentFormat, ImportCounts, Importer, LlmLog, PortableConversation, PortableMessage, Time,
    aichat_session, is_llm_log, read_document, write_document,
};
pub use query::ConversationSummary;
pub use reader::History;
pub use rows::StoredMessage;
pub use search::{Page, SearchHit};
pub use settings::{DeltaPersistence, HistorySettings};

#[cfg(test)]
mod tests;
