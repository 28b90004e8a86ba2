//! Given these messages, this request of the Messages API.

use serde_json::{Value, json};

use super::Messages;
use crate::conversation::{Message, Role, ToolChoice};
use crate::provider::Images;
use crate::provider::ModelParameters;
use crate::provider::accepted::Accepted;
use crate::provider::test_requests::{
    Set, attached, body, calling, message, replayed, request, result, result_with_image, tool,
};

fn sent(messages: &[Message]) -> Value {
    body::<Messages>(messages, &Set::default())["messages"].clone()
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn call(id: &str, input: &Value) -> Value {
    json!({"type": "tool_use", "id": id, "name": "read", "input": input})
}

#[test]
fn only_what_is_set_is_sent_and_a_limit() {
    let (body, url) = request::<Messages>(&[message(Role::User, "hi")], &Set::default());
    let messages = json!([{"role": "user", "content": [text("hi")]}]);
    assert_eq!(body, json!({"model": "m", "max_tokens": 8192, "messages": messages}));
    assert_eq!(url, "https://a.example/v1/messages");
    let known = Set { model: Some("claude-3-haiku-20240307"), ..Set::default() };
    assert_eq!(request::<Messages>(&[], &known).0["max_tokens"], 4096);
}

#[test]
fn a_choice_is_made_among_tools() {
    for (choice, expected) in [
        (ToolChoice::Auto, Value::Null),
        (ToolChoice::Never, json!({"type": "none"})),
        (ToolChoice::Required, json!({"type": "any"})),
        (ToolChoice::Named("t".into()), json!({"type": "tool", "name": "t"})),
    ] {
        let set = Set { tools: vec![tool()], tool_choice: choice, ..Set::default() };
        let body = body::<Messages>(&[message(Role::User, "hi")], &set);
        assert_eq!(body["tool_choice"], expected);
        assert_eq!(body["tools"], json!([{"name": "t", "description": "d", "input_schema": {"type": "object"}}]));
    }
    let called = [calling("", &[("a", "{}")])];
    let unmarked = Accepted::default().without("cache_control");
    let without = body::<Messages>(&called, &Set { accepted: unmarked, ..Set::default() });
    let stand_in = json!([{"name": "read", "input_schema": {"type": "object", "properties": {}}}]);
    assert_eq!((&without["tools"], &without["tool_choice"]), (&stand_in, &json!({"type": "none"})));
}

#[test]
fn turns_alternate_and_results_stand_first() {
    let messages = [
        message(Role::Assistant, "a"),
        message(Role::User, " \n"),
        message(Role::User, "b"),
        message(Role::System, "s"),
        message(Role::User, "c"),
        calling("", &[("x", r#"{"a":1}"#), ("x", "{broken")]),
        result("x", ""),
        message(Role::User, "d"),
    ];
    let sent = sent(&messages);
    let second = sent[3]["content"][1]["id"].as_str().unwrap().to_owned();
    assert_ne!(second, "x");
    let answer = |id: &str| json!({"type": "tool_result", "tool_use_id": id});
    let expected = json!([
        {"role": "user", "content": [text("(the beginning of this conversation is left out)")]},
        {"role": "assistant", "content": [text("a")]},
        {"role": "user", "content": [text("b"), text("c")]},
        {"role": "assistant", "content": [call("x", &json!({"a": 1})), call(&second, &json!({}))]},
        {"role": "user", "content": [answer("x"), answer(&second), text("d")]},
    ]);
    // Nothing is known to be kept here, but an answer shows that the conversation goes on.
    assert_eq!(without_marks(sent), expected);
}

fn without_marks(mut value: Value) -> Value {
    for block in value.as_array_mut().into_iter().flatten().flat_map(|turn| turn["content"].as_array_mut()).flatten() {
        block.as_object_mut().unwrap().remove("cache_control");
    }
    value
}

#[test]
fn thoughts_go_back_in_their_order_to_where_they_came_from() {
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "s"});
    let parts = json!([{"fields": thought}, {"text": 1}, {"call": 0, "fields": {"caller": {"type": "direct"}}}]);
    let told = [replayed(calling("a", &[("x", "{}")]), &parts), result("x", "r")];
    let mut calling = call("x", &json!({}));
    calling["caller"] = json!({"type": "direct"});
    assert_eq!(sent(&told)[1]["content"], json!([thought, text("a"), calling]));
    let mut foreign = told.clone();
    foreign[0].replay.as_mut().unwrap().origin = "another".into();
    assert_eq!(sent(&foreign)[1]["content"], json!([text("a"), call("x", &json!({}))]));
}

#[test]
fn what_comes_again_is_marked_to_be_kept() {
    let mark = json!({"type": "ephemeral"});
    let asked = [message(Role::User, "a"), message(Role::Assistant, "b"), message(Role::User, "c")];
    let set = || Set { system: Some("s"), tools: vec![tool()], ..Set::default() };
    let marked = |body: &Value| body.to_string().matches("cache_control").count();
    let whole = body::<Messages>(&asked, &set());
    assert_eq!(whole["system"], json!([{"type": "text", "text": "s", "cache_control": mark}]));
    assert_eq!(whole["messages"][0]["content"][0]["cache_control"], mark);
    assert_eq!((&whole["messages"][2]["content"][0]["cache_control"], marked(&whole)), (&mark, 3));
    let first = body::<Messages>(&asked[..1], &set());
    assert_eq!((&first["system"], marked(&first)), (&json!("s"), 0), "it may never come again");
    let no_system = body::<Messages>(&asked, &Set { system: None, ..set() });
    assert_eq!(no_system["tools"][0]["cache_control"], mark);
    let refused = body::<Messages>(&asked, &Set { accepted: Accepted::default().without("cache_control"), ..set() });
    assert_eq!(marked(&refused), 0);
    let extra = [("cache_control".to_owned(), Value::Null)].into();
    let off = Set { parameters: ModelParameters { extra, ..ModelParameters::default() }, ..set() };
    assert_eq!(marked(&body::<Messages>(&asked, &off)), 0, "the user has said so");
}

#[test]
fn files_stand_before_the_question_that_is_about_them() {
    let source = |media_type, data| json!({"type": "base64", "media_type": media_type, "data": data});
    let content = json!([
        {"type": "image", "source": source("image/gif", "R0lGODlh")},
        {"type": "document", "source": source("application/pdf", "JVBERi0x"), "title": "c.pdf"},
        text("File: a.md\n```\n# A\n```"),
        text("what?"),
    ]);
    assert_eq!(sent(&[attached("what?")]), json!([{"role": "user", "content": content}]));
    let blind = Set { images: Images::Named, ..Set::default() };
    let blind = body::<Messages>(&[attached("what?")], &blind)["messages"][0]["content"].clone();
    assert_eq!((blind.as_array().unwrap().len(), &blind[0]["type"]), (3, &json!("document")));
}

#[test]
fn a_result_keeps_its_images() {
    let messages = [calling("", &[("a", "{}")]), result_with_image("a", "seen")];
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "R0lGODlh"}});
    assert_eq!(sent(&messages)[2]["content"][0]["content"], json!([text("seen"), image]));
    let blind = Set { images: Images::Named, ..Set::default() };
    assert_eq!(body::<Messages>(&messages, &blind)["messages"][2]["content"][0]["content"], "seen");
}
