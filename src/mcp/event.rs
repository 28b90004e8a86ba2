//! What servers say and ask without having been called: progress, log lines, changes, questions to the person.

use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use super::{Content, LogLevel};

/// The receiving end, for whoever runs the turn. Questions that nobody takes are declined.
pub type HostEvents = mpsc::Receiver<HostEvent>;

#[derive(Debug)]
pub enum HostEvent {
    /// `call` is the id that was given with the call.
    Progress {
        server: String,
        call: String,
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    },
    /// A log line that somebody wants to see.
    Log {
        server: String,
        level: LogLevel,
        text: String,
    },
    /// Its tools are not what they were: shown, and offered from the next turn on.
    ToolsChanged {
        server: String,
    },
    ResourceUpdated {
        server: String,
        uri: String,
    },
    /// A background start ended: `Err` says why it failed.
    Started {
        server: String,
        outcome: Result<(), String>,
    },
    Question(ServerQuestion),
}

/// A server wants something of the person. Dropping `answer` declines.
#[derive(Debug)]
pub enum ServerQuestion {
    /// Ask the model on the server's behalf.
    Sampling {
        server: String,
        system: Option<String>,
        messages: Vec<SamplingMessage>,
        max_tokens: u32,
        temperature: Option<f64>,
        answer: oneshot::Sender<Option<SamplingAnswer>>,
    },
    /// Fill in a form; `schema` is a flat JSON Schema object.
    Form { server: String, message: String, schema: Map<String, Value>, answer: oneshot::Sender<ElicitAnswer> },
    /// Open a page in the browser; never opened without consent.
    Url { server: String, message: String, url: String, answer: oneshot::Sender<ElicitAnswer> },
}

#[derive(Clone, Debug, PartialEq)]
pub struct SamplingMessage {
    /// `user` or `assistant`.
    pub role: String,
    pub content: Vec<Content>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SamplingAnswer {
    pub model: String,
    pub text: String,
    /// As in `endTurn`, `maxTokens`.
    pub stop_reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ElicitAnswer {
    /// With the form's values; empty for a URL.
    Accept(Map<String, Value>),
    Decline,
    Cancel,
}
