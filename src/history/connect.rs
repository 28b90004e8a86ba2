//! How the file is opened: with a WAL where the file system can do that, else with the old journal.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use super::queue::{Wait, is_busy};
use super::store::WAL_BYTES_MAX;
use super::{HistoryError, file, schema};

/// Somebody else's lock is asked about this often while the file is opened.
pub const BUSY_SLICE: Duration = Duration::from_millis(100);

/// Bytes of a page of a new database. What arrives within `min_chars` is about a kilobyte: with larger pages each
/// commit writes several times that.
pub const PAGE_BYTES: u32 = 1_024;

/// Where changes go before they are in the database file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalMode {
    Wal,
    /// Where the file system cannot do WAL, as on network drives.
    Delete,
}

/// Opens a file that exists. Where nobody can lock anything, this fails at once.
pub fn connect(path: &Path, mmap_mb: u64, wait: &mut Wait) -> Result<(Connection, JournalMode), HistoryError> {
    let no_locks = || {
        let reason = "its file system has no locks (chat.storage.persistence.db_path can name another place)";
        HistoryError::unusable(path, reason)
    };
    if wait.still_has_no_locks() {
        return Err(no_locks());
    }
    let mut is_checked = false;
    let (connection, mode) = loop {
        match open(path, mmap_mb, wait) {
            Err(HistoryError::Sqlite(error)) if is_busy(&error) => {
                // SQLite takes a lack of locks for a lock that somebody else holds.
                if !is_checked && !wait.has_locks() {
                    return Err(no_locks());
                }
                is_checked = true;
                if !wait.lasts() {
                    return Err(error.into());
                }
            }
            outcome => break outcome?,
        }
    };
    connection.busy_timeout(wait.silence_max)?;
    Ok((connection, mode))
}

fn open(path: &Path, mmap_mb: u64, wait: &mut Wait) -> Result<(Connection, JournalMode), HistoryError> {
    match open_in_best_mode(path, mmap_mb, wait) {
        Err(HistoryError::Sqlite(error)) if is_missing_wal_support(&error) => open_without_wal(path, mmap_mb, wait),
        outcome => outcome,
    }
}

fn open_in_best_mode(path: &Path, mmap_mb: u64, wait: &mut Wait) -> Result<(Connection, JournalMode), HistoryError> {
    if is_empty(path) {
        wait.take_turn();
        // Made by somebody who was faster: of many that start at once each would hold up all others while it opens.
        if !is_empty(path) {
            wait.give_way();
        }
    }
    let connection = open_with(path, mmap_mb, "NORMAL")?;
    let is_new = is_empty(path);
    if is_new {
        // Both count only in an empty file; later they would cost a write each time.
        connection.execute_batch(&format!("PRAGMA page_size = {PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL"))?;
    }
    let mut mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" && (is_new || is_wal_possible(path, wait)) {
        wait.take_turn();
        mode = set_journal_mode(&connection, "wal")?;
    }
    // Only now the WAL and its shared memory are opened.
    schema::version(&connection)?;
    Ok((connection, if mode == "wal" { JournalMode::Wal } else { JournalMode::Delete }))
}

/// Leaves WAL mode where there is no shared memory. In exclusive mode a WAL needs none, so
/// what another system left in it is not lost.
fn open_without_wal(path: &Path, mmap_mb: u64, wait: &mut Wait) -> Result<(Connection, JournalMode), HistoryError> {
    wait.take_turn();
    let connection = open_with(path, mmap_mb, "EXCLUSIVE")?;
    set_journal_mode(&connection, "delete")?;
    connection.execute_batch("PRAGMA locking_mode = NORMAL")?;
    schema::version(&connection)?;
    Ok((connection, JournalMode::Delete))
}

fn open_with(path: &Path, mmap_mb: u64, locking_mode: &str) -> Result<Connection, HistoryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    if connection.is_readonly("main")? {
        return Err(HistoryError::unusable(path, "the file is read-only"));
    }
    connection.busy_timeout(BUSY_SLICE)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    // `fullfsync` matters on macOS alone.
    connection.execute_batch(&format!(
        "PRAGMA locking_mode = {locking_mode}; PRAGMA fullfsync = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2000;
         PRAGMA mmap_size = {}; PRAGMA journal_size_limit = {WAL_BYTES_MAX}; PRAGMA wal_autocheckpoint = 0;",
        mmap_mb << 20
    ))?;
    Ok(connection)
}

fn set_journal_mode(connection: &Connection, wanted: &str) -> rusqlite::Result<String> {
    connection.pragma_update_and_check(None, "journal_mode", wanted, |row| row.get(0))
}

/// Tries it with a file of its own. A history that was made where there is no WAL is not to be switched to and fro
/// at each start, under the hands of other processes; but it may have moved to a better place.
fn is_wal_possible(path: &Path, wait: &mut Wait) -> bool {
    wait.take_turn();
    let scratch = file::beside(path, "-probe");
    let remove = || {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(file::beside(&scratch, suffix));
        }
    };
    remove();
    let is_possible = file::prepare(&scratch).is_ok() && makes_a_wal(&scratch).is_ok_and(|mode| mode == "wal");
    remove();
    is_possible
}

fn makes_a_wal(scratch: &PathBuf) -> rusqlite::Result<String> {
    let connection = Connection::open(scratch)?;
    let mode = set_journal_mode(&connection, "wal")?;
    connection.execute_batch("CREATE TABLE probe (x)")?;
    Ok(mode)
}

fn is_empty(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0)
}

fn is_missing_wal_support(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.code == ffi::ErrorCode::CannotOpen
            || matches!(
                error.extended_code,
                ffi::SQLITE_IOERR_SHMOPEN
                    | ffi::SQLITE_IOERR_SHMSIZE
                    | ffi::SQLITE_IOERR_SHMLOCK
                    | ffi::SQLITE_IOERR_SHMMAP
                    // No lock on the shared memory.
                    | ffi::SQLITE_IOERR_LOCK
            )
    })
}
