//! The options of the commands around the conversation: history, config, completions, help.

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::upkeep::{
    BackupOptions, CheckOptions, ExportOptions, ImportOptions, PruneOptions, RecoverOptions, ScrubOptions, SqlOptions,
};

#[derive(Clone, Debug, Subcommand)]
pub enum HistoryCommand {
    /// List conversations, the newest first
    List(ListOptions),
    /// Show the messages of a conversation
    Show(ShowOptions),
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

#[derive(Args, Clone, Debug)]
pub struct ListOptions {
    /// How to write the list
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,

    /// Only the newest N
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

#[derive(Args, Clone, Debug)]
pub struct ShowOptions {
    /// Which one: a name, an id, or the first letters of an id; none: the last one
    #[arg(value_name = "NAME|ID")]
    pub conversation: Option<String>,

    /// How to write the messages
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,

    /// Only the newest N messages
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Table,
    /// One array
    Json,
    /// One object a line
    Jsonl,
    /// Columns between tabs, with a line of names
    Tsv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Print the path of the configuration file
    Path,
    /// Check the file: every mistake with its line, at once
    Check,
    /// Print all settings as they stand, keys hidden
    Show,
    /// Print the JSON Schema of the file, for editors
    Schema,
}

#[derive(Args, Clone, Copy, Debug)]
pub struct CompletionOptions {
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Args, Clone, Debug)]
pub struct HelpOptions {
    /// exit-codes, environment, events, config, or a command
    #[arg(value_name = "TOPIC|COMMAND")]
    pub topic: Vec<String>,

    /// With `events`: print their JSON Schema
    #[arg(long)]
    pub schema: bool,
}
