//! The options of `history`: what to list, to show, to search and to change.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ListFormat;
use super::since::{Since, parse_since};

const ADDRESSES: &str = "\
A conversation is named by its id or the beginning of it, by its name, or as @N: the N-th latest.
NAME@3 is its third message, NAME@-1 its last, NAME@ID one on any branch.";

const SEARCH_HELP: &str = "\
All words are wanted. \"two words\" together, begin* of a word, this OR that, NOT this
(or -this, inside of quotes: 'pie -apple').
Prompts count more than answers, rare words more than common ones, new messages more than old.

Examples:
  sayso history search sqlite wal
  sayso history search '\"write ahead\" log* NOT postgres' --since 30d
  sayso history search timeout --tool files --reasoning --format jsonl
  sayso history search --schema person.json";

/// Which conversations or messages.
#[derive(Args, Clone, Debug, Default)]
pub struct FilterOptions {
    /// Only what was used since: 90m, 12h, 7d, 4w, or a date as in 2026-01-31
    #[arg(help_heading = FILTERS, long, value_name = "TIME", value_parser = parse_since)]
    pub since: Option<Since>,

    /// Only of models with this in their name
    #[arg(help_heading = FILTERS, short, long, value_name = "MODEL")]
    pub model: Option<String>,

    /// Only of this provider
    #[arg(help_heading = FILTERS, long, value_name = "NAME")]
    pub provider: Option<String>,

    /// Only where this was called
    #[arg(help_heading = FILTERS, long, value_name = "SERVER[/TOOL]")]
    pub tool: Option<String>,

    /// Only what ended like this
    #[arg(help_heading = FILTERS, long, value_enum)]
    pub status: Option<StatusOption>,
}

const FILTERS: &str = "Filters";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusOption {
    Complete,
    /// Cut off: by you, a signal, the network or a crash
    Interrupted,
    /// The request failed
    Error,
    /// It is being written now
    Streaming,
}

/// How a text that can be long is shown.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct PagerOptions {
    /// Never start a pager
    #[arg(long)]
    pub no_pager: bool,
}

#[derive(Args, Clone, Debug)]
pub struct ListOptions {
    #[command(flatten)]
    pub filter: FilterOptions,

    /// How to write the list
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,

    /// Only the newest N [default: 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,

    /// Leave out the newest N that fit
    #[arg(long, value_name = "N")]
    pub offset: Option<u64>,

    #[command(flatten)]
    pub pager: PagerOptions,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = ADDRESSES)]
pub struct ShowOptions {
    /// Which one, or up to which message; none: the last one
    #[arg(value_name = "NAME|ID|@N[@MESSAGE]")]
    pub conversation: Option<String>,

    /// How to write the messages
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,

    /// Only the newest N messages
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,

    /// All branches, with the first words of each message
    #[arg(long, conflicts_with = "timeline")]
    pub tree: bool,

    /// Write out this attachment, as the numbers count them, to a pipe or with -o
    #[arg(long, value_name = "N", conflicts_with_all = ["tree", "timeline", "limit", "format"], value_parser = clap::value_parser!(u64).range(1..))]
    pub attachment: Option<u64>,

    /// The file for the attachment; one that is there is not overwritten
    #[arg(short, long, value_name = "FILE", requires = "attachment", value_hint = clap::ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// How one turn spent its time: waiting, reasoning, text and tools; the last one, or that of a message
    #[arg(long, conflicts_with = "limit")]
    pub timeline: bool,

    #[command(flatten)]
    pub pager: PagerOptions,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = SEARCH_HELP)]
pub struct SearchOptions {
    /// What to look for
    #[arg(value_name = "WORDS", required_unless_present = "schema", allow_hyphen_values = false)]
    pub words: Vec<String>,

    /// Only answers that fit this schema (`ask --schema`), by its name, file or fields; WORDS are optional then
    #[arg(long, value_name = "NAME|FILE|FIELDS")]
    pub schema: Option<String>,

    #[command(flatten)]
    pub filter: FilterOptions,

    /// Also in the thoughts of models
    #[arg(long)]
    pub reasoning: bool,

    /// Also in what tools gave back
    #[arg(long)]
    pub tool_output: bool,

    /// Look for a phrase in all messages, not in the newest 10,000 that hold its words
    #[arg(long)]
    pub all: bool,

    /// How to write the hits
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,

    /// At most N hits [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub limit: Option<u64>,

    #[command(flatten)]
    pub pager: PagerOptions,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = ADDRESSES)]
pub struct RenameOptions {
    /// Which one
    #[arg(value_name = "NAME|ID|@N")]
    pub conversation: String,

    /// Its new name; no other conversation may have it
    #[arg(value_name = "NEW_NAME")]
    pub name: String,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = ADDRESSES)]
pub struct ForkOptions {
    /// Which one, or up to which message
    #[arg(value_name = "NAME|ID|@N[@MESSAGE]")]
    pub conversation: String,

    /// The name of the copy
    #[arg(value_name = "NEW_NAME")]
    pub name: Option<String>,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = ADDRESSES)]
pub struct PinOptions {
    /// Which ones
    #[arg(value_name = "NAME|ID|@N", required = true)]
    pub conversations: Vec<String>,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = ADDRESSES)]
pub struct RemoveOptions {
    /// Which ones
    #[arg(value_name = "NAME|ID|@N", required = true)]
    pub conversations: Vec<String>,

    /// Delete without asking
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = ADDRESSES)]
pub struct DiffOptions {
    /// What stands with `-` in the lines
    #[arg(value_name = "NAME|ID|@N[@MESSAGE]")]
    pub from: String,

    /// What stands with `+`
    #[arg(value_name = "NAME|ID|@N[@MESSAGE]")]
    pub to: String,

    /// What is compared
    #[arg(long, value_enum, default_value = "line")]
    pub by: DiffUnit,

    #[command(flatten)]
    pub pager: PagerOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffUnit {
    Line,
    Word,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = ADDRESSES)]
pub struct FollowOptions {
    /// Which one; none: the one used last
    #[arg(value_name = "NAME|ID|@N")]
    pub conversation: Option<String>,
}
