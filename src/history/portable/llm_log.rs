//! The log of simonw/llm (`logs.db`): its tables `responses` and `conversations`, and what later versions added. From
//! 0.32 on turns stand beside them, and a conversation can have both.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Result, Row};

use super::foreign_id::foreign_id;
use super::llm_attachments::{OF_PROMPTS, OF_RESULTS, only_images};
use super::llm_turns::LlmTurns;
use super::{PortableAttachment, PortableCall, PortableConversation, PortableMessage, PortableUsage, Time};
use crate::history::store::BUSY_TIMEOUT;

pub const ORIGIN: &str = "llm";

/// The columns we read; those that a version does not have are empty.
const COLUMNS: [&str; 10] = [
    "id",
    "model",
    "prompt",
    "system",
    "response",
    "duration_ms",
    "datetime_utc",
    "input_tokens",
    "output_tokens",
    "reasoning",
];

pub struct LlmLog {
    connection: Connection,
    /// The rows of each conversation, in the order they began.
    conversations: Vec<(String, Vec<Origin>)>,
    query: String,
    has_tools: bool,
    /// Those that link fragments to responses.
    fragment_tables: Vec<&'static str>,
    has_attachments: bool,
    /// Tools have brought some, too.
    has_result_attachments: bool,
}

/// Where a turn stands: in which table, and the number of its row.
#[derive(Clone, Copy, Debug)]
enum Origin {
    Response(i64),
    Turn(i64),
}

/// Whether a database is such a log.
#[must_use]
pub fn is_llm_log(path: &Path) -> bool {
    let has_one = |connection| Ok(has_table(&connection, "responses")? || has_turns(&connection)?);
    open(path).and_then(has_one).unwrap_or(false)
}

fn has_turns(connection: &Connection) -> Result<bool> {
    Ok(has_table(connection, "turns")? && has_table(connection, "messages")? && has_table(connection, "parts")?)
}

fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON")?;
    Ok(connection)
}

/// Whether the log has it: versions differ.
pub fn has_table(connection: &Connection, name: &str) -> Result<bool> {
    let query = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
    connection.query_row(query, [name], |row| row.get(0))
}

fn fragment_tables(connection: &Connection) -> Result<Vec<&'static str>> {
    let mut tables = Vec::new();
    for table in ["prompt_fragments", "system_fragments"] {
        if has_table(connection, "fragments")? && has_table(connection, table)? {
            tables.push(table);
        }
    }
    Ok(tables)
}

impl LlmLog {
    pub fn open(path: &Path) -> Result<Self> {
        let connection = open(path)?;
        let known: Vec<String> = connection
            .prepare("SELECT name FROM pragma_table_info('responses')")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_>>()?;
        let columns = COLUMNS.map(|name| match known.iter().any(|other| other == name) {
            true => format!("\"{name}\""),
            false => format!("NULL AS \"{name}\""),
        });
        let query = format!("SELECT {} FROM responses WHERE rowid = ?1", columns.join(", "));
        let conversations = conversations(&connection)?;
        let has_tools = has_table(&connection, "tool_calls")? && has_table(&connection, "tool_results")?;
        let fragment_tables = fragment_tables(&connection)?;
        let has_attachments = has_table(&connection, "attachments")? && has_table(&connection, OF_PROMPTS.table)?;
        let has_result_attachments = has_attachments && has_table(&connection, OF_RESULTS.table)?;
        Ok(Self { connection, conversations, query, has_tools, fragment_tables, has_attachments, has_result_attachments })
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.conversations.len()
    }

    /// The conversation at this place, below [`Self::len`]; `None` where nothing of it is left.
    pub fn conversation(&self, place: usize) -> Result<Option<PortableConversation>> {
        let Some((id, rows)) = self.conversations.get(place) else { return Ok(None) };
        let name = self.name("conversations", id).or_else(|| self.name("threads", id));
        let mut messages = Vec::new();
        let mut turns = LlmTurns::of(&self.connection)?;
        for row in rows {
            match row {
                Origin::Response(row) => {
                    let response = self.connection.prepare_cached(&self.query)?.query_row([row], Response::read)?;
                    self.add(response, &mut messages)?;
                }
                Origin::Turn(row) => turns.add(*row, &mut messages)?,
            }
        }
        if messages.is_empty() {
            return Ok(None);
        }
        Ok(Some(PortableConversation::of_messages(foreign_id(&[ORIGIN, "conversation", id]), name, messages)))
    }

    fn name(&self, table: &str, id: &str) -> Option<String> {
        let query = format!("SELECT name FROM {table} WHERE id = ?1");
        self.connection.prepare_cached(&query).and_then(|mut found| found.query_row([id], |row| text(row, 0))).ok()?
    }

    /// One response is up to four messages: system prompt, results of tools, prompt, answer.
    fn add(&self, response: Response, messages: &mut Vec<PortableMessage>) -> Result<()> {
        let id = |kind: &str| foreign_id(&[ORIGIN, kind, &response.id]);
        let created = response.created;
        let is_first = messages.is_empty();
        let mut add = |message: PortableMessage| {
            let parent = messages.last().map(|last: &PortableMessage| last.id.clone());
            messages.push(PortableMessage { parent, created, ..message });
        };
        // A system prompt stands at the beginning, as providers want it.
        let system = self.with_fragments("system_fragments", &response.id, response.system.as_deref())?;
        if is_first && !system.is_empty() {
            add(PortableMessage::new(id("system"), "system", system));
        }
        for (place, ToolResult { call_id, output, attachments }) in
            self.tool_results(&response.id)?.into_iter().enumerate()
        {
            let result = PortableMessage::new(id(&format!("result {place}")), "tool", output);
            add(PortableMessage { tool_call_id: Some(call_id), attachments, ..result });
        }
        let prompt = self.with_fragments("prompt_fragments", &response.id, response.prompt.as_deref())?;
        let attachments =
            if self.has_attachments { OF_PROMPTS.find(&self.connection, &response.id)? } else { Vec::new() };
        if !(prompt.is_empty() && attachments.is_empty()) {
            add(PortableMessage {
                model: response.model.clone(),
                attachments,
                ..PortableMessage::new(id("prompt"), "user", prompt)
            });
        }
        let answer = PortableMessage::new(id("response"), "assistant", response.text.clone());
        add(PortableMessage {
            model: response.model.clone(),
            reasoning: response.reasoning.clone(),
            tool_calls: self.tool_calls(&response.id)?,
            finished: response.duration_ms.map(|duration| Time(created.0.saturating_add(duration))),
            usage: PortableUsage {
                input: response.input_tokens,
                output: response.output_tokens,
                ..PortableUsage::default()
            },
            ..answer
        });
        Ok(())
    }

    /// The fragments that a table links to a response, and its own text behind them.
    fn with_fragments(&self, table: &str, response: &str, text: Option<&str>) -> Result<String> {
        let mut parts: Vec<String> = Vec::new();
        if self.fragment_tables.contains(&table) {
            let query = format!(
                "SELECT f.content FROM {table} AS p JOIN fragments AS f ON f.id = p.fragment_id
                 WHERE p.response_id = ?1 ORDER BY p.\"order\""
            );
            let mut statement = self.connection.prepare_cached(&query)?;
            parts = statement.query_map([response], |row| row.get(0))?.collect::<Result<_>>()?;
        }
        parts.extend(text.filter(|text| !text.is_empty()).map(str::to_owned));
        Ok(parts.join("\n"))
    }

    fn tool_calls(&self, response: &str) -> Result<Vec<PortableCall>> {
        if !self.has_tools {
            return Ok(Vec::new());
        }
        let query = "SELECT coalesce(tool_call_id, id), name, coalesce(arguments, '{}') FROM tool_calls
                     WHERE response_id = ?1 ORDER BY rowid";
        self.connection
            .prepare_cached(query)?
            .query_map([response], |row| {
                Ok(PortableCall {
                    id: text(row, 0)?.unwrap_or_default(),
                    name: text(row, 1)?.unwrap_or_default(),
                    arguments: text(row, 2)?.unwrap_or_default(),
                    server: None,
                    approval: None,
                    ok: None,
                    result: None,
                    started: None,
                    finished: None,
                })
            })?
            .collect()
    }

    fn tool_results(&self, response: &str) -> Result<Vec<ToolResult>> {
        if !self.has_tools {
            return Ok(Vec::new());
        }
        let query = "SELECT id, tool_call_id, output FROM tool_results WHERE response_id = ?1 ORDER BY rowid";
        let mut statement = self.connection.prepare_cached(query)?;
        let mut rows = statement.query([response])?;
        let mut results = Vec::new();
        while let Some(row) = rows.next()? {
            let attachments = match number(row, 0).filter(|_| self.has_result_attachments) {
                Some(id) => only_images(OF_RESULTS.find(&self.connection, &id)?),
                None => Vec::new(),
            };
            let (call_id, output) = (text(row, 1)?.unwrap_or_default(), text(row, 2)?.unwrap_or_default());
            results.push(ToolResult { call_id, output, attachments });
        }
        Ok(results)
    }
}

/// What came of a call.
struct ToolResult {
    call_id: String,
    output: String,
    attachments: Vec<PortableAttachment>,
}

fn conversations(connection: &Connection) -> Result<Vec<(String, Vec<Origin>)>> {
    let mut found: Vec<(String, Vec<Origin>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    // Old versions kept responses that belong to no conversation.
    const RESPONSES: &str =
        "SELECT rowid AS number, coalesce(conversation_id, id), datetime_utc AS time, 0 FROM responses";
    const TURNS: &str = "SELECT rowid, coalesce(thread_id, id), datetime_utc, 1 FROM turns";
    let query = match (has_table(connection, "responses")?, has_turns(connection)?) {
        (_, false) => format!("{RESPONSES} ORDER BY time, number"),
        (false, true) => format!("{TURNS} ORDER BY datetime_utc, rowid"),
        // A response that has become a turn is the same one.
        (true, true) => {
            format!("{RESPONSES} WHERE id NOT IN (SELECT id FROM turns) UNION ALL {TURNS} ORDER BY time, number")
        }
    };
    let mut statement = connection.prepare(&query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = text(row, 1)?.unwrap_or_default();
        let place = *places.entry(id.clone()).or_insert_with(|| {
            found.push((id, Vec::new()));
            found.len() - 1
        });
        found[place].1.push(if row.get(3)? { Origin::Turn(row.get(0)?) } else { Origin::Response(row.get(0)?) });
    }
    Ok(found)
}

struct Response {
    id: String,
    model: Option<String>,
    prompt: Option<String>,
    system: Option<String>,
    text: String,
    duration_ms: Option<i64>,
    created: Time,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    reasoning: String,
}

impl Response {
    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: text(row, 0)?.unwrap_or_default(),
            model: text(row, 1)?,
            prompt: text(row, 2)?,
            system: text(row, 3)?,
            text: text(row, 4)?.unwrap_or_default(),
            duration_ms: number(row, 5),
            created: text(row, 6)?.map_or_else(Time::default, |written| time(&written)),
            input_tokens: number(row, 7),
            output_tokens: number(row, 8),
            reasoning: text(row, 9)?.unwrap_or_default(),
        })
    }
}

/// A number, where one stands there.
pub fn number(row: &Row<'_>, column: usize) -> Option<i64> {
    row.get(column).unwrap_or(None)
}

/// Whatever stands there, as text: these columns hold numbers and bytes too.
pub fn text(row: &Row<'_>, column: usize) -> Result<Option<String>> {
    use rusqlite::types::ValueRef;
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    })
}

/// With an offset or without one, which is UTC.
pub fn time(written: &str) -> Time {
    let time = written.parse::<Timestamp>().or_else(|_| format!("{written}Z").parse());
    Time(time.map_or(0, Timestamp::as_millisecond))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(stones.head.as_ref(), stones.messages.last().map(|message| &message.id));
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
        assert_eq!(
            (last.reasoning.as_str(), last.usage.input, last.model.as_deref()),
            ("Is it? ", Some(20), Some("m2"))
        );
        assert_eq!(last.finished.map(|time| time.0 - last.created.0), Some(500));
        let cats = ["system: Be brief.", "user: A stone.\nWhat?", "assistant: ", "tool: 7", "assistant: Seven."]
            .map(str::to_owned);
        assert_eq!(said(2), cats);
        let called = &conversations[2].messages[2].tool_calls;
        assert_eq!(
            (called.len(), called[0].id.as_str(), called[0].arguments.as_str()),
            (1, "call_1", r#"{"of":"it"}"#)
        );
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
}
