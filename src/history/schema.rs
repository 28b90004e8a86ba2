//! The version of the tables: migrations only get added, and run in one transaction.

use rusqlite::{Connection, TransactionBehavior};

/// The version this program writes; a file with a higher one is only read.
pub const VERSION: u32 = 1;

const MIGRATIONS: [&str; VERSION as usize] = [include_str!("migrations/0001_initial.sql")];

/// 0 is a new file.
pub fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings an older file up to [`VERSION`], and returns the version the file has then: higher
/// where a newer program was here. Of several processes one migrates and the others wait.
pub fn migrate(connection: &mut Connection) -> rusqlite::Result<u32> {
    if version(connection)? >= VERSION {
        return version(connection);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    for (_, migration) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        transaction.execute_batch(migration)?;
    }
    let reached = found.max(VERSION);
    if reached > found {
        transaction.pragma_update(None, "user_version", reached)?;
    }
    transaction.commit()?;
    Ok(reached)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{VERSION, migrate, version};

    #[test]
    fn the_linked_sqlite_has_no_known_fault_in_its_wal() {
        assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
    }

    #[test]
    fn a_newer_file_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 999).unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), 999);
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn the_search_index_follows_every_change_of_a_message() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "trusted_schema", false).unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), VERSION);
        let found = |word: &str| -> i64 {
            connection
                .query_row("SELECT count(*) FROM message_search WHERE message_search MATCH ?", [word], |row| row.get(0))
                .unwrap()
        };
        connection
            .execute_batch(
                "INSERT INTO conversation (id, created_ms, used_ms, used_seq) VALUES ('c', 1, 1, 1);
                 INSERT INTO message (id, conversation, role, status, created_ms, text)
                     VALUES ('q', 1, 'user', 'complete', 1, 'Grüße'), ('s', 1, 'system', 'complete', 1, 'hidden');
                 INSERT INTO message (id, conversation, role, status, created_ms) VALUES ('a', 1, 'assistant', 'streaming', 1);",
            )
            .unwrap();
        assert_eq!([found("gruße"), found("hidden")], [1, 0]);
        let finish = "UPDATE message SET text = ?, status = ? WHERE id = 'a'";
        connection.execute(finish, ["first words", "interrupted"]).unwrap();
        connection.execute(finish, ["second words", "complete"]).unwrap();
        assert_eq!([found("first"), found("second"), found("words")], [0, 1, 1]);
        let counted: (i64, i64) =
            connection.query_row("SELECT replies, interrupted FROM daily_usage", [], |row| row.try_into()).unwrap();
        assert_eq!(counted, (1, 1), "a reply counts once, as it first ended");
        connection.execute("DELETE FROM conversation", []).unwrap();
        assert_eq!([found("second"), found("gruße")], [0, 0]);
        connection
            .execute("INSERT INTO message_search (message_search, rank) VALUES ('integrity-check', 1)", [])
            .unwrap();
    }
}
