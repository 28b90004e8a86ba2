//! What the server `history` answers: stored conversations as JSON, in pieces that a model can take in.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::conversation::{Message, MessageStatus, UnixMillis};
use crate::history::{ConversationSummary, Page, SearchHit, StoredMessage};

/// Of one message in a transcript.
const MESSAGE_CHARACTERS_MAX: usize = 4000;

#[derive(Debug, Serialize, JsonSchema)]
pub struct Found {
    hits: Vec<Hit>,
    /// Whether there are older ones.
    more: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Hit {
    /// The id of the conversation.
    conversation: String,
    title: String,
    /// The id of the message.
    message: String,
    role: &'static str,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// The words around the first find.
    snippet: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Conversations {
    conversations: Vec<Conversation>,
    /// Whether there are older ones.
    more: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Conversation {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The first words of the first prompt.
    title: String,
    created: String,
    last_used: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    messages: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Transcript {
    conversation: Conversation,
    messages: Vec<MessagePart>,
    /// Whether there are later ones.
    more: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct MessagePart {
    id: String,
    role: &'static str,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Why it is not all that was to be said, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    text: String,
    /// So many characters come after these.
    #[serde(skip_serializing_if = "is_zero")]
    characters_left: usize,
    /// Tools that were called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<String>,
}

impl Found {
    /// `hits` may hold one more than `limit`.
    #[must_use]
    pub fn new(mut hits: Vec<SearchHit>, limit: usize) -> Self {
        let more = hits.len() > limit;
        hits.truncate(limit);
        let hits = hits.into_iter().map(|hit| Hit {
            conversation: hit.conversation.0,
            title: hit.title,
            message: hit.message.0,
            role: hit.role.name(),
            time: time(hit.created_ms),
            model: hit.model,
            snippet: hit.snippet,
        });
        Self { hits: hits.collect(), more }
    }
}

impl Conversations {
    /// `found` may hold one more than `limit`.
    #[must_use]
    pub fn new(mut found: Vec<ConversationSummary>, limit: usize) -> Self {
        let more = found.len() > limit;
        found.truncate(limit);
        Self { conversations: found.into_iter().map(Conversation::from).collect(), more }
    }
}

impl Transcript {
    #[must_use]
    pub fn new(conversation: ConversationSummary, messages: Vec<StoredMessage>, page: Page) -> Self {
        let more = messages.len() > page.offset.saturating_add(page.limit);
        let beginning = Page { offset: 0, limit: MESSAGE_CHARACTERS_MAX };
        let wanted = messages.iter().skip(page.offset).take(page.limit);
        Self {
            conversation: conversation.into(),
            messages: wanted.map(|stored| MessagePart::new(&stored.message, beginning)).collect(),
            more,
        }
    }
}

impl MessagePart {
    /// The characters of a message that are wanted.
    #[must_use]
    pub fn new(message: &Message, page: Page) -> Self {
        let characters = message.text.chars().count();
        let status = match &message.status {
            MessageStatus::Complete => None,
            MessageStatus::Streaming => Some("still being written".to_owned()),
            MessageStatus::Interrupted(reason) => Some(format!("interrupted: {}", reason.name())),
            MessageStatus::Error(class) => Some(format!("failed: {class}")),
        };
        Self {
            id: message.id.0.clone(),
            role: message.role.name(),
            time: time(message.created_ms),
            model: message.model.clone(),
            status,
            text: message.text.chars().skip(page.offset).take(page.limit).collect(),
            characters_left: characters.saturating_sub(page.offset.saturating_add(page.limit)),
            tool_calls: message.tool_calls.iter().map(|call| call.name.clone()).collect(),
        }
    }
}

impl From<ConversationSummary> for Conversation {
    fn from(summary: ConversationSummary) -> Self {
        Self {
            id: summary.id.0,
            name: summary.name,
            title: summary.title,
            created: time(summary.created_ms),
            last_used: time(summary.used_ms),
            model: summary.model,
            messages: summary.messages,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn time(milliseconds: UnixMillis) -> String {
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
