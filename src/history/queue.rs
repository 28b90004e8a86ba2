//! Who writes next: processes stand in line, and wait as long as the line moves.
//!
//! SQLite gives its lock to whoever asks at the right moment, so that among many some never get it. Before that
//! lock each takes one that the system hands on in the order it was asked for. Whoever lets it go could have it again
//! before the next one has woken up: so there are two, and the next one, awake, stands at the first until it has the
//! second. Safety does not depend on them: where they cannot be had, SQLite is asked at once.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::file;
use crate::platform::private;

/// How often somebody who waits looks whether others make progress.
const LOOK_PAUSE: Duration = Duration::from_millis(100);
/// Where SQLite gives up at once instead of waiting.
const RETRY_PAUSE: Duration = Duration::from_millis(5);
/// Nobody waits for longer, whatever progress others make.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Who is first in line is a sayso at work: a slow disk may hold it for longer than a lock of unknown origin may stay.
const SILENCE_FACTOR: u32 = 3;

/// The line of all processes that write to one history.
#[derive(Clone, Debug)]
pub struct Line {
    database: PathBuf,
    /// Whoever writes holds it.
    lock: PathBuf,
    /// Whoever writes next holds it.
    next: PathBuf,
    /// Somebody of this process was given up while it stood in line, and stands there still.
    has_straggler: Arc<AtomicBool>,
    /// What was found out about locks before.
    lacks_locks: Arc<AtomicBool>,
}

impl Line {
    pub fn of(database: &Path) -> Self {
        let name = |end: &str| {
            let mut name = database.file_name().unwrap_or_default().to_owned();
            name.push(end);
            database.with_file_name("locks").join(name)
        };
        Self {
            database: database.to_owned(),
            lock: name(".writers"),
            next: name(".next"),
            has_straggler: Arc::default(),
            lacks_locks: Arc::default(),
        }
    }

    /// Begins to wait for everything that one piece of work needs. `silence_max`: how long a foreign lock is
    /// waited for while nothing changes in the files.
    pub fn wait(&self, silence_max: Duration) -> Wait {
        Wait { line: self.clone(), silence_max, patience: None, has_stood_in_line: false, _turn: None }
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        if let Some(folder) = path.parent() {
            file::create_folder(folder)?;
        }
        private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)
    }

    /// Stands in line on a thread of its own: the system's wait has no limit.
    fn stand(&self, next: File, turn: File) -> Option<Receiver<File>> {
        if self.has_straggler.swap(true, Ordering::SeqCst) {
            return None;
        }
        let (sender, receiver) = mpsc::channel();
        let has_straggler = Arc::clone(&self.has_straggler);
        let stand = move || {
            let outcome = next.lock().and_then(|()| turn.lock());
            drop(next);
            has_straggler.store(false, Ordering::SeqCst);
            if outcome.is_ok() {
                // Nobody wants it any more: closing the file lets the next one in.
                let _ = sender.send(turn);
            }
        };
        let thread = std::thread::Builder::new().name("history-line".to_owned()).spawn(stand);
        if thread.is_err() {
            self.has_straggler.store(false, Ordering::SeqCst);
        }
        thread.is_ok().then_some(receiver)
    }

    /// The same for who may create nothing.
    pub fn is_known_to_have_no_locks(&self) -> bool {
        self.lock.exists() && !self.has_locks()
    }

    /// Whether the file system of the history has the locks that SQLite takes. In doubt it has.
    #[cfg(unix)]
    pub fn has_locks(&self) -> bool {
        use rustix::fs::{FlockOperation, fcntl_lock};
        use rustix::io::Errno;
        // Not on the database: closing any of its files would take this process's locks away.
        let Ok(file) = self.open(&self.lock) else { return true };
        let outcome = fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive);
        let lacks_locks = matches!(outcome, Err(Errno::NOLCK | Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL));
        self.lacks_locks.store(lacks_locks, Ordering::SeqCst);
        !lacks_locks
    }

    #[cfg(not(unix))]
    pub fn has_locks(&self) -> bool {
        true
    }
}

/// One piece of work that may have to wait: its turn, once it has come, lasts until this is dropped.
pub struct Wait {
    line: Line,
    pub silence_max: Duration,
    /// There once it is needed.
    patience: Option<Patience>,
    has_stood_in_line: bool,
    /// `None` where it could not be had: then it goes without.
    _turn: Option<File>,
}

impl Wait {
    /// Waits until everybody who came before has written.
    pub fn take_turn(&mut self) {
        if !self.has_stood_in_line {
            self._turn = self.stand_in_line();
            self.has_stood_in_line = true;
        }
    }

    /// Lets the next one in, where the turn is not needed after all.
    pub fn give_way(&mut self) {
        self._turn = None;
        self.has_stood_in_line = false;
    }

    fn stand_in_line(&mut self) -> Option<File> {
        let next = self.line.open(&self.line.next).ok()?;
        let turn = self.line.open(&self.line.lock).ok()?;
        let is_taken = match next.try_lock() {
            Ok(()) => turn.try_lock(),
            taken => taken,
        };
        match is_taken {
            Ok(()) => return Some(turn),
            Err(TryLockError::Error(_)) => return None,
            Err(TryLockError::WouldBlock) => {}
        }
        let coming = self.line.stand(next, turn)?;
        loop {
            match coming.recv_timeout(LOOK_PAUSE) {
                Ok(file) => return Some(file),
                Err(RecvTimeoutError::Timeout) if self.patience_lasts(self.silence_max * SILENCE_FACTOR) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Begins to write, once it is our turn and SQLite's lock is free.
    pub fn begin<'c>(&mut self, connection: &'c Connection) -> rusqlite::Result<Transaction<'c>> {
        self.take_turn();
        connection.busy_timeout(LOOK_PAUSE.min(self.silence_max))?;
        let begun = self.retry(|| Transaction::new_unchecked(connection, TransactionBehavior::Immediate));
        connection.busy_timeout(self.silence_max)?;
        begun
    }

    /// Does it again as long as somebody else holds SQLite's lock and patience lasts.
    fn retry<T>(&mut self, mut attempt: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        loop {
            match attempt() {
                Err(error) if is_busy(&error) && self.lasts() => {}
                outcome => return outcome,
            }
        }
    }

    /// Whether to try again where SQLite's lock was taken, after a short pause.
    pub fn lasts(&mut self) -> bool {
        std::thread::sleep(RETRY_PAUSE);
        self.patience_lasts(self.silence_max)
    }

    fn patience_lasts(&mut self, silence_max: Duration) -> bool {
        self.patience.get_or_insert_with(|| Patience::new(&self.line.database)).lasts(silence_max)
    }

    pub fn has_locks(&self) -> bool {
        self.line.has_locks()
    }

    /// It had none before, and has none still.
    pub fn still_has_no_locks(&self) -> bool {
        self.line.lacks_locks.load(Ordering::SeqCst) && !self.line.has_locks()
    }
}

pub fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Wears out while nothing changes in the files of the database, and in any case after [`WAIT_MAX`].
struct Patience {
    files: [PathBuf; 3],
    seen: [Mark; 3],
    begun: Instant,
    changed: Instant,
}

/// Length and time of a file: any commit changes one of them.
type Mark = Option<(u64, Option<SystemTime>)>;

impl Patience {
    fn new(database: &Path) -> Self {
        let files = ["", "-wal", "-journal"].map(|suffix| file::beside(database, suffix));
        let (seen, now) = (marks(&files), Instant::now());
        Self { files, seen, begun: now, changed: now }
    }

    fn lasts(&mut self, silence_max: Duration) -> bool {
        let seen = marks(&self.files);
        if seen != self.seen {
            self.seen = seen;
            self.changed = Instant::now();
        }
        goes_on(self.changed.elapsed(), silence_max, self.begun.elapsed())
    }
}

fn marks(files: &[PathBuf; 3]) -> [Mark; 3] {
    files.each_ref().map(|path| fs::metadata(path).ok().map(|metadata| (metadata.len(), metadata.modified().ok())))
}

fn goes_on(silence: Duration, silence_max: Duration, waited: Duration) -> bool {
    silence < silence_max && waited < WAIT_MAX
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::mpsc;
    use std::time::{Duration, UNIX_EPOCH};

    use rusqlite::Connection;

    use super::{Line, WAIT_MAX, goes_on};

    const LONG: Duration = Duration::from_secs(30);
    const SHORT: Duration = Duration::from_millis(50);

    #[test]
    fn patience_lasts_while_others_get_on_but_not_for_ever() {
        let second = Duration::from_secs(1);
        assert!(goes_on(second, 5 * second, 40 * second));
        assert!(!goes_on(5 * second, 5 * second, 5 * second));
        assert!(!goes_on(Duration::ZERO, 5 * second, WAIT_MAX));
    }

    #[test]
    fn the_line_is_kept_and_left() {
        let folder = tempfile::tempdir().unwrap();
        let line = Line::of(&folder.path().join("history.db"));
        let mut first = line.wait(LONG);
        first.take_turn();
        assert!(first._turn.is_some());
        let other = Line::of(&folder.path().join("history.db"));
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut second = other.wait(LONG);
                second.take_turn();
                sender.send(second._turn.is_some()).unwrap();
            });
            assert!(receiver.recv_timeout(Duration::from_millis(200)).is_err(), "it did not wait");
            drop(first);
            assert_eq!(receiver.recv_timeout(LONG), Ok(true));
        });
    }

    #[test]
    fn who_has_just_written_lets_somebody_else_write_first() {
        const WAITING: usize = 8;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let turns = std::sync::Mutex::new(Vec::new());
        let take = |name: usize| {
            let mut wait = Line::of(&path).wait(LONG);
            wait.take_turn();
            assert!(wait._turn.is_some());
            turns.lock().unwrap().push(name);
            // Long enough to wake up in, also on a loaded machine.
            std::thread::sleep(Duration::from_millis(20));
        };
        std::thread::scope(|scope| {
            let mut first = Line::of(&path).wait(LONG);
            first.take_turn();
            for name in 1..=WAITING {
                let take = &take;
                scope.spawn(move || take(name));
            }
            std::thread::sleep(SHORT * 4);
            drop(first);
            // At once, before anybody who waits is awake.
            (0..3).for_each(|_| take(0));
        });
        let turns = turns.into_inner().unwrap();
        assert_eq!(turns.len(), WAITING + 3);
        assert!(turns[..3] != [0, 0, 0], "{turns:?}");
    }

    #[test]
    fn who_waits_in_vain_goes_without_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let line = Line::of(&folder.path().join("history.db"));
        let mut stuck = line.wait(LONG);
        stuck.take_turn();
        let other = Line::of(&folder.path().join("history.db"));
        for _ in 0..3 {
            let mut wait = other.wait(SHORT);
            wait.take_turn();
            assert!(wait._turn.is_none());
        }
        drop(stuck);
        // The one who was given up lets go at once when it gets there.
        let mut next = line.wait(LONG);
        next.take_turn();
        assert!(next._turn.is_some());
    }

    #[test]
    fn a_foreign_lock_is_waited_for_while_its_holder_gets_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let holder = Connection::open(&path).unwrap();
        holder.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); BEGIN IMMEDIATE").unwrap();
        let connection = Connection::open(&path).unwrap();
        let line = Line::of(&path);
        assert!(line.wait(SHORT).begin(&connection).is_err(), "nothing moves");
        let silence_max = Duration::from_millis(400);
        let wal = folder.path().join("history.db-wal");
        std::thread::scope(|scope| {
            // Three times as long as it would wait for somebody who does nothing.
            scope.spawn(move || {
                let wal = File::options().append(true).open(wal).unwrap();
                for number in 0..12 {
                    std::thread::sleep(Duration::from_millis(100));
                    wal.set_modified(UNIX_EPOCH + Duration::from_secs(number)).unwrap();
                }
                holder.execute_batch("COMMIT").unwrap();
            });
            assert!(line.wait(silence_max).begin(&connection).is_ok());
        });
    }

    #[test]
    fn the_locks_of_this_file_system_are_found() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Line::of(&folder.path().join("history.db")).has_locks());
    }
}
