//! Requests for the tests of the dialects.

use serde_json::Value;

use super::accepted::Accepted;
use super::dialect::{Asked, Dialect};
use super::{ChatRequest, Images, ModelParameters};
use crate::conversation::{Attachment, Message, MessageId, Replay, Role, ToolCall, ToolChoice, ToolSpec};

pub(super) const ORIGIN: &str = "where it came from";

pub(super) fn message(role: Role, text: &str) -> Message {
    Message::new(MessageId(String::new()), None, role, text.to_owned(), 0)
}

/// A reply with a call of `read` for each id and arguments.
pub(super) fn calling(text: &str, calls: &[(&str, &str)]) -> Message {
    let call = |(id, arguments): &(&str, &str)| ToolCall {
        id: (*id).to_owned(),
        name: "read".to_owned(),
        arguments: (*arguments).to_owned(),
    };
    Message { tool_calls: calls.iter().map(call).collect(), ..message(Role::Assistant, text) }
}

pub(super) fn result(id: &str, text: &str) -> Message {
    Message { tool_call_id: Some(id.to_owned()), ..message(Role::Tool, text) }
}

/// The same message, as it came from [`ORIGIN`] in these parts.
/// A prompt with a text, an image and a PDF.
pub(super) fn attached(text: &str) -> Message {
    let file = |name: &str, content: &'static [u8]| Attachment::new(name, content).unwrap();
    let attachments = vec![file("a.md", b"# A"), file("b.gif", b"GIF89a"), file("c.pdf", b"%PDF-1")];
    Message { attachments, ..message(Role::User, text) }
}

/// A result that brought an image.
pub(super) fn result_with_image(id: &str, text: &str) -> Message {
    let image = Attachment::new("camera 1", &b"GIF89a"[..]).unwrap();
    Message { attachments: vec![image], ..result(id, text) }
}

pub(super) fn replayed(message: Message, parts: &Value) -> Message {
    let json = serde_json::json!({ "parts": parts }).to_string();
    Message { replay: Some(Replay { origin: ORIGIN.to_owned(), json }), ..message }
}

pub(super) fn tool() -> ToolSpec {
    ToolSpec {
        name: "t".into(),
        description: "d".into(),
        parameters: serde_json::from_str(r#"{"type":"object"}"#).unwrap(),
    }
}

/// What can be set on a request beside its messages.
#[derive(Default)]
pub(super) struct Set {
    pub(super) system: Option<&'static str>,
    pub(super) tools: Vec<ToolSpec>,
    pub(super) tool_choice: ToolChoice,
    pub(super) parameters: ModelParameters,
    pub(super) stream: bool,
    pub(super) accepted: Accepted,
    pub(super) model: Option<&'static str>,
    pub(super) images: Images,
}

/// The body of a request, and its address below `https://a.example/v1`.
pub(super) fn request<D: Dialect>(messages: &[Message], set: &Set) -> (Value, String) {
    let request = ChatRequest {
        model: set.model.unwrap_or("m"),
        system: set.system,
        messages,
        tools: &set.tools,
        tool_choice: &set.tool_choice,
        parameters: &set.parameters,
        images: set.images,
        answer: None,
        stream: set.stream,
    };
    let asked = Asked { request: &request, origin: ORIGIN, accepted: &set.accepted };
    (serde_json::to_value(D::body(asked)).unwrap(), D::url("https://a.example/v1", &request))
}

pub(super) fn body<D: Dialect>(messages: &[Message], set: &Set) -> Value {
    request::<D>(messages, set).0
}
