//! MCP servers linked into the binary: `time`, `calc`, `history`, `files`, `shell`, `fetch`, `models`, `settings`.
//!
//! Each is an `rmcp` handler in a file or folder of its name, with `new`; the same handler serves our
//! own sessions over channels and other hosts over stdio.

mod any_server;
mod calc;
pub mod fetch;
#[cfg(unix)]
pub mod files;
#[cfg(not(unix))]
#[path = "files/elsewhere.rs"]
pub mod files;
mod history;
mod models;
mod serve;
mod served;
mod servers;
mod session_settings;
mod settings;
#[cfg(unix)]
pub mod shell;
#[cfg(not(unix))]
#[path = "shell/elsewhere.rs"]
pub mod shell;
#[cfg(test)]
mod test_client;
mod time;

pub use models::ConfiguredModel;
pub use serve::serve_stdio;
pub use served::Served;
pub use servers::{server, tool_names};
pub use settings::BuiltinSettings;

#[cfg(test)]
mod tests;
