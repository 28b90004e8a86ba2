//! What can be typed: the command line as clap understands it, and nothing of what it does.
//!
//! The options of each command are plain data; whoever runs the command gets them as they were typed.

mod answer;
mod batch;
mod budget;
mod chat;
mod history;
mod mcp;
mod parse;
mod plain;
mod providers;
mod role_words;
mod roles;
mod setup;
mod since;
mod stats;
mod upkeep;
mod values;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

pub use answer::AnswerOptions;
pub use batch::{BatchOptions, InputKind, Shard};
pub use budget::BudgetOptions;
pub use chat::{
    AskOptions, ChatFormat, ChatOptions, ConversationOptions, OutputFormat, RequestOptions, RoleOptions, StdinMode,
    ThinkingMode, ToolOptions,
};
pub use history::{
    DiffOptions, DiffUnit, FilterOptions, FollowOptions, ForkOptions, ListOptions, PinOptions, RemoveOptions,
    RenameOptions, SearchOptions, ShowOptions, StatusOption,
};
pub use mcp::{
    McpAddOptions, McpCallOptions, McpCommand, McpExerciseOptions, McpImportOptions, McpListOptions, McpLoginOptions,
    McpLogoutOptions, McpPromptOptions, McpReadOptions, McpRmOptions, McpServeOptions, McpServersOptions,
    McpTrustOptions, ProtocolChoice, ResultFormat,
};
pub use parse::{Stop, UsageError, parse};
pub use providers::{
    DoctorOptions, InitOptions, KeyOptions, KeysCommand, KeysListOptions, KeysSetOptions, ModelInfoOptions,
    ModelsCommand, ModelsListOptions, ModelsRefreshOptions,
};
pub use role_words::settle_words;
pub use roles::{RoleCommand, RoleShowOptions};
pub use setup::{
    CompletionOptions, ConfigCommand, ConfigSetOptions, HelpOptions, HistoryCommand, InitShell, ListFormat, ManOptions,
    ShellInitOptions,
};
pub use since::Since;
pub use stats::{StatsFormat, StatsKey, StatsOptions};
pub use upkeep::{
    BackupOptions, CheckOptions, ExportFormat, ExportOptions, ImportOptions, ImportSource, PruneOptions,
    RecoverOptions, ScrubOptions, SqlOptions, UpkeepCommand,
};
pub use values::{FileSource, ModelOption, SystemPrompt, parse_duration, parse_model_option, parse_speed};

const EXAMPLES: &str = "\
Without a command: the prompt on a terminal, `sayso ask -` where stdin is a pipe.

Examples:
  sayso                                     talk to a model
  sayso ask \"Why is the sky blue?\"          one question, one answer
  git diff | sayso ask \"Review this\"        a pipe follows the prompt
  sayso ask -c \"And at night?\"              go on with the last conversation
  sayso ask -m demo:tour \"What can you do?\" try it offline, without a key

`sayso help exit-codes|environment|events|messages|keys|config|roles|scripting|shell`
explains more.";

/// Chat with language models in the terminal.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "sayso", version, after_help = EXAMPLES, disable_help_flag = true, disable_help_subcommand = true, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalOptions,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes, before its name or after.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct GlobalOptions {
    /// Read this configuration file
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// When to use colour [default: auto]
    #[arg(long, global = true, value_name = "WHEN", value_enum)]
    pub color: Option<ColorMode>,

    /// Leave out progress, notices and usage
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more about what happens (twice: everything)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Plain words for screen readers: nothing is redrawn
    #[arg(long, global = true)]
    pub accessible: bool,

    /// Reach nothing but this machine itself
    #[arg(long, global = true)]
    pub offline: bool,

    /// Print help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorMode {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Ask one question; the answer goes to stdout
    Ask(Box<AskOptions>),
    /// Talk to a model, with a prompt to type at
    Chat(Box<ChatOptions>),
    /// Ask many questions from a file; one line of JSON for each
    Batch(Box<BatchOptions>),
    /// Past conversations: list, show, search, fork, delete
    #[command(subcommand)]
    History(HistoryCommand),
    /// Count turns, tokens and times (median/95th percentile)
    Stats(StatsOptions),
    /// Set up sayso: find keys and models, write the configuration
    Init(InitOptions),
    /// Look for what is wrong: configuration, keys, network, history, servers
    Doctor(DoctorOptions),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prompts and settings under a name
    #[command(subcommand)]
    Roles(RoleCommand),
    /// Keep the keys of providers
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Look at the models of the providers
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Use and set up MCP servers: tools, resources, prompts
    #[command(subcommand)]
    Mcp(McpCommand),
    /// Print the completions for a shell
    Completions(CompletionOptions),
    /// Print what lets a shell write commands for you, for its rc file
    ShellInit(ShellInitOptions),
    /// Print the manual, or the page of one command
    #[command(after_help = "It is roff, as man reads it: `sayso man ask | man -l -` shows a page.")]
    Man(ManOptions),
    /// Explain a command or a topic
    Help(HelpOptions),
}
