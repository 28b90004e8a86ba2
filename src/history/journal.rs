//! The cheap handle a turn writes through: entries are queued, deltas are buffered, nothing waits but `flush`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::delta_buffer::DeltaBuffer;
use super::statements::Deltas;
use super::writer::{Command, Shared, Writer};
use super::{DeltaKind, DeltaPersistence, Entry, HistorySettings};
use crate::conversation::MessageId;

/// How long a journal that is dropped without [`Journal::close`] waits, as in a panic.
const DROP_WAIT_MAX: Duration = Duration::from_secs(1);
const POLL_PAUSE: Duration = Duration::from_millis(1);

/// How a barrier ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlushOutcome {
    /// Everything recorded so far is on disk.
    Durable,
    /// Nothing is kept (`storage.type: memory`, `--no-save`).
    NotKept,
    /// It is in memory and will be tried again; the text says why. The first time the
    /// notices say it too.
    Failed(String),
}

/// What the writer did so far, counted by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// Hand-overs of the delta buffer.
    pub flushes: u64,
    /// All commits of this process.
    pub commits: u64,
    /// Commits that held deltas.
    pub delta_commits: u64,
    /// Bytes of all commits, as far as there is a WAL.
    pub bytes_written: u64,
    /// The most bytes the delta buffer has held.
    pub delta_buffer_peak_bytes: u64,
}

pub struct Journal {
    writer: WriterHandle,
    shared: Arc<Shared>,
    /// Recorded, but not sent: they wait for the barrier, to be written in one commit.
    entries: Vec<Entry>,
    buffer: DeltaBuffer,
    deltas: DeltaPersistence,
    flushes: u64,
}

enum WriterHandle {
    NotKept,
    Running { commands: Sender<Command>, thread: JoinHandle<()> },
    Stopped(String),
}

impl Journal {
    /// Starts the writer thread, which opens the file, migrates it and recovers what a dead
    /// process left; this returns at once. With no path there is no thread.
    #[must_use]
    pub fn start(settings: HistorySettings) -> Self {
        let shared = Arc::<Shared>::default();
        let writer = match settings.path {
            Some(path) => {
                let writer = Writer::new(path, settings.mmap_mb, Arc::clone(&shared));
                start_thread(writer.with_upkeep(settings.upkeep))
            }
            None => WriterHandle::NotKept,
        };
        if let WriterHandle::Stopped(reason) = &writer {
            shared.notice(format!("history off: {reason}"));
        }
        Self {
            writer,
            shared,
            entries: Vec::new(),
            buffer: DeltaBuffer::default(),
            deltas: settings.deltas,
            flushes: 0,
        }
    }

    /// Whether anything is to be kept, and not only in memory.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !matches!(self.writer, WriterHandle::NotKept)
    }

    /// Queues a fact. Never waits.
    pub fn record(&mut self, entry: Entry) {
        if !self.is_running() {
            return;
        }
        if let Entry::ReplyEnded(end) = &entry {
            self.buffer.discard(&end.reply);
        }
        let waits = entry.waits_for_flush();
        self.entries.push(entry);
        if !waits {
            self.send(None, None);
        }
    }

    /// Sends on what waits for a barrier, where none is near. Never waits.
    pub fn hand_over(&mut self) {
        if !self.entries.is_empty() {
            self.send(None, None);
        }
    }

    /// Appends to the delta buffer of the running reply. Hands it over when `min_chars` have
    /// come. Never waits; allocates only when the buffer grows.
    pub fn record_delta(&mut self, reply: &MessageId, kind: DeltaKind, text: &str) {
        if !self.is_running() {
            return;
        }
        if let Some(other) = self.buffer.push(reply, kind, text) {
            self.send(Some(other), None);
        }
        if self.deltas.persist_deltas && self.buffer.chars() >= self.deltas.min_chars {
            self.hand_over_deltas();
        }
    }

    /// When the buffer must be handed over at the latest; `None` while it is empty or
    /// deltas are not persisted.
    #[must_use]
    pub fn delta_deadline(&self) -> Option<Instant> {
        if self.deltas.persist_deltas { self.buffer.deadline(self.deltas.interval()) } else { None }
    }

    /// Hands the delta buffer to the writer if its time has come.
    pub fn flush_due_deltas(&mut self, now: Instant) {
        if self.delta_deadline().is_some_and(|deadline| deadline <= now) {
            self.hand_over_deltas();
        }
    }

    /// Waits until everything recorded so far is durable (`synchronous=FULL`), or has failed.
    /// Cancel-safe: the writes go on.
    pub async fn flush(&mut self) -> FlushOutcome {
        let deltas = if self.deltas.persist_deltas { self.buffer.take() } else { None };
        self.barrier(deltas).await
    }

    /// The end: flushes, closes the file, lets the lock go. A reply that was not ended is
    /// stored as interrupted with what came of it. Waits no longer than `limit`; nothing can
    /// be recorded afterwards.
    pub async fn close(&mut self, limit: Duration) -> FlushOutcome {
        let deadline = tokio::time::Instant::now() + limit;
        let late = || FlushOutcome::Failed(format!("the history was not written within {limit:?}"));
        let deltas = self.buffer.take();
        let outcome = tokio::time::timeout_at(deadline, self.barrier(deltas)).await.unwrap_or_else(|_| late());
        if self.is_running() {
            let closed = WriterHandle::Stopped("the history is closed".to_owned());
            if let WriterHandle::Running { commands, thread } = std::mem::replace(&mut self.writer, closed) {
                drop(commands);
                while !thread.is_finished() && tokio::time::Instant::now() < deadline {
                    tokio::time::sleep(POLL_PAUSE).await;
                }
            }
        }
        outcome
    }

    /// The end without any wait: what is not on disk yet is lost. For the second Ctrl-C.
    pub fn abandon(&mut self) {
        self.writer = WriterHandle::NotKept;
    }

    /// Warnings of the writer since the last call: fallbacks, recovered replies, a moved corrupt file.
    pub fn take_notices(&mut self) -> Vec<String> {
        self.shared.take_notices()
    }

    #[must_use]
    pub fn counts(&self) -> WriteCounts {
        WriteCounts {
            flushes: self.flushes,
            commits: self.shared.commits.load(Ordering::Relaxed),
            delta_commits: self.shared.delta_commits.load(Ordering::Relaxed),
            bytes_written: self.shared.bytes_written.load(Ordering::Relaxed),
            delta_buffer_peak_bytes: self.buffer.peak_bytes(),
        }
    }

    fn is_running(&self) -> bool {
        matches!(self.writer, WriterHandle::Running { .. })
    }

    async fn barrier(&mut self, deltas: Option<Deltas>) -> FlushOutcome {
        match &self.writer {
            WriterHandle::NotKept => return FlushOutcome::NotKept,
            WriterHandle::Stopped(reason) => return FlushOutcome::Failed(reason.clone()),
            WriterHandle::Running { .. } => {}
        }
        let (answer, outcome) = oneshot::channel();
        self.send(deltas, Some(answer));
        let stopped = || FlushOutcome::Failed("the writer of the history has stopped".to_owned());
        outcome.await.unwrap_or_else(|_| stopped())
    }

    fn hand_over_deltas(&mut self) {
        if let Some(deltas) = self.buffer.take() {
            self.send(Some(deltas), None);
        }
    }

    /// Sends what waits, and then this.
    fn send(&mut self, deltas: Option<Deltas>, barrier: Option<oneshot::Sender<FlushOutcome>>) {
        self.flushes += u64::from(deltas.is_some());
        let entries = std::mem::take(&mut self.entries);
        if let WriterHandle::Running { commands, .. } = &self.writer {
            // A writer that has stopped drops the barrier, and so says it.
            let _ = commands.send(Command { entries, deltas, barrier });
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let deltas = self.buffer.take();
        self.send(deltas, None);
        if let WriterHandle::Running { commands, thread } = std::mem::replace(&mut self.writer, WriterHandle::NotKept) {
            drop(commands);
            let deadline = Instant::now() + DROP_WAIT_MAX;
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(POLL_PAUSE);
            }
        }
    }
}

fn start_thread(writer: Writer) -> WriterHandle {
    let (commands, queue) = mpsc::channel();
    let thread = std::thread::Builder::new().name("history".to_owned()).spawn(move || writer.run(&queue));
    match thread {
        Ok(thread) => WriterHandle::Running { commands, thread },
        Err(error) => WriterHandle::Stopped(format!("its thread cannot be started: {error}")),
    }
}
