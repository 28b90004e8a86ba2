//! The options of `ask` and `chat`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::budget::BudgetOptions;
use super::{AnswerOptions, FileSource, ModelOption, SystemPrompt, parse_duration, parse_model_option, parse_speed};

const ASK_EXAMPLES: &str = "\
Examples:
  sayso ask \"Explain lifetimes in one sentence\"
  sayso ask -f src/main.rs \"What does this do?\"
  sayso ask -f shot.png -f report.pdf -f https://example.com/ \"What do they say?\"
  cargo build 2>&1 | sayso ask \"What is wrong?\" > answer.md
  sayso ask -m openai:gpt-4o -m groq:llama-3.3-70b-versatile \"Compare yourselves\"
  sayso ask -s @reviewer.txt -o temperature=0.2 - < patch.diff
  sayso ask --role shell \"files larger than 100 MB\"
  sayso ask --format jsonl \"Hello\" | jq -r 'select(.type == \"delta\").text'
  sayso ask --schema 'name, age int' \"Invent a pirate\" | jq .age
  sayso ask --code \"A shell function that counts files\" >> ~/.bashrc

stdout holds the answer and nothing else. `sayso help exit-codes` lists how it can end.";

const CHAT_EXAMPLES: &str = "\
Examples:
  sayso chat                         a new conversation
  sayso chat -c                      go on with the last one
  sayso chat --session trip          go on with (or begin) the one of this name
  sayso chat --role explain          every question goes through a role
  sayso chat -m demo:tour --no-save  offline, nothing is kept
  sayso chat --format jsonl          for programs: JSON in, JSON out";

/// One question.
#[derive(Args, Clone, Debug)]
#[command(after_help = ASK_EXAMPLES)]
pub struct AskOptions {
    /// The question; `-` or none at all: stdin is the question
    #[arg(value_name = "PROMPT|-")]
    pub prompt: Option<String>,

    /// With --role: its arguments, before the question or after
    #[arg(value_name = "KEY=VALUE")]
    pub arguments: Vec<String>,

    #[command(flatten)]
    pub conversation: ConversationOptions,

    /// Send this along: a text, image or PDF, a folder, a quoted 'src/**/*.rs', a URL, `-` for stdin (repeatable)
    #[arg(short, long = "file", value_name = "PATH|URL|-", value_hint = clap::ValueHint::AnyPath)]
    pub files: Vec<FileSource>,

    /// What to write to stdout
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,

    /// Give up after this time, as in 120s, 2m or 500ms
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,

    /// Ask for the whole answer at once
    #[arg(long)]
    pub no_stream: bool,

    /// Print the request, with the key hidden, and send nothing
    #[arg(long, conflicts_with_all = ["record", "replay"])]
    pub dry_run: bool,

    #[command(flatten)]
    pub budget: BudgetOptions,

    /// Read stdin after a PROMPT: if something comes soon, however long it takes, or never
    #[arg(long, value_name = "MODE", value_enum, default_value = "auto")]
    pub stdin: StdinMode,

    /// Fail (exit 12) where the history cannot be used
    #[arg(long, conflicts_with = "no_save")]
    pub require_history: bool,

    #[command(flatten)]
    pub answer: AnswerOptions,
}

/// The REPL.
#[derive(Args, Clone, Debug)]
#[command(after_help = CHAT_EXAMPLES)]
pub struct ChatOptions {
    /// With --role: its arguments
    #[arg(value_name = "KEY=VALUE")]
    pub arguments: Vec<String>,

    #[command(flatten)]
    pub conversation: ConversationOptions,

    /// Send this along with the first prompt: a text, image or PDF, a folder, a pattern, a URL (repeatable)
    #[arg(short, long = "file", value_name = "PATH|URL", value_hint = clap::ValueHint::AnyPath)]
    pub files: Vec<FileSource>,
    /// Talk with a program: messages come in on stdin, events go out on stdout, one JSON object a line
    #[arg(long, value_enum)]
    pub format: Option<ChatFormat>,
}

impl ChatOptions {
    /// What plain `sayso` on a terminal means.
    #[must_use]
    pub fn bare() -> Self {
        Self {
            arguments: Vec::new(),
            conversation: ConversationOptions {
                role: RoleOptions::default(),
                request: RequestOptions::bare(),
                continue_last: false,
                anywhere: false,
                session: None,
                no_save: false,
                tools: ToolOptions::default(),
                record: None,
                replay: None,
                replay_speed: None,
                thinking: None,
                timing: false,
                width: None,
            },
            files: Vec::new(),
            format: None,
        }
    }
}

impl AskOptions {
    /// What plain `sayso` behind a pipe means: `ask -`.
    #[must_use]
    pub fn bare() -> Self {
        Self {
            prompt: Some("-".into()),
            arguments: Vec::new(),
            conversation: ChatOptions::bare().conversation,
            files: Vec::new(),
            format: OutputFormat::Text,
            timeout: None,
            no_stream: false,
            dry_run: false,
            budget: BudgetOptions::default(),
            stdin: StdinMode::Auto,
            require_history: false,
            answer: AnswerOptions::default(),
        }
    }
}

const RETRIES_DEFAULT: u32 = 3;

/// What a request is made of, beside its prompt.
#[derive(Args, Clone, Debug)]
pub struct RequestOptions {
    /// The model, with its provider or without: `openrouter:openai/gpt-4o-mini`
    ///
    /// `ask` takes it up to eight times and asks all of them.
    #[arg(id = "model", short, long = "model", value_name = "[PROVIDER:]MODEL")]
    pub models: Vec<String>,

    /// The system prompt, as text or from a file
    #[arg(short, long, value_name = "TEXT|@FILE")]
    pub system: Option<SystemPrompt>,

    /// A parameter for the model, as in temperature=0.2 (repeatable)
    #[arg(short, long = "option", value_name = "KEY=VALUE", value_parser = parse_model_option)]
    pub options: Vec<ModelOption>,

    /// Requests after one that failed before its first token (0 to 10)
    #[arg(long, value_name = "N", default_value_t = RETRIES_DEFAULT, value_parser = clap::value_parser!(u32).range(0..=10))]
    pub retries: u32,
}

impl RequestOptions {
    #[must_use]
    pub fn bare() -> Self {
        Self { models: Vec::new(), system: None, options: Vec::new(), retries: RETRIES_DEFAULT }
    }
}

/// What both `ask` and `chat` take.
#[derive(Args, Clone, Debug)]
pub struct ConversationOptions {
    #[command(flatten)]
    pub role: RoleOptions,

    #[command(flatten)]
    pub request: RequestOptions,

    /// Go on with the last conversation: of this terminal, else of this folder, else of all
    #[arg(short, long = "continue", conflicts_with = "session")]
    pub continue_last: bool,

    /// With -c: the last one of all, whatever terminal and folder it was in
    #[arg(long = "global", requires = "continue_last")]
    pub anywhere: bool,

    /// Go on with this conversation, or from this message of it; a new name begins one
    #[arg(long, value_name = "NAME|ID|@N[@MESSAGE]")]
    pub session: Option<String>,

    /// Keep nothing of this in the history
    #[arg(long)]
    pub no_save: bool,

    #[command(flatten)]
    pub tools: ToolOptions,

    /// Write all requests and answers to FILE, byte for byte and without keys
    #[arg(help_heading = RECORDS, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with = "replay")]
    pub record: Option<PathBuf>,

    /// Answer from a record: no key, no network
    #[arg(help_heading = RECORDS, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub replay: Option<PathBuf>,

    /// Play it so many times as fast as it was recorded, as in 1 or 4 [without: at once]
    #[arg(help_heading = RECORDS, long, value_name = "TIMES", requires = "replay", value_parser = parse_speed)]
    pub replay_speed: Option<f64>,

    /// Whether to show the thoughts of a model, on stderr
    #[arg(long, value_name = "MODE", value_enum)]
    pub thinking: Option<ThinkingMode>,

    /// Show times and counts after the answer, on stderr
    #[arg(long)]
    pub timing: bool,

    /// Columns of rendered Markdown (20 to 1000) [default: the terminal's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(20..=1000))]
    pub width: Option<u16>,
}

/// A prompt and settings under a name.
#[derive(Args, Clone, Debug, Default)]
pub struct RoleOptions {
    /// Use this role; `off` leaves the one of the conversation
    #[arg(long, value_name = "ROLE", conflicts_with = "role_file")]
    pub role: Option<String>,

    /// Use the role in this file, as a script does in its first line
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub role_file: Option<PathBuf>,
}

impl RoleOptions {
    /// Whether one is named.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.role.is_some() || self.role_file.is_some()
    }
}

/// Not `next_help_heading`: that would take in the options that follow where this is flattened.
const TOOLS: &str = "Tools";
const RECORDS: &str = "Records";

/// What the model may call.
#[derive(Args, Clone, Debug, Default)]
pub struct ToolOptions {
    /// Offer this server's tools too, as in files, shell or fetch (repeatable)
    #[arg(help_heading = TOOLS, short, long = "tool", value_name = "SERVER", conflicts_with = "no_tools")]
    pub tools: Vec<String>,

    /// Offer no tools at all
    #[arg(help_heading = TOOLS, long)]
    pub no_tools: bool,

    /// Run this tool without asking; `*` stands for all tools of a server (repeatable)
    #[arg(help_heading = TOOLS, long, value_name = "SERVER/TOOL", conflicts_with = "no_tools")]
    pub allow: Vec<String>,

    /// Rounds of tool calls in one turn [default: 8]
    #[arg(help_heading = TOOLS, long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub max_hops: Option<u32>,

    /// Whether the model has to call a tool: auto, none, required, or the tool as SERVER/TOOL
    #[arg(help_heading = TOOLS, long, value_name = "CHOICE")]
    pub tool_choice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// The answer as the model wrote it; on a terminal its Markdown is rendered (ui.markdown)
    Text,
    /// The answer with its Markdown rendered, also into a pipe; styled there only with --color always
    Markdown,
    /// One object when all is over
    Json,
    /// One event a line, as it happens
    Jsonl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChatFormat {
    /// In: {"type":"user","text":"…"}. Out: the events of `sayso help events`
    Jsonl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StdinMode {
    Auto,
    Wait,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThinkingMode {
    Hide,
    Show,
}
