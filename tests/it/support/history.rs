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
        serde_json::from_slice(&output.stdout_bytes).unwrap_or_else(|error| panic!("{error}: {output:#?}"));
    let messages = shown.as_array().unwrap_or_else(|| panic!("no list of messages: {shown:#}"));
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

pub fn assert_sound(path: &Path) {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    database.busy_timeout(Duration::from_secs(5)).unwrap();
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok", "{}", path.display());
}
