//! Requests as they are sent.

use serde_json::{Value, json};

use super::request::Body;
use crate::conversation::{Message, MessageId, Replay, Role, ToolCall};
use crate::provider::accepted::{Accepted, RESULT_IMAGES};
use crate::provider::dialect::Asked;
use crate::provider::quirks::MaxTokensName;
use crate::provider::test_requests::{attached, result_with_image, tool};
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
    let mut request = ChatRequest { stream: false, ..ChatRequest::new("m", messages, &parameters) };
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
    assert!(parts[0]["text"].as_str().unwrap().contains("[image: b.gif (6 bytes), image/gif: not sent"), "{parts:?}");
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
    assert_eq!(
        (&sent_all[3]["role"], &label["text"]),
        (&json!("user"), &json!("Images of the results above: camera 1"))
    );
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
    let tools = [tool()];
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
