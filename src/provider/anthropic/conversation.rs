//! The turns of a Messages request: two roles that alternate, made of blocks. Pure.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use crate::conversation::{Attachment, AttachmentKind};
use crate::provider::ChatRequest;
use crate::provider::call_ids::CallIdForm;
use crate::provider::content::{Encoded, UserContent, images_of};
use crate::provider::replay_parts::{Piece, pieces_of};
use crate::provider::request_body::{raw, sendable, sendable_name};
use crate::provider::turns::{Alternating, Assistant, BEGINNING, CallResult, Speaker, Turn, alternate, in_order};

pub(super) type WireTurn<'a> = Alternating<Block<'a>>;

#[derive(Debug)]
pub(super) struct Block<'a> {
    kind: Kind<'a>,
    /// The server is to keep all up to here.
    pub(super) is_marked: bool,
}

#[derive(Debug)]
enum Kind<'a> {
    Text {
        text: Cow<'a, str>,
        fields: Map<String, Value>,
    },
    Call {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        arguments: &'a str,
        fields: Map<String, Value>,
    },
    /// An image or a document.
    File(&'a Attachment),
    Result {
        call_id: Cow<'a, str>,
        text: &'a str,
        images: &'a [Attachment],
    },
    /// As the server has sent it.
    Verbatim(Map<String, Value>),
}

pub(super) fn conversation<'a>(request: &ChatRequest<'a>, origin: &str) -> Vec<WireTurn<'a>> {
    let mut blocks = Vec::new();
    for turn in in_order(request.messages, CallIdForm::Word) {
        match turn {
            // Sent as the system prompt.
            Turn::System(_) => {}
            Turn::User(message) => {
                let content = UserContent::of(message, request.images);
                blocks.extend(user_blocks(content).map(|block| (Speaker::User, block)));
            }
            Turn::Result(CallResult { call_id, text, attachments, .. }) => {
                let images = images_of(attachments, request.images);
                blocks.push((Speaker::User, Block::new(Kind::Result { call_id, text, images })));
            }
            Turn::Assistant(assistant) => {
                blocks.extend(blocks_of(&assistant, origin).into_iter().map(|block| (Speaker::Model, block)));
            }
        }
    }
    alternate(blocks, || Block::text(BEGINNING))
}

/// What the question is about stands before the question, as this API advises.
fn user_blocks(content: UserContent<'_>) -> impl Iterator<Item = Block<'_>> {
    let UserContent { prompt, files, binaries } = content;
    let binaries = binaries.into_iter().map(|attachment| Block::new(Kind::File(attachment)));
    binaries.chain(text_block(files, Map::new())).chain(text_block(prompt, Map::new()))
}

fn blocks_of<'a>(assistant: &Assistant<'a>, origin: &str) -> Vec<Block<'a>> {
    let block = |piece| match piece {
        Piece::Text(text, fields) => text_block(text, fields),
        Piece::Call { number, call, fields } => Some(Block::new(Kind::Call {
            id: assistant.call_ids[number].clone(),
            name: sendable_name(&call.name),
            arguments: sendable(&call.arguments),
            fields,
        })),
        Piece::Verbatim(fields) => Some(Block::new(Kind::Verbatim(fields))),
    };
    pieces_of(assistant.message, origin).into_iter().filter_map(block).collect()
}

/// The API refuses text that is nothing but space.
fn text_block<'a>(text: impl Into<Cow<'a, str>>, fields: Map<String, Value>) -> Option<Block<'a>> {
    let text = text.into();
    (!text.trim().is_empty()).then(|| Block::new(Kind::Text { text, fields }))
}

/// A turn as it is sent.
pub(super) struct Sent<'a>(pub(super) &'a WireTurn<'a>);

impl Serialize for Sent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let role = match self.0.speaker {
            Speaker::User => "user",
            Speaker::Model => "assistant",
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("role", role)?;
        map.serialize_entry("content", &self.0.parts)?;
        map.end()
    }
}

impl<'a> Block<'a> {
    pub(super) fn text(text: &'a str) -> Self {
        Self::new(Kind::Text { text: Cow::Borrowed(text), fields: Map::new() })
    }

    fn new(kind: Kind<'a>) -> Self {
        Self { kind, is_marked: false }
    }
}

#[derive(serde::Serialize)]
struct Source<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    media_type: &'static str,
    data: Encoded<'a>,
}

impl<'a> Source<'a> {
    fn of(attachment: &'a Attachment) -> Self {
        Self { kind: "base64", media_type: attachment.mime(), data: Encoded(attachment) }
    }
}

impl Serialize for Block<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let own = match &self.kind {
            Kind::Text { text, fields } => {
                map.serialize_entry("type", "text")?;
                map.serialize_entry("text", text)?;
                Some(fields)
            }
            Kind::Call { id, name, arguments, fields } => {
                map.serialize_entry("type", "tool_use")?;
                map.serialize_entry("id", id)?;
                map.serialize_entry("name", name)?;
                map.serialize_entry("input", raw(arguments))?;
                Some(fields)
            }
            Kind::File(attachment) => {
                let (kind, title) = match attachment.kind() {
                    AttachmentKind::Image => ("image", None),
                    AttachmentKind::Pdf | AttachmentKind::Text => ("document", Some(attachment.name())),
                };
                map.serialize_entry("type", kind)?;
                map.serialize_entry("source", &Source::of(attachment))?;
                if let Some(title) = title {
                    map.serialize_entry("title", title)?;
                }
                None
            }
            Kind::Result { call_id, text, images } if !images.is_empty() => {
                map.serialize_entry("type", "tool_result")?;
                map.serialize_entry("tool_use_id", call_id)?;
                let images = images.iter().map(|image| Self::new(Kind::File(image)));
                map.serialize_entry(
                    "content",
                    &text_block(*text, Map::new()).into_iter().chain(images).collect::<Vec<_>>(),
                )?;
                None
            }
            Kind::Result { call_id, text, .. } => {
                map.serialize_entry("type", "tool_result")?;
                map.serialize_entry("tool_use_id", call_id)?;
                if !text.is_empty() {
                    map.serialize_entry("content", text)?;
                }
                None
            }
            Kind::Verbatim(fields) => Some(fields),
        };
        for (name, value) in own.into_iter().flatten() {
            map.serialize_entry(name, value)?;
        }
        if self.is_marked {
            map.serialize_entry("cache_control", &json!({ "type": "ephemeral" }))?;
        }
        map.end()
    }
}
