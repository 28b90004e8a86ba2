//! Full-text search in a real file: what is found, in what order, and that no text breaks it.

use proptest::prelude::*;

use super::{Chat, Place, flush};
use crate::conversation::{Message, MessageId, Role, ToolCall};
use crate::history::{
    Entry, Filter, FoundIn, History, HistoryError, Page, ReplyEnd, SearchHit, StatusFilter, ToolFilter, ToolStart,
    Wanted,
};

pub const ALL: Page = Page { offset: 0, limit: 100 };
const DAY_MS: i64 = 86_400_000;

fn found(history: &History, text: &str, page: Page) -> Vec<(String, Role, String)> {
    let hits = history.search(text, page).unwrap();
    hits.into_iter().map(|hit| (hit.title, hit.role, hit.snippet)).collect()
}

fn wanted(text: &str) -> Wanted {
    let (text, filter) = (text.to_owned(), Filter::default());
    Wanted { text, filter, schema: None, in_reasoning: false, in_tool_results: false, page: ALL, now_ms: 4_000 }
}

fn snippets(hits: Vec<SearchHit>) -> Vec<String> {
    hits.into_iter().map(|hit| hit.snippet).collect()
}

/// How many messages hold this in their reasoning or as the result of a tool.
pub fn details(history: &History, text: &str) -> usize {
    let wanted = Wanted { in_reasoning: true, in_tool_results: true, ..wanted(text) };
    history.find(&wanted).unwrap().iter().filter(|hit| hit.found_in != FoundIn::Text).count()
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
    assert_eq!(found(&history, "apple NOT pie", ALL), std::slice::from_ref(&join));
    assert_eq!(found(&history, "apple -\"apple search\"", ALL), std::slice::from_ref(&pie));
    assert_eq!(found(&history, "pie OR join", ALL), [join.clone(), pie.clone()]);
    assert_eq!(found(&history, "apple", Page { offset: 1, limit: 1 }), [pie]);
    assert_eq!(found(&history, "cafe", ALL)[0].2, "What is a café?");
    assert_eq!(found(&history, "and or", ALL)[0].2, "Explain AND and OR");
    assert_eq!(found(&history, "pear", ALL), []);
    assert_eq!(history.search("join", ALL).unwrap()[0].conversation, chats[1].id);
}

#[test]
fn finds_are_marked_in_the_words_around_them() {
    let (place, _) = filled();
    let hit = place.history().find(&wanted("apple pie")).unwrap().remove(0);
    let marked: Vec<_> = hit.marks.iter().map(|mark| &hit.snippet[mark.clone()]).collect();
    assert_eq!(marked, ["apple", "pie"]);
}

/// Prompts of these ages in days, and a reply of the same words to each, in one conversation.
fn of_ages(texts: &[(&str, i64)]) -> (Place, Chat) {
    let place = Place::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    for (text, age_days) in texts {
        let role = if text.starts_with("q:") { Role::User } else { Role::Assistant };
        let id = chat.ids.message(0);
        let mut message =
            Message::new(id.clone(), chat.head.replace(id), role, (*text).to_owned(), (1_000 - age_days) * DAY_MS);
        message.model = Some(if age_days % 2 == 0 { "even:Big-Model" } else { "odd:small" }.to_owned());
        journal.record(Entry::MessageAdded { conversation: chat.id.clone(), message });
    }
    assert_eq!(flush(&mut journal), crate::history::FlushOutcome::Durable);
    (place, chat)
}

#[test]
fn prompts_and_news_and_rare_words_come_first() {
    let (place, _) = of_ages(&[("q: apple old", 900), ("a: apple old", 901), ("a: apple new", 0), ("q: apple now", 1)]);
    let find = |text: &str| snippets(place.history().find(&Wanted { now_ms: 1_000 * DAY_MS, ..wanted(text) }).unwrap());
    assert_eq!(find("apple"), ["q: apple now", "q: apple old", "a: apple new", "a: apple old"]);
    let padded = "apple and much else that only makes the message longer than the other one";
    let (place, _) = of_ages(&[(padded, 0), ("apple", 0)]);
    assert_eq!(snippets(place.history().find(&wanted("apple")).unwrap())[0], "apple", "where it is most of the text");
}

#[test]
fn a_word_that_is_everywhere_is_searched_among_the_newest() {
    let texts: Vec<String> = (0..2_100).map(|number| format!("apple {number}")).collect();
    let ages: Vec<_> = texts.iter().map(|text| (text.as_str(), 0)).collect();
    let (place, _) = of_ages(&ages);
    let hits = snippets(place.history().find(&Wanted { now_ms: 1_000 * DAY_MS, ..wanted("apple") }).unwrap());
    assert_eq!((hits.len(), hits[0].as_str()), (100, "apple 2099"));
    assert_eq!(snippets(place.history().find(&wanted("apple 7")).unwrap()), ["apple 7"]);
}

#[test]
fn filters_narrow_a_search_and_a_list() {
    let (place, chat) = of_ages(&[("q: apple", 10), ("a: apple pie", 3)]);
    let history = place.history();
    let find = |filter: Filter| snippets(history.find(&Wanted { filter, ..wanted("apple") }).unwrap());
    let list = |filter: &Filter| history.conversations_that(filter, ALL).unwrap().len();
    let since = |days: i64| Filter { since_ms: Some((1_000 - days) * DAY_MS), ..Filter::default() };
    assert_eq!((find(since(5)), list(&since(5)), list(&since(1))), (vec!["a: apple pie".to_owned()], 1, 0));
    let model = |name: &str| Filter { model: Some(name.to_owned()), ..Filter::default() };
    assert_eq!((find(model("big")), list(&model("SMALL")), list(&model("big"))), (vec!["q: apple".to_owned()], 1, 0));
    let provider = |name: &str| Filter { provider: Some(name.to_owned()), ..Filter::default() };
    assert_eq!((find(provider("odd")), list(&provider("od"))), (vec!["a: apple pie".to_owned()], 0));
    let status = |status| Filter { status: Some(status), ..Filter::default() };
    assert_eq!(find(status(StatusFilter::Complete)).len(), 2);
    assert_eq!((find(status(StatusFilter::Error)).len(), list(&status(StatusFilter::Error))), (0, 0));
    let tool = |server: &str, name: Option<&str>| Filter {
        tool: Some(ToolFilter { server: server.to_owned(), name: name.map(str::to_owned) }),
        ..Filter::default()
    };
    assert_eq!(list(&tool("files", None)), 0);
    let mut chat = chat;
    call_tool(&place, &mut chat);
    assert_eq!([list(&tool("files", None)), list(&tool("files", Some("files__read")))], [1, 1]);
    assert_eq!([list(&tool("shell", None)), list(&tool("files", Some("files__write")))], [0, 0]);
    assert_eq!(find(tool("files", None)).len(), 2);
}

#[test]
fn a_filter_finds_what_is_older_than_much_with_the_same_word() {
    let texts: Vec<(String, i64)> =
        (0..20_100).map(|number| (format!("apple {number}"), if number == 3 { 2 } else { 1 })).collect();
    let ages: Vec<_> = texts.iter().map(|(text, age)| (text.as_str(), *age)).collect();
    let (place, _) = of_ages(&ages);
    let filter = Filter { provider: Some("even".to_owned()), ..Filter::default() };
    assert_eq!(snippets(place.history().find(&Wanted { filter, ..wanted("apple") }).unwrap()), ["apple 3"]);
}

/// A reply that thinks, calls a tool, and gets its result.
fn call_tool(place: &Place, chat: &mut Chat) {
    let mut journal = place.journal();
    let reply = chat.begin_reply(&mut journal);
    let call = ToolCall { id: "x".into(), name: "files__read".into(), arguments: "{}".into() };
    let end = chat.end(&reply, "");
    journal.record(Entry::ReplyEnded(Box::new(ReplyEnd {
        reasoning: "I ponder walruses".to_owned(),
        tool_calls: vec![call],
        ..end
    })));
    journal.record(Entry::ToolStarted(Box::new(ToolStart {
        conversation: chat.id.clone(),
        reply,
        call_id: "x".into(),
        server: Some("files".into()),
        approval: String::new(),
        arguments: None,
        started_ms: 1,
    })));
    let id = chat.ids.message(2_000);
    let mut result =
        Message::new(id.clone(), chat.head.replace(id), Role::Tool, "the file is about walruses".into(), 2_000);
    result.tool_call_id = Some("x".into());
    journal.record(Entry::MessageAdded { conversation: chat.id.clone(), message: result });
    assert_eq!(flush(&mut journal), crate::history::FlushOutcome::Durable);
}

#[test]
fn thoughts_and_results_are_found_where_they_are_asked_for() {
    let (place, mut chats) = filled();
    call_tool(&place, &mut chats[0]);
    let history = place.history();
    let find = |in_reasoning, in_tool_results| {
        let hits = history.find(&Wanted { in_reasoning, in_tool_results, ..wanted("walruses OR apple") }).unwrap();
        hits.into_iter().filter(|hit| hit.found_in != FoundIn::Text).map(|hit| hit.found_in).collect::<Vec<_>>()
    };
    assert_eq!(find(false, false), []);
    assert_eq!(find(true, false), [FoundIn::Reasoning]);
    assert_eq!(find(false, true), [FoundIn::ToolResult]);
    assert_eq!(find(true, true).len(), 2);
    assert_eq!(history.search("walruses", ALL).unwrap(), []);
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
    assert_eq!(details(&place.history(), "apple"), 0);
}

#[test]
fn any_text_gives_hits_or_a_clear_mistake() {
    let (place, mut chats) = filled();
    call_tool(&place, &mut chats[0]);
    let history = place.history();
    let strategy = prop_oneof![
        "\\PC{0,40}",
        "([a-z]|[\"'*()^:+{}\\\\-]| |\0|\u{2}|AND|OR|NOT|NEAR\\(|text:|reasoning:){0,30}",
        "(apple|pie| |\"| OR | NOT | AND |-|\\*){0,12}"
    ];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(600));
    let is_clear = |error: &HistoryError| {
        use HistoryError::{NothingToSearch, OnlyUnwanted, ShortBeginning, TooManyWords};
        matches!(error, NothingToSearch { .. } | TooManyWords { .. } | OnlyUnwanted { .. } | ShortBeginning { .. })
    };
    let outcome = runner.run(&strategy, |text| {
        for result in [
            history.search(&text, ALL),
            history.find(&Wanted { in_reasoning: true, in_tool_results: true, ..wanted(&text) }),
        ] {
            match result {
                Ok(_) => {}
                Err(error) if is_clear(&error) => {}
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
        }
        Ok(())
    });
    outcome.unwrap();
}
