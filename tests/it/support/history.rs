//! Looks at what was stored: through the binary where it can, into the file where it must.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::Sandbox;

/// One message as `history show --format json` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    pub role: String,
    /// With the reason or class where there is one, as in `interrupted(crash)`.
    pub status: String,
    pub text: String,
    pub tool_calls: Vec<Value>,
}

/// The messages of one conversation; `None`: of the one used last.
pub fn messages(sandbox: &Sandbox, conversation: Option<&str>) -> Vec<StoredMessage> {
    let args = ["history", "show", "--format", "json"].into_iter().chain(conversation);
    let output = sandbox.sayso(args.collect::<Vec<_>>()).run().assert_exit(0);
    let shown: Value =
        serde_json::from_slice(&output.stdout_bytes).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let messages = shown["messages"].as_array().unwrap_or_else(|| panic!("no messages: {shown:#}"));
    messages.iter().map(stored).collect()
}

fn stored(message: &Value) -> StoredMessage {
    let word = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
    let status = match message["reason"].as_str() {
        Some(reason) => format!("{}({reason})", word("status")),
        None => word("status"),
    };
    let tool_calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
    StoredMessage { role: word("role"), status, text: word("text"), tool_calls }
}

/// The rows of the conversation begun last, also those that are not on its branch any more:
/// the prompt and the reply of a request that failed.
pub fn rows(path: &Path) -> Vec<StoredMessage> {
    let database = open(path);
    let query = "SELECT role, status, reason, text FROM message
        WHERE conversation = (SELECT max(number) FROM conversation) ORDER BY number";
    let mut statement = database.prepare(query).unwrap();
    let rows = statement.query_map([], |row| {
        let (status, reason): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        let status = reason.map_or_else(|| status.clone(), |reason| format!("{status}({reason})"));
        Ok(StoredMessage { role: row.get(0)?, status, text: row.get(3)?, tool_calls: Vec::new() })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

pub fn assert_sound(path: &Path) {
    let verdict: String = open(path).query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok", "{}", path.display());
}

fn open(path: &Path) -> Connection {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    database.busy_timeout(Duration::from_secs(5)).unwrap();
    database
}
