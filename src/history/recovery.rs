//! Closes the replies that a process left open when it died; those of living processes are never touched.

use rusqlite::{Connection, Result};

use super::owner::Owners;
use super::queue::Wait;
use super::{statements, sums};
use crate::conversation::{InterruptReason, MessageId};

/// Ends the replies of all dead processes with what their deltas hold. Returns the titles of
/// the conversations they belong to.
pub fn recover(connection: &Connection, owners: &Owners, wait: &mut Wait) -> Result<Vec<String>> {
    let dead: Vec<String> = open_owners(connection)?.into_iter().filter(|token| !owners.is_alive(token)).collect();
    let mut titles = Vec::new();
    for token in dead {
        titles.extend(close_replies_of(connection, &token, wait)?);
    }
    Ok(titles)
}

/// Ends the open replies of one process as interrupted by a crash.
pub fn close_replies_of(connection: &Connection, owner: &str, wait: &mut Wait) -> Result<Vec<String>> {
    let transaction = wait.begin(connection)?;
    let replies = replies_of(&transaction, owner)?;
    for (number, id, _) in &replies {
        transaction
            .prepare_cached(
                "UPDATE message SET
                     text = (SELECT coalesce(group_concat(text, '' ORDER BY number), '') FROM message_delta
                             WHERE message = ?1 AND kind = 'text'),
                     reasoning = (SELECT coalesce(group_concat(text, '' ORDER BY number), '') FROM message_delta
                                  WHERE message = ?1 AND kind = 'reasoning'),
                     status = 'interrupted', reason = ?2, owner = NULL
                 WHERE number = ?1",
            )?
            .execute((number, InterruptReason::Crash.name()))?;
        transaction.prepare_cached("DELETE FROM message_delta WHERE message = ?1")?.execute([number])?;
        statements::index_ended(&transaction, id)?;
        sums::count_crash(&transaction, *number)?;
    }
    transaction.commit()?;
    Ok(replies.into_iter().map(|(_, _, title)| title).collect())
}

fn open_owners(connection: &Connection) -> Result<Vec<String>> {
    connection
        .prepare("SELECT DISTINCT coalesce(owner, '') FROM message WHERE status = 'streaming'")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn replies_of(connection: &Connection, owner: &str) -> Result<Vec<(i64, MessageId, String)>> {
    connection
        .prepare_cached(
            "SELECT message.number, message.id, coalesce(conversation.name, conversation.title)
             FROM message JOIN conversation ON conversation.number = message.conversation
             WHERE message.status = 'streaming' AND coalesce(message.owner, '') = ?1",
        )?
        .query_map([owner], |row| Ok((row.get(0)?, MessageId(row.get(1)?), row.get(2)?)))?
        .collect()
}
