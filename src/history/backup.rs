//! A copy of the history as it is at one moment, made while others write.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use super::file::{self, beside};
use super::{History, HistoryError};

impl History {
    /// Writes the whole history to a new file, which nobody else can read and which has its
    /// name only when it is whole and checked. Returns its length in bytes.
    pub fn back_up(&self, target: &Path) -> Result<u64, HistoryError> {
        let unusable = |error: io::Error| HistoryError::CannotWrite { path: target.to_owned(), error };
        if target.symlink_metadata().is_ok() {
            return Err(unusable(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already")));
        }
        let unfinished = beside(target, &format!(".{}.unfinished", std::process::id()));
        file::private(OpenOptions::new().write(true).create_new(true)).open(&unfinished).map_err(unusable)?;
        let copied = self.copy_into(&unfinished).and_then(|length| {
            OpenOptions::new().write(true).open(&unfinished).and_then(|file| file.sync_all()).map_err(unusable)?;
            // A link is refused where somebody was faster; a rename would overwrite.
            fs::hard_link(&unfinished, target).map_err(unusable)?;
            Ok(length)
        });
        let _ = fs::remove_file(&unfinished);
        copied
    }

    fn copy_into(&self, target: &Path) -> Result<u64, HistoryError> {
        // It writes, though not into what is open.
        self.connection.execute_batch("PRAGMA query_only = OFF")?;
        let copied = self.connection.execute("VACUUM INTO ?1", [target.to_string_lossy()]);
        self.connection.execute_batch("PRAGMA query_only = ON")?;
        copied?;
        let copy = rusqlite::Connection::open(target)?;
        let verdict: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(HistoryError::unusable(target, format!("the copy is damaged: {verdict}")));
        }
        Ok(fs::metadata(target).map_or(0, |metadata| metadata.len()))
    }
}
