//! Whether a conversation fits its model, and what of it is sent where it does not. Pure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conversation::{Attachment, AttachmentKind, Message, Role, ToolSpec};

/// What becomes of a conversation that no longer fits its model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContextPolicy {
    /// The oldest turns are not sent; they stay in the history.
    #[default]
    Trim,
    /// The model sums the oldest turns up, and the summary is sent instead.
    Summarize,
    /// The turn ends with an error.
    Fail,
}

/// Room for the answer where no limit is set for it.
pub const ANSWER_TOKENS: u64 = 4096;
/// What a message costs beside its text.
const MESSAGE_TOKENS: u64 = 4;
/// A smaller number is no size of a context.
const WINDOW_MIN: u64 = 256;

/// Estimated tokens of a request, by source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContextLoad {
    pub system: u64,
    pub tools: u64,
    /// Their texts and calls.
    pub messages: u64,
    /// What goes along with them.
    pub attachments: u64,
}

impl ContextLoad {
    #[must_use]
    pub fn of(system: Option<&str>, tools: &[ToolSpec], messages: &[Message]) -> Self {
        let tool = |tool: &ToolSpec| {
            MESSAGE_TOKENS + tokens_of(&tool.name) + tokens_of(&tool.description) + tokens_of(tool.parameters.text())
        };
        Self {
            system: system.map_or(0, |text| MESSAGE_TOKENS + tokens_of(text)),
            tools: tools.iter().map(tool).sum(),
            messages: messages.iter().map(tokens_of_text).sum(),
            attachments: messages.iter().map(tokens_of_attachments).sum(),
        }
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.system + self.tools + self.messages + self.attachments
    }

    /// The same, each part `ratio` times as large.
    #[must_use]
    pub fn scaled(&self, ratio: f64) -> Self {
        let scale = |tokens: u64| (tokens as f64 * ratio).round() as u64;
        Self {
            system: scale(self.system),
            tools: scale(self.tools),
            messages: scale(self.messages),
            attachments: scale(self.attachments),
        }
    }
}

/// A guess that no tokenizer is needed for: four letters of plain ASCII, or one of any other.
#[must_use]
pub fn tokens_of(text: &str) -> u64 {
    if text.is_ascii() {
        return (text.len() as u64).div_ceil(4);
    }
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    let others = text.chars().filter(|letter| !letter.is_ascii()).count() as u64;
    ascii.div_ceil(4) + others
}

fn tokens_of_message(message: &Message) -> u64 {
    tokens_of_text(message) + tokens_of_attachments(message)
}

fn tokens_of_text(message: &Message) -> u64 {
    let calls =
        message.tool_calls.iter().map(|call| MESSAGE_TOKENS + tokens_of(&call.name) + tokens_of(&call.arguments));
    MESSAGE_TOKENS + tokens_of(&message.text) + calls.sum::<u64>()
}

fn tokens_of_attachments(message: &Message) -> u64 {
    message.attachments.iter().map(tokens_of_attachment).sum()
}

/// Providers scale images down to about this much.
const IMAGE_TOKENS: u64 = 1600;
/// Of a PDF; pages are sent as text and as an image each.
const PAGE_TOKENS: u64 = 2000;
/// How many pages there are would be known only by reading the whole document.
const PAGE_BYTES: u64 = 50_000;

fn tokens_of_attachment(attachment: &Attachment) -> u64 {
    match attachment.kind() {
        AttachmentKind::Text => MESSAGE_TOKENS + attachment.text().map_or(0, tokens_of),
        AttachmentKind::Image => IMAGE_TOKENS,
        AttachmentKind::Pdf => PAGE_TOKENS * (attachment.content().len() as u64).div_ceil(PAGE_BYTES),
    }
}

/// Tokens that messages may have, beside the answer, the system prompt and the tools.
#[must_use]
pub fn room_for_messages(window: u64, max_tokens: Option<u64>, load: &ContextLoad) -> u64 {
    let answer = max_tokens.unwrap_or_else(|| ANSWER_TOKENS.min(window / 4)).min(window / 2);
    window.saturating_sub(answer + load.system + load.tools)
}

/// The first message to send so that the rest has at most `room` tokens: the beginning of a turn, because
/// calls and results belong together. The last turn is always sent. `ratio` corrects the estimate.
#[must_use]
pub fn first_to_send(messages: &[Message], room: u64, ratio: f64) -> usize {
    let begins_turn = |at: &usize| *at == 0 || messages[*at].role == Role::User;
    let mut tokens = 0.0;
    let mut first = messages.len();
    for at in (0..messages.len()).rev() {
        tokens += tokens_of_message(&messages[at]) as f64 * ratio;
        if !begins_turn(&at) {
            continue;
        }
        let is_last_turn = first == messages.len();
        if !is_last_turn && tokens > room as f64 {
            break;
        }
        first = at;
    }
    first
}

/// The size of the context that a server names in its refusal.
#[must_use]
pub fn window_in(refusal: &str) -> Option<u64> {
    const BEFORE: [&str; 7] = [
        "maximum context length is",
        "maximum context length of",
        "available context size",
        "context length of",
        "context window of",
        "tokens allowed",
        "tokens >",
    ];
    let text = refusal.to_lowercase();
    let rest = BEFORE.iter().find_map(|phrase| text.split_once(phrase).map(|(_, rest)| rest))?;
    let number: String = rest
        .chars()
        .take(24)
        .skip_while(|letter| !letter.is_ascii_digit())
        .take_while(|letter| letter.is_ascii_digit() || *letter == ',' || *letter == '_')
        .filter(char::is_ascii_digit)
        .collect();
    number.parse().ok().filter(|window| *window >= WINDOW_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{MessageId, ToolCall};

    fn message(role: Role, tokens: usize) -> Message {
        let text = "abcd".repeat(tokens - MESSAGE_TOKENS as usize);
        Message::new(MessageId(String::new()), None, role, text, 0)
    }

    #[test]
    fn tokens_are_guessed_by_letters() {
        assert_eq!((tokens_of(""), tokens_of("abcde"), tokens_of("日本"), tokens_of("ab日")), (0, 2, 2, 2));
        assert_eq!(tokens_of_message(&message(Role::User, 100)), 100);
    }

    #[test]
    fn the_oldest_turns_go_first_and_calls_keep_their_results() {
        let mut calling = message(Role::Assistant, 10);
        calling.tool_calls.push(ToolCall::default());
        let messages = [
            message(Role::User, 100),
            message(Role::Assistant, 100),
            message(Role::User, 10),
            calling,
            message(Role::Tool, 50),
            message(Role::Assistant, 26),
            message(Role::User, 30),
        ];
        let first = |room| first_to_send(&messages, room, 1.0);
        assert_eq!((first(330), first(329), first(130), first(129)), (0, 2, 2, 6));
        assert_eq!(first(1), 6, "the last turn is sent, whatever its size");
        assert_eq!(first_to_send(&messages, 130, 2.0), 6, "twice as many as guessed");
        assert_eq!(first_to_send(&[], 1, 1.0), 0);
        let in_tools = &messages[..5];
        assert_eq!(first_to_send(in_tools, 1, 1.0), 2, "a turn in the middle of its tools stays whole");
    }

    #[test]
    fn the_answer_has_its_room() {
        let load = ContextLoad { system: 100, tools: 200, messages: 9, attachments: 0 };
        assert_eq!(room_for_messages(8192, None, &load), 8192 - 2048 - 300);
        assert_eq!(room_for_messages(128_000, None, &load), 128_000 - 4096 - 300);
        assert_eq!(room_for_messages(8192, Some(1000), &load), 8192 - 1000 - 300);
        assert_eq!(room_for_messages(8192, Some(99_999), &load), 8192 - 4096 - 300);
        assert_eq!(room_for_messages(300, None, &load), 0);
    }

    #[test]
    fn servers_name_the_size_of_their_context() {
        for (refusal, expected) in [
            ("This model's maximum context length is 8192 tokens. However, you requested 9000", Some(8192)),
            ("request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it", Some(4096)),
            ("prompt is too long: 205000 tokens > 200,000 maximum", Some(200_000)),
            ("exceeds the maximum number of tokens allowed (1048576).", Some(1_048_576)),
            ("the context window of 7 is full", None),
            ("too many tokens", None),
        ] {
            assert_eq!(window_in(refusal), expected, "{refusal}");
        }
    }
}
