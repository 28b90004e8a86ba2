//! Rows to messages: how stored conversations are read.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::TurnMetrics;
use super::attached::{self, AttachmentInfo};
use crate::conversation::{
    ConversationId, InterruptReason, Message, MessageId, MessageStatus, Replay, Role, ToolCall, UnixMillis, Usage,
};

/// A message with what only the history knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMessage {
    pub message: Message,
    /// [`crate::conversation::StopReason::name`].
    pub finish: Option<String>,
    pub finished_ms: Option<UnixMillis>,
    pub metrics: Option<TurnMetrics>,
    /// What goes along with it; the message itself has the bytes only where they were asked for.
    pub attached: Vec<AttachmentInfo>,
    /// The token of the process that receives it, while it is streaming.
    pub(super) owner: Option<String>,
}

/// A call with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRun {
    pub call_id: String,
    pub server: Option<String>,
    pub name: String,
    pub started_ms: Option<UnixMillis>,
    pub finished_ms: Option<UnixMillis>,
    pub ok: Option<bool>,
}

/// The calls of a message, in their order.
pub fn tool_runs(connection: &Connection, message: &MessageId) -> Result<Vec<ToolRun>> {
    connection
        .prepare_cached(
            "SELECT call_id, server, name, started_ms, finished_ms, ok FROM tool_call
             WHERE message = (SELECT number FROM message WHERE id = ?1) ORDER BY position",
        )?
        .query_map([&message.0], |row| {
            Ok(ToolRun {
                call_id: row.get(0)?,
                server: row.get(1)?,
                name: row.get(2)?,
                started_ms: row.get(3)?,
                finished_ms: row.get(4)?,
                ok: row.get(5)?,
            })
        })?
        .collect()
}

/// The columns of a message `m`. The text of a running reply is what its deltas hold so far.
const COLUMNS: &str = "m.number, m.id, (SELECT id FROM message WHERE number = m.parent) AS parent_id, m.role, m.status,
    m.reason, m.owner, m.model, m.finish, m.tool_call_id, m.created_ms, m.finished_ms, m.input_tokens,
    m.output_tokens, m.cached_tokens, m.cache_write_tokens, m.reasoning_tokens, m.total_tokens, m.cost_usd, m.metrics,
    m.replay_origin, m.replay_json,
    CASE m.status WHEN 'streaming' THEN (SELECT coalesce(group_concat(text, '' ORDER BY number), '') FROM message_delta
        WHERE message = m.number AND kind = 'text') ELSE coalesce(unpack(m.packed), m.text) END AS text,
    CASE m.status WHEN 'streaming' THEN (SELECT coalesce(group_concat(text, '' ORDER BY number), '') FROM message_delta
        WHERE message = m.number AND kind = 'reasoning') ELSE m.reasoning END AS reasoning";

/// The numbers of the messages on the active branch of conversation ?1.
pub const BRANCH: &str = "WITH RECURSIVE branch (number) AS (
    SELECT head FROM conversation WHERE id = ?1 AND head IS NOT NULL
    UNION SELECT message.parent FROM message JOIN branch USING (number) WHERE message.parent IS NOT NULL)";

/// The same up to the message ?1, wherever the head is.
const BRANCH_TO: &str = "WITH RECURSIVE branch (number) AS (
    SELECT number FROM message WHERE id = ?1
    UNION SELECT message.parent FROM message JOIN branch USING (number) WHERE message.parent IS NOT NULL)";

/// The messages from the first to the last one of a branch, in order; `None`: to the head.
pub fn branch_messages(
    connection: &Connection,
    id: &ConversationId,
    last: Option<&MessageId>,
) -> Result<Vec<StoredMessage>> {
    let (branch, id) = last.map_or((BRANCH, &id.0), |last| (BRANCH_TO, &last.0));
    let query = format!(
        "{branch} SELECT {COLUMNS} FROM branch JOIN message AS m ON m.number = branch.number ORDER BY m.number"
    );
    messages(connection, &query, id)
}

/// The newest message that has no other behind it, among those behind this one.
pub fn newest_end(connection: &Connection, id: &MessageId) -> Result<Option<MessageId>> {
    let query = "WITH RECURSIVE below (number) AS (
            SELECT number FROM message WHERE id = ?1
            UNION SELECT message.number FROM message JOIN below ON message.parent = below.number)
        SELECT id FROM message WHERE number = (SELECT max(number) FROM below)";
    let found = connection.prepare_cached(query)?.query_row([&id.0], |row| row.get(0)).optional()?;
    Ok(found.map(MessageId))
}

/// The messages of all branches, in the order they were written.
pub fn all_messages(connection: &Connection, id: &ConversationId) -> Result<Vec<StoredMessage>> {
    let query = format!(
        "SELECT {COLUMNS} FROM message AS m
         WHERE m.conversation = (SELECT number FROM conversation WHERE id = ?1) ORDER BY m.number"
    );
    messages(connection, &query, &id.0)
}

/// The message with this id, whatever branch it is on.
pub fn message(connection: &Connection, id: &MessageId) -> Result<Option<StoredMessage>> {
    let query = format!("SELECT {COLUMNS} FROM message AS m WHERE m.id IN (?1, upper(?1)) ORDER BY m.id = ?1");
    Ok(messages(connection, &query, &id.0)?.pop())
}

fn messages(connection: &Connection, query: &str, id: &str) -> Result<Vec<StoredMessage>> {
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query([id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut stored = stored_message(row)?;
        if stored.message.role == Role::Assistant {
            stored.message.tool_calls = tool_calls(connection, row.get("number")?)?;
        }
        found.push(stored);
    }
    attached::add_infos(connection, &mut found)?;
    Ok(found)
}

fn stored_message(row: &Row<'_>) -> Result<StoredMessage> {
    let role: String = row.get("role")?;
    let metrics: Option<String> = row.get("metrics")?;
    let message = Message {
        id: MessageId(row.get("id")?),
        parent: row.get::<_, Option<String>>("parent_id")?.map(MessageId),
        // The table holds no other names.
        role: Role::from_name(&role).unwrap_or(Role::User),
        text: row.get("text")?,
        attachments: Vec::new(),
        reasoning: row.get("reasoning")?,
        tool_calls: Vec::new(),
        tool_call_id: row.get("tool_call_id")?,
        status: status(&row.get::<_, String>("status")?, row.get("reason")?),
        replay: replay(row)?,
        model: row.get("model")?,
        usage: usage(row)?,
        created_ms: row.get("created_ms")?,
    };
    Ok(StoredMessage {
        message,
        finish: row.get("finish")?,
        finished_ms: row.get("finished_ms")?,
        metrics: metrics.and_then(|json| serde_json::from_str(&json).ok()),
        attached: Vec::new(),
        owner: row.get("owner")?,
    })
}

/// The columns `status` and `reason`.
pub fn status(name: &str, reason: Option<String>) -> MessageStatus {
    match name {
        "streaming" => MessageStatus::Streaming,
        "interrupted" => {
            let known = reason.as_deref().and_then(InterruptReason::from_name);
            MessageStatus::Interrupted(known.unwrap_or(InterruptReason::Crash))
        }
        "error" => MessageStatus::Error(reason.unwrap_or_default()),
        _ => MessageStatus::Complete,
    }
}

fn replay(row: &Row<'_>) -> Result<Option<Replay>> {
    let origin: Option<String> = row.get("replay_origin")?;
    let json: Option<String> = row.get("replay_json")?;
    Ok(origin.zip(json).map(|(origin, json)| Replay { origin, json }))
}

fn usage(row: &Row<'_>) -> Result<Option<Usage>> {
    let count = |column: &str| -> Result<Option<u64>> {
        Ok(row.get::<_, Option<i64>>(column)?.and_then(|tokens| u64::try_from(tokens).ok()))
    };
    let usage = Usage {
        input: count("input_tokens")?,
        output: count("output_tokens")?,
        cached: count("cached_tokens")?,
        cache_write: count("cache_write_tokens")?,
        reasoning: count("reasoning_tokens")?,
        total: count("total_tokens")?,
        cost_usd: row.get("cost_usd")?,
    };
    Ok((usage != Usage::default()).then_some(usage))
}

fn tool_calls(connection: &Connection, message: i64) -> Result<Vec<ToolCall>> {
    connection
        .prepare_cached("SELECT call_id, name, arguments FROM tool_call WHERE message = ?1 ORDER BY position")?
        .query_map(params![message], |row| Ok(ToolCall { id: row.get(0)?, name: row.get(1)?, arguments: row.get(2)? }))?
        .collect()
}
