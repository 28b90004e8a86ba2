//! Full-text search in a real file: what is found, in what order, and that no text breaks it.

use proptest::prelude::*;

use super::{Chat, Place, flush};
use crate::conversation::{Message, MessageId, Role, ToolCall};
use crate::history::{
    Entry, Filter, FoundIn, History, HistoryError, Page, ReplyEnd, SearchPage, StatusFilter, ToolFilter, ToolStart,
    Wanted,
};

pub const ALL: Page = Page { offset: 0, limit: 100 };
const DAY_MS: i64 = 86_400_000;

fn found(history: &History, text: &str, page: Page) -> Vec<(String, Role, String)> {
    let hits = history.search(text, page).unwrap();
    hits.into_iter().map(|hit| (hit.title, hit.role, hit.snippet)).collect()
}

pub fn wanted(text: &str) -> Wanted {
    Wanted {
        text: text.to_owned(),
        filter: Filter::default(),
        schema: None,
        in_reasoning: false,
        in_tool_results: false,
        page: ALL,
        phrase_looked_at_max: None,
        now_ms: 4_000,
    }
}

fn snippets(found: SearchPage) -> Vec<String> {
    found.hits.into_iter().map(|hit| hit.snippet).collect()
}

/// How many messages hold this in their reasoning or as the result of a tool.
pub fn details(history: &History, text: &str) -> usize {
    let wanted = Wanted { in_reasoning: true, in_tool_results: true, ..wanted(text) };
    history.find(&wanted).unwrap().hits.iter().filter(|hit| hit.found_in != FoundIn::Text).count()
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
    let hit = place.history().find(&wanted("apple pie")).unwrap().hits.remove(0);
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

#[test]
fn a_phrase_is_looked_for_in_the_newest_messages_with_its_words() {
    let words = |number: i64| match number {
        3 | 40 => "pie of apple",
        _ => "apple of pie",
    };
    let texts: Vec<(String, i64)> = (0..100).map(|number| (format!("{} {number}", words(number)), 1)).collect();
    let ages: Vec<_> = texts.iter().map(|(text, age)| (text.as_str(), *age)).collect();
    let (place, _) = of_ages(&ages);
    let history = place.history();
    let find = |text: &str, looked_at_max: usize, limit: usize| {
        let page = Page { offset: 0, limit };
        let wanted = Wanted { phrase_looked_at_max: Some(looked_at_max), page, ..wanted(text) };
        let found = history.find(&wanted).unwrap();
        let is_partial = found.is_partial;
        (snippets(found), is_partial)
    };
    let all = vec!["pie of apple 40".to_owned(), "pie of apple 3".to_owned()];
    assert_eq!(find("\"pie of apple\"", 1_000, 20), (all.clone(), false), "there are no more");
    assert_eq!(find("\"pie of apple\"", 70, 20), (vec![all[0].clone()], true));
    assert_eq!(find("\"pie of apple\"", 70, 1), (vec![all[0].clone()], false), "the page is full");
    assert_eq!(find("\"pie of apple\"", 50, 20), (Vec::new(), true));
    assert_eq!(find("\"of pie apple\"", 1_000, 20), (Vec::new(), false));
    // One that is nearly everywhere is found like a word, however few were to be looked at.
    let (frequent, is_partial) = find("\"apple of pie\"", 50, 200);
    assert_eq!((frequent.len(), is_partial), (98, false));
    // With other words, the phrase on either side.
    assert_eq!(find("\"pie of apple\" 3", 1_000, 20), (vec![all[1].clone()], false));
    assert_eq!(find("\"pie of apple\" -40", 1_000, 20), (vec![all[1].clone()], false));
    assert_eq!(find("apple -\"apple of pie\"", 50, 20), (all, false));
    // Punctuation is a blank, and one word of a phrase is a word.
    assert_eq!(find("pie-of-apple", 70, 20).0, ["pie of apple 40"]);
    assert_eq!(find("\"apple!\"", 50, 20).0.len(), 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_phrase_is_found_by_either_way(
        texts in prop::collection::vec("(a|b|c|é|A-b)( (a|b|c|e\u{301})){0,5}", 1..40),
        query in "(\"[abc](-| |, )[abcé]( [abc])?\"|[abc]-[abc]| |[abc]| OR | -\"[ab] [ab]\"){1,5}",
        looked_at_max in 1..60_usize,
    ) {
        let ages: Vec<_> = texts.iter().map(|text| (text.as_str(), 1)).collect();
        let (place, _) = of_ages(&ages);
        let history = place.history();
        let Ok(all) = history.find(&wanted(&query)) else { return Ok(()) };
        let bounded = history.find(&Wanted { phrase_looked_at_max: Some(looked_at_max), ..wanted(&query) }).unwrap();
        let ids = |found: &SearchPage| found.hits.iter().map(|hit| hit.message.0.clone()).collect::<Vec<_>>();
        let (all, some) = (ids(&all), ids(&bounded));
        if bounded.is_partial {
            prop_assert!(some.iter().all(|id| all.contains(id)), "{query}: {some:?} {all:?}");
        } else {
            prop_assert_eq!(some, all, "{}", query);
        }
    }
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
        let found = history.find(&Wanted { in_reasoning, in_tool_results, ..wanted("walruses OR apple") }).unwrap();
        found.hits.into_iter().filter(|hit| hit.found_in != FoundIn::Text).map(|hit| hit.found_in).collect::<Vec<_>>()
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
        let everywhere = Wanted { in_reasoning: true, in_tool_results: true, ..wanted(&text) };
        let bounded = Wanted { phrase_looked_at_max: Some(2), ..everywhere.clone() };
        for result in [
            history.search(&text, ALL).map(drop),
            history.find(&everywhere).map(drop),
            history.find(&bounded).map(drop),
        ] {
            match result {
                Ok(()) => {}
                Err(error) if is_clear(&error) => {}
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
        }
        Ok(())
    });
    outcome.unwrap();
}
