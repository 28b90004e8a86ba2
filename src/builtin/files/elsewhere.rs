//! The server `files` stands on the file descriptors of Unix. Elsewhere there is none.

use std::path::PathBuf;

use serde_json::{Map, Value};

#[expect(dead_code, reason = "nobody has files to be reached")]
#[derive(Clone, Debug, Default)]
pub struct FilesSettings {
    pub roots: Vec<PathBuf>,
    pub denied: Vec<PathBuf>,
}

/// Nothing is changed, so there is nothing to show.
#[must_use]
pub fn preview(_: &FilesSettings, _: &str, _: &Map<String, Value>) -> Option<String> {
    None
}
