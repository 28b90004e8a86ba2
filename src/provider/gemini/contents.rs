//! The turns of a Gemini request: two roles that alternate, made of parts. Pure.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::conversation::Role;
use crate::provider::call_ids::CallIdForm;
use crate::provider::dialect::Asked;
use crate::provider::replay_parts::{Piece, pieces_of};
use crate::provider::request_body::{raw, sendable, sendable_name};
use crate::provider::turns::{Alternating, Assistant, BEGINNING, CallResult, Speaker, Turn, alternate, in_order};

/// Stands in for the signature of a call that another model has made; these models refuse a call without.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";
const WANTS_SIGNATURES: &str = "gemini-3";

#[derive(Debug)]
pub(super) enum Part<'a> {
    Text {
        text: &'a str,
        fields: Map<String, Value>,
    },
    Call {
        id: Option<Value>,
        name: Cow<'a, str>,
        arguments: &'a RawValue,
        fields: Map<String, Value>,
    },
    Result {
        id: Option<Value>,
        name: Cow<'a, str>,
        text: &'a str,
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
            Turn::Plain(Role::System, _) => {}
            Turn::Plain(_, text) => parts.push((Speaker::User, Part::Text { text, fields: Map::new() })),
            Turn::Result(CallResult { name, text, number, .. }) => {
                let id = ids.get(number).cloned().flatten();
                parts.push((Speaker::User, Part::Result { id, name: sendable_name(name), text }));
            }
            Turn::Assistant(assistant) => {
                ids = vec![None; assistant.call_ids.len()];
                let made = parts_of(&assistant, asked, &mut ids);
                parts.extend(made.into_iter().map(|part| (Speaker::Model, part)));
            }
        }
    }
    let beginning = || Part::Text { text: BEGINNING, fields: Map::new() };
    alternate(parts, beginning).into_iter().map(Content).collect()
}

fn parts_of<'a>(assistant: &Assistant<'a>, asked: &Asked<'a>, ids: &mut [Option<Value>]) -> Vec<Part<'a>> {
    let pieces = pieces_of(assistant.message, asked.origin);
    let part = |piece| match piece {
        Piece::Text(text, fields) => Part::Text { text, fields },
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
            Self::Result { id, name, text } => {
                let response = json!({ "output": text });
                map.serialize_entry("functionResponse", &FunctionResponse { id, name, response })?;
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
