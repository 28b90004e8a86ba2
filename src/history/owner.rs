//! Who receives a reply: a lock file per process, which the system lets go when the process dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file;
use crate::conversation::{IdSource, now_ms};
use crate::platform::{FileIdentity, private};

const EXTENSION: &str = "lock";
/// A process that looks whether we live holds our new file for a moment.
const ATTEMPTS_MAX: u32 = 100;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(1);

/// The folder with the locks of all processes that share a history.
#[derive(Clone, Debug)]
pub struct Owners {
    folder: PathBuf,
}

/// This process. Its token stands in the rows of the replies it receives.
#[derive(Debug)]
pub struct Owner {
    pub token: String,
    path: PathBuf,
    /// Held until the end; `None` where the file system has no locks.
    lock: Option<File>,
}

impl Owners {
    pub fn beside(database: &Path) -> Self {
        Self { folder: database.with_file_name("locks") }
    }

    /// A new token with its lock held. Without a lock other processes take us for dead: they
    /// would close our running replies too early, and the end of the reply corrects that.
    pub fn enter(&self) -> Owner {
        let token = IdSource::default().conversation(now_ms()).0;
        let path = self.path(&token);
        let lock = file::create_folder(&self.folder).and_then(|()| lock_new_file(&path)).ok();
        Owner { token, path, lock }
    }

    /// Whether the process behind a token lives. In doubt it does: its rows stay as they are.
    pub fn is_alive(&self, token: &str) -> bool {
        let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_token && !matches!(open_if_dead(&self.path(token)), Ok(_) | Err(Liveness::Missing))
    }

    /// How many processes hold their lock.
    pub fn living(&self) -> usize {
        let Ok(entries) = fs::read_dir(&self.folder) else { return 0 };
        let paths = entries.flatten().map(|entry| entry.path());
        let locks = paths.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
        locks.filter(|path| matches!(open_if_dead(path), Err(Liveness::Alive))).count()
    }

    /// Removes the files of processes that died.
    pub fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                // The lock is held during the removal, so that nobody can take the file meanwhile.
                if let Some(_held) = take_if_dead(&path) {
                    let _ = fs::remove_file(&path);
                }
            }
        }
    }

    /// Runs `action` while no other process runs one.
    pub fn alone<T>(&self, action: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        file::create_folder(&self.folder)?;
        let path = self.folder.join("exclusive");
        let guard = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
        // Without locks on this file system: the caller's own checks have to do.
        let _ = guard.lock();
        action()
    }

    fn path(&self, token: &str) -> PathBuf {
        self.folder.join(token).with_extension(EXTENSION)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if self.lock.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

enum Liveness {
    Missing,
    Alive,
}

/// The file with a shared lock on it, so that two who look do not take each other for the owner.
fn open_if_dead(path: &Path) -> Result<File, Liveness> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Liveness::Missing,
        _ => Liveness::Alive,
    })?;
    file.try_lock_shared().map_err(|_| Liveness::Alive)?;
    Ok(file)
}

/// The file, held by us alone and still in its place. Of two who sweep the second could else remove the file that a
/// new process has put where the first one had removed one.
fn take_if_dead(path: &Path) -> Option<File> {
    // For writing, since some file systems over a network give no other file to one alone.
    let file = OpenOptions::new().read(true).write(true).open(path).ok()?;
    file.try_lock().ok()?;
    is_in_place(&file, path).ok()?.then_some(file)
}

fn is_in_place(file: &File, path: &Path) -> io::Result<bool> {
    Ok(FileIdentity::of(path)? == Some(FileIdentity::of_file(file)?))
}

fn lock_new_file(path: &Path) -> io::Result<File> {
    for _ in 0..ATTEMPTS_MAX {
        let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
        match file.try_lock() {
            // A sweep may have removed the file between its creation and the lock.
            Ok(()) if is_in_place(&file, path)? => return Ok(file),
            Ok(()) | Err(TryLockError::WouldBlock) => std::thread::sleep(ATTEMPT_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::WouldBlock))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::Owners;

    #[test]
    fn an_owner_lives_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let owners = Owners::beside(&folder.path().join("history.db"));
        let owner = owners.enter();
        let token = owner.token.clone();
        owners.sweep();
        assert!(owners.is_alive(&token));
        drop(owner);
        assert!(!owners.is_alive(&token));
        assert!(!owners.is_alive("") && !owners.is_alive("../../etc/passwd"));
    }

    /// Each process sweeps when it starts: many at once, while others take their place.
    #[test]
    fn nobody_is_swept_away_by_many() {
        let folder = tempfile::tempdir().unwrap();
        let owners = Owners::beside(&folder.path().join("history.db"));
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::SeqCst) {
                        owners.sweep();
                    }
                });
            }
            for _ in 0..500 {
                let owner = owners.enter();
                let is_alive = owners.is_alive(&owner.token);
                if owner.lock.is_some() && !is_alive {
                    is_over.store(true, Ordering::SeqCst);
                    panic!("{} is taken for dead", owner.token);
                }
            }
            is_over.store(true, Ordering::SeqCst);
        });
    }

    #[test]
    fn a_file_without_its_lock_is_a_dead_process() {
        let folder = tempfile::tempdir().unwrap();
        let owners = Owners::beside(&folder.path().join("history.db"));
        let living = owners.enter();
        let left = folder.path().join("locks/01DEAD.lock");
        std::fs::write(&left, "").unwrap();
        assert!(!owners.is_alive("01DEAD"));
        owners.sweep();
        assert!(!left.exists() && owners.is_alive(&living.token));
    }
}
