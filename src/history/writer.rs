//! The one thread that writes: takes all that is queued, commits once, keeps what could not be written.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::Remedy;
use super::file;
use super::kept::Kept;
use super::owner::{Owner, Owners};
use super::queue::{Line, Wait};
use super::recovery;
use super::redact::Masker;
use super::statements::{Deltas, Fact};
use super::store::{BUSY_TIMEOUT, Durability, Store};
use super::upkeep::Upkeeper;
use super::{Entry, FlushOutcome, HistoryError, UpkeepSettings, names};
use crate::platform::FileIdentity;

/// What the journal hands over at once: what belongs together is committed together.
#[derive(Debug, Default)]
pub struct Command {
    pub entries: Vec<Entry>,
    /// Recorded after the entries.
    pub deltas: Option<Deltas>,
    /// Make all of the above durable, then answer.
    pub barrier: Option<oneshot::Sender<FlushOutcome>>,
}

/// What both sides see.
#[derive(Debug, Default)]
pub struct Shared {
    notices: Mutex<Vec<String>>,
    pub commits: AtomicU64,
    pub delta_commits: AtomicU64,
    pub bytes_written: AtomicU64,
}

impl Shared {
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn notice(&self, text: String) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }
}

pub struct Writer {
    path: PathBuf,
    mmap_mb: u64,
    shared: Arc<Shared>,
    owners: Owners,
    owner: Option<Owner>,
    line: Line,
    store: Option<Store>,
    /// Not written yet; in a failure it grows until the next barrier.
    pending: Vec<Fact>,
    kept: Kept,
    /// Why the last attempt failed. Until a barrier comes nothing else is tried.
    failure: Option<String>,
    /// The system failed to write or sync; what seems to be written may not be.
    is_disk_in_doubt: bool,
    last_delta_commit: Option<Instant>,
    /// How often a damaged file was moved aside.
    start_overs: u32,
    /// What was said about the file; once is enough.
    warned: Vec<String>,
    masker: Option<Masker>,
    upkeeper: Upkeeper,
}

/// Two commits of deltas are at least this far apart. It is far below any `interval_ms` that
/// makes sense, and an answer of a megabyte a second makes a hundred commits and not a thousand.
const DELTA_REST: Duration = Duration::from_millis(10);

/// Between two steps of the upkeep others get at the lock.
const UPKEEP_REST: Duration = Duration::from_millis(20);
/// At the end of a process the upkeep takes no longer; the next one goes on.
const UPKEEP_AT_EXIT_MAX: Duration = Duration::from_millis(300);

const BUSY_TIMEOUT_AGAIN: Duration = Duration::from_millis(100);

/// On a disk that damages every file, more new ones help nobody.
const START_OVERS_MAX: u32 = 3;

impl Writer {
    pub fn new(path: PathBuf, mmap_mb: u64, shared: Arc<Shared>) -> Self {
        let (owners, line) = (Owners::beside(&path), Line::of(&path));
        Self {
            path,
            mmap_mb,
            shared,
            owners,
            owner: None,
            line,
            store: None,
            pending: Vec::new(),
            kept: Kept::default(),
            failure: None,
            is_disk_in_doubt: false,
            last_delta_commit: None,
            start_overs: 0,
            warned: Vec::new(),
            masker: None,
            upkeeper: Upkeeper::new(UpkeepSettings::default()),
        }
    }

    /// What it does beside writing.
    pub fn with_upkeep(mut self, settings: UpkeepSettings) -> Self {
        self.masker = settings.redact.then(Masker::default);
        self.upkeeper = Upkeeper::new(settings);
        self
    }

    /// Runs until the journal is dropped.
    pub fn run(mut self, commands: &Receiver<Command>) {
        if let Err(error) = self.open(&mut self.wait()) {
            self.note_failure(&error);
        }
        while let Some(first) = self.next_command(commands) {
            let mut barriers = Vec::new();
            self.take(first, &mut barriers);
            commands.try_iter().for_each(|command| self.take(command, &mut barriers));
            while let (true, Some(rest)) = (barriers.is_empty(), self.rest()) {
                match commands.recv_timeout(rest) {
                    Ok(command) => self.take(command, &mut barriers),
                    Err(_) => break,
                }
            }
            self.serve(barriers);
        }
        self.finish();
    }

    /// Waits for something to write. Meanwhile the upkeep has its turn, in short steps.
    fn next_command(&mut self, commands: &Receiver<Command>) -> Option<Command> {
        loop {
            let Some(wait) = self.upkeeper.wait().filter(|_| self.can_tidy()) else { return commands.recv().ok() };
            match commands.recv_timeout(wait.max(UPKEEP_REST)) {
                Ok(command) => return Some(command),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.tidy(),
            }
        }
    }

    /// Never before this process has written what it is there for, while a reply is being
    /// received, or when something could not be written.
    fn can_tidy(&self) -> bool {
        self.store.is_some()
            && self.kept.conversation().is_some()
            && self.failure.is_none()
            && self.pending.is_empty()
            && !self.kept.has_open_reply()
    }

    fn tidy(&mut self) {
        let Some(store) = self.store.as_mut().filter(|store| !store.is_replaced()) else { return };
        if let Some(notice) = self.upkeeper.step(store.connection(), &self.owners, self.kept.conversation()) {
            self.shared.notice(notice);
        }
        store.shorten_wal();
    }

    fn take(&mut self, command: Command, barriers: &mut Vec<oneshot::Sender<FlushOutcome>>) {
        for entry in command.entries {
            let entry = match &mut self.masker {
                Some(masker) => masker.entry(entry),
                None => entry,
            };
            self.queue(Fact::Entry(entry));
        }
        if let Some(deltas) = command.deltas {
            let deltas = match &mut self.masker {
                Some(masker) => masker.deltas(deltas),
                None => deltas,
            };
            if !(deltas.text.is_empty() && deltas.reasoning.is_empty()) {
                self.queue(Fact::Deltas(deltas));
            }
        }
        barriers.extend(command.barrier);
    }

    /// How long deltas wait for more of them, so that a fast answer shares its commits.
    fn rest(&self) -> Option<Duration> {
        let rest = DELTA_REST.checked_sub(self.last_delta_commit?.elapsed())?;
        let is_fast = self.failure.is_none() && matches!(self.pending.as_slice(), [Fact::Deltas(_)]);
        (is_fast && !rest.is_zero()).then_some(rest)
    }

    fn serve(&mut self, barriers: Vec<oneshot::Sender<FlushOutcome>>) {
        // Our turn lasts until the WAL is short again.
        let mut wait = self.wait();
        if !barriers.is_empty() {
            self.commit(Durability::Power, &mut wait);
        } else if self.failure.is_none() {
            self.commit(Durability::Process, &mut wait);
        }
        for answer in barriers {
            let outcome = self.failure.clone().map_or(FlushOutcome::Durable, FlushOutcome::Failed);
            // Whoever asked may have been cancelled.
            let _ = answer.send(outcome);
        }
        if let Some(store) = &mut self.store {
            store.shorten_wal();
        }
    }

    /// Adds to what is to be written. Deltas of one reply become one; its end replaces them.
    fn queue(&mut self, fact: Fact) {
        match (self.pending.last_mut(), &fact) {
            (Some(Fact::Deltas(last)), Fact::Deltas(more)) if last.reply == more.reply => {
                last.text.push_str(&more.text);
                last.reasoning.push_str(&more.reasoning);
                return;
            }
            (_, Fact::Entry(Entry::ReplyEnded(end))) => {
                self.pending.retain(|other| !matches!(other, Fact::Deltas(deltas) if deltas.reply == end.reply));
                self.kept.forget_deltas(&end.reply);
            }
            (_, Fact::Entry(_) | Fact::Deltas(_)) => {}
        }
        self.pending.push(fact);
    }

    fn commit(&mut self, durability: Durability, wait: &mut Wait) {
        let mut result = self.try_commit(durability, wait);
        if let Err(error) = &result
            && error.remedy() == Remedy::StartOver
        {
            let cause = error.reason();
            result = self.start_over(&cause).and_then(|()| self.try_commit(durability, wait));
        }
        match result {
            Ok(()) => {
                if self.failure.take().is_some() {
                    self.shared.notice("the history is written again; nothing was lost".to_owned());
                }
            }
            Err(error) => self.note_failure(&error),
        }
    }

    fn try_commit(&mut self, durability: Durability, wait: &mut Wait) -> Result<(), HistoryError> {
        if self.store.as_ref().is_some_and(Store::is_replaced) {
            self.follow_the_path();
        }
        let is_idle = self.store.as_ref().is_some_and(|store| durability == Durability::Process || !store.needs_sync());
        if self.pending.is_empty() && is_idle {
            return Ok(());
        }
        self.open(wait)?;
        let owner = self.owner_token();
        let Some(store) = &mut self.store else { return Ok(()) };
        let before = store.wal_bytes();
        store.commit(&self.pending, &owner, durability, wait)?;
        for notice in names::refused(store.connection(), &self.pending).unwrap_or_default() {
            self.shared.notice(notice);
        }
        let written = store.wal_bytes().saturating_sub(before);
        self.shared.bytes_written.fetch_add(written, Ordering::Relaxed);
        let has_deltas = self.pending.iter().any(|fact| matches!(fact, Fact::Deltas(_)));
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        self.shared.delta_commits.fetch_add(u64::from(has_deltas), Ordering::Relaxed);
        self.last_delta_commit = has_deltas.then(Instant::now).or(self.last_delta_commit);
        self.kept.extend(self.pending.drain(..));
        Ok(())
    }

    /// The first lock is waited out. Who has waited once in vain looks again only briefly: the
    /// answer is in memory, and somebody waits for the end of this process.
    fn wait(&self) -> Wait {
        self.line.wait(if self.failure.is_none() { BUSY_TIMEOUT } else { BUSY_TIMEOUT_AGAIN })
    }

    /// Opens the file where it is not open, and closes what dead processes left in it.
    fn open(&mut self, wait: &mut Wait) -> Result<(), HistoryError> {
        if self.store.is_some() {
            return Ok(());
        }
        let mut store = match self.open_and_recover(wait) {
            Err(error) if error.remedy() == Remedy::StartOver => {
                self.start_over(&error.reason())?;
                self.open_and_recover(wait)?
            }
            result => result?,
        };
        if self.is_disk_in_doubt {
            store.write_wal_again()?;
            self.is_disk_in_doubt = false;
        }
        for warning in store.warnings() {
            if !self.warned.contains(&warning) {
                self.shared.notice(warning.clone());
                self.warned.push(warning);
            }
        }
        self.store = Some(store);
        Ok(())
    }

    fn open_and_recover(&mut self, wait: &mut Wait) -> Result<Store, HistoryError> {
        let mut store = Store::open(&self.path, self.mmap_mb, wait)?;
        let titles = recovery::recover(store.connection(), &self.owners, wait)?;
        self.owners.sweep();
        match titles.as_slice() {
            [] => {}
            [title] => self.shared.notice(format!("recovered an interrupted answer in \"{title}\"")),
            several => self.shared.notice(format!("recovered {} interrupted answers", several.len())),
        }
        Ok(store)
    }

    /// The token for the rows that are ours; the lock is taken with the first one.
    fn owner_token(&mut self) -> String {
        let owns =
            |fact: &Fact| matches!(fact, Fact::Entry(Entry::ReplyStarted { .. } | Entry::ConversationOpened { .. }));
        if self.owner.is_none() && self.pending.iter().any(owns) {
            self.owner = Some(self.owners.enter());
        }
        self.owner.as_ref().map_or_else(String::new, |owner| owner.token.clone())
    }

    /// The database is damaged: it goes aside, and the conversation at hand into a new one.
    fn start_over(&mut self, cause: &str) -> Result<(), HistoryError> {
        let path = self.path.clone();
        let unusable = |error| HistoryError::unusable(&path, error);
        if self.start_overs == START_OVERS_MAX {
            return Err(HistoryError::unusable(&path, format!("it is damaged again and again ({cause})")));
        }
        self.start_overs += 1;
        let damaged = match self.store.take() {
            Some(store) => Some(store.identity()),
            None => FileIdentity::of(&path).map_err(unusable)?,
        };
        let mark = format!("{}{}", file::SET_ASIDE, file::time_mark());
        let moved = self.owners.alone(|| {
            // Another process may have been faster: its new file must not go aside.
            if damaged.is_some() && FileIdentity::of(&path)? == damaged {
                file::move_aside(&path, &mark).map(Some)
            } else {
                Ok(None)
            }
        });
        if let Some(moved) = moved.map_err(unusable)? {
            self.shared.notice(format!(
                "the history was damaged ({cause}); it was moved to {} and a new one was made",
                moved.display()
            ));
        }
        self.write_kept_again(Vec::new());
        Ok(())
    }

    /// The file was deleted or replaced under us: the conversation at hand goes into the one
    /// that is there now, with the messages that only the old file still holds.
    fn follow_the_path(&mut self) {
        let Some(mut store) = self.store.take() else { return };
        let older = self.kept.older_facts(store.connection());
        store.abandon(&format!("replaced-{}", file::time_mark()));
        self.write_kept_again(older);
        self.shared.notice(format!(
            "the history {} was deleted or replaced while in use; this conversation was written to it again",
            self.path.display()
        ));
    }

    fn write_kept_again(&mut self, older: Vec<Fact>) {
        // The lock file may be gone with the folder.
        self.owner = None;
        let pending = std::mem::take(&mut self.pending);
        self.pending = older;
        self.pending.extend(self.kept.take());
        self.pending.extend(pending);
    }

    fn note_failure(&mut self, error: &HistoryError) {
        self.is_disk_in_doubt |= error.is_io_failure();
        if error.remedy() != Remedy::TryLater {
            self.store = None;
        }
        let reason = error.reason();
        if self.failure.is_none() {
            self.shared.notice(format!("history off: {reason}; this conversation is kept in memory for now"));
        }
        self.failure = Some(reason);
    }

    fn finish(&mut self) {
        let mut wait = self.wait();
        if let Some(rest) = self.masker.as_mut().and_then(Masker::rest) {
            self.queue(Fact::Deltas(rest));
        }
        if !self.pending.is_empty() {
            self.commit(Durability::Power, &mut wait);
        }
        if let (Some(store), Some(owner)) = (&mut self.store, &self.owner) {
            // Left open by a panic: what came is an answer as it is.
            let _ = recovery::close_replies_of(store.connection(), &owner.token, &mut wait);
        }
        let deadline = Instant::now() + UPKEEP_AT_EXIT_MAX;
        while self.can_tidy() && self.upkeeper.wait().is_some_and(|wait| wait.is_zero()) && Instant::now() < deadline {
            self.tidy();
        }
        if let Some(store) = &mut self.store {
            store.shorten_wal_at_exit();
        }
        self.store = None;
        self.owner = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::oneshot;

    use super::{Fact, FlushOutcome, Writer};
    use crate::conversation::{ConversationId, Message, MessageId, Role};
    use crate::history::Entry;

    fn prompt(number: usize) -> Fact {
        let text = number.to_string().repeat(10_000);
        let message = Message::new(MessageId(format!("m{number}")), None, Role::User, text, 0);
        Fact::Entry(Entry::MessageAdded { conversation: ConversationId("c".to_owned()), message })
    }

    fn barrier(writer: &mut Writer) -> FlushOutcome {
        let (answer, mut outcome) = oneshot::channel();
        writer.serve(vec![answer]);
        outcome.try_recv().unwrap()
    }

    fn allow_pages(writer: &mut Writer, count: u32) {
        let connection = writer.store.as_mut().unwrap().connection();
        connection.pragma_update_and_check(None, "max_page_count", count, |_| Ok(())).unwrap();
    }

    #[test]
    fn on_a_full_disk_all_is_kept_in_order_until_a_barrier_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let mut writer = Writer::new(path.clone(), 0, Arc::default());
        writer.queue(prompt(0));
        assert_eq!(barrier(&mut writer), FlushOutcome::Durable);
        allow_pages(&mut writer, 1);
        for number in 1..=2 {
            writer.queue(prompt(number));
            assert_eq!(barrier(&mut writer), FlushOutcome::Failed("database or disk is full".to_owned()));
        }
        // Without a barrier nothing is tried: the disk is left alone while an answer streams.
        writer.queue(prompt(3));
        writer.serve(Vec::new());
        assert_eq!((writer.pending.len(), writer.shared.take_notices().len()), (3, 1));
        allow_pages(&mut writer, 10_000);
        assert_eq!(barrier(&mut writer), FlushOutcome::Durable);
        assert_eq!(writer.shared.take_notices(), ["the history is written again; nothing was lost"]);
        writer.finish();
        let connection = rusqlite::Connection::open(&path).unwrap();
        let ids: String = connection
            .query_row("SELECT group_concat(id, ' ' ORDER BY number) FROM message", [], |row| row.get(0))
            .unwrap();
        assert_eq!(ids, "m0 m1 m2 m3");
    }
}
