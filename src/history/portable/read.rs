//! Conversations from the tables, with everything that is stored of them.

use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::{Head, PortableCall, PortableConversation, PortableMessage, PortableReplay, PortableUsage, Time};
use crate::conversation::{ConversationId, InterruptReason, MessageId};
use crate::history::{History, HistoryError, attached};

/// The text of a running reply is what its deltas hold so far.
const MESSAGES: &str =
    "SELECT m.number, m.id, (SELECT id FROM message WHERE number = m.parent) AS parent, m.role, m.status,
        m.reason, m.model, m.finish, m.tool_call_id, m.created_ms, m.finished_ms, m.input_tokens, m.output_tokens,
        m.cached_tokens, m.cache_write_tokens, m.reasoning_tokens, m.total_tokens, m.cost_usd, m.metrics,
        m.replay_origin, m.replay_json,
        CASE m.status WHEN 'streaming' THEN (SELECT coalesce(group_concat(text, '' ORDER BY number), '')
            FROM message_delta WHERE message = m.number AND kind = 'text')
            ELSE coalesce(unpack(m.packed), m.text) END AS text,
        CASE m.status WHEN 'streaming' THEN (SELECT coalesce(group_concat(text, '' ORDER BY number), '')
            FROM message_delta WHERE message = m.number AND kind = 'reasoning') ELSE m.reasoning END AS reasoning
    FROM message AS m WHERE m.conversation = ?1 ORDER BY m.number";

impl History {
    /// The ids of all conversations, the one used last at the end: read in again in this
    /// order, they have the same order.
    pub fn all_ids(&self) -> std::result::Result<Vec<ConversationId>, HistoryError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM conversation ORDER BY used_seq")?;
        let ids = statement.query_map([], |row| row.get(0).map(ConversationId))?.collect::<Result<_>>()?;
        Ok(ids)
    }

    /// One conversation with all of its branches. A reply that is being received is taken as
    /// interrupted where it is.
    pub fn portable(&self, id: &ConversationId) -> std::result::Result<PortableConversation, HistoryError> {
        // Both halves from one moment, whatever is written meanwhile.
        let snapshot = self.connection.unchecked_transaction()?;
        let found = portable(&snapshot, id)?;
        found.ok_or_else(|| HistoryError::NotFound { wanted: id.0.clone() })
    }
}

fn portable(connection: &Connection, id: &ConversationId) -> Result<Option<PortableConversation>> {
    const FIND: &str = "SELECT number, id, name, title, created_ms, used_ms, pinned, cwd, model,
        (SELECT id FROM message WHERE number = head) FROM conversation WHERE id = ?1";
    let found = connection.prepare_cached(FIND)?.query_row([&id.0], conversation).optional()?;
    let Some((number, mut conversation)) = found else { return Ok(None) };
    let mut statement = connection.prepare_cached(MESSAGES)?;
    let mut rows = statement.query([number])?;
    while let Some(row) = rows.next()? {
        let mut message = message(row)?;
        message.tool_calls = tool_calls(connection, row.get("number")?)?;
        message.attachments =
            attached::load(connection, &MessageId(message.id.clone()))?.into_iter().map(Into::into).collect();
        conversation.messages.push(message);
    }
    Ok(Some(conversation))
}

fn conversation(row: &Row<'_>) -> Result<(i64, PortableConversation)> {
    let conversation = PortableConversation {
        id: row.get(1)?,
        name: row.get(2)?,
        title: row.get(3)?,
        created: Time(row.get(4)?),
        used: Time(row.get(5)?),
        pinned: row.get(6)?,
        cwd: row.get(7)?,
        model: row.get(8)?,
        head: Head::At(row.get(9)?),
        messages: Vec::new(),
    };
    Ok((row.get(0)?, conversation))
}

fn message(row: &Row<'_>) -> Result<PortableMessage> {
    let (mut status, mut reason): (String, Option<String>) = (row.get("status")?, row.get("reason")?);
    if status == "streaming" {
        status = "interrupted".to_owned();
        reason = Some(InterruptReason::Crash.name().to_owned());
    }
    let metrics: Option<String> = row.get("metrics")?;
    let origin: Option<String> = row.get("replay_origin")?;
    let json: Option<String> = row.get("replay_json")?;
    Ok(PortableMessage {
        id: row.get("id")?,
        parent: row.get("parent")?,
        role: row.get("role")?,
        status,
        reason,
        text: row.get("text")?,
        attachments: Vec::new(),
        reasoning: row.get("reasoning")?,
        model: row.get("model")?,
        finish: row.get("finish")?,
        created: Time(row.get("created_ms")?),
        finished: row.get::<_, Option<i64>>("finished_ms")?.map(Time),
        tool_call_id: row.get("tool_call_id")?,
        tool_calls: Vec::new(),
        usage: usage(row)?,
        metrics: metrics.and_then(|json| serde_json::from_str(&json).ok()),
        replay: origin.zip(json).map(|(origin, json)| PortableReplay { origin, json }),
    })
}

fn usage(row: &Row<'_>) -> Result<PortableUsage> {
    Ok(PortableUsage {
        input: row.get("input_tokens")?,
        output: row.get("output_tokens")?,
        cached: row.get("cached_tokens")?,
        cache_write: row.get("cache_write_tokens")?,
        reasoning: row.get("reasoning_tokens")?,
        total: row.get("total_tokens")?,
        cost_usd: row.get("cost_usd")?,
    })
}

fn tool_calls(connection: &Connection, message: i64) -> Result<Vec<PortableCall>> {
    connection
        .prepare_cached(
            "SELECT call_id, name, arguments, server, approval, ok, coalesce(unpack(packed_result), result),
                 started_ms, finished_ms
             FROM tool_call WHERE message = ?1 ORDER BY position",
        )?
        .query_map([message], |row| {
            Ok(PortableCall {
                id: row.get(0)?,
                name: row.get(1)?,
                arguments: row.get(2)?,
                server: row.get(3)?,
                approval: row.get(4)?,
                ok: row.get(5)?,
                result: row.get(6)?,
                started: row.get::<_, Option<i64>>(7)?.map(Time),
                finished: row.get::<_, Option<i64>>(8)?.map(Time),
            })
        })?
        .collect()
}
