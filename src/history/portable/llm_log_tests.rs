//! Logs as several generations of the program have made them.

use rusqlite::Connection;

use super::foreign_id::foreign_id;
use super::llm_log::{LlmLog, is_llm_log};
use super::{PortableConversation, PortableMessage};

/// The tables as several generations of the program have made them, with rows of our own.
const LOG: &str = "CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
    CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT,
        options_json TEXT, response TEXT, response_json TEXT, conversation_id TEXT, duration_ms INTEGER,
        datetime_utc TEXT, input_tokens INTEGER, output_tokens INTEGER, reasoning TEXT);
    CREATE TABLE tool_calls (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, arguments TEXT,
        tool_call_id TEXT);
    CREATE TABLE tool_results (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, output TEXT,
        tool_call_id TEXT);
    CREATE TABLE fragments (id INTEGER PRIMARY KEY, hash TEXT, content TEXT, datetime_utc TEXT, source TEXT);
    CREATE TABLE prompt_fragments (response_id TEXT, fragment_id INTEGER, \"order\" INTEGER);
    INSERT INTO conversations VALUES ('c1', 'Stones', 'm1');
    INSERT INTO responses VALUES
        ('r1', 'm1', 'How old is it?', 'Be brief.', NULL, NULL, '', NULL, 'c1', 1500, '2024-05-01T12:00:00.250000+00:00', 10, 2, 'Old, I think.'),
        ('r2', 'm1', '', 'Be brief.', NULL, NULL, 'Very.', NULL, 'c1', NULL, '2024-05-01T12:00:02+00:00', NULL, NULL, NULL),
        ('r0', 'm0', 'alone', NULL, NULL, NULL, 'yes', NULL, NULL, NULL, '2023-08-17T20:53:58.714091', NULL, NULL, NULL);
    INSERT INTO tool_calls VALUES (1, 'r1', 1, 'age', '{}', 'call_1');
    INSERT INTO tool_results VALUES (1, 'r2', 1, 'age', '4000000000', 'call_1');
    INSERT INTO fragments VALUES (7, 'h', 'A stone.', NULL, 'file.txt');
    INSERT INTO prompt_fragments VALUES ('r1', 7, 0);
    CREATE TABLE system_fragments (response_id TEXT, fragment_id INTEGER, \"order\" INTEGER);
    INSERT INTO system_fragments VALUES ('r1', 7, 0);
    CREATE TABLE attachments (id TEXT PRIMARY KEY, type TEXT, path TEXT, url TEXT, content BLOB);
    CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT, \"order\" INTEGER);
    CREATE TABLE tool_results_attachments (tool_result_id INTEGER, attachment_id TEXT, \"order\" INTEGER);
    INSERT INTO attachments VALUES ('x', 'image/gif', NULL, NULL, CAST('GIF89a' AS BLOB)),
        ('y', 'text/plain', NULL, NULL, CAST('words' AS BLOB));
    INSERT INTO tool_results_attachments VALUES (1, 'x', 0), (1, 'y', 1);";

fn attached(message: &PortableMessage) -> Vec<&[u8]> {
    message.attachments.iter().map(|one| &one.data[..]).collect()
}

#[test]
fn a_log_becomes_conversations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.db");
    Connection::open(&path).unwrap().execute_batch(LOG).unwrap();
    assert!(is_llm_log(&path));
    let log = LlmLog::open(&path).unwrap();
    assert_eq!(log.len(), 2);
    let old = log.conversation(0).unwrap().unwrap();
    let texts = |conversation: &PortableConversation| -> Vec<(String, String)> {
        conversation.messages.iter().map(|message| (message.role.clone(), message.text.clone())).collect()
    };
    let pair = |role: &str, text: &str| (role.to_owned(), text.to_owned());
    assert_eq!(texts(&old), [pair("user", "alone"), pair("assistant", "yes")]);
    assert_eq!((old.created.0, old.name.as_deref()), (1_692_305_638_714, None));
    let stones = log.conversation(1).unwrap().unwrap();
    assert_eq!(
        texts(&stones),
        [
            pair("system", "A stone.\nBe brief."),
            pair("user", "A stone.\nHow old is it?"),
            pair("assistant", ""),
            pair("tool", "4000000000"),
            pair("assistant", "Very."),
        ]
    );
    let asked = &stones.messages[2];
    assert_eq!(
        (asked.tool_calls[0].id.as_str(), asked.finished.map(|time| time.0 - asked.created.0)),
        ("call_1", Some(1500))
    );
    assert_eq!(asked.reasoning, "Old, I think.");
    assert_eq!(stones.messages[3].tool_call_id.as_deref(), Some("call_1"));
    assert_eq!(attached(&stones.messages[3]), [b"GIF89a"], "images alone come of a tool");
    assert_eq!((stones.name.as_deref(), stones.model.as_deref()), (Some("Stones"), Some("m1")));
    assert_eq!(stones.head(), stones.messages.last().map(|message| message.id.as_str()));
}

#[test]
fn the_first_version_had_fewer_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE responses (id INTEGER PRIMARY KEY, model TEXT, prompt TEXT, response TEXT,
                 conversation_id TEXT, datetime_utc TEXT);
             INSERT INTO responses VALUES (1, 'm', 'a', 'b', NULL, 'no time');",
        )
        .unwrap();
    let log = LlmLog::open(&path).unwrap();
    assert_eq!(log.conversation(0).unwrap().unwrap().messages.len(), 2);
    assert!(!is_llm_log(&folder.path().join("missing.db")));
}

/// Turns beside responses, as version 0.32 and later write them, with rows of our own: a conversation that was
/// begun in the older tables, one with a tool and a fragment, and a fork of it.
const TURNS: &str = r#"CREATE TABLE threads (id TEXT PRIMARY KEY, name TEXT, tip_message_hash TEXT, forked_from TEXT,
        datetime_utc TEXT);
    CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, parent_message_hash TEXT, tip_message_hash TEXT,
        model TEXT, input_tokens INTEGER, output_tokens INTEGER, duration_ms INTEGER, datetime_utc TEXT);
    CREATE TABLE messages (hash TEXT PRIMARY KEY, parent_hash TEXT, role TEXT, provider_metadata TEXT);
    CREATE TABLE parts (id INTEGER PRIMARY KEY, message_hash TEXT, position INTEGER, type TEXT, tool_name TEXT,
        text TEXT, payload TEXT);
    INSERT INTO threads VALUES ('c1', 'Stones again', 'a3', NULL, NULL), ('t2', 'Cats', 'b6', NULL, NULL),
        ('t3', NULL, 'b8', 't2', NULL);
    INSERT INTO messages VALUES ('a1', NULL, 'user', NULL), ('a2', 'a1', 'assistant', NULL), ('a3', 'a2', 'user', NULL),
        ('a4', 'a3', 'assistant', NULL), ('b1', NULL, 'system', NULL), ('b2', 'b1', 'user', NULL),
        ('b3', 'b2', 'assistant', NULL), ('b4', 'b3', 'tool', NULL), ('b5', 'b4', 'assistant', NULL),
        ('b7', 'b5', 'user', NULL), ('b8', 'b7', 'assistant', NULL);
    INSERT INTO parts (message_hash, position, type, text, payload) VALUES
        ('a1', 0, 'text', 'How old is it?', NULL), ('a2', 0, 'text', 'Very.', NULL), ('a3', 0, 'text', 'Really?', NULL),
        ('a4', 0, 'reasoning', 'Is it? ', NULL), ('a4', 1, 'text', 'Yes.', NULL), ('b1', 0, 'text', 'Be brief.', NULL),
        ('b2', 0, 'text', NULL, '{"text_ref": [{"fragment": 7}, {"literal": "\nWhat?"}]}'),
        ('b2', 1, 'attachment', NULL, '{"attachment": {"id": "y"}}'),
        ('b3', 0, 'tool_call', NULL, '{"name": "age", "arguments": {"of": "it"}, "tool_call_id": "call_1"}'),
        ('b3', 1, 'tool_call', NULL, '{"name": "web", "arguments": {}, "server_executed": true}'),
        ('b4', 0, 'tool_result', NULL,
            '{"name": "age", "output": "7", "tool_call_id": "call_1", "attachments": [{"id": "x"}, {"id": "y"}]}'),
        ('b5', 0, 'text', 'Seven.', NULL), ('b7', 0, 'text', 'And then?', NULL), ('b8', 0, 'text', 'Eight.', NULL);
    CREATE TABLE part_attachments (part_id INTEGER, attachment_id TEXT, "order" INTEGER);
    INSERT INTO part_attachments SELECT id, 'y', 0 FROM parts WHERE message_hash = 'b2' AND type = 'attachment';
    INSERT INTO part_attachments SELECT p.id, a.id, a.id = 'y' FROM parts AS p, attachments AS a
        WHERE p.message_hash = 'b4';
    INSERT INTO turns VALUES
        ('r2', 'c1', 'a1', 'a2', 'm1', NULL, NULL, NULL, '2024-05-01T12:00:02+00:00'),
        ('u1', 'c1', 'a3', 'a4', 'm2', 20, 4, 500, '2024-05-02T12:00:00+00:00'),
        ('u2', 't2', 'b2', 'b3', 'm2', NULL, NULL, NULL, '2024-05-03T12:00:00+00:00'),
        ('u3', 't2', 'b4', 'b5', 'm2', NULL, NULL, NULL, '2024-05-03T12:00:01+00:00'),
        ('u4', 't3', 'b7', 'b8', 'm2', NULL, NULL, NULL, '2024-05-04T12:00:00+00:00'),
        ('u5', 't4', 'gone', 'gone too', 'm2', NULL, NULL, NULL, '2024-05-05T12:00:00+00:00');"#;

#[test]
fn turns_of_the_message_store_go_on_with_responses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.db");
    Connection::open(&path).unwrap().execute_batch(&format!("{LOG} {TURNS}")).unwrap();
    let log = LlmLog::open(&path).unwrap();
    let conversations: Vec<_> = (0..log.len()).filter_map(|place| log.conversation(place).unwrap()).collect();
    let said = |place: usize| -> Vec<String> {
        conversations[place].messages.iter().map(|said| format!("{}: {}", said.role, said.text)).collect()
    };
    let old = ["system: A stone.\nBe brief.", "user: A stone.\nHow old is it?", "assistant: "];
    let new = ["user: How old is it?", "assistant: Very.", "user: Really?", "assistant: Yes."];
    assert_eq!(said(1), [old.as_slice(), new.as_slice()].concat());
    let last = conversations[1].messages.last().unwrap();
    assert_eq!((last.reasoning.as_str(), last.usage.input, last.model.as_deref()), ("Is it? ", Some(20), Some("m2")));
    assert_eq!(last.finished.map(|time| time.0 - last.created.0), Some(500));
    let cats = ["system: Be brief.", "user: A stone.\nWhat?", "assistant: ", "tool: 7", "assistant: Seven."]
        .map(str::to_owned);
    assert_eq!(said(2), cats);
    let called = &conversations[2].messages[2].tool_calls;
    assert_eq!((called.len(), called[0].id.as_str(), called[0].arguments.as_str()), (1, "call_1", r#"{"of":"it"}"#));
    assert_eq!(conversations[2].messages[3].tool_call_id.as_deref(), Some("call_1"));
    assert_eq!(attached(&conversations[2].messages[1]), [b"words"]);
    assert_eq!(attached(&conversations[2].messages[3]), [b"GIF89a"]);
    assert_eq!(conversations[2].name.as_deref(), Some("Cats"));
    let fork = ["user: And then?", "assistant: Eight."].map(str::to_owned);
    assert_eq!(said(3), [cats.as_slice(), fork.as_slice()].concat());
    assert_eq!((conversations.len(), log.len()), (4, 5), "of a turn whose messages are gone nothing is left");
    for conversation in &conversations {
        let mut parent = None;
        for message in &conversation.messages {
            assert_eq!(message.parent, parent, "{message:?}");
            parent = Some(message.id.clone());
        }
    }
    let mut ids: Vec<_> = conversations.iter().flat_map(|all| &all.messages).map(|message| &message.id).collect();
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "each message has an id of its own");
}

#[test]
fn a_response_that_became_a_turn_keeps_its_ids() {
    let folder = tempfile::tempdir().unwrap();
    let ids = |sql: &str| {
        let path = folder.path().join(foreign_id(&[sql]));
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let log = LlmLog::open(&path).unwrap();
        let all: Vec<_> = (0..log.len()).filter_map(|place| log.conversation(place).unwrap()).collect();
        let stones = all.into_iter().find(|conversation| conversation.messages.len() == 5).unwrap();
        stones.messages.into_iter().map(|message| message.id).collect::<Vec<_>>()
    };
    let renamed = TURNS.replace("'u2'", "'r1'").replace("'u3'", "'r2'").replace("('r2', 'c1'", "('r9', 'c1'");
    let before = ids(LOG);
    assert_eq!(ids(&format!("{LOG} {renamed} DELETE FROM responses;")), before);
}
