//! How the file is doing: what `doctor --history` tells.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::file::beside;
use super::owner::Owners;
use super::{Depth, History, HistoryError, HistorySettings, check, schema};

/// The state of the history file and of what is beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    pub path: PathBuf,
    /// `wal` or `delete`.
    pub journal_mode: String,
    pub schema_version: u32,
    pub schema_known: u32,
    pub sqlite_version: String,
    pub bytes: u64,
    pub wal_bytes: u64,
    pub page_bytes: i64,
    pub pages: i64,
    pub free_pages: i64,
    pub can_shrink: bool,
    pub conversations: u64,
    pub messages: u64,
    pub problems: Vec<String>,
    /// The permission bits, where others can get at the file.
    pub open_to_others: Option<u32>,
    /// Processes of ours that have written a reply and still live.
    pub owners: usize,
    /// Processes that hold a lock on the file at the moment, where the system tells.
    pub lock_holders: Vec<u32>,
    /// Damaged or replaced histories that were moved away.
    pub set_aside: Vec<PathBuf>,
}

/// Looks at the history without changing it. `None`: there is no file yet.
pub fn condition(settings: &HistorySettings) -> Result<Option<Condition>, HistoryError> {
    let path = settings.path.as_deref().ok_or(HistoryError::NotKept)?;
    if !path.exists() {
        return Ok(None);
    }
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let report = check(settings, Depth::Quick)?;
    let mut condition = Condition {
        path: path.to_owned(),
        schema_known: schema::VERSION,
        sqlite_version: rusqlite::version().to_owned(),
        bytes: length(path),
        wal_bytes: length(&beside(path, "-wal")),
        conversations: report.conversations,
        messages: report.messages,
        problems: report.problems,
        open_to_others: super::file::open_to_others(path),
        owners: Owners::beside(path).living(),
        lock_holders: lock_holders(path),
        set_aside: super::files_beside(path),
        ..Condition::default()
    };
    if let Ok(history) = History::open_read(settings) {
        // What cannot be read is among the problems already.
        let _ = read_pragmas(&history.connection, &mut condition);
    }
    Ok(Some(condition))
}

fn read_pragmas(connection: &Connection, condition: &mut Condition) -> rusqlite::Result<()> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    condition.journal_mode = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    condition.schema_version = schema::version(connection)?;
    condition.page_bytes = number("page_size")?;
    condition.pages = number("page_count")?;
    condition.free_pages = number("freelist_count")?;
    condition.can_shrink = number("auto_vacuum")? == 2;
    Ok(())
}

/// Linux lists all locks of files by device and inode.
#[cfg(target_os = "linux")]
fn lock_holders(path: &Path) -> Vec<u32> {
    use std::os::unix::fs::MetadataExt;
    let Ok(locks) = std::fs::read_to_string("/proc/locks") else { return Vec::new() };
    let files = [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")];
    let inodes: Vec<u64> = files.iter().filter_map(|file| Some(std::fs::metadata(file).ok()?.ino())).collect();
    let own = std::process::id();
    let mut holders: Vec<u32> = locks
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "->").collect();
            let inode: u64 = words.get(5)?.rsplit(':').next()?.parse().ok()?;
            inodes.contains(&inode).then(|| words.get(4)?.parse().ok())?
        })
        .filter(|pid| *pid != own)
        .collect();
    holders.sort_unstable();
    holders.dedup();
    holders
}

#[cfg(not(target_os = "linux"))]
fn lock_holders(_: &Path) -> Vec<u32> {
    Vec::new()
}
