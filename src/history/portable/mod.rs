//! Conversations as they leave the history and come back: complete, and each time the same bytes.

mod aichat;
mod attachment;
mod document;
mod foreign_id;
mod import;
mod lineage;
mod llm_attachments;
mod llm_log;
#[cfg(test)]
mod llm_log_tests;
mod llm_turns;
mod read;
mod shape;
mod use_order;

pub use aichat::aichat_session;
pub use attachment::PortableAttachment;
pub use document::{DocumentError, DocumentFormat, read_document, write_document};
pub use import::{ImportCounts, Imported, Importer, STATUSES, is_id};
pub use llm_log::{LlmLog, is_llm_log};
pub use shape::{Head, PortableCall, PortableConversation, PortableMessage, PortableReplay, PortableUsage, Time};
