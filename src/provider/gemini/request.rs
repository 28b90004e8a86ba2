//! Our messages as the JSON of a Gemini request. Pure.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::contents::contents;
use crate::conversation::{ToolChoice, ToolSpec};
use crate::provider::ChatRequest;
use crate::provider::dialect::Asked;
use crate::provider::request_body::Fields;
use crate::provider::turns::system_texts;

const GENERATION: &str = "generationConfig";
/// All other parameters belong into [`GENERATION`].
const OWN_FIELDS: [&str; 8] = [
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "safetySettings",
    "cachedContent",
    "labels",
    "serviceTier",
];

/// A request as it is sent.
pub struct Body<'a>(pub(super) Asked<'a>);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Asked { request, accepted, .. } = &self.0;
        let (extra, generation) = parameters_of(&self.0);
        let mut body = Fields::new(serializer.serialize_map(None)?, &extra, accepted);
        body.add("contents", &contents(&self.0))?;
        body.add_some("systemInstruction", system_of(request).as_ref())?;
        if !request.tools.is_empty() {
            body.add("tools", &[Declarations { tools: request.tools }])?;
            body.add_some("toolConfig", tool_config(request.tool_choice).as_ref())?;
        }
        body.add_some(GENERATION, Some(&generation).filter(|generation| !generation.is_empty()))?;
        body.end()
    }
}

/// The user's fields of the body itself, and all parameters of the generation: what the user sets wins, and
/// `null` leaves a field out.
fn parameters_of(Asked { request, accepted, .. }: &Asked<'_>) -> (BTreeMap<String, Value>, Map<String, Value>) {
    let parameters = request.parameters;
    let mut generation = Map::new();
    generation.extend(parameters.temperature.map(|value| ("temperature".to_owned(), value.into())));
    generation.extend(parameters.max_tokens.map(|value| ("maxOutputTokens".to_owned(), value.into())));
    if let Some(format) = request.answer {
        // Takes JSON Schema as it is, where `responseSchema` takes a dialect of it.
        let schema = serde_json::from_str(&format.schema).unwrap_or_default();
        generation.insert("responseMimeType".to_owned(), "application/json".into());
        generation.insert("responseJsonSchema".to_owned(), schema);
    }
    let mut own = BTreeMap::new();
    for (name, value) in &parameters.extra {
        match (name.as_str(), value) {
            (GENERATION, Value::Object(fields)) => generation.extend(fields.clone()),
            (name, value) if OWN_FIELDS.contains(&name) => drop(own.insert(name.to_owned(), value.clone())),
            (name, value) => drop(generation.insert(name.to_owned(), value.clone())),
        }
    }
    generation.retain(|name, value| !value.is_null() && !accepted.leaves_out(name));
    (own, generation)
}

fn system_of(request: &ChatRequest<'_>) -> Option<Value> {
    let parts: Vec<Value> = system_texts(request).into_iter().map(|text| json!({ "text": text })).collect();
    (!parts.is_empty()).then(|| json!({ "parts": parts }))
}

/// Nothing where it is the server's default.
fn tool_config(choice: &ToolChoice) -> Option<Value> {
    let config = match choice {
        ToolChoice::Auto => return None,
        ToolChoice::Never => json!({ "mode": "NONE" }),
        ToolChoice::Required => json!({ "mode": "ANY" }),
        ToolChoice::Named(name) => json!({ "mode": "ANY", "allowedFunctionNames": [name] }),
    };
    Some(json!({ "functionCallingConfig": config }))
}

struct Declarations<'a> {
    tools: &'a [ToolSpec],
}

impl Serialize for Declarations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("functionDeclarations", &self.tools.iter().map(Declaration).collect::<Vec<_>>())?;
        map.end()
    }
}

struct Declaration<'a>(&'a ToolSpec);

impl Serialize for Declaration<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ToolSpec { name, description, parameters } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", name)?;
        map.serialize_entry("description", description)?;
        // Takes JSON Schema as it is, where `parameters` takes a dialect of it.
        map.serialize_entry("parametersJsonSchema", parameters)?;
        map.end()
    }
}
