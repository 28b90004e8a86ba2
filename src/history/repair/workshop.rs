//! Where a damaged history is worked on: a copy of it, which may be changed until it can be read.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Result};

use super::calls;
use super::graft::{Layout, graft, has_header};
use super::reroot::{broken_tables, reroot};
use crate::conversation::Role;
use crate::history::file::{self, beside};
use crate::history::{HistoryError, packing};
use crate::platform::private;

/// A folder of our own, in which a copy of the damaged file may be changed.
pub struct Workshop {
    folder: PathBuf,
    _lock: File,
}

impl Workshop {
    pub fn enter(history: &Path) -> std::result::Result<Self, HistoryError> {
        let folder = history.with_file_name("recovering");
        let unusable = |error: std::io::Error| HistoryError::unusable(&folder, error);
        file::create_folder(&folder).map_err(unusable)?;
        let lock = private(OpenOptions::new().write(true).create(true).truncate(false))
            .open(folder.join("lock"))
            .map_err(unusable)?;
        if lock.try_lock().is_err() {
            return Err(HistoryError::unusable(&folder, "another recovery is at work"));
        }
        Ok(Self { folder, _lock: lock })
    }

    pub fn open_copy(&self, damaged: &Path) -> std::result::Result<Connection, HistoryError> {
        let copy = self.folder.join("copy.db");
        let unusable = |error: std::io::Error| HistoryError::unusable(damaged, error);
        self.copy(damaged, &copy, true).map_err(unusable)?;
        if has_header(&copy)
            && let Ok(connection) = open(&copy)
        {
            return Ok(connection);
        }
        // What is in a WAL needs a first page that fits.
        for layout in [Layout::Rewritten, Layout::Grown] {
            self.copy(damaged, &copy, false).map_err(unusable)?;
            graft(&copy, &self.folder, layout)?;
            if let Ok(connection) = open(&copy)
                && (layout == Layout::Grown || has_messages(&connection))
            {
                return Ok(connection);
            }
        }
        Err(HistoryError::unusable(damaged, "nothing in it can be read"))
    }

    /// Makes rows reachable that lie below pages which cannot be read. Says whether there are such pages.
    pub fn mend(&self, connection: Connection) -> std::result::Result<(Connection, bool), HistoryError> {
        let broken = broken_tables(&connection);
        if broken.is_empty() {
            return Ok((connection, false));
        }
        let copy = self.folder.join("copy.db");
        if !is_all_in_one(&connection, &copy) {
            return Ok((connection, true));
        }
        drop(connection);
        reroot(&copy, &broken).map_err(|error| HistoryError::unusable(&copy, error))?;
        Ok((open(&copy)?, true))
    }

    /// The calls of tools as they stand in the pages; `None` where the pages are not what SQLite reads.
    pub fn gather_calls(&self, connection: &Connection) -> std::result::Result<Option<Connection>, HistoryError> {
        let copy = self.folder.join("copy.db");
        if !is_all_in_one(connection, &copy) {
            return Ok(None);
        }
        let gathered = self.folder.join("calls.db");
        let _ = fs::remove_file(&gathered);
        calls::gather(&copy, &gathered).map(Some)
    }

    fn copy(&self, damaged: &Path, copy: &Path, with_wal: bool) -> std::io::Result<()> {
        for suffix in ["", "-wal", "-shm"] {
            let target = beside(copy, suffix);
            let _ = fs::remove_file(&target);
            let source = beside(damaged, suffix);
            if suffix.is_empty() || (with_wal && suffix == "-wal" && source.exists()) {
                let mut out = private(OpenOptions::new().write(true).create_new(true)).open(&target)?;
                std::io::copy(&mut File::open(source)?, &mut out)?;
            }
        }
        Ok(())
    }
}

/// Writes the WAL of a copy back. With a WAL beside it the file is not what SQLite reads.
fn is_all_in_one(connection: &Connection, copy: &Path) -> bool {
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    fs::metadata(beside(copy, "-wal")).map_or(true, |wal| wal.len() == 0)
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Readable means that the list of tables is.
fn open(copy: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(copy, flags)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON")?;
    packing::register(&connection)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'message'", [], |row| {
        if row.get::<_, i64>(0)? == 1 { Ok(()) } else { Err(rusqlite::Error::QueryReturnedNoRows) }
    })?;
    Ok(connection)
}

/// Whether what stands where messages should be are messages, at one end of the table at least.
fn has_messages(connection: &Connection) -> bool {
    let is_message = |direction: &str| {
        let query = format!("SELECT role, typeof(id) FROM message NOT INDEXED ORDER BY number {direction} LIMIT 1");
        let row = connection.query_row(&query, [], |row| <(String, String)>::try_from(row));
        row.is_ok_and(|(role, id)| Role::from_name(&role).is_some() && id == "text")
    };
    is_message("ASC") || is_message("DESC")
}
