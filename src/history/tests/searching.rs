//! Full-text search in a real file: what is found, in what order, and that no text breaks it.

use proptest::prelude::*;

use super::{Chat, Place};
use crate::conversation::{MessageId, Role};
use crate::history::{History, HistoryError, Page};

const ALL: Page = Page { offset: 0, limit: 100 };

fn found(history: &History, text: &str, page: Page) -> Vec<(String, Role, String)> {
    let hits = history.search(text, page).unwrap();
    hits.into_iter().map(|hit| (hit.title, hit.role, hit.snippet)).collect()
}

fn filled() -> (Place, Vec<Chat>) {
    let place = Place::new();
    let mut journal = place.journal();
    let mut fruit = Chat::start(&mut journal, Some("fruit"));
    fruit.turn(&mut journal, "What is a café?", "A place where apple pie is eaten");
    let mut tools = Chat::start(&mut journal, None);
    tools.turn(&mut journal, "Explain AND and OR", "Both join the words of an apple search");
    (place, vec![fruit, tools])
}

#[test]
fn all_words_are_wanted_and_the_newest_comes_first() {
    let (place, chats) = filled();
    let history = place.history();
    let pie = ("fruit".to_owned(), Role::Assistant, "A place where apple pie is eaten".to_owned());
    let join = ("Explain AND and OR".to_owned(), Role::Assistant, "Both join the words of an apple search".to_owned());
    assert_eq!(found(&history, "apple", ALL), [join.clone(), pie.clone()]);
    assert_eq!(found(&history, "APPLE pie", ALL), std::slice::from_ref(&pie));
    assert_eq!(found(&history, "\"pie apple\"", ALL), []);
    assert_eq!(found(&history, "\"apple pie\" eat*", ALL), std::slice::from_ref(&pie));
    assert_eq!(found(&history, "apple", Page { offset: 1, limit: 1 }), [pie]);
    assert_eq!(found(&history, "cafe", ALL)[0].2, "What is a café?");
    assert_eq!(found(&history, "and or", ALL)[0].2, "Explain AND and OR");
    assert_eq!(found(&history, "pear", ALL), []);
    assert_eq!(history.search("join", ALL).unwrap()[0].conversation, chats[1].id);
}

#[test]
fn a_message_is_found_by_its_id() {
    let (place, _) = filled();
    let history = place.history();
    let hit = history.search("pie", ALL).unwrap().remove(0);
    let lower = MessageId(hit.message.0.to_lowercase());
    assert_eq!(history.message(&lower).unwrap().message.text, "A place where apple pie is eaten");
    let missing = history.message(&MessageId("nothing".into()));
    assert!(matches!(missing, Err(HistoryError::NoMessage { .. })));
}

#[test]
fn an_empty_history_has_no_hits() {
    let place = Place::new();
    assert_eq!(found(&place.history(), "apple", ALL), []);
}

#[test]
fn any_text_gives_hits_or_a_clear_mistake() {
    let (place, _) = filled();
    let history = place.history();
    let strategy = prop_oneof!["\\PC{0,40}", "([a-z]|[\"'*()^:+{}\\\\-]| |\0|AND|OR|NOT|NEAR\\(|text:){0,30}"];
    let mut runner = proptest::test_runner::TestRunner::default();
    let outcome = runner.run(&strategy, |text| match history.search(&text, ALL) {
        Ok(_) | Err(HistoryError::NothingToSearch { .. } | HistoryError::TooManyWords { .. }) => Ok(()),
        Err(error) => Err(TestCaseError::fail(error.to_string())),
    });
    outcome.unwrap();
}
