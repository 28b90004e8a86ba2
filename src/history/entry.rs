//! What is written to the history, one value per fact.

use crate::conversation::{ConversationId, Message, MessageId, MessageStatus, Replay, ToolCall, UnixMillis, Usage};

/// The kinds of text a reply arrives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaKind {
    Text,
    Reasoning,
}

/// A fact to be stored. Entries are written in the order they are recorded.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A new conversation; recorded before its first message.
    ConversationStarted { id: ConversationId, name: Option<String>, created_ms: UnixMillis },
    /// A message that is complete as it stands: system, user, tool.
    MessageAdded { conversation: ConversationId, message: Message },
    /// A reply is about to be requested; a row with status `streaming` that this process owns.
    ReplyStarted {
        conversation: ConversationId,
        reply: MessageId,
        parent: MessageId,
        model: String,
        created_ms: UnixMillis,
    },
    /// The conversation goes on from another message; `None`: from its start.
    HeadMoved { conversation: ConversationId, head: Option<MessageId> },
    /// The end of a reply, good or bad; its deltas become one row.
    ReplyEnded(Box<ReplyEnd>),
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

/// The times and counts of one reply, stored with it and shown by `--timing`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TurnMetrics {
    /// From the send to the first token, in milliseconds.
    pub first_token_ms: Option<f64>,
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
    /// The most bytes the delta buffer has held.
    pub delta_buffer_peak_bytes: u64,
    pub retries: u32,
}
