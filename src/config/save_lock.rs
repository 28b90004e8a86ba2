//! One process at a time changes a configuration file: between its last look at the text and its new text
//! nobody else writes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::platform::{FileIdentity, private};

/// A change takes milliseconds; who holds the lock longer hangs.
pub const WAIT_MAX: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// Held until it is dropped, or the process ends, however it ends.
pub struct SaveLock {
    path: PathBuf,
    /// Closing it lets go.
    _file: File,
}

impl SaveLock {
    /// Waits for the others. `Ok(None)`: somebody holds it for longer than `limit`.
    pub fn take(target: &Path, limit: Duration) -> io::Result<Option<Self>> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        let path = target.with_file_name(name);
        let start = Instant::now();
        loop {
            if let Some(lock) = Self::try_take(&path)? {
                return Ok(Some(lock));
            }
            if start.elapsed() >= limit {
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
    }

    fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // The one before us removes the file when it is done: a lock on a file that is gone keeps nobody out.
        let is_there = FileIdentity::of(path)? == Some(FileIdentity::of_file(&file)?);
        Ok(is_there.then(|| Self { path: path.to_owned(), _file: file }))
    }
}

impl Drop for SaveLock {
    fn drop(&mut self) {
        // While it is still held. A file that stays does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_the_file_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("c.yaml");
        let take = || SaveLock::take(&target, Duration::ZERO).unwrap();
        let first = take().unwrap();
        assert!(take().is_none());
        drop(first);
        drop(take().unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
