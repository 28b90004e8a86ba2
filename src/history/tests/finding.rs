//! Addresses, and the conversation that `-c` means.

use super::{Chat, Place as Folder, filled, flush};
use crate::history::{Entry, FlushOutcome, History, HistoryError, Journal, Place, Scope};

#[test]
fn an_address_is_a_place_in_the_list_an_id_a_name_or_the_beginning_of_an_id() {
    let place = Folder::new();
    let (_journal, chats) = filled(&place, &["first", "second", "me@home@3"]);
    let history = place.history();
    let [first, second, newest] = [0, 1, 2].map(|index: usize| chats[index].id.clone());
    let unique = (1..=26).find(|length| !newest.0.starts_with(&first.0[..*length])).unwrap();
    for (address, expected) in [
        ("@1", &newest),
        ("@3", &first),
        (" first ", &first),
        ("second", &second),
        ("me@home@3", &newest),
        (first.0.as_str(), &first),
        (&first.0.to_lowercase(), &first),
    ] {
        assert_eq!(&history.resolve(address).unwrap(), expected, "{address}");
    }
    let ambiguous = history.resolve(&first.0[..unique.min(10)]);
    assert!(
        matches!(&ambiguous, Err(HistoryError::Ambiguous { fits, .. }) if fits.contains(&first.0)),
        "{ambiguous:?}"
    );
    let by_prefix = (unique..=26).find_map(|length| history.resolve(&first.0[..length]).ok());
    assert_eq!(by_prefix, Some(first));
    for address in ["", "@0", "@4", "nothing", "nothing@1", "%", "'", "01ZZZZZZ"] {
        assert!(matches!(history.resolve(address), Err(HistoryError::NotFound { .. })), "{address}");
    }
}

#[test]
fn a_name_that_two_have_is_told_with_both() {
    let place = Folder::new();
    let (_journal, chats) = filled(&place, &["plans", "other", "more plans"]);
    // As older versions could leave it.
    let connection = rusqlite::Connection::open(&place.path).unwrap();
    connection.execute("UPDATE conversation SET name = 'plans' WHERE name = 'more plans'", []).unwrap();
    let found = place.history().locate("plans").unwrap_err().to_string();
    let expected = format!("\"plans\" fits more than one conversation: {} (q), {} (q)", chats[2].id, chats[0].id);
    assert_eq!(found, expected);
}

#[test]
fn a_message_stands_behind_an_at_sign_or_alone() {
    let place = Folder::new();
    let (mut journal, mut chats) = filled(&place, &["trip", "other"]);
    chats[0].turn(&mut journal, "q2", "a2");
    let history = place.history();
    let ids: Vec<_> =
        history.stored_messages(&chats[0].id).unwrap().into_iter().map(|stored| stored.message.id).collect();
    let locate = |address: &str| history.locate(address).map(|spot| (spot.conversation, spot.message));
    let here = |at: usize| (chats[0].id.clone(), Some(ids[at].clone()));
    for (address, expected) in [
        ("trip@1", here(0)),
        ("trip@4", here(3)),
        ("trip@-1", here(3)),
        ("@1@-4", here(0)),
        (&format!("trip@{}", ids[2]), here(2)),
        (&format!("trip@{}", ids[2].0.to_lowercase()), here(2)),
        (&ids[1].0, here(1)),
        ("trip", (chats[0].id.clone(), None)),
    ] {
        assert_eq!(locate(address).unwrap(), expected, "{address}");
    }
    for address in ["trip@5", "trip@-5", &format!("other@{}", ids[0]), "trip@7ZZZ"] {
        assert!(matches!(locate(address), Err(HistoryError::NoMessage { .. })), "{address}: {:?}", locate(address));
    }
    let common = (1..26).rev().find(|length| ids[0].0[..*length] == ids[1].0[..*length]).unwrap();
    assert!(matches!(locate(&format!("trip@{}", &ids[0].0[..common])), Err(HistoryError::Ambiguous { .. })));
    assert!(matches!(history.resolve("trip@1"), Err(HistoryError::OnlyWhole { .. })));
}

fn used_at(journal: &mut Journal, chat: &mut Chat, terminal: &str, folder: &str) {
    let place = Place { terminal: Some(terminal.to_owned()), folder: Some(folder.to_owned()) };
    journal.record(Entry::ConversationOpened { conversation: chat.id.clone(), place });
    chat.turn(journal, "q", "a");
}

#[test]
fn the_last_one_is_that_of_the_terminal_then_that_of_the_folder_then_any() {
    let place = Folder::new();
    let (mut journal, mut chats) = filled(&place, &["a", "b", "c", "d"]);
    used_at(&mut journal, &mut chats[0], "t1", "/one");
    used_at(&mut journal, &mut chats[1], "t2", "/two");
    used_at(&mut journal, &mut chats[2], "t2", "/one");
    used_at(&mut journal, &mut chats[3], "t3", "/three");
    let history = place.history();
    let last = |terminal: Option<&str>, folder: Option<&str>| {
        let place = Place { terminal: terminal.map(str::to_owned), folder: folder.map(str::to_owned) };
        let (id, scope) = history.last_used_at(&place).unwrap();
        (history.conversation(&id).unwrap().name.unwrap(), scope)
    };
    assert_eq!(last(Some("t1"), Some("/two")), ("a".into(), Scope::Terminal));
    assert_eq!(last(Some("t2"), Some("/two")), ("c".into(), Scope::Terminal));
    assert_eq!(last(Some("t9"), Some("/one")), ("c".into(), Scope::Folder));
    assert_eq!(last(None, Some("/two")), ("b".into(), Scope::Folder));
    assert_eq!(last(Some("t9"), Some("/nine")), ("d".into(), Scope::Everywhere));
    assert_eq!(last(None, None), ("d".into(), Scope::Everywhere));
    // Used again elsewhere, it is of there.
    used_at(&mut journal, &mut chats[0], "t2", "/two");
    assert_eq!(last(Some("t1"), None), ("a".into(), Scope::Everywhere));
}

#[test]
fn a_file_that_nobody_has_migrated_yet_is_read_as_it_is() {
    let place = Folder::new();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let connection = rusqlite::Connection::open(&place.path).unwrap();
    for migration in [
        include_str!("../migrations/0001_initial.sql"),
        include_str!("../migrations/0002_index_answers_apart.sql"),
        "INSERT INTO conversation (id, name, created_ms, used_ms, used_seq) VALUES ('01C', 'old', 1, 1, 1);
         INSERT INTO message (id, conversation, role, status, created_ms, text, reasoning)
            VALUES ('01Q', 1, 'user', 'complete', 1, 'an apple', ''),
                   ('01A', 1, 'assistant', 'complete', 1, 'a pear', 'deep thought');
         UPDATE conversation SET head = 2; PRAGMA user_version = 2;",
    ] {
        connection.execute_batch(migration).unwrap();
    }
    let history = place.history();
    assert_eq!(history.conversations(10).unwrap()[0].name.as_deref(), Some("old"));
    let place_of = Place { terminal: Some("t".into()), folder: Some("/f".into()) };
    assert_eq!(history.last_used_at(&place_of).unwrap().1, Scope::Everywhere);
    let found = |history: &History| super::searching::details(history, "thought");
    assert_eq!((history.search("apple", super::searching::ALL).unwrap().len(), found(&history)), (1, 0));
    let mut journal = place.journal();
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    let history = place.history();
    assert_eq!((found(&history), history.unindexed().unwrap()), (0, 2));
    crate::history::Keeper::open(&place.settings()).unwrap().index_details(|_| {}).unwrap();
    assert_eq!((found(&history), history.unindexed().unwrap()), (1, 0));
}
