//! The server `files`: reading, searching and changing files beneath the folders that were allowed, and nowhere else.
//!
//! Nothing is reached by its path alone. Each allowed folder is opened once, everything below is opened
//! from that handle and never out of it, and what counts is checked on what was opened: a path that
//! somebody swaps meanwhile leads nowhere. Hard links are the one thing that no path tells: a file that
//! also has a name inside is inside.

mod arguments;
mod arrange;
mod change;
mod denied;
mod diff;
mod edit;
mod glob;
mod grep;
mod lines;
mod list;
mod open;
mod patch;
mod plan;
mod read;
mod roots;
mod server;
#[cfg(test)]
mod tests;
mod walk;

use std::path::PathBuf;

pub use plan::preview;
pub use roots::Roots;
pub use server::Files;

#[derive(Clone, Debug, Default)]
pub struct FilesSettings {
    /// The folders that may be seen and changed; relative paths are those of the first.
    pub roots: Vec<PathBuf>,
    /// Files and folders that stay shut wherever they are: our own configuration, history, state and keys.
    pub denied: Vec<PathBuf>,
}

/// The server, on what is there now.
#[must_use]
pub fn new(settings: &FilesSettings) -> Files {
    Files::new(settings)
}
