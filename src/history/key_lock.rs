//! A lock for each key that an answer is kept under: who holds it asks, all others wait.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::answers::KeptBy;
use super::file;
use crate::platform::{FileIdentity, private};

/// Held until it is dropped, or the process ends, however it ends.
#[derive(Debug)]
pub struct KeyLock {
    path: PathBuf,
    /// Closing it lets go.
    _file: File,
}

impl KeyLock {
    /// `None`: somebody else holds it.
    pub fn try_take(database: &Path, kept_by: KeptBy, key: &str) -> io::Result<Option<Self>> {
        let folder = database.with_file_name("locks");
        file::create_folder(&folder)?;
        let path = folder.join(format!("{key}.{}", kept_by.name()));
        let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // The one before us removes the file when it is done: a lock on a file that is gone keeps nobody out.
        let is_there = FileIdentity::of(&path)? == Some(FileIdentity::of_file(&file)?);
        Ok(is_there.then_some(Self { path, _file: file }))
    }
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        // While it is still held. A file that stays does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::{KeptBy, KeyLock};

    #[test]
    fn a_key_is_held_by_one_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("history.db");
        let take = |key| KeyLock::try_take(&database, KeptBy::Once, key).unwrap();
        let first = take("a").unwrap();
        assert!(take("a").is_none());
        assert!(take("b").is_some(), "another key is another matter");
        drop(first);
        assert!(take("a").is_some());
        assert_eq!(std::fs::read_dir(folder.path().join("locks")).unwrap().count(), 0);
    }
}
