//! The version of the tables: migrations only get added, and run in one transaction.

use rusqlite::{Connection, Transaction};

use super::packing;

/// The version this program writes; a file with a higher one is only read.
pub const VERSION: u32 = 7;

/// The oldest version that is read as it is; files of earlier ones lack columns.
pub const READABLE: u32 = 3;

const MIGRATIONS: [&str; VERSION as usize] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_index_answers_apart.sql"),
    include_str!("migrations/0003_upkeep.sql"),
    include_str!("migrations/0004_places_and_details.sql"),
    include_str!("migrations/0005_attachments.sql"),
    include_str!("migrations/0006_answers.sql"),
    include_str!("migrations/0007_budget.sql"),
];

/// 0 is a new file.
pub fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings an older file up to [`VERSION`], and returns the version the file has then: higher
/// where a newer program was here. Of several processes one migrates and the others wait.
/// `begin` waits for the lock.
pub fn migrate<'c>(
    connection: &'c Connection,
    begin: impl FnOnce(&'c Connection) -> rusqlite::Result<Transaction<'c>>,
) -> rusqlite::Result<u32> {
    packing::register(connection)?;
    if version(connection)? >= VERSION {
        return version(connection);
    }
    let transaction = begin(connection)?;
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

    use super::{MIGRATIONS, VERSION, migrate, version};
    use crate::conversation::{ConversationId, MessageId, MessageStatus};
    use crate::history::statements::{self, Fact};
    use crate::history::{Entry, ReplyEnd, TurnMetrics};

    const ROWS: &str = "INSERT INTO conversation (id, created_ms, used_ms, used_seq) VALUES ('c', 1, 1, 1);
        INSERT INTO message (id, conversation, role, status, created_ms, text)
            VALUES ('q', 1, 'user', 'complete', 1, 'Grüße'), ('s', 1, 'system', 'complete', 1, 'hidden');
        INSERT INTO message (id, conversation, role, status, created_ms) VALUES ('a', 1, 'assistant', 'streaming', 1);";

    fn end_reply(connection: &Connection, text: &str, status: MessageStatus) {
        let end = ReplyEnd {
            conversation: ConversationId("c".to_owned()),
            reply: MessageId("a".to_owned()),
            text: text.to_owned(),
            reasoning: String::new(),
            status,
            tool_calls: Vec::new(),
            replay: None,
            usage: None,
            finish: None,
            finished_ms: 1,
            metrics: TurnMetrics::default(),
        };
        statements::apply(connection, &Fact::Entry(Entry::ReplyEnded(Box::new(end))), "").unwrap();
    }

    fn found(connection: &Connection, word: &str) -> i64 {
        let count = "SELECT count(*) FROM message_search WHERE message_search MATCH ?";
        connection.query_row(count, [word], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_linked_sqlite_has_no_known_fault_in_its_wal() {
        assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
    }

    #[test]
    fn a_newer_file_is_left_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 999).unwrap();
        assert_eq!(migrate(&connection, Connection::unchecked_transaction).unwrap(), 999);
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn the_search_index_follows_every_change_of_a_message() {
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "trusted_schema", false).unwrap();
        migrate(&connection, Connection::unchecked_transaction).unwrap();
        assert_eq!(version(&connection).unwrap(), VERSION);
        connection.execute_batch(ROWS).unwrap();
        let found = |word: &str| found(&connection, word);
        assert_eq!([found("gruße"), found("hidden")], [1, 0]);
        end_reply(&connection, "first words", MessageStatus::Interrupted(crate::conversation::InterruptReason::Crash));
        assert_eq!([found("first"), found("words")], [1, 1]);
        let change = "UPDATE message SET text = ?, status = ? WHERE id = 'a'";
        connection.execute(change, ["second words", "complete"]).unwrap();
        assert_eq!([found("first"), found("second"), found("words")], [0, 1, 1]);
        for _ in 0..2 {
            end_reply(&connection, "third words", MessageStatus::Complete);
            assert_eq!([found("second"), found("third"), found("words")], [0, 1, 1]);
        }
        let counted: (i64, i64) =
            connection.query_row("SELECT replies, interrupted FROM daily_usage", [], |row| row.try_into()).unwrap();
        assert_eq!(counted, (1, 1), "a reply counts once, as it first ended");
        connection.execute("DELETE FROM conversation", []).unwrap();
        assert_eq!([found("third"), found("gruße")], [0, 0]);
        check_index(&connection);
    }

    #[test]
    fn a_file_of_the_first_version_is_brought_up_and_its_running_reply_ends_well() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection.execute_batch(ROWS).unwrap();
        assert_eq!(migrate(&connection, Connection::unchecked_transaction).unwrap(), VERSION);
        assert_eq!(found(&connection, "gruße"), 1);
        end_reply(&connection, "an answer", MessageStatus::Complete);
        assert_eq!(found(&connection, "answer"), 1);
        check_index(&connection);
    }

    fn check_index(connection: &Connection) {
        let check = "INSERT INTO message_search (message_search, rank) VALUES ('integrity-check', 1)";
        connection.execute(check, []).unwrap();
    }
}
