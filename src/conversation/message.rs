//! One message of a conversation, as every provider, view and table understands it.

use super::{Attachment, MessageId, UnixMillis, Usage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
}

impl Role {
    /// The name used in requests, in the database and in JSON for scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::System, Self::User, Self::Assistant, Self::Tool].into_iter().find(|role| role.name() == name)
    }
}

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageStatus {
    /// The reply is being received.
    Streaming,
    Complete,
    /// Part of a reply: kept, shown, and continued on request.
    Interrupted(InterruptReason),
    /// The request failed; the text names the class of error, as in `rate_limit`.
    Error(String),
}

/// Why a reply ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterruptReason {
    UserInterrupt,
    Signal,
    Disconnect,
    IdleTimeout,
    /// The `--timeout` of a script ran out.
    Timeout,
    /// The process died; found at the next start.
    Crash,
    /// A limit on tokens or bytes was reached.
    Length,
    /// The reader of our output went away.
    OutputClosed,
    /// The server sent something that is no answer in the middle of one.
    BadData,
    /// The model or its server ended the answer before it was whole.
    ProviderStop,
}

impl InterruptReason {
    const ALL: [Self; 10] = [
        Self::UserInterrupt,
        Self::Signal,
        Self::Disconnect,
        Self::IdleTimeout,
        Self::Timeout,
        Self::Crash,
        Self::Length,
        Self::OutputClosed,
        Self::BadData,
        Self::ProviderStop,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UserInterrupt => "user_interrupt",
            Self::Signal => "signal",
            Self::Disconnect => "disconnect",
            Self::IdleTimeout => "idle_timeout",
            Self::Timeout => "timeout",
            Self::Crash => "crash",
            Self::Length => "length",
            Self::OutputClosed => "output_closed",
            Self::BadData => "bad_data",
            Self::ProviderStop => "provider_stop",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// A call of a tool, as the model wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// The text the model sent; not always JSON.
    pub arguments: String,
}

/// What a provider wants back word for word with the next request, and from nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Dialect, base URL and model, as in `openai_chat https://openrouter.ai/api/v1 openai/gpt-4o`.
    pub origin: String,
    /// A JSON object which only the dialect of the origin understands.
    pub json: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub id: MessageId,
    pub parent: Option<MessageId>,
    pub role: Role,
    pub text: String,
    /// On a message of the user: what goes along with it. On one with [`Role::Tool`]: images of the result.
    pub attachments: Vec<Attachment>,
    pub reasoning: String,
    pub tool_calls: Vec<ToolCall>,
    /// On a message with [`Role::Tool`]: the call it answers.
    pub tool_call_id: Option<String>,
    pub status: MessageStatus,
    /// On a question: what is known of it (`QuestionNote`).
    pub replay: Option<Replay>,
    /// `provider:model` that wrote it; on user messages the one it was sent to.
    pub model: Option<String>,
    pub usage: Option<Usage>,
    pub created_ms: UnixMillis,
}

impl Message {
    /// A finished message of plain text.
    #[must_use]
    pub fn new(id: MessageId, parent: Option<MessageId>, role: Role, text: String, created_ms: UnixMillis) -> Self {
        Self {
            id,
            parent,
            role,
            text,
            attachments: Vec::new(),
            reasoning: String::new(),
            tool_calls: Vec::new(),
            tool_call_id: None,
            status: MessageStatus::Complete,
            replay: None,
            model: None,
            usage: None,
            created_ms,
        }
    }
}
