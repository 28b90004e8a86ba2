//! The server `history` over its channels, against a real file.

use std::time::Duration;

use serde_json::{Value, json};

use crate::builtin::tests::{answer, failure};
use crate::builtin::{BuiltinSettings, server};
use crate::conversation::{IdSource, Message, Role};
use crate::history::{DeltaPersistence, Entry, HistorySettings, Journal};
use crate::mcp::InProcess;

/// A history of one conversation with these prompts.
fn history_of(prompts: &[&str]) -> (tempfile::TempDir, InProcess) {
    let folder = tempfile::tempdir().unwrap();
    let path = Some(folder.path().join("history.db"));
    let settings = HistorySettings { path, deltas: DeltaPersistence::default(), ..HistorySettings::default() };
    let mut journal = Journal::start(settings.clone());
    let mut ids = IdSource::default();
    let conversation = ids.conversation(0);
    journal.record(Entry::ConversationStarted { id: conversation.clone(), name: Some("fruit".into()), created_ms: 0 });
    let mut parent = None;
    for prompt in prompts {
        let id = ids.message(1_000);
        let message = Message::new(id.clone(), parent.replace(id), Role::User, (*prompt).to_owned(), 1_000);
        journal.record(Entry::MessageAdded { conversation: conversation.clone(), message });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(journal.close(Duration::from_secs(10)));
    let settings = BuiltinSettings { history: Some(settings), ..BuiltinSettings::default() };
    (folder, server("history", &settings).unwrap())
}

fn texts(transcript: &Value) -> Vec<&str> {
    transcript["messages"].as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect()
}

#[test]
fn conversations_are_found_listed_and_read() {
    let (_folder, history) = history_of(&["an apple", "a pear", "an apple pie"]);
    let found = answer(&history, "search", json!({"query": "apple", "limit": 1}));
    assert_eq!(found["hits"][0]["snippet"], "an apple pie");
    assert_eq!(found["more"], true);
    let list = answer(&history, "conversations", json!({}));
    assert_eq!((&list["conversations"][0]["name"], &list["more"]), (&json!("fruit"), &json!(false)));
    let read = answer(&history, "read", json!({"conversation": "fruit", "offset": 1, "limit": 1}));
    assert_eq!((texts(&read), &read["more"]), (vec!["a pear"], &json!(true)));
    assert_eq!(read["messages"][0]["time"], "1970-01-01T00:00:01Z");
    assert_eq!(texts(&answer(&history, "read", json!({"conversation": "@1", "offset": 99}))), Vec::<&str>::new());
}

#[test]
fn a_long_message_is_read_in_parts() {
    let long = "é".repeat(5_000);
    let (_folder, history) = history_of(&[&long]);
    let read = answer(&history, "read", json!({"conversation": "fruit"}));
    let message = &read["messages"][0];
    assert_eq!(
        (message["text"].as_str().unwrap().chars().count(), &message["characters_left"]),
        (4_000, &json!(1_000))
    );
    let rest = answer(&history, "message", json!({"message": message["id"], "offset": 4_990, "limit": 100}));
    assert_eq!((&rest["text"], rest.get("characters_left")), (&json!("é".repeat(10)), None));
}

#[test]
fn what_cannot_be_found_is_said() {
    let (_folder, history) = history_of(&["an apple"]);
    assert_eq!(failure(&history, "search", json!({"query": "\"'"})), "there is no word to search for in \"\\\"'\"");
    assert_eq!(
        failure(&history, "read", json!({"conversation": "vegetables"})),
        "no conversation \"vegetables\" in the history"
    );
    assert_eq!(failure(&history, "message", json!({"message": "x"})), "no message \"x\" in the history");
}

#[test]
fn where_nothing_is_saved_there_is_no_history() {
    let history = server("history", &BuiltinSettings::default()).unwrap();
    for (tool, arguments) in [("search", json!({"query": "x"})), ("conversations", json!({}))] {
        assert!(failure(&history, tool, arguments).starts_with("no conversations are kept here"));
    }
}
