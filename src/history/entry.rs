//! What is written to the history, one value per fact.

use serde::{Deserialize, Serialize};

use super::answers::{KeptAnswer, MatchedAnswer};
use crate::conversation::{ConversationId, Message, MessageId, MessageStatus, Replay, ToolCall, UnixMillis, Usage};

/// The kinds of text a reply arrives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaKind {
    Text,
    Reasoning,
}

impl DeltaKind {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Reasoning => "reasoning",
        }
    }
}

/// A fact to be stored. Entries are written in the order they are recorded; writing one twice
/// changes nothing.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a handful per turn, moved twice")]
pub enum Entry {
    /// A new conversation; recorded before its first message.
    ConversationStarted {
        id: ConversationId,
        name: Option<String>,
        created_ms: UnixMillis,
    },
    /// `None` takes the name away.
    ConversationRenamed {
        conversation: ConversationId,
        name: Option<String>,
    },
    /// It is at work here: where it is used is where `-c` finds it, and nobody deletes it meanwhile.
    ConversationOpened {
        conversation: ConversationId,
        place: Place,
    },
    /// This process has turned to another one.
    ConversationLeft {
        conversation: ConversationId,
    },
    ConversationPinned {
        conversation: ConversationId,
        pinned: bool,
    },
    /// A new conversation that begins as a copy of messages of another one.
    ConversationForked(Box<Fork>),
    /// The next message follows this one; `None`: it is the first. What is no longer on the
    /// active branch stays stored.
    HeadMoved {
        conversation: ConversationId,
        head: Option<MessageId>,
    },
    /// A message that is complete as it stands: system, user, tool. It becomes the head.
    MessageAdded {
        conversation: ConversationId,
        message: Message,
    },
    /// A reply is about to be requested; a row with status `streaming` that this process owns.
    ReplyStarted {
        conversation: ConversationId,
        reply: MessageId,
        parent: MessageId,
        model: String,
        created_ms: UnixMillis,
    },
    /// The end of a reply, good or bad; its deltas become one row.
    ReplyEnded(Box<ReplyEnd>),
    /// A call of a tool is about to run, or is refused; recorded before it can have any effect.
    ToolStarted(Box<ToolStart>),
    /// What came of it.
    ToolFinished(Box<ToolEnd>),
    /// An answer fits the schema that was asked for.
    AnswerMatched(Box<MatchedAnswer>),
    /// An answer is to be given again.
    AnswerKept(Box<KeptAnswer>),
    /// A line entered at the prompt, for the next time somebody presses Up.
    PromptTyped {
        text: String,
        cwd: Option<String>,
        typed_ms: UnixMillis,
    },
}

impl Entry {
    /// The conversation it belongs to.
    pub(super) fn conversation(&self) -> Option<&ConversationId> {
        match self {
            Self::ConversationStarted { id, .. } => Some(id),
            Self::ConversationForked(fork) => Some(&fork.id),
            Self::ConversationRenamed { conversation, .. }
            | Self::ConversationOpened { conversation, .. }
            | Self::ConversationLeft { conversation }
            | Self::ConversationPinned { conversation, .. }
            | Self::HeadMoved { conversation, .. }
            | Self::MessageAdded { conversation, .. }
            | Self::ReplyStarted { conversation, .. } => Some(conversation),
            Self::ReplyEnded(end) => Some(&end.conversation),
            Self::ToolStarted(start) => Some(&start.conversation),
            Self::ToolFinished(end) => Some(&end.conversation),
            Self::AnswerMatched(matched) => Some(&matched.conversation),
            Self::AnswerKept(kept) => Some(&kept.conversation),
            Self::PromptTyped { .. } => None,
        }
    }

    /// Whether it waits in memory for the barrier that is sure to follow, so that all
    /// entries of one step go into one commit.
    pub(super) fn waits_for_flush(&self) -> bool {
        match self {
            Self::ConversationStarted { .. }
            | Self::ConversationOpened { .. }
            | Self::MessageAdded { .. }
            | Self::ReplyStarted { .. }
            | Self::ReplyEnded(_)
            | Self::ToolStarted(_)
            | Self::ToolFinished(_)
            | Self::AnswerMatched(_)
            | Self::AnswerKept(_)
            | Self::PromptTyped { .. } => true,
            Self::ConversationRenamed { .. }
            | Self::ConversationLeft { .. }
            | Self::ConversationPinned { .. }
            | Self::ConversationForked(_)
            | Self::HeadMoved { .. } => false,
        }
    }
}

/// Where somebody is at work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The session of the terminal; `None`: there is none, as in a script of the system.
    pub terminal: Option<String>,
    pub folder: Option<String>,
}

/// A copy to be made.
#[derive(Clone, Debug)]
pub struct Fork {
    /// Of the new conversation.
    pub id: ConversationId,
    pub name: Option<String>,
    pub created_ms: UnixMillis,
    /// Each message with the id of its copy, the oldest first.
    pub copies: Vec<(MessageId, MessageId)>,
}

/// How a reply ended and everything that came with it.
#[derive(Clone, Debug)]
pub struct ReplyEnd {
    pub conversation: ConversationId,
    pub reply: MessageId,
    pub text: String,
    pub reasoning: String,
    pub status: MessageStatus,
    pub tool_calls: Vec<ToolCall>,
    pub replay: Option<Replay>,
    pub usage: Option<Usage>,
    /// [`crate::conversation::StopReason::name`].
    pub finish: Option<String>,
    pub finished_ms: UnixMillis,
    pub metrics: TurnMetrics,
}

/// A call of a tool, decided upon.
#[derive(Clone, Debug)]
pub struct ToolStart {
    pub conversation: ConversationId,
    /// The reply that asked for it.
    pub reply: MessageId,
    pub call_id: String,
    pub server: Option<String>,
    /// What was decided and by whom, as in `allowed by person`.
    pub approval: String,
    /// The arguments as they run, where a person has changed them.
    pub arguments: Option<String>,
    pub started_ms: UnixMillis,
}

/// The end of a call of a tool.
#[derive(Clone, Debug)]
pub struct ToolEnd {
    pub conversation: ConversationId,
    pub reply: MessageId,
    pub call_id: String,
    pub ok: bool,
    /// All that came, as JSON: an array of content.
    pub result: String,
    pub finished_ms: UnixMillis,
}

/// The times and counts of one reply, stored with it and shown by `--timing`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TurnMetrics {
    /// From the send to the first token, in milliseconds.
    pub first_token_ms: Option<f64>,
    /// From the send to the first thought of the model, in milliseconds.
    pub first_reasoning_ms: Option<f64>,
    pub total_ms: f64,
    /// Between two arrivals of text, in milliseconds.
    pub gap_p50_ms: Option<f64>,
    pub gap_p99_ms: Option<f64>,
    /// By the provider's count of output tokens where it gives one, else by text events.
    pub tokens_per_second: Option<f64>,
    pub chunks: u64,
    /// Hand-overs of the delta buffer to the writer.
    pub flushes: u64,
    /// Commits of the writer while the reply was streaming.
    pub commits: u64,
    /// What the writer wrote to the disk while the reply was streaming; 0 where it has no WAL.
    pub bytes_written: u64,
    /// The most bytes the delta buffer has held.
    pub delta_buffer_peak_bytes: u64,
    pub retries: u32,
}
