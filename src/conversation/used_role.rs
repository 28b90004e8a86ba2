//! The role that a question was put through, as the note of the question has it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Enough to use it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedRole {
    pub name: String,
    /// Where it was named as a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// As they were given.
    #[serde(default)]
    pub arguments: BTreeMap<String, String>,
}
