//! Any failure as class, message, hint and exit code: what is printed and what the shell sees.

use crate::conversation::{exit_code, without_error_numbers};
use crate::history::HistoryError;
use crate::mcp::McpError;
use crate::provider::{ErrorKind, ProviderError};
use crate::session::{NotTaken, OutputError, TurnFailure, exit_of_error};
use crate::terminal::ErrorReport;

/// A failure as it is told. Texts can hold what others sent: they are sanitised when printed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// In `error[class]` and in JSON.
    pub class: &'static str,
    pub exit: u8,
    /// A lower-case fragment; several lines where there are several mistakes.
    pub message: String,
    pub request: Option<String>,
    pub key: Option<String>,
    pub hint: Option<String>,
}

impl Failure {
    #[must_use]
    pub fn new(class: &'static str, exit: u8, message: impl Into<String>) -> Self {
        let message = without_error_numbers(message.into());
        Self { class, exit, message, request: None, key: None, hint: None }
    }

    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new("usage", exit_code::USAGE, message)
    }

    #[must_use]
    pub fn config(message: impl Into<String>) -> Self {
        Self::new("config", exit_code::CONFIG, message)
    }

    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("internal", exit_code::INTERNAL, message)
    }

    /// The failure as the terminal shows it.
    #[must_use]
    pub fn report(&self) -> ErrorReport {
        ErrorReport {
            class: self.class.to_owned(),
            message: self.message.clone(),
            request: self.request.clone(),
            key: self.key.clone(),
            hint: self.hint.clone(),
            details: None,
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let request = match (error.request, error.request_id) {
            (Some(request), Some(id)) => Some(format!("{request}  id={id}")),
            (Some(request), None) => Some(request),
            (None, id) => id.map(|id| format!("id={id}")),
        };
        // The key matters where it was refused, and only there.
        let key = error.key_source.filter(|_| error.kind == ErrorKind::Auth);
        let exit = exit_of_error(error.kind);
        Self { class: error.kind.name(), exit, message: error.message, request, key, hint: error.hint }
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        let failure = Self::new("history", exit_code::CONFIG, error.to_string());
        match error {
            HistoryError::NotFound { .. } | HistoryError::NoMessage { .. } | HistoryError::Ambiguous { .. } => {
                failure.hint("`sayso history list` shows what there is")
            }
            HistoryError::Empty => failure.hint("start one with `sayso ask` or `sayso chat`"),
            HistoryError::OnlyWhole { .. } => {
                Self { class: "usage", exit: exit_code::USAGE, ..failure }.hint("leave out the `@` and what follows it")
            }
            HistoryError::NotImportable { .. } | HistoryError::NotKept => failure,
            HistoryError::CannotWrite { error, .. } if error.kind() == std::io::ErrorKind::AlreadyExists => {
                failure.hint("nothing is overwritten: choose another name, or remove the file")
            }
            HistoryError::CannotWrite { .. } => failure,
            HistoryError::Query { is_refused: true, .. } => {
                Self { class: "usage", exit: exit_code::USAGE, ..failure }.hint(
                    "one SELECT over the views conversations, messages, tool_calls, attachments and usage; `sayso history export` has everything",
                )
            }
            HistoryError::Query { is_refused: false, .. } => Self { class: "usage", exit: exit_code::USAGE, ..failure }
                .hint("the views are conversations, messages, tool_calls, attachments and usage; docs/history.md lists their columns"),
            HistoryError::BadPattern { .. } => Self { class: "usage", exit: exit_code::USAGE, ..failure },
            HistoryError::Remains { .. } => {
                failure.hint("run `sayso history scrub` again when no other sayso reads the history")
            }
            HistoryError::ClockWentBack { .. } => failure.hint("set the clock right, then run `sayso history prune`"),
            HistoryError::BadName { .. } => Self { class: "usage", exit: exit_code::USAGE, ..failure },
            HistoryError::ShortBeginning { .. } => Self { class: "usage", exit: exit_code::USAGE, ..failure }
                .hint("write at least three letters before the `*`"),
            HistoryError::InUse { .. } => failure.hint("leave it there first, as with /exit or /new"),
            HistoryError::NothingToSearch { .. }
            | HistoryError::TooManyWords { .. }
            | HistoryError::OnlyUnwanted { .. } => Self { class: "usage", exit: exit_code::USAGE, ..failure }
                .hint("a word has a letter or digit in it; `\"…\"` keeps words together, `NOT` leaves out the next"),
            HistoryError::Unusable { .. } | HistoryError::Sqlite(_) => {
                failure.hint("`--no-save` works without a history; `sayso doctor --history` tells more of it")
            }
        }
    }
}

impl From<McpError> for Failure {
    fn from(error: McpError) -> Self {
        let message = error.to_string();
        let (class, exit) = match &error {
            McpError::UnknownServer(_) => ("config", exit_code::CONFIG),
            McpError::SignInNeeded { .. } | McpError::SignInFailed { .. } => ("auth", exit_code::CREDENTIALS),
            McpError::Unavailable { .. } | McpError::TimedOut { .. } => ("mcp", exit_code::NETWORK),
            McpError::Refused { code, .. } if is_our_request(*code) => ("mcp", exit_code::REJECTED),
            McpError::Refused { .. } | McpError::Disconnected { .. } | McpError::Protocol { .. } => {
                ("mcp", exit_code::PROVIDER)
            }
        };
        let failure = Self::new(class, exit, message);
        match error {
            McpError::UnknownServer(_) => failure.hint("`sayso mcp list` shows what is set up"),
            McpError::SignInNeeded { server } | McpError::SignInFailed { server, .. } => {
                failure.hint(format!("run `sayso mcp login {server}`"))
            }
            McpError::Refused { server, code: UNKNOWN_METHOD, .. } => failure.hint(format!(
                "it has nothing of this kind: `sayso mcp tools {server}`, `resources` and `prompts` list what it has"
            )),
            McpError::Unavailable { .. }
            | McpError::TimedOut { .. }
            | McpError::Refused { .. }
            | McpError::Disconnected { .. }
            | McpError::Protocol { .. } => failure,
        }
    }
}

/// The server does not know this kind of request.
const UNKNOWN_METHOD: i64 = -32601;

/// Errors of JSON-RPC that blame the request: another try of the same changes nothing.
fn is_our_request(code: i64) -> bool {
    matches!(code, -32600 | -32601 | -32602 | -32002)
}

impl From<TurnFailure> for Failure {
    fn from(error: TurnFailure) -> Self {
        match error {
            TurnFailure::HistoryRequired(_) => Self::new("history", exit_code::HISTORY, error.to_string())
                .hint("leave out `--require-history` to get the answer without it"),
            TurnFailure::NothingToRetry | TurnFailure::NothingToContinue => Self::usage(error.to_string()),
        }
    }
}

impl From<&NotTaken> for Failure {
    fn from(problem: &NotTaken) -> Self {
        Self::new(problem.class, problem.exit, problem.message.clone())
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        Self::new("output", exit_code::OUTPUT, error.to_string())
    }
}
