//! What the tools take. The schemas that models see are made from these types.

use schemars::JsonSchema;
use serde::Deserialize;

fn current() -> String {
    ".".to_owned()
}

fn one() -> usize {
    1
}

fn lines_default() -> usize {
    2000
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The folder.
    #[serde(default = "current")]
    pub path: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The file.
    pub path: String,
    /// The first line, from 1.
    #[serde(default = "one")]
    pub start_line: usize,
    /// How many lines at most.
    #[serde(default = "lines_default")]
    pub line_count: usize,
}
