//! The cheap handle a turn writes through: entries are queued, deltas are buffered, nothing waits but `flush`.

use std::time::Instant;

use super::{DeltaKind, Entry, HistorySettings};
use crate::conversation::MessageId;

/// How a barrier ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlushOutcome {
    /// Everything recorded so far is on disk.
    Durable,
    /// Nothing is kept (`storage.type: memory`, `--no-save`).
    NotKept,
    /// It is in memory and will be tried again; the text says why, for one warning.
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
    /// The most bytes the delta buffer has held.
    pub delta_buffer_peak_bytes: u64,
}

pub struct Journal {}

impl Journal {
    /// Starts the writer thread, which opens the file, migrates it and recovers what a dead
    /// process left; this returns at once. With no path there is no thread.
    #[must_use]
    pub fn start(settings: HistorySettings) -> Self {
        let _ = settings;
        Self {}
    }

    /// Queues a fact. Never waits.
    pub fn record(&mut self, entry: Entry) {
        let _ = entry;
    }

    /// Appends to the delta buffer of the running reply. Hands it over when `min_chars` have
    /// come. Never waits; allocates only when the buffer grows.
    pub fn record_delta(&mut self, reply: &MessageId, kind: DeltaKind, text: &str) {
        let _ = (reply, kind, text);
    }

    /// When the buffer must be handed over at the latest; `None` while it is empty or
    /// deltas are not persisted.
    #[must_use]
    pub fn delta_deadline(&self) -> Option<Instant> {
        None
    }

    /// Hands the delta buffer to the writer if its time has come.
    pub fn flush_due_deltas(&mut self, now: Instant) {
        let _ = now;
    }

    /// Waits until everything recorded so far is durable (`synchronous=FULL`), or has failed.
    /// Cancel-safe: the writes go on.
    pub async fn flush(&mut self) -> FlushOutcome {
        std::future::ready(FlushOutcome::NotKept).await
    }

    /// Warnings of the writer since the last call: fallbacks, recovered replies, a moved corrupt file.
    pub fn take_notices(&mut self) -> Vec<String> {
        Vec::new()
    }

    #[must_use]
    pub fn counts(&self) -> WriteCounts {
        WriteCounts::default()
    }
}
