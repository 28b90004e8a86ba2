//! MCP servers linked into the binary: `time`, `calc`, `history`, `files`, `shell`, `fetch`, `models`, `settings`.
//!
//! Each is an `rmcp` handler in a file or folder of its name, with `new`; the same handler serves our
//! own sessions over channels and other hosts over stdio.

mod calc;
mod fetch;
pub mod files;
mod history;
mod servers;
mod settings;
mod shell;
#[cfg(test)]
mod test_client;
mod time;

pub use servers::{in_process, server};
pub use settings::BuiltinSettings;

#[cfg(test)]
mod tests;
