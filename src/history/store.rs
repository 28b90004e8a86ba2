//! The connection that writes: how it is opened, and how a batch of facts becomes a commit.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::ffi;

use super::connect::{self, JournalMode};
use super::file;
use super::queue::Wait;
use super::statements::{self, Fact};
use super::{HistoryError, schema};
use crate::platform::FileIdentity;

/// How long a write waits for a lock while nothing happens.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A WAL this long is written back into the database while the writer has nothing else to do.
pub(super) const WAL_BYTES_MAX: u64 = 4 << 20;
/// At exit a shorter WAL stays as it is: writing it back costs two more waits for the disk.
const WAL_BYTES_KEPT_MAX: u64 = 1 << 20;

/// What a commit promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Survives the end of this process.
    Process,
    /// Survives the loss of power.
    Power,
}

#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    identity: FileIdentity,
    wal_identity: Option<FileIdentity>,
    journal_mode: JournalMode,
    synchronous: Option<Durability>,
    /// Commits were made that a loss of power could undo.
    has_unsynced_commits: bool,
}

impl Store {
    /// Opens the file for writing; makes and migrates it where needed. Waits for others as `wait` says.
    pub fn open(path: &Path, mmap_mb: u64, wait: &mut Wait) -> Result<Self, HistoryError> {
        file::prepare(path).map_err(|error| HistoryError::unusable(path, error))?;
        let identity =
            FileIdentity::of(path).map_err(|error| HistoryError::unusable(path, error))?.ok_or_else(|| {
                let reason = file::leads_nowhere(path);
                HistoryError::unusable(path, reason.unwrap_or_else(|| "it was removed while it was opened".to_owned()))
            })?;
        let (connection, journal_mode) = connect::connect(path, mmap_mb, wait)?;
        let version = schema::migrate(&connection, |connection| wait.begin(connection))?;
        if version > schema::VERSION {
            let reason = format!(
                "a newer version of sayso has written it (schema {version}, this version knows {}); it is read, but not written",
                schema::VERSION
            );
            return Err(HistoryError::unusable(path, reason));
        }
        let wal_identity = FileIdentity::of(&file::beside(path, "-wal")).unwrap_or_default();
        Ok(Self {
            connection,
            path: path.to_owned(),
            identity,
            wal_identity,
            journal_mode,
            synchronous: None,
            has_unsynced_commits: false,
        })
    }

    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub fn identity(&self) -> FileIdentity {
        self.identity
    }

    /// Things a person should know about how the file was opened.
    pub fn warnings(&self) -> Vec<String> {
        let path = self.path.display();
        let mut warnings = Vec::new();
        if self.journal_mode == JournalMode::Delete {
            warnings.push(format!(
                "the file system of {path} does not support SQLite's WAL mode: the history works, but saving is slower"
            ));
        }
        if let Some(mode) = file::open_to_others(&self.path) {
            warnings.push(format!("others can read the history (mode {mode:o}): chmod 600 {path}"));
        }
        warnings
    }

    /// Whether the path no longer leads to the file that is open, or somebody emptied it:
    /// SQLite notices neither. In doubt it is the same.
    pub fn is_replaced(&self) -> bool {
        let is_empty = || std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() == 0);
        FileIdentity::of(&self.path).is_ok_and(|identity| identity != Some(self.identity)) || is_empty()
    }

    /// Closes the connection to a file that was deleted or replaced. Its WAL must not be taken
    /// for that of the file which is in its place now.
    pub fn abandon(self, mark: &str) {
        let Self { connection, path, wal_identity, .. } = self;
        drop(connection);
        let wal = FileIdentity::of(&file::beside(&path, "-wal")).unwrap_or_default();
        if wal.is_some() && wal == wal_identity {
            let _ = file::move_wal_aside(&path, mark);
        }
    }

    /// Whether [`Store::commit`] of nothing would change anything.
    pub fn needs_sync(&self) -> bool {
        self.has_unsynced_commits
    }

    /// Writes all facts in one transaction.
    pub fn commit(
        &mut self,
        facts: &[Fact],
        owner: &str,
        promise: Durability,
        wait: &mut Wait,
    ) -> Result<(), HistoryError> {
        self.set_synchronous(promise)?;
        let transaction = wait.begin(&self.connection)?;
        for fact in facts {
            statements::apply(&transaction, fact, owner)?;
        }
        if facts.is_empty() {
            // Something must change for the commit to reach the disk, and earlier ones with it.
            transaction.pragma_update(None, "user_version", schema::VERSION)?;
        }
        transaction.commit()?;
        self.has_unsynced_commits = promise == Durability::Process && self.journal_mode == JournalMode::Wal;
        Ok(())
    }

    /// After a failed sync: what the WAL holds may be in memory only, and a second sync would
    /// not say so. Copying it into the database writes it to the disk anew.
    pub fn write_wal_again(&mut self) -> Result<(), HistoryError> {
        self.set_synchronous(Durability::Power)?;
        self.checkpoint()
    }

    /// Writes the whole file anew, so that nothing of what was deleted or changed is left in it
    /// or in the WAL: neither in free pages nor as words of the index.
    pub fn leave_no_remains(&mut self) -> Result<(), HistoryError> {
        self.set_synchronous(Durability::Power)?;
        let indexes: Vec<String> = self
            .connection
            .prepare(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE % USING fts5%'",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for name in indexes {
            self.connection.execute(&format!("INSERT INTO {name} ({name}) VALUES ('optimize')"), [])?;
        }
        self.connection.execute_batch("PRAGMA temp_store = DEFAULT; VACUUM; PRAGMA temp_store = MEMORY;")?;
        self.checkpoint()
    }

    /// Writes a long WAL back into the database. Nobody waits for this.
    pub fn shorten_wal(&mut self) {
        self.shorten_wal_over(WAL_BYTES_MAX);
    }

    /// The same with the limit for the end of a process.
    pub fn shorten_wal_at_exit(&mut self) {
        self.shorten_wal_over(WAL_BYTES_KEPT_MAX);
    }

    /// How long the WAL is. It grows with each commit until it is written back as a whole.
    pub fn wal_bytes(&self) -> u64 {
        std::fs::metadata(file::beside(&self.path, "-wal")).map_or(0, |metadata| metadata.len())
    }

    fn shorten_wal_over(&mut self, bytes_max: u64) {
        if self.journal_mode == JournalMode::Wal && self.wal_bytes() > bytes_max {
            // Readers can be in the way: the next commit tries again.
            let _ = self.connection.busy_timeout(Duration::ZERO);
            let _ = self.checkpoint();
            let _ = self.connection.busy_timeout(BUSY_TIMEOUT);
        }
    }

    fn checkpoint(&mut self) -> Result<(), HistoryError> {
        let is_busy: bool = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if is_busy {
            let busy = ffi::Error::new(ffi::SQLITE_BUSY);
            return Err(rusqlite::Error::SqliteFailure(busy, None).into());
        }
        self.has_unsynced_commits = false;
        Ok(())
    }

    /// What the commits from now on promise, as far as [`Store::commit`] does not make them.
    pub fn set_synchronous(&mut self, durability: Durability) -> Result<(), HistoryError> {
        if self.synchronous != Some(durability) {
            let level = match (durability, self.journal_mode) {
                (Durability::Process, JournalMode::Wal) => "NORMAL",
                (Durability::Power, _) | (Durability::Process, JournalMode::Delete) => "FULL",
            };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.synchronous = Some(durability);
        }
        Ok(())
    }
}
