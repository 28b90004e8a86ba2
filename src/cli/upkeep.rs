//! The options of the commands that keep the history: export, import, backup, check, recover, sql, scrub, prune.

use std::path::PathBuf;
use std::time::Duration;

/// What keeps the history in order: commands of `history`.
#[derive(Clone, Debug, Subcommand)]
pub enum UpkeepCommand {
    /// Write conversations as Markdown, HTML or JSON
    Export(ExportOptions),
    /// Read conversations: exports of sayso, logs of llm, sessions of aichat
    Import(ImportOptions),
    /// Copy the whole history to a file, while others write
    Backup(BackupOptions),
    /// Delete what is beyond the limits of the configuration
    Prune(PruneOptions),
    /// Mask keys and other secrets in what is stored
    Scrub(ScrubOptions),
    /// Ask the history in SQL
    Sql(SqlOptions),
    /// Look for damage
    Check(CheckOptions),
    /// Bring back what a damaged history holds
    Recover(RecoverOptions),
}

use clap::{Args, Subcommand, ValueEnum};

use super::setup::ListFormat;
use super::values::parse_duration;

#[derive(Args, Clone, Debug)]
pub struct ExportOptions {
    /// Which ones: names, ids, or the first letters of ids; none: all
    #[arg(value_name = "NAME|ID")]
    pub conversations: Vec<String>,

    /// How to write them; json and jsonl hold everything and can be imported again
    #[arg(long, value_enum, default_value = "md")]
    pub format: ExportFormat,

    /// Write to this file instead of stdout (`-`); what is there is not overwritten
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// With md: images and PDFs go into the folder NAME-files beside FILE, and not into the text
    #[arg(long, requires = "output")]
    pub files: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Markdown, to read
    Md,
    /// One page that needs nothing else, to read in a browser
    Html,
    /// One object with everything in it
    Json,
    /// One conversation a line, with everything in it
    Jsonl,
}

#[derive(Args, Clone, Debug)]
pub struct ImportOptions {
    /// The files; `-` is stdin
    #[arg(value_name = "FILE", required = true, value_hint = clap::ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// What kind of files they are
    #[arg(long, value_enum, default_value = "auto")]
    pub from: ImportSource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportSource {
    /// Look into the file
    Auto,
    /// What `sayso history export` wrote as json or jsonl
    Sayso,
    /// The logs.db of simonw/llm
    Llm,
    /// Session files of aichat (YAML)
    Aichat,
}

#[derive(Args, Clone, Debug)]
pub struct BackupOptions {
    /// The file to write; it must not be there yet
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub struct CheckOptions {
    /// Compare every index with its table, too
    #[arg(long)]
    pub full: bool,
}

#[derive(Args, Clone, Debug)]
pub struct RecoverOptions {
    /// The damaged file; none: the history itself where it is damaged, else the file that was set aside last
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub struct SqlOptions {
    /// The query, over the views `conversations`, `messages`, `tool_calls`, `attachments` and `usage`
    #[arg(value_name = "SELECT")]
    pub query: String,

    /// How to write the rows
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,

    /// Stop after this time
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub timeout: Duration,
}

#[derive(Args, Clone, Debug)]
pub struct ScrubOptions {
    /// A regular expression; none: everything that looks like a key
    #[arg(value_name = "PATTERN")]
    pub pattern: Option<String>,

    /// Only tell what would be masked
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Args, Clone, Debug)]
pub struct PruneOptions {
    /// Only tell what would go
    #[arg(long)]
    pub dry_run: bool,

    /// How to write the list
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,
}
