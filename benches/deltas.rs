//! What it costs the turn to hand a piece of the answer to the history; the writer is another thread.
//!
//! Each iteration records [`DELTAS`] pieces, so microseconds in the output are nanoseconds per piece.

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use sayso::testing::{
    DeltaKind, DeltaPersistence, Entry, HistorySettings, IdSource, Journal, Message, MessageId, Role,
};
use tempfile::TempDir;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const DELTAS: usize = 1000;

fn main() {
    divan::main();
}

/// A journal that has a reply running in it.
fn journal(folder: &TempDir, deltas: DeltaPersistence) -> (Journal, MessageId) {
    let mut journal = Journal::start(HistorySettings {
        path: Some(folder.path().join("history.db")),
        deltas,
        ..HistorySettings::default()
    });
    let mut ids = IdSource::default();
    let (conversation, prompt, reply) = (ids.conversation(1_000), ids.message(1_000), ids.message(1_000));
    let message = Message::new(prompt.clone(), None, Role::User, "Tell a story".to_owned(), 1_000);
    journal.record(Entry::ConversationStarted { id: conversation.clone(), name: None, created_ms: 1_000 });
    journal.record(Entry::MessageAdded { conversation: conversation.clone(), message });
    let model = "demo:tour".to_owned();
    journal.record(Entry::ReplyStarted {
        conversation,
        reply: reply.clone(),
        parent: prompt,
        model,
        created_ms: 1_000,
    });
    (journal, reply)
}

fn record(bencher: Bencher<'_, '_>, deltas: DeltaPersistence) {
    let folder = tempfile::tempdir().expect("a folder for the history");
    let (mut journal, reply) = journal(&folder, deltas);
    bencher.counter(ItemsCount::new(DELTAS)).bench_local(|| {
        for _ in 0..DELTAS {
            journal.record_delta(&reply, DeltaKind::Text, black_box(" and"));
        }
    });
}

/// The default: the answer waits in memory for its end.
#[divan::bench(sample_count = 200, sample_size = 1)]
fn kept_in_memory(bencher: Bencher<'_, '_>) {
    record(bencher, DeltaPersistence::default());
}

/// `persist_deltas: true`: every 1,024 characters go to the writer.
#[divan::bench(sample_count = 200, sample_size = 1)]
fn persisted(bencher: Bencher<'_, '_>) {
    record(bencher, DeltaPersistence { persist_deltas: true, ..DeltaPersistence::default() });
}
