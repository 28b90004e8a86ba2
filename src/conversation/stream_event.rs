//! What any provider can say while it answers, borrowed from the bytes it came in.

use super::Usage;

/// One piece of news from a running reply. Errors are not events: decoding returns them.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent<'a> {
    /// Sent once, as soon as the server names itself.
    Start {
        id: Option<&'a str>,
        model: Option<&'a str>,
    },
    /// The server has begun its answer anew: calls so far are none of it. Text that was shown stands.
    Restart,
    Text(&'a str),
    /// A change of `block` is a paragraph break between thoughts.
    Reasoning {
        text: &'a str,
        kind: ReasoningKind,
        block: u32,
    },
    /// Shown like text; marks the turn as refused.
    Refusal(&'a str),
    /// `slot` names the call within this reply. The name is known; the id may never come.
    ToolStart {
        slot: u32,
        id: Option<&'a str>,
        name: &'a str,
    },
    ToolArguments {
        slot: u32,
        text: &'a str,
    },
    /// Replaces the values sent before, field by field.
    Usage(Usage),
    /// A JSON object of fields to give back with the next request; the last one counts.
    Replay(&'a str),
    /// The last one counts; usage and even text can follow.
    Finish(StopReason),
    /// A chunk that could not be read; what came before and after it stands.
    BadChunk {
        reason: &'a str,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningKind {
    /// The thoughts themselves.
    Raw,
    /// The provider's summary of them.
    Summary,
}

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
    Refusal,
    /// The model or its server failed; what the server calls that.
    Failed(String),
    /// The answer is not whole, for a reason that is none of the others; what the server calls it.
    Unfinished(String),
    /// Not the model but this side, which has all it wanted.
    Enough,
    /// Whatever else a server says; never a failure by itself.
    Other(String),
}

impl StopReason {
    /// The name in JSON for scripts.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Refusal => "refusal",
            Self::Failed(_) => "error",
            Self::Enough => "enough",
            Self::Unfinished(name) | Self::Other(name) => name,
        }
    }
}
