//! The turns of a Gemini request: two roles that alternate, made of parts. Pure.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::conversation::Attachment;
use crate::provider::call_ids::CallIdForm;
use crate::provider::content::{Encoded, UserContent, images_of};
use crate::provider::dialect::Asked;
use crate::provider::replay_parts::{Piece, pieces_of};
use crate::provider::request_body::{raw, sendable, sendable_name};
use crate::provider::turns::{Alternating, Assistant, BEGINNING, CallResult, Speaker, Turn, alternate, in_order};

/// Stands in for the signature of a call that another model has made; these models refuse a call without.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";
const WANTS_SIGNATURES: &str = "gemini-3";
/// Older models take the images of a result as parts beside it.
const TAKES_IMAGES_IN_RESULTS: &str = "gemini-3";

#[derive(Debug)]
pub(super) enum Part<'a> {
    Text {
        text: Cow<'a, str>,
        fields: Map<String, Value>,
    },
    Call {
        id: Option<Value>,
        name: Cow<'a, str>,
        arguments: &'a RawValue,
        fields: Map<String, Value>,
    },
    /// An image or a document.
    File(&'a Attachment),
    Result {
        id: Option<Value>,
        name: Cow<'a, str>,
        text: &'a str,
        /// Within the result, where the model takes them there.
        images: &'a [Attachment],
    },
    /// As the server has sent it.
    Verbatim(Map<String, Value>),
}

pub(super) struct Content<'a>(Alternating<Part<'a>>);

pub(super) fn contents<'a>(asked: &Asked<'a>) -> Vec<Content<'a>> {
    let mut parts = Vec::new();
    // The server's own ids of the calls that the results are about.
    let mut ids: Vec<Option<Value>> = Vec::new();
    for turn in in_order(asked.request.messages, CallIdForm::Any) {
        match turn {
            // Sent as the system prompt.
            Turn::System(_) => {}
            Turn::User(message) => {
                let content = UserContent::of(message, asked.request.images);
                parts.extend(user_parts(content).map(|part| (Speaker::User, part)));
            }
            Turn::Result(CallResult { name, text, attachments, number, .. }) => {
                let id = ids.get(number).cloned().flatten();
                let all = images_of(attachments, asked.request.images);
                let is_within = asked.request.model.contains(TAKES_IMAGES_IN_RESULTS);
                let (images, beside) = if is_within { (all, &[][..]) } else { (&[][..], all) };
                parts.push((Speaker::User, Part::Result { id, name: sendable_name(name), text, images }));
                parts.extend(beside.iter().map(|image| (Speaker::User, Part::File(image))));
            }
            Turn::Assistant(assistant) => {
                ids = vec![None; assistant.call_ids.len()];
                let made = parts_of(&assistant, asked, &mut ids);
                parts.extend(made.into_iter().map(|part| (Speaker::Model, part)));
            }
        }
    }
    let beginning = || Part::Text { text: Cow::Borrowed(BEGINNING), fields: Map::new() };
    alternate(parts, beginning).into_iter().map(Content).collect()
}

/// What the question is about stands before the question, as this API advises.
fn user_parts(content: UserContent<'_>) -> impl Iterator<Item = Part<'_>> {
    let UserContent { prompt, files, binaries } = content;
    let is_alone = files.is_empty() && binaries.is_empty();
    let files = Some(files).filter(|files| !files.is_empty()).map(Cow::Owned);
    let prompt = Some(prompt).filter(|prompt| is_alone || !prompt.is_empty()).map(Cow::Borrowed);
    let texts = files.into_iter().chain(prompt).map(|text| Part::Text { text, fields: Map::new() });
    binaries.into_iter().map(Part::File).chain(texts)
}

fn parts_of<'a>(assistant: &Assistant<'a>, asked: &Asked<'a>, ids: &mut [Option<Value>]) -> Vec<Part<'a>> {
    let pieces = pieces_of(assistant.message, asked.origin);
    let part = |piece| match piece {
        Piece::Text(text, fields) => Part::Text { text: Cow::Borrowed(text), fields },
        Piece::Call { number, call, mut fields } => {
            let id = fields.remove("id");
            ids[number].clone_from(&id);
            if number == 0 && asked.request.model.contains(WANTS_SIGNATURES) {
                fields.entry("thoughtSignature").or_insert_with(|| NO_SIGNATURE.into());
            }
            let arguments = raw(sendable(&call.arguments));
            Part::Call { id, name: sendable_name(&call.name), arguments, fields }
        }
        Piece::Verbatim(fields) => Part::Verbatim(fields),
    };
    pieces.into_iter().map(part).collect()
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let role = match self.0.speaker {
            Speaker::User => "user",
            Speaker::Model => "model",
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("role", role)?;
        map.serialize_entry("parts", &self.0.parts)?;
        map.end()
    }
}

#[derive(serde::Serialize)]
struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: &'a Option<Value>,
    name: &'a str,
    args: &'a RawValue,
}

#[derive(serde::Serialize)]
struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: &'a Option<Value>,
    name: &'a str,
    response: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part<'a>>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct InlineData<'a> {
    mime_type: &'static str,
    data: Encoded<'a>,
}

impl<'a> InlineData<'a> {
    fn of(attachment: &'a Attachment) -> Self {
        Self { mime_type: attachment.mime(), data: Encoded(attachment) }
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let own = match self {
            Self::Text { text, fields } => {
                map.serialize_entry("text", text)?;
                Some(fields)
            }
            Self::Call { id, name, arguments, fields } => {
                map.serialize_entry("functionCall", &FunctionCall { id, name, args: arguments })?;
                Some(fields)
            }
            Self::File(attachment) => {
                map.serialize_entry("inlineData", &InlineData::of(attachment))?;
                None
            }
            Self::Result { id, name, text, images } => {
                let response = json!({ "output": text });
                let parts = images.iter().map(Part::File).collect();
                map.serialize_entry("functionResponse", &FunctionResponse { id, name, response, parts })?;
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
