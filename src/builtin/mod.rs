//! MCP servers linked into the binary: `time`, `calc`, `history`, `files`, `shell`, `fetch`, `models`, `settings`.

use crate::mcp::InProcess;

/// The names of all built-in servers.
pub const NAMES: [&str; 8] = ["time", "calc", "history", "files", "shell", "fetch", "models", "settings"];

/// The built-in server of this name.
#[must_use]
pub fn server(name: &str) -> Option<InProcess> {
    let _ = name;
    None
}
