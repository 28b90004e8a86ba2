//! The SQLite history: one thread writes, read-only connections read, a kill loses only the last window.

mod address;
mod answers;
mod attached;
mod backup;
mod condition;
mod connect;
mod delta_buffer;
mod details;
mod entry;
mod error;
mod file;
mod filter;
mod follow;
mod fork;
mod journal;
mod keeper;
mod kept;
mod key_lock;
mod ledger;
mod locate;
mod names;
mod owner;
mod packing;
mod portable;
mod prompts;
mod query;
mod queue;
mod reader;
mod recovery;
mod redact;
mod repair;
mod rows;
mod schema;
mod scrub;
mod search;
mod search_phrase;
mod search_query;
mod settings;
mod sql;
mod statements;
mod stats;
mod store;
mod sums;
mod upkeep;
mod writer;

pub use address::why_no_name;
pub use answers::{Found, KeptAnswer, KeptBy, MatchedAnswer};
pub use attached::AttachmentInfo;
pub use condition::{Condition, condition};
pub use entry::{DeltaKind, Entry, Fork, Place, ReplyEnd, ToolEnd, ToolStart, TurnMetrics};
pub use error::HistoryError;
pub use file::{behind_links, give_name};
pub use filter::{Filter, SchemaFilter, StatusFilter, ToolFilter};
pub use journal::{FlushOutcome, Journal, WriteCounts};
pub use keeper::Keeper;
pub use key_lock::KeyLock;
pub use ledger::{BudgetScope, Exhausted, Ledger, Reservation, SharedLimits, Spend, SpendLimit, day_of};
pub use locate::{Scope, Spot};
pub use portable::{
    DocumentError, DocumentFormat, Head, ImportCounts, Imported, Importer, LlmLog, PortableAttachment,
    PortableConversation, PortableMessage, Time, aichat_session, is_llm_log, read_document, write_document,
};
pub use prompts::EarlierPrompts;
pub use query::ConversationSummary;
pub use reader::History;
pub use repair::{Depth, check, files_beside, newest_set_aside, recover_file, set_aside};
pub use rows::{StoredMessage, ToolRun};
pub use scrub::scrub;
pub use search::{FoundIn, PHRASE_LOOKED_AT_MAX, Page, SearchHit, SearchPage, Wanted};
pub use settings::{DeltaPersistence, HistorySettings, RetentionLimits, UpkeepSettings};
pub use sql::{SqlRows, SqlValue};
pub use stats::{StatsBy, StatsRow};
pub use sums::Histogram;
pub use upkeep::{Doomed, prune, prune_plan};

#[cfg(test)]
mod tests;
