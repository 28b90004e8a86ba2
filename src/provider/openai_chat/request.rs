//! Our messages as the JSON of a chat-completions request. Pure.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::conversation::{AnswerFormat, Attachment, AttachmentKind, Message, ToolCall, ToolChoice, ToolSpec};
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
        let content = UserContent { prompt: &prompt, files: String::new(), binaries: self.0.clone() };
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
                let content = UserContent { prompt: text, files: String::new(), binaries: Vec::new() };
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
        map.serialize_entry("function", &Function { name, description, parameters: raw(parameters) })?;
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a RawValue,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Asked, Body};
    use crate::conversation::{Message, MessageId, Replay, Role, ToolCall, ToolChoice, ToolSpec};
    use crate::provider::accepted::{Accepted, RESULT_IMAGES};
    use crate::provider::quirks::MaxTokensName;
    use crate::provider::test_requests::{attached, result_with_image};
    use crate::provider::{ChatRequest, Images, ModelParameters};

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

    fn body_with(messages: &[Message], change: impl FnOnce(&mut ChatRequest<'_>, &mut Accepted)) -> Value {
        let parameters = ModelParameters::default();
        let mut request = ChatRequest {
            model: "m",
            system: None,
            messages,
            tools: &[],
            tool_choice: &ToolChoice::Auto,
            parameters: &parameters,
            images: Images::Sent,
            answer: None,
            stream: false,
        };
        let mut accepted = Accepted::default();
        change(&mut request, &mut accepted);
        serde_json::to_value(Body(Asked { request: &request, origin: ORIGIN, accepted: &accepted })).unwrap()
    }

    fn sent(messages: &[Message]) -> Value {
        body_with(messages, |_, _| {})["messages"].clone()
    }

    fn wire_call(id: &str, arguments: &str) -> Value {
        json!({"id": id, "type": "function", "function": {"name": "read", "arguments": arguments}})
    }

    #[test]
    fn files_stand_beside_the_text_and_a_text_alone_stays_one() {
        let text = "what?\n\nFile: a.md\n```\n# A\n```";
        let image = json!({"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlh"}});
        let pdf = json!({"filename": "c.pdf", "file_data": "data:application/pdf;base64,JVBERi0x"});
        let parts = json!([{"type": "text", "text": text}, image, {"type": "file", "file": pdf}]);
        assert_eq!(sent(&[attached("what?")]), json!([{"role": "user", "content": parts}]));

        let mut only_text = attached("what?");
        only_text.attachments.truncate(1);
        assert_eq!(sent(&[only_text])[0]["content"], text);

        let blind = body_with(&[attached("")], |request, _| request.images = Images::Named);
        let parts = blind["messages"][0]["content"].as_array().unwrap();
        assert_eq!(parts.len(), 2, "{parts:?}");
        assert!(
            parts[0]["text"].as_str().unwrap().contains("[image: b.gif (6 bytes), image/gif: not sent"),
            "{parts:?}"
        );
    }

    #[test]
    fn a_result_is_text_and_its_images_follow_the_round() {
        let text = "[image: image/gif, 6 bytes]";
        let messages = [
            calling("", &[("a", "{}"), ("b", "{}")]),
            result_with_image("a", text),
            result("b", "no image"),
            message(Role::Assistant, "Seen."),
        ];
        let sent_all = sent(&messages);
        assert_eq!((&sent_all[1]["content"], &sent_all[2]["content"]), (&json!(text), &json!("no image")));
        let [label, image] = sent_all[3]["content"].as_array().unwrap().as_slice() else { panic!("{}", sent_all[3]) };
        assert_eq!((&sent_all[3]["role"], &label["text"]), (&json!("user"), &json!("Images of the results above: camera 1")));
        assert!(image["image_url"]["url"].as_str().unwrap().starts_with("data:image/gif;base64,"));
        assert_eq!(sent_all[4]["content"], "Seen.");
        let named = body_with(&messages, |request, _| request.images = Images::Named);
        let refused = body_with(&messages, |_, accepted| *accepted = accepted.without(RESULT_IMAGES));
        for body in [named, refused] {
            assert_eq!(body["messages"].as_array().unwrap().len(), 4, "{body}");
        }
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
        let body = body_with(&[message(Role::User, "hi")], |request, accepted| {
            request.system = Some("s");
            request.tools = Box::leak(Box::new(tools));
            request.parameters = Box::leak(Box::new(parameters));
            request.stream = true;
            accepted.max_tokens = MaxTokensName::MaxCompletionTokens;
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
    fn claude_behind_openrouter_keeps_the_prompt_from_the_second_request_on() {
        use crate::provider::dialect::Dialect;
        use crate::provider::openai_chat::ChatCompletions;
        let said = [
            message(Role::User, "one"),
            message(Role::Assistant, "1"),
            message(Role::User, "two"),
            message(Role::Assistant, "2"),
            message(Role::User, "three"),
        ];
        let sent = |host: &str, model: &'static str, messages: &[Message], extra: &[(&str, Value)]| {
            let extra = extra.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            let parameters = ModelParameters { extra, ..ModelParameters::default() };
            let accepted = ChatCompletions::known(host, model);
            let body = body_with(messages, |request, known| {
                request.system = Some("s");
                request.model = model;
                request.parameters = Box::leak(Box::new(parameters));
                *known = accepted;
            });
            assert!(body.get("cache_control").is_none());
            body["messages"].clone()
        };
        let marked = |role: &str, text: &str| {
            let part = json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}});
            json!({"role": role, "content": [part]})
        };
        let plain = |role: &str, text: &str| json!({"role": role, "content": text});
        let kept = sent("openrouter.ai", "anthropic/claude-sonnet-4.5", &said, &[]);
        assert_eq!(
            kept,
            json!([
                marked("system", "s"),
                plain("user", "one"),
                plain("assistant", "1"),
                marked("user", "two"),
                plain("assistant", "2"),
                marked("user", "three"),
            ])
        );
        let is_marked = |messages: Value| messages.to_string().contains("cache_control");
        assert!(!is_marked(sent("openrouter.ai", "anthropic/claude-sonnet-4.5", &said[..1], &[])), "first request");
        assert!(!is_marked(sent("openrouter.ai", "openai/gpt-4o", &said, &[])), "keeps by itself");
        assert!(!is_marked(sent("api.example.com", "anthropic/claude-sonnet-4.5", &said, &[])), "somebody else");
        let none = [("cache_control", Value::Null)];
        assert!(!is_marked(sent("openrouter.ai", "anthropic/claude-sonnet-4.5", &said, &none)), "by the user's wish");
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
