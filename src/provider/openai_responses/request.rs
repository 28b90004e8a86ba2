//! Our messages as the JSON of a Responses request. Pure.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value, json};

use crate::conversation::{AnswerFormat, Attachment, AttachmentKind, Role, ToolChoice, ToolSpec};
use crate::provider::call_ids::CallIdForm;
use crate::provider::content::{DataUrl, UserContent, images_of};
use crate::provider::dialect::Asked;
use crate::provider::replay_parts::{Piece, pieces_of};
use crate::provider::request_body::{Fields, raw, sendable, sendable_name};
use crate::provider::turns::{CallResult, Turn, in_order};

/// What has to be asked for, so that thoughts can be given back to a server that stores nothing.
const ENCRYPTED_REASONING: [&str; 1] = ["reasoning.encrypted_content"];

/// A request as it is sent.
pub struct Body<'a>(pub(super) Asked<'a>);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Asked { request, accepted, .. } = &self.0;
        let parameters = &request.parameters;
        let mut body = Fields::new(serializer.serialize_map(None)?, &parameters.extra, accepted);
        body.add("model", request.model)?;
        body.add_some("instructions", request.system)?;
        body.add("input", &items_of(&self.0))?;
        body.add_some("stream", Some(&true).filter(|_| request.stream))?;
        // The conversation is kept here, and whole it goes out again.
        body.add("store", &false)?;
        body.add("include", &ENCRYPTED_REASONING)?;
        if !request.tools.is_empty() {
            body.add("tools", &request.tools.iter().map(Tool).collect::<Vec<_>>())?;
            body.add_some("tool_choice", tool_choice(request.tool_choice).as_ref())?;
        }
        body.add_some("text", request.answer.map(text_format).as_ref())?;
        body.add_some("temperature", parameters.temperature.as_ref())?;
        body.add_some("max_output_tokens", parameters.max_tokens.as_ref())?;
        body.end()
    }
}

/// Nothing where it is the server's default.
fn tool_choice(choice: &ToolChoice) -> Option<Value> {
    match choice {
        ToolChoice::Auto => None,
        ToolChoice::Never => Some("none".into()),
        ToolChoice::Required => Some("required".into()),
        ToolChoice::Named(name) => Some(json!({ "type": "function", "name": name })),
    }
}

/// The mode of this API for answers with a schema.
fn text_format(AnswerFormat { name, schema, is_strict, .. }: &AnswerFormat) -> Value {
    let schema = raw(schema);
    json!({ "format": { "type": "json_schema", "name": name, "schema": schema, "strict": is_strict } })
}

struct Tool<'a>(&'a ToolSpec);

impl Serialize for Tool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ToolSpec { name, description, parameters } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "function")?;
        map.serialize_entry("name", name)?;
        map.serialize_entry("description", description)?;
        map.serialize_entry("parameters", parameters)?;
        // The default here is a mode that refuses most schemas.
        map.serialize_entry("strict", &false)?;
        map.end()
    }
}

enum Item<'a> {
    Plain {
        role: Role,
        text: &'a str,
    },
    User(UserContent<'a>),
    /// Text of the model with fields of its own.
    Said {
        text: &'a str,
        fields: Map<String, Value>,
    },
    Call {
        call_id: Cow<'a, str>,
        name: Cow<'a, str>,
        arguments: &'a str,
        fields: Map<String, Value>,
    },
    Result {
        call_id: Cow<'a, str>,
        text: &'a str,
        images: &'a [Attachment],
    },
    Verbatim(Map<String, Value>),
}

fn items_of<'a>(asked: &Asked<'a>) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    for turn in in_order(asked.request.messages, CallIdForm::Word) {
        match turn {
            Turn::System(text) => items.push(Item::Plain { role: Role::System, text }),
            Turn::User(message) => items.push(Item::User(UserContent::of(message, asked.request.images))),
            Turn::Result(CallResult { call_id, text, attachments, .. }) => {
                let images = images_of(attachments, asked.request.images);
                items.push(Item::Result { call_id, text, images });
            }
            Turn::Assistant(assistant) => {
                items.extend(pieces_of(assistant.message, asked.origin).into_iter().map(|piece| match piece {
                    Piece::Text(text, fields) if fields.is_empty() => Item::Plain { role: Role::Assistant, text },
                    Piece::Text(text, fields) => Item::Said { text, fields },
                    Piece::Call { number, call, fields } => Item::Call {
                        call_id: assistant.call_ids[number].clone(),
                        name: sendable_name(&call.name),
                        arguments: sendable(&call.arguments),
                        fields,
                    },
                    Piece::Verbatim(fields) => Item::Verbatim(fields),
                }));
            }
        }
    }
    items
}

/// One text, unless there is something beside it.
struct Content<'a> {
    text: &'a str,
    binaries: &'a [&'a Attachment],
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { text, binaries } = *self;
        if binaries.is_empty() {
            return serializer.serialize_str(text);
        }
        let mut parts = serializer.serialize_seq(None)?;
        if !text.is_empty() {
            parts.serialize_element(&Part::Text { text })?;
        }
        for attachment in binaries {
            let data = DataUrl(attachment);
            parts.serialize_element(&match attachment.kind() {
                AttachmentKind::Image => Part::Image { image_url: data },
                AttachmentKind::Pdf | AttachmentKind::Text => {
                    Part::File { filename: attachment.name(), file_data: data }
                }
            })?;
        }
        parts.end()
    }
}

#[derive(serde::Serialize)]
#[serde(tag = "type")]
enum Part<'a> {
    #[serde(rename = "input_text")]
    Text { text: &'a str },
    #[serde(rename = "input_image")]
    Image { image_url: DataUrl<'a> },
    #[serde(rename = "input_file")]
    File { filename: &'a str, file_data: DataUrl<'a> },
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let own = match self {
            Self::Plain { role, text } => {
                map.serialize_entry("role", role.name())?;
                map.serialize_entry("content", text)?;
                None
            }
            Self::User(content) => {
                map.serialize_entry("role", "user")?;
                map.serialize_entry("content", &Content { text: &content.text(), binaries: &content.binaries })?;
                None
            }
            Self::Said { text, fields } => {
                map.serialize_entry("type", "message")?;
                map.serialize_entry("role", "assistant")?;
                map.serialize_entry("status", "completed")?;
                let content = json!([{ "type": "output_text", "text": text, "annotations": [] }]);
                map.serialize_entry("content", &content)?;
                Some(fields)
            }
            Self::Call { call_id, name, arguments, fields } => {
                map.serialize_entry("type", "function_call")?;
                map.serialize_entry("call_id", call_id)?;
                map.serialize_entry("name", name)?;
                map.serialize_entry("arguments", arguments)?;
                Some(fields)
            }
            Self::Result { call_id, text, images } => {
                map.serialize_entry("type", "function_call_output")?;
                map.serialize_entry("call_id", call_id)?;
                let images: Vec<&Attachment> = images.iter().collect();
                map.serialize_entry("output", &Content { text, binaries: &images })?;
                None
            }
            Self::Verbatim(fields) => Some(fields),
        };
        for (name, value) in own.into_iter().flatten() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
