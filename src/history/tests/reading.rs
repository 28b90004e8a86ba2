//! Lists, addresses and branches.

use super::{Chat, Place, close, complete, filled, flush, texts};
use crate::conversation::ConversationId;
use crate::history::{Entry, FlushOutcome, History, HistoryError};

fn names(history: &History) -> Vec<Option<String>> {
    history.conversations(100).unwrap().into_iter().map(|summary| summary.name).collect()
}

#[test]
fn there_is_a_history_before_there_is_a_file() {
    let place = Place::new();
    let history = place.history();
    assert_eq!(history.conversations(10).unwrap(), []);
    assert!(matches!(history.last_used(), Err(HistoryError::Empty)));
    assert!(matches!(history.resolve("@1"), Err(HistoryError::NotFound { .. })));
    assert!(!place.path.parent().unwrap().exists());
}

#[test]
fn the_order_is_that_of_use_whatever_the_clock_says() {
    let place = Place::new();
    let (mut journal, mut chats) = filled(&place, &["a", "b", "c"]);
    let history = place.history();
    let named = |names: [&str; 3]| names.map(|name| Some(name.to_owned())).to_vec();
    assert_eq!(names(&history), named(["c", "b", "a"]));
    chats[0].turn(&mut journal, "again", "yes");
    assert_eq!(names(&history), named(["a", "c", "b"]));
    assert_eq!(history.last_used().unwrap(), chats[0].id);
    assert_eq!(history.conversations(1).unwrap().len(), 1);
}

#[test]
fn a_retry_is_a_new_branch_and_the_old_answer_stays() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    let question = chat.ask(&mut journal, "q");
    let first = chat.begin_reply(&mut journal);
    chat.end_reply(&mut journal, &first, "bad");
    chat.head = Some(question.clone());
    journal.record(Entry::HeadMoved { conversation: chat.id.clone(), head: Some(question) });
    let second = chat.begin_reply(&mut journal);
    chat.end_reply(&mut journal, &second, "good");
    assert_eq!(flush(&mut journal), FlushOutcome::Durable);
    let history = place.history();
    assert_eq!(texts(&history, &chat.id), ["q", "good"].map(complete));
    assert_eq!(history.conversation(&chat.id).unwrap().messages, 3);

    journal.record(Entry::HeadMoved { conversation: chat.id.clone(), head: Some(first) });
    flush(&mut journal);
    assert_eq!(texts(&history, &chat.id), ["q", "bad"].map(complete));
    journal.record(Entry::HeadMoved { conversation: chat.id.clone(), head: None });
    flush(&mut journal);
    assert_eq!(texts(&history, &chat.id), vec![]);
}

#[test]
fn lines_of_the_prompt_come_back_oldest_first() {
    let place = Place::new();
    let mut journal = place.journal();
    for number in 0..5 {
        let entry = Entry::PromptTyped { text: format!("line {number}"), cwd: None, typed_ms: 0 };
        journal.record(entry);
    }
    assert_eq!(close(journal), FlushOutcome::Durable);
    let history = place.history();
    let (lines, last) = history.lines_typed_after(0, 2).unwrap();
    assert_eq!(lines, ["line 3", "line 4"]);
    assert_eq!(history.lines_typed_after(last, 9).unwrap(), (vec![], last));
    assert_eq!(history.lines_typed_after(last - 1, 9).unwrap().0, ["line 4"]);
}

#[test]
fn the_prompts_of_a_conversation_stand_apart_and_as_they_were_typed() {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    for text in ["/model x", "mine", "theirs", "look at @docs:a"] {
        journal.record(Entry::PromptTyped { text: text.to_owned(), cwd: None, typed_ms: 0 });
    }
    for text in ["mine", "look at @docs:a\n\n--- docs:a ---\nlong", "asked elsewhere"] {
        chat.ask(&mut journal, text);
    }
    assert_eq!(close(journal), FlushOutcome::Durable);
    let earlier = place.history().earlier_prompts(Some(&chat.id), 100).unwrap();
    assert_eq!(earlier.own, ["mine", "look at @docs:a", "asked elsewhere"]);
    assert_eq!(earlier.others, ["/model x", "theirs"]);
    let nobodys = place.history().earlier_prompts(None, 2).unwrap();
    assert_eq!((nobodys.others.len(), nobodys.own.len(), nobodys.last), (2, 0, earlier.last));
}

#[test]
fn an_unknown_conversation_is_not_found() {
    let place = Place::new();
    let unknown = place.history().conversation(&ConversationId("01X".to_owned()));
    assert!(matches!(unknown, Err(HistoryError::NotFound { .. })));
}
