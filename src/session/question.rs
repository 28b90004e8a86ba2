//! What a session asks the person: may this call run, may this server have an answer.

use std::future::Future;
use std::pin::Pin;

use serde_json::{Map, Value};

use crate::mcp::ServerQuestion;

/// A call that needs somebody's say-so. Text in it is as it came: hostile.
#[derive(Clone, Copy, Debug)]
pub struct Approval<'a> {
    pub server: &'a str,
    pub tool: &'a str,
    /// Exactly what runs.
    pub arguments: &'a Map<String, Value>,
    /// Why it is asked at all.
    pub reason: &'a str,
    /// What "always" would allow from here on.
    pub always: &'a str,
    /// What it would change, as a diff, where that is known.
    pub preview: Option<&'a str>,
}

/// One question to the person.
#[derive(Debug)]
pub enum Question<'a> {
    Approval(Approval<'a>),
    /// A server wants something by itself.
    Server(&'a ServerQuestion),
}

/// What the person said.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Yes,
    /// Yes, and do not ask about this tool again in this process.
    Always,
    /// Yes, with these arguments instead; or the values of a form.
    With(Map<String, Value>),
    No,
    /// No, and the turn is over.
    StopTurn,
    /// Nobody is there to be asked.
    Nobody,
}

/// A boxed future, because a trait object cannot have an `async fn`; one per question.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;
