//! The index of reasoning and tool results: what older versions have written comes into it with the first
//! search that needs it, a little at a time.

use rusqlite::{Connection, OptionalExtension, Result, TransactionBehavior};

/// Messages of one transaction: other writers wait no longer than for these.
const BATCH: u32 = 500;

/// So many messages, at most, are not indexed yet.
pub fn backlog(connection: &Connection) -> Result<i64> {
    connection.query_row("SELECT max(detail_from - 1, 0) FROM search_state", [], |row| row.get(0))
}

/// Indexes some of the messages that are missing, the newest first; the number of those left.
pub fn index_some(connection: &mut Connection) -> Result<i64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = backlog(&transaction)? + 1;
    let last = "SELECT min(number) FROM (SELECT number FROM message WHERE number < ?1 ORDER BY number DESC LIMIT ?2)";
    let lowest: Option<i64> = transaction.query_row(last, (from, BATCH), |row| row.get(0)).optional()?.flatten();
    if let Some(lowest) = lowest {
        transaction
            .prepare_cached(
                "INSERT INTO detail_search (rowid, reasoning, tool)
                 SELECT number, reasoning, tool FROM searchable_details WHERE number >= ?1 AND number < ?2",
            )?
            .execute((lowest, from))?;
    }
    transaction.execute("UPDATE search_state SET detail_from = ?1", [lowest.unwrap_or(0)])?;
    transaction.commit()?;
    Ok(lowest.map_or(0, |lowest| (lowest - 1).max(0)))
}
