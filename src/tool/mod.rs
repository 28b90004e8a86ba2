//! What a model may call: tools of all servers under one roof, and whether they may run.

mod admission;
mod approval;
#[cfg(test)]
mod approval_tests;
mod change;
mod command_line;
mod comparable;
mod decision;
mod folders;
mod names;
mod pattern;
mod pins;
mod resource_tools;
mod result_text;
mod rule;
mod search;
mod selection;
mod server_tool;
mod settings;
mod structured;
mod toolbox;

use std::future::Future;
use std::pin::Pin;

use serde_json::{Map, Value};

#[cfg(test)]
pub use admission::Admitted;
pub use admission::{TASK_ONLY, admit};
pub use approval::{Approval, Grant};
pub use change::Change;
pub use decision::{CallFacts, Decision, Verdict};
pub use folders::Folders;
pub use names::{OWN_SERVER, model_name};
pub use pattern::{ToolPattern, fits};
pub use result_text::result_text;
pub use rule::{Condition, Rule};
pub use selection::Selection;
pub use settings::ToolboxSettings;
pub use structured::{Misfit, misfit};
pub use toolbox::Toolbox;

use crate::conversation::ToolSpec;
use crate::mcp::Content;

/// A tool as a model sees it, and where it comes from.
#[derive(Clone, Debug)]
pub struct ToolDefinition {
    /// The name is unique in the toolbox and fits every API, as in `files__read`.
    pub spec: ToolSpec,
    /// The server it belongs to, as in `files`; `sayso` for tools of the toolbox itself.
    pub server: String,
    /// Its name on that server, as in `read`.
    pub tool: String,
    /// It changes nothing: known of our own tools, never believed of others. Such calls may run together.
    pub is_read_only: bool,
    /// It tells others something, or may: known not to of our own tools only.
    pub reaches_network: bool,
    /// One of our own, linked into the binary.
    pub is_builtin: bool,
}

/// One call, its arguments read.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The id that the model gave it.
    pub id: String,
    pub arguments: Map<String, Value>,
}

/// What came of a call: always something to tell the model.
#[derive(Clone, Debug, Default)]
pub struct ToolOutput {
    /// For the model; cut to the limit, with a marker where it was.
    pub text: String,
    /// All that came, images and links too.
    pub content: Vec<Content>,
    pub is_error: bool,
    pub is_truncated: bool,
    /// It can hold the words of others: what follows asks again.
    pub is_untrusted: bool,
    /// Something the person should know: the result is not what the tool promised.
    pub warning: Option<String>,
}

/// A boxed future, because a trait object cannot have an `async fn`; one per call.
pub type Running<'a> = Pin<Box<dyn Future<Output = ToolOutput> + 'a>>;

/// Something a model may call. A failure is an output too. Dropping the future cancels the call.
pub trait Tool {
    fn definition(&self) -> &ToolDefinition;

    fn call<'a>(&'a self, invocation: &'a Invocation) -> Running<'a>;
}
