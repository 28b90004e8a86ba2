//! What a conversation is made of: plain data and pure folding, with no I/O and no async.

mod answer_format;
mod attachment;
mod clock;
pub mod exit_code;
mod hidden;
mod ids;
mod message;
mod question_note;
mod reply;
mod session_settings;
mod stream_event;
mod system_words;
mod tool_schema;
mod tool_spec;
mod usage;
mod used_role;

pub use answer_format::AnswerFormat;
pub use attachment::{
    ATTACHMENT_BYTES_MAX, ATTACHMENTS_BYTES_MAX, ATTACHMENTS_MAX, Attachment, AttachmentKind, NotAttachable,
    looks_like_text, size_in_words,
};
pub use clock::{UnixMillis, now_ms, rfc3339};
pub use hidden::is_hidden;
pub use ids::{ConversationId, IdSource, MessageId};
pub use message::{InterruptReason, Message, MessageStatus, Replay, Role, ToolCall};
pub use question_note::{QuestionNote, Typed};
pub use reply::{ReplyBuilder, TOOL_ARGUMENT_BYTES_MAX};
pub use session_settings::{RequestRefused, SessionSettings, SettingsChange, SharedSettings};
pub use stream_event::{ReasoningKind, StopReason, StreamEvent};
pub use system_words::without_error_numbers;
pub use tool_schema::ToolSchema;
pub use tool_spec::{ToolChoice, ToolSpec};
pub use usage::Usage;
pub use used_role::UsedRole;
