//! What stays fast when the history grows: no query of every day goes through all messages.

use std::cell::RefCell;

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::types::Null;
use rusqlite::{Connection, params_from_iter};

use super::{Chat, Place as Folder, close};
use crate::history::{Entry, FlushOutcome, Place};

/// The steps of a query, as SQLite plans them.
fn plan(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    let parameters = vec![Null; statement.parameter_count()];
    let steps = statement.query_map(params_from_iter(parameters), |row| row.get(3)).unwrap();
    steps.map(Result::unwrap).collect()
}

/// Steps that read all rows of a table, in no order that an index gives.
fn scans(steps: &[String]) -> Vec<&String> {
    let is_scan = |step: &&String| step.starts_with("SCAN ") && !step.contains("USING") && !step.contains("CONSTANT");
    let is_small = |step: &&String| {
        ["SCAN branch", "SCAN search_state", "SCAN below", "SCAN message_delta", "SCAN prompt_history"]
            .iter()
            .any(|small| step.starts_with(small))
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
    let statements = STATEMENTS.take();
    assert!(statements.len() > 10, "{statements:#?}");
    for statement in statements {
        let steps = plan(&history.connection, &statement);
        assert_eq!(scans(&steps), Vec::<&String>::new(), "{statement}: {steps:#?}");
        let sorts = steps.iter().filter(|step| step.contains("USE TEMP B-TREE FOR ORDER BY")).count();
        // The branch, those that fit a prefix and those of one name are sorted: they are few.
        let is_few = ["branch", "upper(?1)", "name = ?1"].iter().any(|few| statement.contains(few));
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
    let conversation = || chat.id.clone();
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
    let mut facts: Vec<_> = entries.into_iter().map(Fact::Entry).collect();
    facts.insert(4, Fact::Deltas(Deltas { reply, text: "a".into(), reasoning: "r".into() }));
    facts
}
