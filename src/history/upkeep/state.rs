//! What the upkeep remembers from one process to the next.

use rusqlite::{Connection, OptionalExtension, Result, params};

/// When the limits were looked at last, in milliseconds since 1970.
pub const LOOKED_MS: &str = "looked_ms";
/// The number of the last message that was looked at for its length.
pub const COMPRESSED_TO: &str = "compressed_to";
/// The limit that was set then, in bytes.
pub const COMPRESSED_OVER: &str = "compressed_over";

/// Whether a scrub or a removal has left bytes in the file; 0: they are gone. Nothing where an older version can have left
/// some.
pub const HAS_REMAINS: &str = "has_remains";

pub fn get(connection: &Connection, key: &str) -> Result<Option<i64>> {
    connection.prepare_cached("SELECT value FROM upkeep WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

pub fn set(connection: &Connection, key: &str, value: i64) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO upkeep (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")?
        .execute(params![key, value])
        .map(drop)
}
