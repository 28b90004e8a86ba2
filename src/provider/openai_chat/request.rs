//! Our messages as the JSON of a chat-completions request. Pure.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::dialect::Dialect;
use crate::conversation::{Message, Role, ToolCall, ToolChoice, ToolSpec};
use crate::provider::ChatRequest;

/// What the server is told of a call that never came to a result.
const INTERRUPTED: &str = "interrupted: this call has no result";

/// A request as it is sent. `origin` names this provider in [`crate::conversation::Replay`].
pub(super) struct Body<'a> {
    pub(super) request: &'a ChatRequest<'a>,
    pub(super) origin: &'a str,
    pub(super) dialect: &'a Dialect,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { request, dialect, .. } = self;
        let extra = &request.parameters.extra;
        let mut body = Fields { map: serializer.serialize_map(None)?, extra, dialect };
        body.add("model", request.model)?;
        body.add("messages", &Messages(self))?;
        if request.stream {
            body.add("stream", &true)?;
            body.add("stream_options", &json!({ "include_usage": true }))?;
        }
        if !request.tools.is_empty() && !dialect.leaves_out("tools") {
            body.add("tools", &request.tools.iter().map(Tool).collect::<Vec<_>>())?;
            if let Some(choice) = tool_choice(request.tool_choice) {
                body.add("tool_choice", &choice)?;
            }
        }
        if let Some(temperature) = request.parameters.temperature {
            body.add("temperature", &temperature)?;
        }
        if let Some(max_tokens) = request.parameters.max_tokens {
            body.add(dialect.max_tokens.field(), &max_tokens)?;
        }
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

/// The object of a request: what the user sets wins, and `null` leaves a field out.
struct Fields<'a, M> {
    map: M,
    extra: &'a BTreeMap<String, Value>,
    dialect: &'a Dialect,
}

impl<M: SerializeMap> Fields<'_, M> {
    fn add(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), M::Error> {
        if self.extra.contains_key(name) || self.dialect.leaves_out(name) {
            return Ok(());
        }
        self.map.serialize_entry(name, value)
    }

    fn end(mut self) -> Result<M::Ok, M::Error> {
        let is_taken = |name: &str, value: &Value| !value.is_null() && !self.dialect.leaves_out(name);
        for (name, value) in self.extra.iter().filter(|(name, value)| is_taken(name, value)) {
            self.map.serialize_entry(name, value)?;
        }
        self.map.end()
    }
}

struct Messages<'a>(&'a Body<'a>);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Body { request, origin, .. } = self.0;
        let system = request.system.map(|text| Item::Plain(Role::System, text));
        serializer.collect_seq(system.into_iter().chain(repair(request.messages)).map(|item| Wire { item, origin }))
    }
}

/// One message of the request.
#[derive(Debug, PartialEq)]
enum Item<'a> {
    Plain(Role, &'a str),
    /// With calls, thoughts to give back, or both.
    Assistant(&'a Message),
    Result {
        call_id: &'a str,
        text: &'a str,
    },
}

/// The messages in an order that every server takes: each call is followed by exactly one result,
/// each result follows its call, and no answer is empty.
fn repair(messages: &[Message]) -> Vec<Item<'_>> {
    let mut items = Vec::with_capacity(messages.len());
    for (at, message) in messages.iter().enumerate() {
        match message.role {
            Role::System | Role::User => items.push(Item::Plain(message.role, &message.text)),
            Role::Assistant if message.text.is_empty() && message.tool_calls.is_empty() => {}
            Role::Assistant => {
                items.push(Item::Assistant(message));
                let later = || messages[at + 1..].iter().take_while(|later| later.role != Role::Assistant);
                for call in &message.tool_calls {
                    let is_result = |later: &&Message| later.tool_call_id.as_deref() == Some(&call.id);
                    let result = later().filter(|later| later.role == Role::Tool).find(is_result);
                    let text = result.map_or(INTERRUPTED, |result| &result.text);
                    items.push(Item::Result { call_id: &call.id, text });
                }
            }
            // Sent with its call.
            Role::Tool => {}
        }
    }
    items
}

struct Wire<'a> {
    item: Item<'a>,
    origin: &'a str,
}

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.item {
            Item::Plain(role, text) => {
                map.serialize_entry("role", role.name())?;
                map.serialize_entry("content", text)?;
            }
            Item::Assistant(message) => add_assistant(&mut map, message, self.origin)?,
            Item::Result { call_id, text } => {
                map.serialize_entry("role", "tool")?;
                map.serialize_entry("tool_call_id", call_id)?;
                map.serialize_entry("content", text)?;
            }
        }
        map.end()
    }
}

fn add_assistant<M: SerializeMap>(map: &mut M, message: &Message, origin: &str) -> Result<(), M::Error> {
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
        let calls = message.tool_calls.iter().enumerate();
        let calls: Vec<Call<'_>> = calls.map(|(at, call)| Call { call, extra: extras[at].as_object() }).collect();
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
    extra: Option<&'a Map<String, Value>>,
}

impl Serialize for Call<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { call, extra } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &call.id)?;
        map.serialize_entry("type", "function")?;
        map.serialize_entry("function", &json!({ "name": call.name, "arguments": sendable(&call.arguments) }))?;
        let is_ours = |name: &str| matches!(name, "id" | "type" | "function");
        for (name, value) in extra.iter().flat_map(|extra| extra.iter()).filter(|(name, _)| !is_ours(name)) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A model can write arguments that are no JSON; servers refuse the conversation for it ever after.
fn sendable(arguments: &str) -> &str {
    let is_object = serde_json::from_str::<&RawValue>(arguments).is_ok_and(|value| value.get().starts_with('{'));
    if is_object { arguments } else { "{}" }
}

struct Tool<'a>(&'a ToolSpec);

impl Serialize for Tool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ToolSpec { name, description, parameters } = self.0;
        // Sent as it is written: a tree of it would be made with every request.
        let parameters =
            serde_json::from_str::<&RawValue>(parameters).unwrap_or(NO_PARAMETERS.get_or_init(no_parameters));
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
    parameters: &'a RawValue,
}

/// For a tool whose schema is no JSON.
static NO_PARAMETERS: OnceLock<Box<RawValue>> = OnceLock::new();

fn no_parameters() -> Box<RawValue> {
    RawValue::from_string(r#"{"type":"object","properties":{}}"#.to_owned()).expect("it is JSON")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Body, Dialect};
    use crate::conversation::{Message, MessageId, Replay, Role, ToolCall, ToolChoice, ToolSpec};
    use crate::provider::{ChatRequest, ModelParameters};

    const ORIGIN: &str = "openai_chat http://localhost/v1 m";

    fn message(role: Role, text: &str) -> Message {
        Message::new(MessageId(String::new()), None, role, text.to_owned(), 0)
    }

    fn calling(text: &str, calls: &[(&str, &str)]) -> Message {
        let call = |(id, arguments): &(&str, &str)| ToolCall {
            id: (*id).to_owned(),
            name: "read".to_owned(),
            arguments: (*arguments).to_owned(),
        };
        Message { tool_calls: calls.iter().map(call).collect(), ..message(Role::Assistant, text) }
    }

    fn result(id: &str, text: &str) -> Message {
        Message { tool_call_id: Some(id.to_owned()), ..message(Role::Tool, text) }
    }

    fn body_with(messages: &[Message], change: impl FnOnce(&mut ChatRequest<'_>, &mut Dialect)) -> Value {
        let parameters = ModelParameters::default();
        let mut request = ChatRequest {
            model: "m",
            system: None,
            messages,
            tools: &[],
            tool_choice: &ToolChoice::Auto,
            parameters: &parameters,
            stream: false,
        };
        let mut dialect = Dialect::default();
        change(&mut request, &mut dialect);
        serde_json::to_value(Body { request: &request, origin: ORIGIN, dialect: &dialect }).unwrap()
    }

    fn sent(messages: &[Message]) -> Value {
        body_with(messages, |_, _| {})["messages"].clone()
    }

    fn wire_call(id: &str, arguments: &str) -> Value {
        json!({"id": id, "type": "function", "function": {"name": "read", "arguments": arguments}})
    }

    #[test]
    fn only_what_is_set_is_sent() {
        let body = body_with(&[message(Role::User, "hi \u{fffd}")], |_, _| {});
        assert_eq!(body, json!({"model": "m", "messages": [{"role": "user", "content": "hi \u{fffd}"}]}));
    }

    #[test]
    fn everything_that_is_set_is_sent_once() {
        let tools = [ToolSpec { name: "t".into(), description: "d".into(), parameters: r#"{"type":"object"}"#.into() }];
        let extra = [("temperature", json!(1)), ("seed", json!(7)), ("top_p", Value::Null)];
        let parameters = ModelParameters {
            temperature: Some(0.5),
            max_tokens: Some(9),
            extra: extra.map(|(name, value)| (name.to_owned(), value)).into(),
        };
        let body = body_with(&[message(Role::User, "hi")], |request, dialect| {
            request.system = Some("s");
            request.tools = Box::leak(Box::new(tools));
            request.parameters = Box::leak(Box::new(parameters));
            request.stream = true;
            dialect.max_tokens = crate::provider::quirks::MaxTokensName::MaxCompletionTokens;
        });
        let function = json!({"name": "t", "description": "d", "parameters": {"type": "object"}});
        let expected = json!({
            "model": "m",
            "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}],
            "stream": true,
            "stream_options": {"include_usage": true},
            "tools": [{"type": "function", "function": function}],
            "max_completion_tokens": 9,
            "temperature": 1,
            "seed": 7,
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn each_call_gets_one_result_and_each_result_has_its_call() {
        let messages = [
            result("lost", "no call"),
            calling("", &[("a", r#"{"x":1}"#), ("b", "{broken"), ("c", "")]),
            result("c", "C"),
            result("a", "A"),
            result("a", "again"),
            message(Role::Assistant, ""),
            message(Role::User, "hi"),
        ];
        let calls = [wire_call("a", r#"{"x":1}"#), wire_call("b", "{}"), wire_call("c", "{}")];
        let expected = json!([
            {"role": "assistant", "tool_calls": calls},
            {"role": "tool", "tool_call_id": "a", "content": "A"},
            {"role": "tool", "tool_call_id": "b", "content": "interrupted: this call has no result"},
            {"role": "tool", "tool_call_id": "c", "content": "C"},
            {"role": "user", "content": "hi"},
        ]);
        assert_eq!(sent(&messages), expected);
    }

    #[test]
    fn thoughts_go_back_to_where_they_came_from_and_nowhere_else() {
        let json =
            r#"{"reasoning_content":"r","reasoning_details":[{"index":0}],"tool_calls":[{"extra_content":{"s":1}}]}"#;
        let replay = |origin: &str| Some(Replay { origin: origin.to_owned(), json: json.to_owned() });
        let called = Message { replay: replay(ORIGIN), ..calling("t", &[("a", "{}")]) };
        let mut call = wire_call("a", "{}");
        call["extra_content"] = json!({"s": 1});
        let expected = json!({
            "role": "assistant",
            "content": "t",
            "reasoning_content": "r",
            "reasoning_details": [{"index": 0}],
            "tool_calls": [call],
        });
        assert_eq!(sent(&[called])[0], expected);

        let answered = Message { replay: replay(ORIGIN), ..message(Role::Assistant, "t") };
        let expected = json!({"role": "assistant", "content": "t", "reasoning_details": [{"index": 0}]});
        assert_eq!(sent(&[answered]), json!([expected]));

        let foreign = Message { replay: replay("another"), ..calling("t", &[("a", "{}")]) };
        let expected = json!({"role": "assistant", "content": "t", "tool_calls": [wire_call("a", "{}")]});
        assert_eq!(sent(&[foreign])[0], expected);
    }
}
