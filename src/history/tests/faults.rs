//! Each way the file can fail: the turn goes on, and what can be kept is kept.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::{Chat, Place, close, complete, flush, texts};
use crate::history::file::beside;
use crate::history::{Entry, FlushOutcome, History, HistoryError, HistorySettings, Journal};

fn failed(outcome: FlushOutcome) -> String {
    match outcome {
        FlushOutcome::Failed(reason) => reason,
        FlushOutcome::Durable | FlushOutcome::NotKept => panic!("{outcome:?}"),
    }
}

/// A database with one conversation, all of it in the main file.
fn filled(place: &Place) {
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    (0..50).for_each(|turn| chat.turn(&mut journal, &format!("q {turn}"), &"answer ".repeat(200)));
    assert_eq!(close(journal), FlushOutcome::Durable);
    Connection::open(&place.path).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

#[test]
fn a_damaged_file_goes_aside_and_the_chat_goes_on() {
    type Damage = fn(&mut Vec<u8>);
    let cases: [(&str, Damage); 4] = [
        ("header", |bytes| bytes[..64].fill(0xA5)),
        ("pages", |bytes| bytes[4096..].fill(0xA5)),
        ("truncated", |bytes| bytes.truncate(bytes.len() / 3)),
        ("text", |bytes| *bytes = b"this is no database, but a text of some length\n".repeat(99)),
    ];
    for (name, damage) in cases {
        let place = Place::new();
        filled(&place);
        let mut damaged = fs::read(&place.path).unwrap();
        damage(&mut damaged);
        fs::write(&place.path, &damaged).unwrap();
        let mut journal = place.journal();
        let mut chat = Chat::start(&mut journal, None);
        chat.turn(&mut journal, "still here?", "yes");
        assert_eq!(texts(&place.history(), &chat.id), [complete("still here?"), complete("yes")], "{name}");
        let moved = place.moved(".corrupt-");
        let main: Vec<_> = moved.iter().filter(|name| name.ends_with('Z')).collect();
        assert_eq!(main.len(), 1, "{name}: {moved:?}");
        let notices = journal.take_notices();
        assert!(notices.len() == 1 && notices[0].contains(main[0]), "{name}: {notices:?}");
        assert_eq!(fs::read(place.path.with_file_name(main[0])).unwrap().len(), damaged.len(), "{name}");
        assert_eq!(close(journal), FlushOutcome::Durable, "{name}");
    }
}

#[test]
fn a_file_that_is_emptied_while_it_is_open_is_filled_again() {
    for suffixes in [&[""] as &[&str], &["", "-wal"]] {
        let place = Place::new();
        let mut journal = place.journal();
        let mut chat = Chat::start(&mut journal, Some("kept"));
        chat.turn(&mut journal, "one", "1");
        suffixes.iter().for_each(|suffix| fs::write(beside(&place.path, suffix), "").unwrap());
        chat.turn(&mut journal, "two", "2");
        let kept = ["one", "1", "two", "2"].map(complete);
        assert_eq!(texts(&place.history(), &chat.id), kept, "{suffixes:?}");
        assert_eq!(close(journal), FlushOutcome::Durable);
        assert_eq!(texts(&place.history(), &chat.id), kept, "{suffixes:?}");
        integrity_is_ok(&place.path);
    }
}

#[test]
fn damage_while_it_is_open_loses_no_message_of_this_conversation() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, Some("kept"));
    chat.turn(&mut journal, "one", "1");
    let other = Connection::open(&place.path).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let mut bytes = fs::read(&place.path).unwrap();
    bytes[4096..].fill(0xA5);
    fs::write(&place.path, bytes).unwrap();
    // Another writer's change makes this connection forget the pages it has in memory.
    other.pragma_update(None, "user_version", 1).unwrap();
    chat.turn(&mut journal, "two", "2");
    assert_eq!(texts(&place.history(), &chat.id), ["one", "1", "two", "2"].map(complete));
    assert_eq!(place.moved(".corrupt-").iter().filter(|name| name.ends_with('Z')).count(), 1);
    assert_eq!(close(journal), FlushOutcome::Durable);
}

#[test]
fn an_empty_file_is_a_new_history() {
    let place = Place::new();
    fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    fs::write(&place.path, "").unwrap();
    assert_eq!(place.history().conversations(9).unwrap(), []);
    let mut journal = place.journal();
    Chat::start(&mut journal, None).turn(&mut journal, "q", "a");
    assert_eq!(place.moved(".corrupt-"), Vec::<String>::new());
    assert_eq!(place.history().conversations(9).unwrap().len(), 1);
}

#[test]
fn a_deleted_file_is_made_again_with_the_whole_conversation() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, Some("mine"));
    chat.turn(&mut journal, "from an earlier process", "1");
    assert_eq!(close(journal), FlushOutcome::Durable);

    let mut journal = place.journal();
    chat.turn(&mut journal, "two", "2");
    fs::remove_file(&place.path).unwrap();
    chat.turn(&mut journal, "three", "3");
    let history = place.history();
    assert_eq!(texts(&history, &chat.id), ["from an earlier process", "1", "two", "2", "three", "3"].map(complete));
    assert_eq!(history.conversation(&chat.id).unwrap().name.as_deref(), Some("mine"));
    let notices = journal.take_notices();
    assert!(notices.len() == 1 && notices[0].contains("deleted or replaced"), "{notices:?}");
    assert_eq!(close(journal), FlushOutcome::Durable);
    integrity_is_ok(&place.path);
}

#[test]
fn a_replaced_file_does_not_inherit_the_wal_of_the_old_one() {
    let place = Place::new();
    let elsewhere = Place::new();
    let mut journal = elsewhere.journal();
    let mut restored = Chat::start(&mut journal, None);
    restored.turn(&mut journal, "restored", "yes");
    close(journal);
    Connection::open(&elsewhere.path).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();

    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    (0..20).for_each(|turn| chat.turn(&mut journal, &turn.to_string(), &"x".repeat(5_000)));
    fs::rename(&elsewhere.path, &place.path).unwrap();
    chat.turn(&mut journal, "after", "x");
    let history = place.history();
    assert_eq!(texts(&history, &restored.id), ["restored", "yes"].map(complete));
    assert_eq!(texts(&history, &chat.id).len(), 42);
    assert_eq!(close(journal), FlushOutcome::Durable);
    integrity_is_ok(&place.path);
}

fn integrity_is_ok(path: &Path) {
    let answer: String =
        Connection::open(path).unwrap().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "ok");
}

#[test]
fn a_newer_schema_is_read_but_not_written() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    chat.turn(&mut journal, "q", "a");
    close(journal);
    let connection = Connection::open(&place.path).unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();

    let mut journal = place.journal();
    chat.ask(&mut journal, "more");
    assert!(failed(flush(&mut journal)).contains("schema 999"));
    failed(flush(&mut journal));
    let notices = journal.take_notices();
    assert!(notices.len() == 1 && notices[0].contains("newer version"), "{notices:?}");
    assert_eq!(texts(&place.history(), &chat.id), ["q", "a"].map(complete));
    failed(close(journal));
    assert_eq!(connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap(), 999);
}

#[test]
fn where_nothing_can_be_written_there_is_one_notice() {
    for path in ["/proc/no/history.db", "/dev/null/history.db"] {
        let settings =
            HistorySettings { path: Some(path.into()), deltas: super::persisting(1, 1), ..HistorySettings::default() };
        let mut journal = Journal::start(settings.clone());
        let mut chat = Chat::start(&mut journal, None);
        chat.ask(&mut journal, "q");
        failed(flush(&mut journal));
        failed(flush(&mut journal));
        let notices = journal.take_notices();
        assert!(notices.len() == 1 && notices[0].starts_with("history off: "), "{notices:?}");
        failed(close(journal));
        assert_eq!(History::open_read(&settings).unwrap().conversations(1).unwrap(), []);
    }
}

#[test]
fn a_folder_that_comes_back_gets_what_was_kept_meanwhile() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    chat.turn(&mut journal, "one", "1");
    // The data folder goes away and something that is no folder takes its place.
    let folder = place.path.parent().unwrap();
    let away = folder.with_file_name("away");
    fs::rename(folder, &away).unwrap();
    fs::write(folder, "").unwrap();
    chat.ask(&mut journal, "two");
    let reply = chat.begin_reply(&mut journal);
    failed(flush(&mut journal));
    chat.end_reply(&mut journal, &reply, "2");
    failed(flush(&mut journal));
    fs::remove_file(folder).unwrap();
    fs::rename(&away, folder).unwrap();
    chat.turn(&mut journal, "three", "3");
    assert_eq!(texts(&place.history(), &chat.id), ["one", "1", "two", "2", "three", "3"].map(complete));
    assert_eq!(journal.take_notices().last().unwrap(), "the history is written again; nothing was lost");
    assert_eq!(close(journal), FlushOutcome::Durable);
}

#[test]
fn a_lock_that_does_not_clear_is_a_failure_and_the_text_is_kept() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    chat.turn(&mut journal, "one", "1");
    let other = Connection::open(&place.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    chat.ask(&mut journal, "two");
    let started = std::time::Instant::now();
    assert_eq!(failed(flush(&mut journal)), "database is locked");
    assert!(started.elapsed().as_secs() >= 4);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(close(journal), FlushOutcome::Durable);
    assert_eq!(texts(&place.history(), &chat.id), ["one", "1", "two"].map(complete));
}

#[test]
fn messages_of_a_conversation_that_was_removed_meanwhile_bring_it_back() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    chat.ask(&mut journal, "q");
    let reply = chat.begin_reply(&mut journal);
    flush(&mut journal);
    Connection::open(&place.path).unwrap().execute("DELETE FROM conversation", []).unwrap();
    chat.end_reply(&mut journal, &reply, "the answer");
    journal.record(Entry::HeadMoved { conversation: chat.id.clone(), head: Some(reply) });
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    assert_eq!(texts(&place.history(), &chat.id), [complete("the answer")]);
}

#[test]
fn a_file_system_without_shared_memory_gets_the_old_journal() {
    let place = Place::new();
    // SQLite opens no link as its shared memory.
    fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("nowhere", beside(&place.path, "-shm")).unwrap();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    chat.turn(&mut journal, "q", "a");
    let notices = journal.take_notices();
    assert!(notices.len() == 1 && notices[0].contains("WAL"), "{notices:?}");
    assert_eq!(close(journal), FlushOutcome::Durable);
    assert_eq!(texts(&place.history(), &chat.id), ["q", "a"].map(complete));
    let mode: String =
        Connection::open(&place.path).unwrap().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
}

#[test]
fn a_damaged_file_is_an_error_to_readers() {
    let place = Place::new();
    fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    fs::write(&place.path, "no database at all, but a text of some length").unwrap();
    assert!(matches!(History::open_read(&place.settings()), Err(HistoryError::Sqlite(_))));
    assert_eq!(place.files(), ["history.db"]);
}
