//! What stays fast when the history grows: no query of every day goes through all messages.

use std::cell::RefCell;

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::types::Null;
use rusqlite::{Connection, params_from_iter};

use super::searching::{ALL, wanted};
use super::{Chat, Place as Folder, close};
use crate::conversation::{ConversationId, IdSource, MessageId};
use crate::history::{
    Entry, Filter, FlushOutcome, Fork, KeptAnswer, KeptBy, MatchedAnswer, Place, SchemaFilter, StatsBy, StatusFilter,
    ToolFilter, Wanted,
};

/// The steps of a query, as SQLite plans them.
fn plan(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    let parameters = vec![Null; statement.parameter_count()];
    let steps = statement.query_map(params_from_iter(parameters), |row| row.get(3)).unwrap();
    steps.map(Result::unwrap).collect()
}

/// Steps that read all rows of a table, in no order that an index gives.
fn scans(steps: &[String]) -> Vec<&String> {
    let has_index = |step: &str| ["USING", "CONSTANT", "VIRTUAL TABLE"].iter().any(|way| step.contains(way));
    let is_scan = |step: &&String| step.starts_with("SCAN ") && !has_index(step);
    let is_small = |step: &&String| {
        ["branch", "search_state", "below", "message_delta", "prompt_history", "found", "(subquery", "answer_schema"]
            .iter()
            .any(|small| step.strip_prefix("SCAN ").is_some_and(|table| table.starts_with(small)))
    };
    steps.iter().filter(is_scan).filter(|step| !is_small(step)).collect()
}

thread_local! {
    static STATEMENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Notes each statement that is really run, as SQLite itself tells it.
fn watch(connection: &mut Connection) {
    fn note(event: TraceEvent<'_>) {
        if let TraceEvent::Stmt(statement, _) = event {
            STATEMENTS.with_borrow_mut(|seen| seen.push(statement.sql().into_owned()));
        }
    }
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note)).unwrap();
}

#[test]
fn lists_and_addresses_go_by_indexes() {
    let place = Folder::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, Some("trip"));
    chat.turn(&mut journal, "q", "a");
    assert_eq!(close(journal), FlushOutcome::Durable);
    let mut history = place.history();
    watch(&mut history.connection);
    let place_of = Place { terminal: Some("t".into()), folder: Some("/f".into()) };
    history.conversations(50).unwrap();
    history.last_used_at(&place_of).unwrap();
    for address in ["@1", "trip", "trip@-1", &chat.id.0[..20], &chat.head.clone().unwrap().0] {
        history.locate(address).unwrap();
    }
    history.stored_messages(&chat.id).unwrap();
    history.lines_typed_after(0, 1_000).unwrap();
    history.earlier_prompts(Some(&chat.id), 1_000).unwrap();
    let head = chat.head.clone().unwrap();
    history.all_messages(&chat.id).unwrap();
    history.newest_end(&head).unwrap();
    history.growth(&head, 0).unwrap();
    history.kept_answer(KeptBy::Once, "k", 0).unwrap();
    history.check_name(None, "other").unwrap();
    history.spent_on("2026-01-31").unwrap();
    for by in [StatsBy::Day, StatsBy::Model, StatsBy::Tool] {
        history.stats(by, "2026-01-31").unwrap();
    }
    let filter = Filter {
        since_ms: Some(1),
        model: Some("demo".to_owned()),
        provider: Some("demo".to_owned()),
        tool: Some(ToolFilter { server: "files".to_owned(), name: None }),
        status: Some(StatusFilter::Complete),
    };
    history.conversations_that(&filter, ALL).unwrap();
    let schema = Some(SchemaFilter { name: "s".to_owned(), json: None });
    history.find(&Wanted { filter, schema, in_reasoning: true, ..wanted("\"q a\" OR que*") }).unwrap();
    history.find(&Wanted { phrase_looked_at_max: Some(1), ..wanted("\"q a\" OR q") }).unwrap();
    let statements = STATEMENTS.take();
    assert!(statements.len() > 40, "{statements:#?}");
    let is_a_look = |statement: &&String| statement.starts_with("SELECT") || statement.starts_with("WITH");
    // What the index does within, and what is in memory alone.
    let ours = |statement: &&String| {
        is_a_look(statement) && !["'main'.", "'temp'.", "temp."].iter().any(|own| statement.contains(own))
    };
    let statements: Vec<_> = statements.iter().filter(ours).cloned().collect();
    for statement in statements {
        let steps = plan(&history.connection, &statement);
        assert_eq!(scans(&steps), Vec::<&String>::new(), "{statement}: {steps:#?}");
        let sorts = steps.iter().filter(|step| step.contains("USE TEMP B-TREE FOR ORDER BY")).count();
        // The branch, those that fit a prefix, those of one name and those that called a tool are sorted: they are few.
        let is_few = ["branch", "upper(?1)", "name = ?1", "message_delta", "tool_call.server"]
            .iter()
            .any(|few| statement.contains(few));
        assert!(sorts == 0 || is_few, "{statement}: {steps:#?}");
    }
}

#[test]
fn what_is_written_finds_its_rows_by_indexes() {
    let place = Folder::new();
    let mut journal = place.journal();
    assert_eq!(super::flush(&mut journal), FlushOutcome::Durable);
    let mut connection = Connection::open(&place.path).unwrap();
    crate::history::packing::register(&connection).unwrap();
    watch(&mut connection);
    for fact in facts() {
        crate::history::statements::apply(&connection, &fact, "me").unwrap();
    }
    let statements = STATEMENTS.take();
    let ours = statements
        .iter()
        .filter(|statement| ["UPDATE", "INSERT", "DELETE", "SELECT"].iter().any(|verb| statement.starts_with(verb)));
    let ours: Vec<_> = ours
        .filter(|statement| !statement.contains("'main'.") && !statement.contains("message_delta WHERE message"))
        .collect();
    assert!(ours.len() > 12, "{statements:#?}");
    for statement in ours {
        let steps = plan(&connection, statement);
        assert_eq!(scans(&steps), Vec::<&String>::new(), "{statement}: {steps:#?}");
    }
}

#[test]
fn the_start_of_a_process_and_its_budget_go_by_indexes() {
    let place = Folder::new();
    let mut journal = place.journal();
    let mut chat = Chat::start(&mut journal, None);
    chat.ask(&mut journal, "q");
    chat.begin_reply(&mut journal);
    assert_eq!(super::flush(&mut journal), FlushOutcome::Durable);
    let mut connection = Connection::open(&place.path).unwrap();
    crate::history::packing::register(&connection).unwrap();
    connection.execute("UPDATE message SET owner = 'DEAD' WHERE status = 'streaming'", []).unwrap();
    watch(&mut connection);
    let owners = crate::history::owner::Owners::beside(&place.path);
    let mut wait = crate::history::queue::Line::of(&place.path).wait(std::time::Duration::from_secs(5));
    assert_eq!(crate::history::recovery::recover(&connection, &owners, &mut wait).unwrap(), ["q"]);
    let statements = STATEMENTS.take();
    let is_ours =
        |statement: &&String| !statement.contains("'main'.") && !statement.contains("message_delta WHERE message");
    let ours: Vec<_> = statements
        .iter()
        .filter(|statement| ["UPDATE", "INSERT", "DELETE", "SELECT"].iter().any(|verb| statement.starts_with(verb)))
        .filter(is_ours)
        .collect();
    assert!(ours.len() > 8, "{statements:#?}");
    for statement in ours {
        let steps = plan(&connection, statement);
        assert_eq!(scans(&steps), Vec::<&String>::new(), "{statement}: {steps:#?}");
    }
}

/// One of each kind that a turn writes.
fn facts() -> Vec<crate::history::statements::Fact> {
    use crate::conversation::{Message, Role, ToolCall};
    use crate::history::statements::{Deltas, Fact};
    use crate::history::{ToolEnd, ToolStart};
    let mut nowhere = crate::history::Journal::start(crate::history::HistorySettings {
        path: None,
        ..crate::history::HistorySettings::default()
    });
    let mut chat = Chat::start(&mut nowhere, None);
    let prompt = chat.ids.message(1);
    let reply = chat.ids.message(1);
    let id = chat.id.clone();
    let conversation = || id.clone();
    let message = Message::new(prompt.clone(), None, Role::User, "q".into(), 1);
    let mut end = chat.end(&reply, "a");
    end.tool_calls.push(ToolCall { id: "x".into(), name: "read".into(), arguments: "{}".into() });
    let entries = [
        Entry::ConversationStarted { id: conversation(), name: None, created_ms: 1 },
        Entry::ConversationOpened { conversation: conversation(), place: Place::default() },
        Entry::MessageAdded { conversation: conversation(), message },
        Entry::ReplyStarted {
            conversation: conversation(),
            reply: reply.clone(),
            parent: prompt,
            model: "m".into(),
            created_ms: 1,
        },
        Entry::ReplyEnded(Box::new(end)),
        Entry::ToolStarted(Box::new(ToolStart {
            conversation: conversation(),
            reply: reply.clone(),
            call_id: "x".into(),
            server: None,
            approval: String::new(),
            arguments: None,
            started_ms: 1,
        })),
        Entry::ToolFinished(Box::new(ToolEnd {
            conversation: conversation(),
            reply: reply.clone(),
            call_id: "x".into(),
            ok: true,
            result: "[]".into(),
            finished_ms: 1,
        })),
        Entry::HeadMoved { conversation: conversation(), head: None },
        Entry::ConversationPinned { conversation: conversation(), pinned: true },
        Entry::ConversationRenamed { conversation: conversation(), name: None },
        Entry::ConversationLeft { conversation: conversation() },
    ];
    let others = facts_about(&conversation(), &reply, &mut chat.ids);
    let mut facts: Vec<_> = entries.into_iter().chain(others).map(Fact::Entry).collect();
    facts.insert(4, Fact::Deltas(Deltas { reply, text: "a".into(), reasoning: "r".into() }));
    facts
}

/// And of each kind that comes only with some turns.
fn facts_about(conversation: &ConversationId, reply: &MessageId, ids: &mut IdSource) -> Vec<Entry> {
    vec![
        Entry::AnswerMatched(Box::new(MatchedAnswer {
            conversation: conversation.clone(),
            message: reply.clone(),
            schema_name: "s".into(),
            schema: "{}".into(),
        })),
        Entry::AnswerKept(Box::new(KeptAnswer {
            kept_by: KeptBy::Once,
            key: "k".into(),
            conversation: conversation.clone(),
            message: reply.clone(),
            at_ms: 1,
        })),
        Entry::PromptTyped { text: "q".into(), cwd: None, typed_ms: 1 },
        Entry::ConversationForked(Box::new(Fork {
            id: ids.conversation(1),
            name: None,
            created_ms: 1,
            copies: vec![(reply.clone(), ids.message(1))],
        })),
    ]
}
