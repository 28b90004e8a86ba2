//! A copy of a branch as a conversation of its own: what happens to one is nothing to the other.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::statements::start_conversation;
use super::{Fork, attached};
use crate::conversation::MessageId;

/// All columns of a message but those that tell where it stands.
const COPIED: &str = "role, model, finish, tool_call_id, created_ms, finished_ms, input_tokens, output_tokens,
    cached_tokens, cache_write_tokens, reasoning_tokens, total_tokens, cost_usd, metrics, replay_origin, replay_json";

/// What came so far of a reply that still runs is copied as interrupted.
const TEXTS: &str =
    "coalesce(unpack(packed), nullif(text, ''), (SELECT group_concat(text, '' ORDER BY number) FROM message_delta
        WHERE message = m.number AND kind = 'text'), ''),
    coalesce(nullif(reasoning, ''), (SELECT group_concat(text, '' ORDER BY number) FROM message_delta
        WHERE message = m.number AND kind = 'reasoning'), ''),
    iif(status = 'streaming', 'interrupted', status), iif(status = 'streaming', 'crash', reason)";

/// Writes the copies; a second time changes nothing.
pub fn copy(connection: &Connection, fork: &Fork) -> Result<()> {
    start_conversation(connection, &fork.id, fork.name.as_deref(), fork.created_ms)?;
    let mut parent: Option<&MessageId> = None;
    for (original, copied) in &fork.copies {
        if copy_message(connection, fork, original, (copied, parent))? {
            parent = Some(copied);
        }
    }
    connection
        .prepare_cached(
            "UPDATE conversation SET head = (SELECT number FROM message WHERE id = ?2), forked_from = ?3,
                 title = coalesce((SELECT title FROM conversation WHERE number =
                     (SELECT conversation FROM message WHERE id = ?3)), title),
                 model = (SELECT model FROM conversation WHERE number =
                     (SELECT conversation FROM message WHERE id = ?3))
             WHERE id = ?1 AND head IS NULL",
        )?
        .execute(params![fork.id.0, parent.map(|id| &id.0), fork.copies.last().map(|(original, _)| &original.0)])
        .map(drop)
}

/// False where there is no such message any more.
fn copy_message(
    connection: &Connection,
    fork: &Fork,
    original: &MessageId,
    (copied, parent): (&MessageId, Option<&MessageId>),
) -> Result<bool> {
    let number: Option<i64> = connection
        .prepare_cached("SELECT number FROM message WHERE id = ?1")?
        .query_row([&original.0], |row| row.get(0))
        .optional()?;
    let Some(number) = number else { return Ok(false) };
    let query = format!(
        "INSERT INTO message (id, conversation, parent, text, reasoning, status, reason, {COPIED})
         SELECT ?2, (SELECT number FROM conversation WHERE id = ?3), (SELECT number FROM message WHERE id = ?4),
             {TEXTS}, {COPIED} FROM message AS m WHERE m.number = ?1
         ON CONFLICT (id) DO NOTHING"
    );
    let changed =
        connection.prepare_cached(&query)?.execute(params![number, copied.0, fork.id.0, parent.map(|id| &id.0)])?;
    if changed > 0 {
        connection
            .prepare_cached(
                "INSERT INTO tool_call (message, position, call_id, name, arguments, server, approval, ok, result,
                     started_ms, finished_ms)
                 SELECT (SELECT number FROM message WHERE id = ?2), position, call_id, name, arguments, server,
                     approval, ok, coalesce(unpack(packed_result), result), started_ms, finished_ms FROM tool_call WHERE message = ?1",
            )?
            .execute(params![number, copied.0])?;
        attached::copy(connection, number, copied)?;
    }
    Ok(true)
}
