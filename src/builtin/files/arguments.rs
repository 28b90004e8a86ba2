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

fn matches_default() -> usize {
    200
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

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grep {
    /// A regular expression (Rust syntax), matched line by line.
    pub pattern: String,
    /// The folder to search, or one file.
    #[serde(default = "current")]
    pub path: String,
    /// Only files like this: `*.rs` for a name anywhere, `src/**/*.rs` for a path below the folder.
    #[serde(default)]
    pub glob: Option<String>,
    #[serde(default)]
    pub ignore_case: bool,
    /// Lines to show around each match, up to 10.
    #[serde(default)]
    pub context_lines: usize,
    /// Matches to show at most.
    #[serde(default = "matches_default")]
    pub matches_max: usize,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Glob {
    /// As in `**/*.rs` or `src/*.{c,h}`; `*` stays within one folder, `**` does not.
    pub pattern: String,
    /// The folder to look in.
    #[serde(default = "current")]
    pub path: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// The file.
    pub path: String,
    /// All of its new text.
    pub content: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file.
    pub path: String,
    /// The text to replace, exactly as it stands there, with enough around it to stand there once.
    pub old: String,
    /// The text to put in its place.
    pub new: String,
    /// Replace it everywhere in the file.
    #[serde(default)]
    pub all: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// A unified diff with `---` and `+++` lines, of one file or of several; `/dev/null` for files that come or go.
    pub patch: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeFolder {
    /// The new folder; the one above it must be there.
    pub path: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The file or folder.
    pub from: String,
    /// Its new path; nothing may be there.
    pub to: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remove {
    /// A file, a link or an empty folder.
    pub path: String,
}
