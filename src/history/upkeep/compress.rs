//! Long finished texts are stored compressed, some in each step.

use rusqlite::{Connection, Result, TransactionBehavior, params};

use super::state::{self, COMPRESSED_OVER, COMPRESSED_TO};
use crate::history::packing::pack;

/// Messages whose length is looked at in one transaction.
const MESSAGES_AT_ONCE: i64 = 2_000;
/// Texts that are compressed in one, and their bytes together: about 50 ms.
const TEXTS_AT_ONCE: usize = 16;
const BYTES_AT_ONCE: i64 = 1 << 20;

/// A text that is compressed, and where it goes.
struct Packed {
    message: i64,
    /// Of the call in it; `None`: the message itself.
    position: Option<i64>,
    packed: Vec<u8>,
}

/// Compresses some of what is longer than `over_bytes`; the lock is held only to write it.
/// False: there is nothing left to do.
pub fn compress_some(connection: &mut Connection, over_bytes: u64) -> Result<bool> {
    let over = i64::try_from(over_bytes).unwrap_or(i64::MAX);
    let is_same_limit = state::get(connection, COMPRESSED_OVER)? == Some(over);
    let from = if is_same_limit { state::get(connection, COMPRESSED_TO)?.unwrap_or(0) } else { 0 };
    let last = last_finished(connection)?;
    if from >= last {
        return Ok(false);
    }
    let mut to = (from + MESSAGES_AT_ONCE).min(last);
    let (mut packed, mut bytes) = (Vec::new(), 0);
    for (number, length) in long_messages(connection, from, to, over)? {
        if packed.len() >= TEXTS_AT_ONCE || bytes >= BYTES_AT_ONCE {
            to = number - 1;
            break;
        }
        packed.extend(pack_message(connection, number, over)?);
        packed.extend(pack_results(connection, number, over)?);
        bytes += length;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    packed.iter().try_for_each(|text| store(&transaction, text))?;
    state::set(&transaction, COMPRESSED_OVER, over)?;
    state::set(&transaction, COMPRESSED_TO, to)?;
    transaction.commit()?;
    Ok(true)
}

/// Whatever comes after a running reply waits for its end.
fn last_finished(connection: &Connection) -> Result<i64> {
    let query = "SELECT coalesce((SELECT min(number) - 1 FROM message WHERE status = 'streaming'),
        (SELECT max(number) FROM message), 0)";
    connection.query_row(query, [], |row| row.get(0))
}

/// Prompts, answers and those that called tools, with the length of what is long in them.
/// The length of a text is known without reading it.
fn long_messages(connection: &Connection, from: i64, to: i64, over: i64) -> Result<Vec<(i64, i64)>> {
    connection
        .prepare_cached(
            "SELECT number, octet_length(text) + coalesce((SELECT sum(octet_length(result)) FROM tool_call
                     WHERE message = m.number AND octet_length(result) > ?3), 0)
             FROM message AS m WHERE number > ?1 AND number <= ?2 AND status <> 'streaming'
                 AND role IN ('user', 'assistant') AND packed IS NULL
                 AND (octet_length(text) > ?3 OR EXISTS (SELECT 1 FROM tool_call WHERE message = m.number
                     AND octet_length(result) > ?3))
             ORDER BY number",
        )?
        .query_map([from, to, over], |row| row.try_into())?
        .collect()
}

fn pack_message(connection: &Connection, message: i64, over: i64) -> Result<Option<Packed>> {
    let text: String = connection
        .prepare_cached("SELECT text FROM message WHERE number = ?1")?
        .query_row([message], |row| row.get(0))?;
    let is_long = i64::try_from(text.len()).is_ok_and(|length| length > over);
    Ok(pack(&text).filter(|_| is_long).map(|packed| Packed { message, position: None, packed }))
}

fn pack_results(connection: &Connection, message: i64, over: i64) -> Result<Vec<Packed>> {
    let long: Vec<(i64, String)> = connection
        .prepare_cached(
            "SELECT position, result FROM tool_call
             WHERE message = ?1 AND finished_ms IS NOT NULL AND octet_length(result) > ?2",
        )?
        .query_map([message, over], |row| row.try_into())?
        .collect::<Result<_>>()?;
    let packed = long
        .into_iter()
        .filter_map(|(position, result)| Some(Packed { message, position: Some(position), packed: pack(&result)? }));
    Ok(packed.collect())
}

/// Unless it was compressed or masked meanwhile: then what was packed is not what is there.
fn store(connection: &Connection, text: &Packed) -> Result<()> {
    let Packed { message, position, packed } = text;
    match position {
        None => connection
            .prepare_cached(
                "UPDATE message SET text = '', packed = ?2 WHERE number = ?1 AND packed IS NULL AND text = unpack(?2)",
            )?
            .execute(params![message, packed]),
        Some(position) => connection
            .prepare_cached(
                "UPDATE tool_call SET result = NULL, packed_result = ?3
                 WHERE message = ?1 AND position = ?2 AND result = unpack(?3)",
            )?
            .execute(params![message, position, packed]),
    }
    .map(drop)
}
