//! What a process that died has left, and what a living one still needs.

use super::{Chat, Place, close, complete, flush, persisting, settings, texts};
use crate::conversation::{InterruptReason, MessageStatus};
use crate::history::owner::Owners;
use crate::history::{DeltaKind, FlushOutcome, Journal};

/// A running reply with "half" of its text on the disk.
fn begin(place: &Place, journal: &mut Journal) -> (Chat, crate::conversation::MessageId) {
    let mut chat = Chat::start(journal, None);
    chat.ask(journal, "the question");
    let reply = chat.begin_reply(journal);
    flush(journal);
    journal.record_delta(&reply, DeltaKind::Reasoning, "hm");
    journal.record_delta(&reply, DeltaKind::Text, "half");
    assert_eq!(flush(journal), FlushOutcome::Durable);
    assert_eq!(texts(&place.history(), &chat.id)[1], (MessageStatus::Streaming, "half".to_owned()));
    (chat, reply)
}

fn crashed(text: &str) -> (MessageStatus, String) {
    (MessageStatus::Interrupted(InterruptReason::Crash), text.to_owned())
}

/// As a kill leaves it: the lock is gone, the file stays.
fn forget_lock(place: &Place) {
    let folder = place.path.with_file_name("locks");
    for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        std::fs::rename(&path, path.with_extension("old")).unwrap();
        std::fs::write(&path, "").unwrap();
    }
}

#[test]
fn the_reply_of_a_dead_process_becomes_an_interrupted_one() {
    let place = Place::new();
    let mut dead = Journal::start(settings(&place.path, persisting(1, 1)));
    let (chat, reply) = begin(&place, &mut dead);
    forget_lock(&place);

    // A reader sees it before anybody has written it down, and counts it.
    assert_eq!(texts(&place.history(), &chat.id)[1], crashed("half"));
    for address in ["@1@2", "@1@-1"] {
        assert_eq!(place.history().locate(address).unwrap().message.as_ref(), Some(&reply), "{address}");
    }
    let mut next = place.journal();
    assert_eq!(flush(&mut next), FlushOutcome::Durable);
    assert_eq!(next.take_notices(), ["recovered an interrupted answer in \"the question\""]);
    let history = place.history();
    assert_eq!(texts(&history, &chat.id)[1], crashed("half"));
    assert_eq!(history.stored_messages(&chat.id).unwrap()[1].message.reasoning, "hm");
    let found: i64 = history
        .connection
        .query_row("SELECT count(*) FROM message_search WHERE message_search MATCH 'half'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, 1);
    assert_eq!(close(next), FlushOutcome::Durable);
}

#[test]
fn the_reply_of_a_living_process_stays_as_it_is() {
    let place = Place::new();
    let mut living = Journal::start(settings(&place.path, persisting(1, 1)));
    let (chat, reply) = begin(&place, &mut living);

    let mut other = place.journal();
    Chat::start(&mut other, None).turn(&mut other, "q", "a");
    assert_eq!(other.take_notices(), Vec::<String>::new());
    assert_eq!(close(other), FlushOutcome::Durable);
    assert_eq!(texts(&place.history(), &chat.id)[1], (MessageStatus::Streaming, "half".to_owned()));

    chat.end_reply(&mut living, &reply, "half and half");
    assert_eq!(flush(&mut living), FlushOutcome::Durable);
    assert_eq!(texts(&place.history(), &chat.id)[1], complete("half and half"));
}

#[test]
fn a_process_that_was_taken_for_dead_still_has_the_last_word() {
    let place = Place::new();
    let mut living = Journal::start(settings(&place.path, persisting(1, 1)));
    let (chat, reply) = begin(&place, &mut living);
    forget_lock(&place);
    assert_eq!(close(place.journal()), FlushOutcome::Durable);
    living.record_delta(&reply, DeltaKind::Text, " and more");
    chat.end_reply(&mut living, &reply, "the whole answer");
    assert_eq!(flush(&mut living), FlushOutcome::Durable);
    let history = place.history();
    assert_eq!(texts(&history, &chat.id)[1], complete("the whole answer"));
    let check = "SELECT group_concat(rowid) FROM message_search WHERE message_search MATCH ?";
    let found =
        |word: &str| -> Option<String> { history.connection.query_row(check, [word], |row| row.get(0)).unwrap() };
    assert_eq!((found("half"), found("whole")), (None, Some("2".to_owned())));
}

#[test]
fn lock_files_of_the_dead_are_removed() {
    let place = Place::new();
    let owners = Owners::beside(&place.path);
    std::fs::create_dir_all(place.path.with_file_name("locks")).unwrap();
    std::fs::write(place.path.with_file_name("locks").join("01DEAD.lock"), "").unwrap();
    let living = owners.enter();
    assert_eq!(close(place.journal()), FlushOutcome::Durable);
    let entries = std::fs::read_dir(place.path.with_file_name("locks")).unwrap().map(|entry| entry.unwrap().path());
    let left: Vec<_> = entries.filter(|path| path.extension().is_some_and(|extension| extension == "lock")).collect();
    assert_eq!(left, [place.path.with_file_name("locks").join(format!("{}.lock", living.token))]);
}
