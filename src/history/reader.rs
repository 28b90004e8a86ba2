//! Opens the history for reading: also while another process writes, and where nothing can be written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::connect::BUSY_SLICE;
use super::file;
use super::owner::Owners;
use super::queue::{self, Line};
use super::store::{BUSY_TIMEOUT, Store};
use super::{HistoryError, HistorySettings, packing, schema};
use crate::platform::FileIdentity;

/// A read-only view of all conversations. Every call sees what is committed by then.
pub struct History {
    pub(super) connection: Connection,
    /// Tells living replies from dead ones; `None`: there is no file.
    pub(super) owners: Option<Owners>,
    /// Whether the tables know terminals, folders and forks, and index details: an older file is read as it is.
    has_places: bool,
    /// What was opened, and under which path.
    opened: Option<(PathBuf, FileIdentity)>,
}

impl History {
    /// Opens the file where there is one; without one the history is empty. Creates and changes nothing, but that a
    /// file of a very early version is brought up to date.
    pub fn open_read(settings: &HistorySettings) -> Result<Self, HistoryError> {
        let Some(path) = settings.path.as_deref() else { return Self::empty() };
        if !path.exists() {
            let reason = file::leads_nowhere(path);
            return reason.map_or_else(Self::empty, |reason| Err(HistoryError::unusable(path, reason)));
        }
        let opened = FileIdentity::of(path).ok().flatten().map(|identity| (path.to_owned(), identity));
        let mut connection = open_file(path, settings.mmap_mb)?;
        let version = schema::version(&connection)?;
        if version == 0 {
            return Self::empty();
        }
        if version < schema::READABLE {
            drop(connection);
            update(path, version)?;
            connection = open_file(path, settings.mmap_mb)?;
        }
        let has_places = connection.table_exists(None, "search_state")?;
        Ok(Self { connection, owners: Some(Owners::beside(path)), has_places, opened })
    }

    fn empty() -> Result<Self, HistoryError> {
        let connection = Connection::open_in_memory()?;
        schema::migrate(&connection, Connection::unchecked_transaction)?;
        Ok(Self { connection, owners: None, has_places: true, opened: None })
    }

    /// Whether the file was moved, deleted or replaced since it was opened: what others write goes elsewhere now.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        let identity = |path: &Path| FileIdentity::of(path).ok().flatten();
        self.opened.as_ref().is_some_and(|(path, opened)| identity(path) != Some(*opened))
    }

    /// Whether the tables know terminals, folders and forks, and index details.
    pub(super) fn has_places(&self) -> bool {
        self.has_places
    }
}

/// Migrates a file that cannot be read as it is.
fn update(path: &Path, version: u32) -> Result<(), HistoryError> {
    let opened = Store::open(path, 0, &mut Line::of(path).wait(BUSY_TIMEOUT));
    opened.map(drop).map_err(|error| {
        let told = "an early version of sayso has written it";
        let way_out = "in a place where it can be written it is brought up to date";
        HistoryError::unusable(path, format!("{told} (schema {version}): {way_out} ({})", error.reason()))
    })
}

/// Tries the ways to open a file in turn: the usual one and, for read-only disks, those that
/// need no shared memory. They take no locks, so they are only for where nobody can write.
fn open_file(path: &Path, mmap_mb: u64) -> Result<Connection, HistoryError> {
    let mut usual = open_by(path, "NORMAL", BUSY_SLICE);
    // SQLite takes a lack of locks for a lock that somebody else holds.
    let is_busy = matches!(&usual, Err(error) if queue::is_busy(error));
    let has_no_locks = is_busy && Line::of(path).is_known_to_have_no_locks();
    if is_busy && !has_no_locks {
        usual = open_by(path, "NORMAL", BUSY_TIMEOUT);
    }
    let connection = match usual {
        Err(error) if has_no_locks || is_about_access(&error) => {
            let uri = |options: &str| PathBuf::from(format!("file:{}?mode=ro&{options}", percent_encoded(path)));
            // The last one leaves out what is in the WAL.
            open_by(&uri("vfs=unix-none"), "EXCLUSIVE", BUSY_TIMEOUT)
                .or_else(|_| open_by(&uri("immutable=1"), "NORMAL", BUSY_TIMEOUT))
                .map_err(|_| HistoryError::unusable(path, error))?
        }
        result => result?,
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(&format!("PRAGMA mmap_size = {}", mmap_mb << 20))?;
    Ok(connection)
}

fn open_by(name: &Path, locking_mode: &str, patience: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(name, flags)?;
    connection.busy_timeout(patience)?;
    connection.execute_batch(&format!(
        "PRAGMA locking_mode = {locking_mode}; PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2000;"
    ))?;
    packing::register(&connection)?;
    // The first statement that reads the file.
    schema::version(&connection)?;
    Ok(connection)
}

fn is_about_access(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure)
    )
}

/// A path as part of a URI.
fn percent_encoded(path: &Path) -> String {
    let mut encoded = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            encoded.push(char::from(*byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::percent_encoded;

    #[test]
    fn a_path_survives_in_a_uri() {
        assert_eq!(percent_encoded(Path::new("/tmp/a b?#%é")), "/tmp/a%20b%3F%23%25%C3%A9");
    }
}
