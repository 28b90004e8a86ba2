//! What can go wrong with the history. A running answer never fails because of it.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// No conversation fits the id, prefix or name.
    #[error("no conversation {wanted:?} in the history")]
    NotFound { wanted: String },
    #[error("{wanted:?} fits more than one conversation: {fits}")]
    Ambiguous { wanted: String, fits: String },
    /// `-c` without any conversation.
    #[error("no conversation to continue")]
    Empty,
    /// The file or its folder cannot be used.
    #[error("cannot use the history {}: {reason}", path.display())]
    Unusable { path: PathBuf, reason: String },
    #[error("history: {0}")]
    Sqlite(#[from] rusqlite::Error),
}
