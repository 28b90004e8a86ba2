//! What commands change: names, pins, copies, removals.

use super::{Chat, Place as Folder, close, complete, flush, texts};
use crate::conversation::{ConversationId, IdSource, MessageId};
use crate::history::{DeltaKind, Entry, FlushOutcome, Fork, HistoryError, Keeper, Place};

fn keeper(place: &Folder) -> Keeper {
    Keeper::open(&place.settings()).unwrap()
}

#[test]
fn names_are_given_once() {
    let place = Folder::new();
    let mut journal = place.journal();
    let (one, other) = (Chat::start(&mut journal, Some("one")), Chat::start(&mut journal, None));
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    let mut keeper = keeper(&place);
    keeper.rename(&other.id, "two words").unwrap();
    keeper.rename(&one.id, "one").unwrap();
    assert_eq!(place.history().resolve("two words").unwrap(), other.id);
    for name in ["one", "", "@1", "x@2"] {
        assert!(matches!(keeper.rename(&other.id, name), Err(HistoryError::BadName { .. })), "{name}");
    }
    keeper.pin(&other.id, true).unwrap();
    assert!(place.history().conversation(&other.id).unwrap().pinned);
    keeper.pin(&other.id, false).unwrap();
    assert!(!place.history().conversation(&other.id).unwrap().pinned);
}

/// As of two processes that looked for the name at once, and found that nobody had it.
#[test]
fn of_two_that_begin_under_one_name_one_gets_it() {
    let place = Folder::new();
    let (mut first, mut second) = (place.journal(), place.journal());
    let mut chats = [Chat::start(&mut first, Some("work")), Chat::start(&mut second, Some("work"))];
    chats[0].turn(&mut first, "q", "first");
    chats[1].turn(&mut second, "q", "second");
    let history = place.history();
    assert_eq!(history.resolve("work").unwrap(), chats[0].id);
    assert_eq!(texts(&history, &chats[1].id), ["q", "second"].map(complete));
    assert_eq!(history.conversation(&chats[1].id).unwrap().name, None);
    let [told] = second.take_notices().try_into().unwrap();
    assert!(told.contains(&chats[0].id.0) && told.contains("work"), "{told}");
    let name = |name: &str| Entry::ConversationRenamed { conversation: chats[1].id.clone(), name: Some(name.into()) };
    second.record(name("play"));
    second.record(name("work"));
    assert_eq!(flush(&mut second), FlushOutcome::Durable);
    assert_eq!(place.history().conversation(&chats[1].id).unwrap().name.as_deref(), Some("play"));
    assert_eq!((first.take_notices().len(), second.take_notices().len()), (0, 1));
}

fn fork(place: &Folder, chat: &Chat, last: Option<&MessageId>, name: Option<&str>) -> ConversationId {
    let mut ids = IdSource::default();
    let messages = place.history().stored_messages_to(&chat.id, last).unwrap();
    let copies = messages.into_iter().map(|stored| (stored.message.id, ids.message(5_000))).collect();
    let fork = Fork { id: ids.conversation(5_000), name: name.map(str::to_owned), created_ms: 5_000, copies };
    let id = fork.id.clone();
    keeper(place).fork(fork.clone()).unwrap();
    // A writer that tries again changes nothing.
    assert!(fork.name.is_some() || keeper(place).fork(fork).is_ok());
    id
}

#[test]
fn a_fork_is_a_copy_that_nothing_ties_to_the_other() {
    let place = Folder::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, Some("trip"));
    chat.turn(&mut journal, "q1", "a1");
    let end = chat.head.clone();
    chat.turn(&mut journal, "q2", "a2");
    let running = chat.ask(&mut journal, "q3");
    let reply = chat.begin_reply(&mut journal);
    journal.record_delta(&reply, DeltaKind::Text, "so f");
    assert_eq!(close(journal), FlushOutcome::Durable);

    let early = fork(&place, &chat, end.as_ref(), None);
    let whole = fork(&place, &chat, None, Some("copy"));
    let history = place.history();
    assert_eq!(texts(&history, &early), ["q1", "a1"].map(complete));
    let summary = history.conversation(&early).unwrap();
    assert_eq!((summary.title.as_str(), summary.messages, summary.forked_from), ("q1", 2, end));
    let last = texts(&history, &whole).pop().unwrap();
    assert_eq!(last.1, "so f");
    assert_eq!(history.conversation(&whole).unwrap().forked_from, Some(reply));
    assert!(history.stored_messages_to(&chat.id, Some(&running)).unwrap().len() == 5);

    keeper(&place).remove(&chat.id).unwrap();
    assert_eq!(texts(&place.history(), &early), ["q1", "a1"].map(complete));
    assert_eq!(place.history().search("a1", super::searching::ALL).unwrap().len(), 2);
}

#[test]
fn what_is_open_somewhere_is_not_deleted() {
    let place = Folder::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    journal.record(Entry::ConversationOpened { conversation: chat.id.clone(), place: Place::default() });
    chat.turn(&mut journal, "q", "a");
    let summary = || place.history().conversation(&chat.id).unwrap();
    assert!(place.history().is_live(&summary()));
    assert!(matches!(keeper(&place).remove(&chat.id), Err(HistoryError::InUse { .. })));
    assert_eq!(summary().messages, 2);
    journal.record(Entry::ConversationLeft { conversation: chat.id.clone() });
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    assert!(!place.history().is_live(&summary()));
    let reply = chat.begin_reply(&mut journal);
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    assert!(matches!(keeper(&place).remove(&chat.id), Err(HistoryError::InUse { .. })), "while {reply} comes");
    assert_eq!(close(journal), FlushOutcome::Durable);
    assert_eq!(keeper(&place).remove(&chat.id).unwrap().messages, 3);
    assert!(matches!(place.history().conversation(&chat.id), Err(HistoryError::NotFound { .. })));
}

#[test]
fn a_removal_takes_typed_lines_along_that_were_prompts_in_part_or_are_compressed() {
    let place = Folder::new();
    let mut journal = place.journal();
    let mut kept = Chat::start(&mut journal, None);
    let mut gone = Chat::start(&mut journal, None);
    let long = "a long prompt ".repeat(100);
    kept.turn(&mut journal, "kept", "a");
    gone.turn(&mut journal, &long, "a");
    gone.turn(&mut journal, "what is in this?\n\n<file>secrets</file>", "a");
    for text in ["kept", &long, "what is in this?", "what is", "", "in this?"] {
        journal.record(Entry::PromptTyped { text: text.to_owned(), cwd: None, typed_ms: 0 });
    }
    assert_eq!(close(journal), FlushOutcome::Durable);
    let connection = rusqlite::Connection::open(&place.path).unwrap();
    crate::history::packing::register(&connection).unwrap();
    let packed = crate::history::packing::pack(&long).unwrap();
    let packing = "UPDATE message SET packed = ?1, text = '' WHERE text = ?2";
    assert_eq!(connection.execute(packing, (packed, &long)).unwrap(), 1);
    keeper(&place).remove(&gone.id).unwrap();
    assert_eq!(place.history().lines_typed_after(0, 10).unwrap().0, ["kept", "what is", "", "in this?"]);
}

#[test]
fn a_removal_leaves_no_bytes_in_any_file() {
    const SECRETS: [&str; 5] =
        ["hunter2 is my password", "Zanzibar answer", "Quokka thought", "Narwhal name", "xylo tool"];
    let place = Folder::new();
    let mut journal = place.journal();
    let mut kept = Chat::start(&mut journal, Some("kept"));
    let mut gone = Chat::start(&mut journal, Some(SECRETS[3]));
    for round in 0..30 {
        kept.turn(&mut journal, &format!("kept prompt {round}"), &"kept words ".repeat(100));
        gone.turn(&mut journal, &format!("{} {round}", SECRETS[0]), &SECRETS[1].repeat(200));
    }
    journal.record(Entry::PromptTyped { text: format!("{} 3\n", SECRETS[0]), cwd: None, typed_ms: 0 });
    journal.record(Entry::PromptTyped { text: "another line".to_owned(), cwd: None, typed_ms: 0 });
    gone.ask(&mut journal, "q");
    let reply = gone.begin_reply(&mut journal);
    let end = crate::history::ReplyEnd { reasoning: SECRETS[2].repeat(9), ..gone.end(&reply, SECRETS[4]) };
    journal.record(Entry::ReplyEnded(Box::new(end)));
    assert_eq!(close(journal), FlushOutcome::Durable);
    let holds = |secret: &str| {
        place.files().iter().any(|name| {
            let bytes = std::fs::read(place.path.with_file_name(name)).unwrap_or_default();
            // The index holds words apart, in lower case.
            let first = secret.split(' ').next().unwrap();
            [first, &first.to_lowercase()]
                .iter()
                .any(|word| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
        })
    };
    assert!(SECRETS.iter().all(|secret| holds(secret)));
    let removal = keeper(&place).remove(&gone.id).unwrap();
    assert_eq!((removal.messages, removal.without_trace), (62, true));
    assert_eq!(SECRETS.iter().filter(|secret| holds(secret)).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert_eq!(place.history().lines_typed_after(0, 10).unwrap().0, ["another line"]);
    assert_eq!(texts(&place.history(), &kept.id).len(), 60);
}
