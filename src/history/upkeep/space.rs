//! Pages that hold nothing any more go back to the file system.

use rusqlite::{Connection, Result, TransactionBehavior};

/// What is given back in one transaction: about 50 ms on a slow disk.
const BYTES_AT_ONCE: i64 = 512 * 1024;
/// Fewer free pages than this are kept: what is written next needs them.
const PAGES_KEPT: i64 = 32;

/// Pages of the index that are merged in one transaction.
const INDEX_PAGES_AT_ONCE: i32 = 64;

/// Takes some of what was deleted out of the index of the search, which else keeps it until
/// much has been added. `is_first` begins it. False: it is done.
pub fn tidy_index(connection: &mut Connection, is_first: bool) -> Result<bool> {
    let before = connection.total_changes();
    let pages = if is_first { -INDEX_PAGES_AT_ONCE } else { INDEX_PAGES_AT_ONCE };
    connection
        .prepare_cached("INSERT INTO message_search (message_search, rank) VALUES ('merge', ?1)")?
        .execute([pages])?;
    // The statement itself counts as one change.
    Ok(is_first || connection.total_changes() - before > 1)
}

/// Whether so much was deleted that the index is worth the work.
pub fn is_worth_tidying(connection: &Connection, deleted: u64) -> Result<bool> {
    // The count reads an index from its beginning to its end.
    if deleted == 0 {
        return Ok(false);
    }
    let left: i64 = connection.query_row("SELECT count(*) FROM message", [], |row| row.get(0))?;
    Ok(deleted.saturating_mul(4) > u64::try_from(left).unwrap_or(0))
}

/// Gives some free pages back. False: there are none to give back.
pub fn give_back(connection: &mut Connection) -> Result<bool> {
    if free_pages(connection)? <= PAGES_KEPT || !can_give_back(connection)? {
        return Ok(false);
    }
    let pages = BYTES_AT_ONCE / page_bytes(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(&format!("PRAGMA incremental_vacuum({pages})"))?;
    transaction.commit()?;
    Ok(true)
}

pub fn free_pages(connection: &Connection) -> Result<i64> {
    connection.pragma_query_value(None, "freelist_count", |row| row.get(0))
}

/// The length of the database in bytes, its WAL written back.
pub fn bytes(connection: &Connection) -> Result<i64> {
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    Ok(pages * page_bytes(connection)?)
}

fn page_bytes(connection: &Connection) -> Result<i64> {
    connection.pragma_query_value(None, "page_size", |row| row.get(0))
}

/// Only a file that was made for it can be shortened.
fn can_give_back(connection: &Connection) -> Result<bool> {
    let mode: i64 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
    Ok(mode == 2)
}
