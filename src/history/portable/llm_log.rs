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
        Ok(Self {
            connection,
            conversations,
            query,
            has_tools,
            fragment_tables,
            has_attachments,
            has_result_attachments,
        })
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
                    ..PortableCall::default()
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
