//! What can go wrong with the history. A running answer never fails because of it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// No conversation fits the id, prefix or name.
    #[error("no conversation {wanted:?} in the history")]
    NotFound { wanted: String },
    #[error("no message {wanted:?} in the history")]
    NoMessage { wanted: String },
    #[error("{wanted:?} fits more than one {what}: {fits}")]
    Ambiguous { what: &'static str, wanted: String, fits: String },
    /// An address of a message, where a conversation is wanted.
    #[error("{wanted:?} is one message; this takes whole conversations")]
    OnlyWhole { wanted: String },
    /// It would go while somebody uses it.
    #[error("{wanted:?} is in use by another sayso")]
    InUse { wanted: String },
    /// Why a conversation cannot get this name.
    #[error("{name:?} cannot be its name: {reason}")]
    BadName { name: String, reason: String },
    /// `-c` without any conversation.
    #[error("no conversation to continue")]
    Empty,
    /// A search without a word in it.
    #[error("there is no word to search for in {text:?}")]
    NothingToSearch { text: String },
    #[error("a search takes {words_max} words at most")]
    TooManyWords { words_max: usize },
    /// A conversation of a file that is to be imported does not fit into the history.
    #[error("it cannot be imported: {what}")]
    NotImportable { what: String },
    #[error("no history is kept: `chat.storage.type` is `memory`, or there is no data folder")]
    NotKept,
    /// A file beside the history cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    CannotWrite { path: PathBuf, error: std::io::Error },
    /// A query of the user's own. Refused: it was not run at all.
    #[error("the query cannot be answered: {reason}")]
    Query { reason: String, is_refused: bool },
    #[error("{pattern:?} is no regular expression: {reason}")]
    BadPattern { pattern: String, reason: String },
    /// Somebody reads the file, so that it could not be written anew.
    #[error("what was found is masked, but its bytes can still be in the file and its WAL: {reason}")]
    Remains { reason: String },
    /// Retention does not trust the clock.
    #[error("the clock says {now}, but the newest conversation is from {newest}: nothing is deleted")]
    ClockWentBack { now: String, newest: String },
    #[error("{text:?} is the beginning of too many words")]
    ShortBeginning { text: String },
    /// A search that only says what is not wanted.
    #[error("there are only words that are not wanted in {text:?}")]
    OnlyUnwanted { text: String },
    /// The file or its folder cannot be used.
    #[error("cannot use the history {}: {reason}", path.display())]
    Unusable { path: PathBuf, reason: String },
    #[error("history: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// What the writer does about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The file is no database any more: move it aside and make a new one.
    StartOver,
    /// Another process holds the lock, or the disk is full: the connection is good.
    TryLater,
    /// After a failed write nobody knows what the connection believes.
    Reopen,
}

impl HistoryError {
    pub(super) fn unusable(path: &Path, reason: impl ToString) -> Self {
        Self::Unusable { path: path.to_owned(), reason: reason.to_string() }
    }

    pub(super) fn remedy(&self) -> Remedy {
        match self.sqlite_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Remedy::StartOver,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull) => Remedy::TryLater,
            Some(_) | None => Remedy::Reopen,
        }
    }

    /// Whether the file is no sound database, as against one that cannot be reached.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        self.remedy() == Remedy::StartOver
    }

    /// Whether data that was handed to the system may not have reached the disk.
    pub(super) fn is_io_failure(&self) -> bool {
        self.sqlite_code() == Some(ErrorCode::SystemIoFailure)
    }

    /// The text without the word it begins with, for use in a sentence about the history.
    pub(super) fn reason(&self) -> String {
        if let Self::Sqlite(error) = self { error.to_string() } else { self.to_string() }
    }

    fn sqlite_code(&self) -> Option<ErrorCode> {
        if let Self::Sqlite(error) = self { error.sqlite_error_code() } else { None }
    }
}
