//! A copy of the history as it is at one moment, made while others write.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, ffi};

use super::file::{self, beside};
use super::{History, HistoryError, schema};
use crate::platform::private;

impl History {
    /// Writes the whole history to a new file, which nobody else can read and which has its
    /// name only when it is whole and checked. Returns its length in bytes.
    pub fn back_up(&self, target: &Path) -> Result<u64, HistoryError> {
        let cannot_write = |error| cannot_write(target, error);
        if target.symlink_metadata().is_ok() {
            return Err(cannot_write(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already")));
        }
        // From the root: what begins with `file:` would be an address to SQLite.
        let whole = std::path::absolute(target).map_err(cannot_write)?;
        let unfinished = beside(&whole, &format!(".{}.unfinished", std::process::id()));
        private(OpenOptions::new().write(true).create_new(true)).open(&unfinished).map_err(cannot_write)?;
        let copied = self.copy_into(&unfinished, target).and_then(|length| {
            OpenOptions::new().write(true).open(&unfinished).and_then(|file| file.sync_all()).map_err(cannot_write)?;
            file::give_name(&unfinished, target).map_err(cannot_write)?;
            Ok(length)
        });
        let _ = fs::remove_file(&unfinished);
        copied
    }

    /// `target`: the name it will have.
    fn copy_into(&self, unfinished: &Path, target: &Path) -> Result<u64, HistoryError> {
        // It writes, though not into what is open.
        self.connection.execute_batch("PRAGMA query_only = OFF")?;
        // Byte for byte, since SQLite makes a file of what it is given, whatever that is called.
        let place = ToSqlOutput::Borrowed(ValueRef::Text(unfinished.as_os_str().as_encoded_bytes()));
        let copied = self.connection.execute("VACUUM INTO ?1", [place]);
        self.connection.execute_batch("PRAGMA query_only = ON")?;
        if let Err(error) = copied {
            let is_about_target = is_about_writing(&error);
            return Err(if is_about_target { cannot_write(target, io::Error::other(error)) } else { error.into() });
        }
        let copy = rusqlite::Connection::open(unfinished)?;
        let verdict: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(HistoryError::unusable(target, format!("the copy is damaged: {verdict}")));
        }
        if schema::version(&copy)? != schema::version(&self.connection)? {
            return Err(HistoryError::unusable(target, "the copy does not hold what it should"));
        }
        Ok(fs::metadata(unfinished).map_or(0, |metadata| metadata.len()))
    }
}

/// The history itself is only read meanwhile.
fn is_about_writing(error: &rusqlite::Error) -> bool {
    let reads = [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_SHORT_READ];
    error.sqlite_error().is_some_and(|error| match error.code {
        ErrorCode::DiskFull => true,
        ErrorCode::SystemIoFailure => !reads.contains(&error.extended_code),
        _ => false,
    })
}

fn cannot_write(path: &Path, error: io::Error) -> HistoryError {
    HistoryError::CannotWrite { path: path.to_owned(), error }
}
