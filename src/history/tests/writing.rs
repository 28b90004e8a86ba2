//! What the writer commits, when, and how often.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{Chat, Place, block_on, close, complete, flush, persisting, settings, texts};
use crate::conversation::{InterruptReason, MessageId, MessageStatus, Replay, Role, ToolCall, Usage};
use crate::history::file::beside;
use crate::history::queue::Line;
use crate::history::schema::{self, VERSION};
use crate::history::store::Store;
use crate::history::{
    DeltaKind, DeltaPersistence, Entry, FlushOutcome, History, HistorySettings, Journal, TurnMetrics, WriteCounts,
};

#[test]
fn nothing_is_kept_without_a_path() {
    let mut journal =
        Journal::start(HistorySettings { path: None, deltas: persisting(1, 1), ..HistorySettings::default() });
    let mut chat = Chat::start(&mut journal, None);
    chat.ask(&mut journal, "hi");
    journal.record_delta(&MessageId("m".to_owned()), DeltaKind::Text, "text");
    assert_eq!(flush(&mut journal), FlushOutcome::NotKept);
    assert_eq!((journal.counts(), journal.delta_deadline()), (WriteCounts::default(), None));
    assert_eq!(close(journal), FlushOutcome::NotKept);
}

#[test]
fn a_turn_is_two_commits_and_reads_back_whole() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, Some("greeting"));
    let prompt = chat.ask(&mut journal, "Say  hello\nplease");
    let reply = chat.begin_reply(&mut journal);
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    assert_eq!(journal.counts().commits, 1, "the prompt and the start of the reply are one commit");
    journal.record_delta(&reply, DeltaKind::Text, "Hel");
    assert_eq!(journal.delta_deadline(), None);
    let mut end = chat.end(&reply, "Hello");
    end.reasoning = "be polite".to_owned();
    end.status = MessageStatus::Interrupted(InterruptReason::Length);
    end.tool_calls = vec![ToolCall { id: "c1".into(), name: "time".into(), arguments: "{}".into() }];
    end.replay = Some(Replay { origin: "demo".into(), json: "{}".into() });
    end.usage = Some(Usage { input: Some(3), cost_usd: Some(0.5), ..Usage::default() });
    end.metrics = TurnMetrics { total_ms: 12.5, chunks: 3, ..TurnMetrics::default() };
    journal.record(Entry::ReplyEnded(Box::new(end.clone())));
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    let counts = journal.counts();
    assert_eq!((counts.commits, counts.delta_commits, counts.flushes, counts.delta_buffer_peak_bytes), (2, 0, 0, 3));

    let history = place.history();
    let summary = history.conversation(&chat.id).unwrap();
    assert_eq!((summary.name.as_deref(), summary.title.as_str()), (Some("greeting"), "Say hello please"));
    assert_eq!((summary.messages, summary.head, summary.model.as_deref()), (2, Some(reply), Some("demo:tour")));
    let stored = history.stored_messages(&chat.id).unwrap();
    let answer = &stored[1].message;
    assert_eq!((answer.parent.as_ref(), answer.role, answer.text.as_str()), (Some(&prompt), Role::Assistant, "Hello"));
    assert_eq!((&answer.reasoning, &answer.status), (&end.reasoning, &end.status));
    assert_eq!((&answer.tool_calls, &answer.replay, &answer.usage), (&end.tool_calls, &end.replay, &end.usage));
    assert_eq!((stored[1].metrics, stored[1].finish.clone()), (Some(end.metrics), end.finish));
    assert_eq!(close(journal), FlushOutcome::Durable);
}

#[test]
fn everything_on_the_disk_is_private() {
    let place = Place::new();
    let mut journal = place.journal();
    Chat::start(&mut journal, None).turn(&mut journal, "q", "a");
    let folder = place.path.parent().unwrap();
    let mode = |name: &str| std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(place.files(), ["history.db", "history.db-shm", "history.db-wal", "locks"]);
    assert_eq!(["history.db", "history.db-shm", "history.db-wal"].map(mode), [0o600; 3]);
    assert_eq!([mode(""), mode("locks")], [0o700; 2]);
    let locks = || {
        let entries = std::fs::read_dir(folder.join("locks")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_by_key(|name| (name.ends_with(".lock"), name.clone()));
        names
    };
    let names = locks();
    let lines = ["history.db.next", "history.db.writers"];
    assert!(names.len() == 3 && names[..2] == lines && names[2].ends_with(".lock"), "{names:?}");
    names.iter().for_each(|name| assert_eq!(mode(&format!("locks/{name}")), 0o600, "{name}"));
    assert_eq!(close(journal), FlushOutcome::Durable);
    assert_eq!(locks(), lines);
}

#[test]
fn deltas_are_committed_by_count_or_by_time_and_equal_the_final_text() {
    let place = Place::new();
    let mut journal = Journal::start(settings(&place.path, persisting(60_000, 10)));
    let mut chat = Chat::start(&mut journal, None);
    chat.ask(&mut journal, "q");
    let reply = chat.begin_reply(&mut journal);
    flush(&mut journal);
    let before = journal.counts();
    for _ in 0..25 {
        journal.record_delta(&reply, DeltaKind::Text, "äb");
        journal.record_delta(&reply, DeltaKind::Reasoning, "?");
    }
    // 75 characters: seven hand-overs of ten or more, the rest waits for its time.
    let handed_over = journal.counts().flushes - before.flushes;
    assert_eq!(handed_over, 7);
    let deadline = journal.delta_deadline().unwrap();
    journal.flush_due_deltas(deadline - Duration::from_millis(1));
    assert_eq!(journal.counts().flushes, 7);
    journal.flush_due_deltas(deadline);
    assert_eq!((journal.counts().flushes, journal.delta_deadline()), (8, None));
    flush(&mut journal);
    let counts = journal.counts();
    assert!((1..=8).contains(&counts.delta_commits), "{counts:?}");

    let history = place.history();
    let text = "äb".repeat(25);
    let running = history.stored_messages(&chat.id).unwrap().pop().unwrap().message;
    assert_eq!(
        (running.status, running.text, running.reasoning),
        (MessageStatus::Streaming, text.clone(), "?".repeat(25))
    );
    chat.end_reply(&mut journal, &reply, &text);
    flush(&mut journal);
    assert_eq!(texts(&history, &chat.id)[1], complete(&text));
    let connection = Connection::open(&place.path).unwrap();
    let rows: i64 = connection.query_row("SELECT count(*) FROM message_delta", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn the_interval_counts_from_the_first_buffered_byte() {
    let place = Place::new();
    let mut journal = Journal::start(settings(&place.path, persisting(50, 1_000)));
    let reply = MessageId("r".to_owned());
    let before = Instant::now();
    journal.record_delta(&reply, DeltaKind::Text, "a");
    let deadline = journal.delta_deadline().unwrap();
    assert!(deadline >= before + Duration::from_millis(50) && deadline <= Instant::now() + Duration::from_millis(50));
    journal.record_delta(&reply, DeltaKind::Text, "b");
    journal.record_delta(&reply, DeltaKind::Text, "");
    assert_eq!(journal.delta_deadline(), Some(deadline));
}

#[test]
fn hand_overs_that_queue_up_are_one_commit() {
    let place = Place::new();
    let mut journal = Journal::start(settings(&place.path, persisting(60_000, 1)));
    let mut chat = Chat::start(&mut journal, None);
    chat.ask(&mut journal, "q");
    let reply = chat.begin_reply(&mut journal);
    flush(&mut journal);
    // Another process holds the lock, so the writer waits while the hand-overs come in.
    let other = Connection::open(&place.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    journal.record_delta(&reply, DeltaKind::Text, "0");
    std::thread::sleep(Duration::from_millis(50));
    (1..100).for_each(|number| journal.record_delta(&reply, DeltaKind::Text, &format!(" {number}")));
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    let counts = journal.counts();
    assert_eq!(counts.flushes, 100);
    assert!(counts.delta_commits <= 2, "{counts:?}");
}

#[test]
fn without_persistence_nothing_is_written_before_the_end() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    chat.ask(&mut journal, "q");
    let reply = chat.begin_reply(&mut journal);
    flush(&mut journal);
    (0..10_000).for_each(|_| journal.record_delta(&reply, DeltaKind::Text, "word "));
    assert_eq!((journal.counts().commits, journal.counts().flushes), (1, 0));
    assert_eq!(journal.counts().delta_buffer_peak_bytes, 50_000);
}

#[test]
fn a_dropped_journal_keeps_what_came_of_the_reply() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    chat.ask(&mut journal, "q");
    let reply = chat.begin_reply(&mut journal);
    flush(&mut journal);
    journal.record_delta(&reply, DeltaKind::Text, "half an ans");
    drop(journal);
    let interrupted = (MessageStatus::Interrupted(InterruptReason::Crash), "half an ans".to_owned());
    assert_eq!(texts(&place.history(), &chat.id)[1], interrupted);
    assert_eq!(place.journal().take_notices(), Vec::<String>::new(), "nothing is left to recover");
}

#[test]
fn a_rename_needs_no_flush() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    chat.turn(&mut journal, "q", "a");
    journal.record(Entry::ConversationRenamed { conversation: chat.id.clone(), name: Some("new".to_owned()) });
    let deadline = Instant::now() + Duration::from_secs(5);
    while place.history().conversation(&chat.id).unwrap().name.is_none() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    assert_eq!(journal.counts().commits, 4, "the barrier made the rename durable");
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    assert_eq!(journal.counts().commits, 4, "then there was nothing to do");
}

#[test]
fn a_cancelled_flush_still_writes() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    chat.ask(&mut journal, "q");
    block_on(async {
        let flush = journal.flush();
        tokio::select! { biased; _ = std::future::ready(()) => {}, _ = flush => {} }
        let abandoned = tokio::time::timeout(Duration::ZERO, journal.flush()).await;
        assert!(abandoned.is_err() || abandoned == Ok(FlushOutcome::Durable));
    });
    drop(journal);
    assert_eq!(texts(&place.history(), &chat.id), [complete("q")]);
}

#[test]
fn sixteen_starts_at_once_on_an_empty_file_all_succeed() {
    let place = Place::new();
    crate::history::file::prepare(&place.path).unwrap();
    let barrier = std::sync::Barrier::new(16);
    let versions: Vec<u32> = std::thread::scope(|scope| {
        let start = || {
            barrier.wait();
            let mut wait = Line::of(&place.path).wait(Duration::from_secs(5));
            let mut store = Store::open(&place.path, 0, &mut wait).unwrap();
            schema::version(store.connection()).unwrap()
        };
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(versions, [VERSION; 16]);
}

#[test]
fn sixteen_starts_at_once_on_an_old_file_all_succeed() {
    let place = Place::new();
    crate::history::file::prepare(&place.path).unwrap();
    let old = Connection::open(&place.path).unwrap();
    old.execute_batch(include_str!("../migrations/0001_initial.sql")).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let mut journal = place.journal();
                Chat::start(&mut journal, None).turn(&mut journal, "q", "a");
                assert_eq!(journal.take_notices(), Vec::<String>::new());
                assert_eq!(close(journal), FlushOutcome::Durable);
            });
        }
    });
    assert_eq!(place.history().conversations(100).unwrap().len(), 16);
    assert_eq!(schema::version(&Connection::open(&place.path).unwrap()).unwrap(), VERSION);
}

#[test]
fn sixty_four_writers_of_twenty_messages_lose_nothing_and_never_hear_of_a_lock() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                let mut journal = place.journal();
                let mut chat = Chat::start(&mut journal, None);
                (0..10).for_each(|turn| chat.turn(&mut journal, &format!("q {turn}"), "a"));
                assert_eq!(journal.take_notices(), Vec::<String>::new());
                assert_eq!(close(journal), FlushOutcome::Durable);
            });
        }
    });
    let conversations = place.history().conversations(100).unwrap();
    let messages: u64 = conversations.iter().map(|conversation| conversation.messages).sum();
    assert_eq!((conversations.len(), messages), (64, 64 * 20));
}

#[test]
fn eight_writers_at_once_lose_nothing() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let place = &place;
            scope.spawn(move || {
                let mut journal = place.journal();
                let mut chat = Chat::start(&mut journal, Some(&format!("writer {writer}")));
                for turn in 0..25 {
                    chat.turn(&mut journal, &format!("question {turn}"), &format!("answer {turn}"));
                }
                assert_eq!(close(journal), FlushOutcome::Durable);
            });
        }
    });
    let history = place.history();
    let expected: Vec<_> =
        (0..25).flat_map(|turn| [complete(&format!("question {turn}")), complete(&format!("answer {turn}"))]).collect();
    let conversations = history.conversations(100).unwrap();
    assert_eq!(conversations.len(), 8);
    for conversation in conversations {
        assert_eq!(texts(&history, &conversation.id), expected);
    }
}

#[test]
fn the_wal_does_not_grow_without_end() {
    let place = Place::new();
    let mut journal = Journal::start(settings(&place.path, DeltaPersistence::default()));
    let mut chat = Chat::start(&mut journal, None);
    let answer = "0123456789abcdef".repeat(1 << 14);
    for _ in 0..40 {
        chat.turn(&mut journal, "q", &answer);
    }
    // Each turn is over 256 KiB: all of them 10 MiB and more.
    let length = std::fs::metadata(beside(&place.path, "-wal")).unwrap().len();
    assert!(length < 6 << 20, "{length}");
    assert_eq!(texts(&History::open_read(&place.settings()).unwrap(), &chat.id).len(), 80);
}

#[test]
fn a_reader_that_stays_holds_up_no_writer_and_the_wal_shrinks_when_it_leaves() {
    let wal_bytes = |place: &Place| std::fs::metadata(beside(&place.path, "-wal")).map_or(0, |wal| wal.len());
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    let answer = "0123456789abcdef".repeat(1 << 14);
    chat.turn(&mut journal, "q", &answer);
    let reader = Connection::open(&place.path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM message").unwrap();
    (0..40).for_each(|_| chat.turn(&mut journal, "q", &answer));
    assert!(wal_bytes(&place) > 8 << 20, "nothing was held: {}", wal_bytes(&place));
    assert_eq!(journal.take_notices(), Vec::<String>::new());
    reader.execute_batch("COMMIT").unwrap();
    chat.turn(&mut journal, "q", "a");
    // Shortened after the answer to the barrier; the next one waits for it.
    flush(&mut journal);
    assert!(wal_bytes(&place) <= 4 << 20, "{}", wal_bytes(&place));
    chat.turn(&mut journal, "q", &answer.repeat(8));
    assert_eq!(close(journal), FlushOutcome::Durable);
    assert!(wal_bytes(&place) <= 1 << 20, "{}", wal_bytes(&place));
    assert_eq!(texts(&place.history(), &chat.id).len(), 2 * 43);
}
