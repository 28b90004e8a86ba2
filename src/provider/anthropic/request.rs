//! Our messages as the JSON of a Messages request. Pure.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::conversation::{Block, Sent, WireTurn, conversation};
use crate::conversation::{AnswerFormat, ToolChoice, ToolSpec};
use crate::provider::dialect::Asked;
use crate::provider::request_body::{Fields, raw, sendable_name};
use crate::provider::turns::{Speaker, system_texts};
use crate::provider::{ChatRequest, known_model};

/// Tokens of an answer of a model that nobody knows: the API wants a limit.
const MAX_TOKENS: u64 = 8192;

/// A request as it is sent.
pub struct Body<'a>(pub(super) Asked<'a>);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Asked { request, origin, accepted } = &self.0;
        let is_marked = self.0.is_worth_keeping();
        let mut turns = conversation(request, origin);
        if is_marked {
            mark_ends(&mut turns);
        }
        let mut body = Fields::new(serializer.serialize_map(None)?, &request.parameters.extra, accepted);
        body.add("model", request.model)?;
        body.add("max_tokens", &request.parameters.max_tokens.unwrap_or_else(|| max_tokens_of(request.model)))?;
        let tools = tools_of(request);
        let system = system_texts(request);
        body.add_some("system", Some(&System { texts: &system, is_marked }).filter(|_| !system.is_empty()))?;
        body.add("messages", &turns.iter().map(Sent).collect::<Vec<_>>())?;
        body.add_some("stream", Some(&true).filter(|_| request.stream))?;
        if !tools.is_empty() {
            let is_last_marked = is_marked && system.is_empty();
            body.add("tools", &Tools { tools: &tools, is_last_marked })?;
            body.add_some("tool_choice", tool_choice(request).as_ref())?;
        }
        body.add_some("output_config", request.answer.map(output_config).as_ref())?;
        body.add_some("temperature", request.parameters.temperature.as_ref())?;
        body.end()
    }
}

/// The end of this request, for the next one, and the end of the last one, where the server finds what it kept.
fn mark_ends(turns: &mut [WireTurn<'_>]) {
    for turn in turns.iter_mut().rev().filter(|turn| turn.speaker == Speaker::User).take(2) {
        if let Some(block) = turn.parts.last_mut() {
            block.is_marked = true;
        }
    }
}

fn max_tokens_of(model: &str) -> u64 {
    known_model("anthropic", model).and_then(|known| known.output).unwrap_or(MAX_TOKENS)
}

struct System<'a> {
    texts: &'a [&'a str],
    is_marked: bool,
}

impl Serialize for System<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut blocks: Vec<Block<'_>> = self.texts.iter().copied().map(Block::text).collect();
        match (blocks.last_mut(), self.texts) {
            (Some(last), _) if self.is_marked => last.is_marked = true,
            (_, [text]) => return serializer.serialize_str(text),
            (_, _) => {}
        }
        blocks.serialize(serializer)
    }
}

/// A tool as it is offered.
struct Offer<'a> {
    name: Cow<'a, str>,
    spec: Option<&'a ToolSpec>,
}

/// The tools; where none is offered any more, the names of those that were called before, because the API
/// takes no calls without tools.
fn tools_of<'a>(request: &ChatRequest<'a>) -> Vec<Offer<'a>> {
    let offer = |spec: &'a ToolSpec| Offer { name: Cow::Borrowed(spec.name.as_str()), spec: Some(spec) };
    if !request.tools.is_empty() {
        return request.tools.iter().map(offer).collect();
    }
    let mut called: Vec<Cow<'a, str>> = Vec::new();
    for call in request.messages.iter().flat_map(|message| &message.tool_calls) {
        let name = sendable_name(&call.name);
        if !called.contains(&name) {
            called.push(name);
        }
    }
    called.into_iter().map(|name| Offer { name, spec: None }).collect()
}

/// Nothing where it is the server's default.
fn tool_choice(request: &ChatRequest<'_>) -> Option<Value> {
    match request.tool_choice {
        _ if request.tools.is_empty() => Some(json!({ "type": "none" })),
        ToolChoice::Auto => None,
        ToolChoice::Never => Some(json!({ "type": "none" })),
        ToolChoice::Required => Some(json!({ "type": "any" })),
        ToolChoice::Named(name) => Some(json!({ "type": "tool", "name": name })),
    }
}

/// The mode of this API for answers with a schema.
fn output_config(format: &AnswerFormat) -> Value {
    json!({ "format": { "type": "json_schema", "schema": raw(&format.schema) } })
}

struct Tools<'a> {
    tools: &'a [Offer<'a>],
    is_last_marked: bool,
}

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let last = self.tools.len().saturating_sub(1);
        let tools = self.tools.iter().enumerate();
        serializer.collect_seq(tools.map(|(at, offer)| Tool { offer, is_marked: self.is_last_marked && at == last }))
    }
}

struct Tool<'a> {
    offer: &'a Offer<'a>,
    is_marked: bool,
}

impl Serialize for Tool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Offer { name, spec } = self.offer;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", name)?;
        if let Some(spec) = spec.filter(|spec| !spec.description.is_empty()) {
            map.serialize_entry("description", &spec.description)?;
        }
        match spec {
            Some(spec) => map.serialize_entry("input_schema", &spec.parameters)?,
            None => map.serialize_entry("input_schema", raw(""))?,
        }
        if self.is_marked {
            map.serialize_entry("cache_control", &json!({ "type": "ephemeral" }))?;
        }
        map.end()
    }
}
