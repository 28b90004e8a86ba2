//! Our messages as the JSON of a chat-completions request. Pure.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value, json};

use crate::conversation::{
    AnswerFormat, Attachment, AttachmentKind, Message, ToolCall, ToolChoice, ToolSchema, ToolSpec,
};
use crate::provider::Images;
use crate::provider::accepted::RESULT_IMAGES;
use crate::provider::content::{DataUrl, UserContent};
use crate::provider::dialect::Asked;
use crate::provider::request_body::{Fields, raw, sendable};
use crate::provider::turns::{Assistant, CallResult, Turn, in_order};

/// A request as it is sent.
pub struct Body<'a>(pub(super) Asked<'a>);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Asked { request, accepted, .. } = &self.0;
        let mut body = Fields::new(serializer.serialize_map(None)?, &request.parameters.extra, accepted);
        body.add("model", request.model)?;
        body.add("messages", &Messages(&self.0))?;
        if request.stream {
            body.add("stream", &true)?;
            body.add("stream_options", &json!({ "include_usage": true }))?;
        }
        if !request.tools.is_empty() {
            body.add("tools", &request.tools.iter().map(Tool).collect::<Vec<_>>())?;
            body.add_some("tool_choice", tool_choice(request.tool_choice).as_ref())?;
        }
        body.add_some("response_format", request.answer.map(response_format).as_ref())?;
        body.add_some("temperature", request.parameters.temperature.as_ref())?;
        body.add_some(accepted.max_tokens.field(), request.parameters.max_tokens.as_ref())?;
        body.end()
    }
}

/// Nothing where it is the server's default.
fn tool_choice(choice: &ToolChoice) -> Option<Value> {
    match choice {
        ToolChoice::Auto => None,
        ToolChoice::Never => Some("none".into()),
        ToolChoice::Required => Some("required".into()),
        ToolChoice::Named(name) => Some(json!({ "type": "function", "function": { "name": name } })),
    }
}

/// The mode of this API for answers with a schema.
fn response_format(AnswerFormat { name, schema, is_strict, .. }: &AnswerFormat) -> Value {
    let schema = raw(schema);
    json!({ "type": "json_schema", "json_schema": { "name": name, "schema": schema, "strict": is_strict } })
}

struct Messages<'a>(&'a Asked<'a>);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Asked { request, origin, accepted } = self.0;
        let system = request.system.map(Turn::System);
        let turns: Vec<Turn<'_>> = system.into_iter().chain(in_order(request.messages, accepted.call_ids)).collect();
        let marked = if accepted.wants_marks && self.0.is_worth_keeping() { marks(&turns) } else { Vec::new() };
        let images = request.images;
        let shows_images = images == Images::Sent && !accepted.leaves_out(RESULT_IMAGES);
        let mut sequence = serializer.serialize_seq(None)?;
        let mut shown: Vec<&Attachment> = Vec::new();
        let mut turns = turns.into_iter().enumerate().peekable();
        while let Some((at, turn)) = turns.next() {
            if let Turn::Result(CallResult { attachments, .. }) = &turn
                && shows_images
            {
                shown.extend(*attachments);
            }
            sequence.serialize_element(&Wire { turn, origin, images, is_marked: marked.contains(&at) })?;
            let is_last = !matches!(turns.peek(), Some((_, Turn::Result(_))));
            if is_last && !shown.is_empty() {
                sequence.serialize_element(&ResultImages(std::mem::take(&mut shown)))?;
            }
        }
        sequence.end()
    }
}

/// The images of a round of results. A result is text here, so they follow as if the user showed them.
struct ResultImages<'a>(Vec<&'a Attachment>);

impl Serialize for ResultImages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<&str> = self.0.iter().map(|image| image.name()).collect();
        let prompt = format!("Images of the results above: {}", names.join(", "));
        let content = UserContent { binaries: self.0.clone(), ..UserContent::of_text(&prompt) };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("role", "user")?;
        map.serialize_entry("content", &Content { content, is_marked: false })?;
        map.end()
    }
}

/// Where the prompt is to be kept up to: the end of the system prompt, of what the user has said last, and of what
/// was last in the request before, where the server finds what it kept.
fn marks(turns: &[Turn<'_>]) -> Vec<usize> {
    let newest = || turns.iter().enumerate().rev();
    let system = newest().filter(|(_, turn)| matches!(turn, Turn::System(_))).take(1);
    let user = newest().filter(|(_, turn)| matches!(turn, Turn::User(_))).take(2);
    system.chain(user).map(|(at, _)| at).collect()
}

struct Wire<'a> {
    turn: Turn<'a>,
    origin: &'a str,
    images: Images,
    /// The server is to keep all up to here.
    is_marked: bool,
}

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.turn {
            Turn::System(text) => {
                let content = UserContent::of_text(text);
                map.serialize_entry("role", "system")?;
                map.serialize_entry("content", &Content { content, is_marked: self.is_marked })?;
            }
            Turn::User(message) => {
                map.serialize_entry("role", "user")?;
                let content = UserContent::of(message, self.images);
                map.serialize_entry("content", &Content { content, is_marked: self.is_marked })?;
            }
            Turn::Assistant(assistant) => add_assistant(&mut map, assistant, self.origin)?,
            // The text itself says that there are images.
            Turn::Result(CallResult { call_id, text, .. }) => {
                map.serialize_entry("role", "tool")?;
                map.serialize_entry("tool_call_id", call_id)?;
                map.serialize_entry("content", text)?;
            }
        }
        map.end()
    }
}

/// One text, as every server takes it, unless there is something beside it.
struct Content<'a> {
    content: UserContent<'a>,
    /// The server is to keep all up to here.
    is_marked: bool,
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.content.text();
        if self.content.binaries.is_empty() && (!self.is_marked || text.is_empty()) {
            return serializer.serialize_str(&text);
        }
        let mut parts = serializer.serialize_seq(None)?;
        if !text.is_empty() {
            let cache_control = self.is_marked.then_some(CacheControl { kind: "ephemeral" });
            parts.serialize_element(&Part::Text { text: &text, cache_control })?;
        }
        for attachment in &self.content.binaries {
            let data = DataUrl(attachment);
            parts.serialize_element(&match attachment.kind() {
                AttachmentKind::Image => Part::ImageUrl { image_url: ImageUrl { url: data } },
                AttachmentKind::Pdf | AttachmentKind::Text => {
                    Part::File { file: File { filename: attachment.name(), file_data: data } }
                }
            })?;
        }
        parts.end()
    }
}

#[derive(serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text {
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    ImageUrl {
        image_url: ImageUrl<'a>,
    },
    File {
        file: File<'a>,
    },
}

#[derive(serde::Serialize)]
struct CacheControl {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(serde::Serialize)]
struct ImageUrl<'a> {
    url: DataUrl<'a>,
}

#[derive(serde::Serialize)]
struct File<'a> {
    filename: &'a str,
    file_data: DataUrl<'a>,
}

fn add_assistant<M: SerializeMap>(map: &mut M, assistant: &Assistant<'_>, origin: &str) -> Result<(), M::Error> {
    let Assistant { message, call_ids } = assistant;
    let mut replay = replay_of(message, origin);
    let extras = replay.remove("tool_calls").unwrap_or_default();
    map.serialize_entry("role", "assistant")?;
    // Some servers refuse an empty text beside calls, others refuse `null`.
    if !message.text.is_empty() {
        map.serialize_entry("content", &message.text)?;
    }
    for (name, value) in &replay {
        map.serialize_entry(name, value)?;
    }
    if !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().zip(call_ids).enumerate();
        let calls: Vec<Call<'_>> =
            calls.map(|(at, (call, id))| Call { call, id, extra: extras[at].as_object() }).collect();
        map.serialize_entry("tool_calls", &calls)?;
    }
    Ok(())
}

/// Fields to give back. Plain thoughts are asked for only beside calls, and refused elsewhere.
fn replay_of(message: &Message, origin: &str) -> Map<String, Value> {
    let replay = message.replay.as_ref().filter(|replay| replay.origin == origin);
    let parsed = replay.and_then(|replay| serde_json::from_str::<Map<String, Value>>(&replay.json).ok());
    let mut fields = parsed.unwrap_or_default();
    fields.retain(|name, value| !value.is_null() && name != "role" && name != "content");
    if message.tool_calls.is_empty() {
        fields.remove("reasoning_content");
    }
    fields
}

struct Call<'a> {
    call: &'a ToolCall,
    id: &'a str,
    extra: Option<&'a Map<String, Value>>,
}

impl Serialize for Call<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { call, id, extra } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", id)?;
        map.serialize_entry("type", "function")?;
        map.serialize_entry("function", &json!({ "name": call.name, "arguments": sendable(&call.arguments) }))?;
        let is_ours = |name: &str| matches!(name, "id" | "type" | "function");
        for (name, value) in extra.iter().flat_map(|extra| extra.iter()).filter(|(name, _)| !is_ours(name)) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

struct Tool<'a>(&'a ToolSpec);

impl Serialize for Tool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ToolSpec { name, description, parameters } = self.0;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", "function")?;
        map.serialize_entry("function", &Function { name, description, parameters })?;
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a ToolSchema,
}
