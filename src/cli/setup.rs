//! The options of the commands around the conversation: history, config, completions, help.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::history::{
    DiffOptions, FollowOptions, ForkOptions, ListOptions, PinOptions, RemoveOptions, RenameOptions, SearchOptions,
    ShowOptions,
};
use super::upkeep::UpkeepCommand;

#[derive(Clone, Debug, Subcommand)]
pub enum HistoryCommand {
    /// List conversations, the one used last first
    List(ListOptions),
    /// Show the messages of a conversation
    Show(ShowOptions),
    /// Find messages by their words
    Search(SearchOptions),
    /// Give a conversation another name
    Rename(RenameOptions),
    /// Copy a conversation, as far as you want, to go another way
    Fork(ForkOptions),
    /// Keep conversations whatever the limits of the history are
    Pin(PinOptions),
    /// Let the limits count for them again
    Unpin(PinOptions),
    /// Delete conversations for ever
    Rm(RemoveOptions),
    /// What is different between two messages or conversations
    Diff(DiffOptions),
    /// Watch the answer that another sayso is receiving
    Follow(FollowOptions),
    #[command(flatten)]
    Upkeep(UpkeepCommand),
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

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Print the path of the configuration file
    Path,
    /// Check the file: every mistake with its line, at once
    Check,
    /// Print all settings as they stand, keys hidden
    Show(ConfigShowOptions),
    /// Print one setting, or a section of them, keys hidden
    Get(ConfigGetOptions),
    /// Change one setting in the file; comments and order stay
    Set(ConfigSetOptions),
    /// Open the file in your editor, and check it afterwards
    Edit,
    /// Print the JSON Schema of the file, for editors
    Schema,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct ConfigShowOptions {
    /// How they are printed: table is YAML, as in the file; json one object; the others a setting a line
    #[arg(long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub format: ListFormat,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct ConfigGetOptions {
    /// With dots, as in llm.active or chat.service
    #[arg(value_name = "KEY")]
    pub key: String,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct ConfigSetOptions {
    /// With dots, as in llm.providers.openrouter.temperature
    #[arg(value_name = "KEY")]
    pub key: String,

    /// As it would stand in the file, as in 0.2, true, text or [a, b]
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub value: String,
}

#[derive(Args, Clone, Debug)]
pub struct ShellInitOptions {
    /// The shell that reads it
    #[arg(value_enum)]
    pub shell: InitShell,

    /// The key that turns words into a command, as in alt-k, ctrl-g or f9
    #[arg(long, value_name = "KEY", default_value = "alt-k")]
    pub key: String,

    /// The key that explains the last command that failed
    #[arg(long, value_name = "KEY", default_value = "alt-j")]
    pub explain_key: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InitShell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Args, Clone, Debug)]
pub struct ManOptions {
    /// The command, as it is typed: `history list`; all of them on one page when left out
    pub command: Vec<String>,
    /// Write a page for each command into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub dir: Option<PathBuf>,
}

#[derive(Args, Clone, Copy, Debug)]
pub struct CompletionOptions {
    /// The shell that reads them
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Args, Clone, Debug)]
pub struct HelpOptions {
    /// exit-codes, environment, events, messages, keys, config, roles, scripting, shell, or a command
    #[arg(value_name = "TOPIC|COMMAND")]
    pub topic: Vec<String>,

    /// With `events` or `messages`: print the JSON Schema of a line
    #[arg(long)]
    pub schema: bool,
}
