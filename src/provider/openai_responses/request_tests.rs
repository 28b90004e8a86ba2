//! Given these messages, this request of the Responses API.

use serde_json::{Value, json};

use super::Responses;
use crate::conversation::{Role, ToolChoice};
use crate::provider::Images;
use crate::provider::accepted::Accepted;
use crate::provider::dialect::Dialect;
use crate::provider::test_requests::{
    Set, attached, body, calling, message, replayed, request, result, result_with_image, tool,
};

#[test]
fn only_what_is_set_is_sent_and_nothing_is_stored_there() {
    let (body, url) = request::<Responses>(&[message(Role::User, "hi")], &Set::default());
    let expected = json!({
        "model": "m",
        "input": [{"role": "user", "content": "hi"}],
        "store": false,
        "include": ["reasoning.encrypted_content"],
    });
    assert_eq!((body, url.as_str()), (expected, "https://a.example/v1/responses"));
}

#[test]
fn thoughts_are_not_asked_for_where_there_are_none() {
    let known = Responses::known("api.openai.com", "gpt-4o-mini");
    assert_eq!(body::<Responses>(&[], &Set { accepted: known, ..Set::default() })["include"], Value::Null);
    assert_eq!(Responses::known("api.openai.com", "gpt-5-mini"), Accepted::default());
    assert_eq!(Responses::known("other.example", "gpt-4o"), Accepted::default());
}

#[test]
fn a_choice_is_made_among_tools() {
    for (choice, expected) in [
        (ToolChoice::Auto, Value::Null),
        (ToolChoice::Never, json!("none")),
        (ToolChoice::Required, json!("required")),
        (ToolChoice::Named("t".into()), json!({"type": "function", "name": "t"})),
    ] {
        let set = Set { tools: vec![tool()], tool_choice: choice, ..Set::default() };
        let body = body::<Responses>(&[], &set);
        assert_eq!(body["tool_choice"], expected);
        let parameters = json!({"type": "object"});
        let expected = json!([{"type": "function", "name": "t", "description": "d", "parameters": parameters,
            "strict": false}]);
        assert_eq!(body["tools"], expected);
    }
}

#[test]
fn items_go_back_as_they_came_and_foreign_calls_in_a_form_that_is_taken() {
    let thought = json!({"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "e"});
    let search = json!({"type": "web_search_call", "id": "ws", "status": "completed"});
    let parts = json!([
        {"fields": thought},
        {"fields": search},
        {"text": 1, "fields": {"id": "msg", "phase": "commentary"}},
        {"call": 0, "fields": {"id": "fc"}},
    ]);
    let own = replayed(calling("a", &[("c", r#"{"x":1}"#)]), &parts);
    let foreign = calling("b", &[("functions.read:0", "{broken")]);
    let messages = [own, result("c", "r"), message(Role::System, "s"), foreign, message(Role::User, "q")];
    let input = body::<Responses>(&messages, &Set::default())["input"].clone();
    let made = input[7]["call_id"].as_str().unwrap().to_owned();
    assert_eq!(made.len(), 9, "{input:#}");
    let content = json!([{"type": "output_text", "text": "a", "annotations": []}]);
    let interrupted = "interrupted: this call has no result";
    let expected = json!([
        thought,
        search,
        {"type": "message", "role": "assistant", "status": "completed", "content": content, "id": "msg",
            "phase": "commentary"},
        {"type": "function_call", "call_id": "c", "name": "read", "arguments": r#"{"x":1}"#, "id": "fc"},
        {"type": "function_call_output", "call_id": "c", "output": "r"},
        {"role": "system", "content": "s"},
        {"role": "assistant", "content": "b"},
        {"type": "function_call", "call_id": made, "name": "read", "arguments": "{}"},
        {"type": "function_call_output", "call_id": made, "output": interrupted},
        {"role": "user", "content": "q"},
    ]);
    assert_eq!(input, expected);
}

#[test]
fn files_stand_beside_the_text() {
    let parts = json!([
        {"type": "input_text", "text": "what?\n\nFile: a.md\n```\n# A\n```"},
        {"type": "input_image", "image_url": "data:image/gif;base64,R0lGODlh"},
        {"type": "input_file", "filename": "c.pdf", "file_data": "data:application/pdf;base64,JVBERi0x"},
    ]);
    let input = body::<Responses>(&[attached("what?")], &Set::default())["input"].clone();
    assert_eq!(input, json!([{"role": "user", "content": parts}]));
    let blind = Set { images: Images::Named, ..Set::default() };
    let parts = body::<Responses>(&[attached("what?")], &blind)["input"][0]["content"].clone();
    assert_eq!((parts.as_array().unwrap().len(), &parts[1]["type"]), (2, &json!("input_file")));
}

#[test]
fn a_result_keeps_its_images() {
    let messages = [calling("", &[("a", "{}")]), result_with_image("a", "seen")];
    let output = body::<Responses>(&messages, &Set::default())["input"][1]["output"].clone();
    let image = json!({"type": "input_image", "image_url": "data:image/gif;base64,R0lGODlh"});
    assert_eq!(output, json!([{"type": "input_text", "text": "seen"}, image]));
    let blind = Set { images: Images::Named, ..Set::default() };
    assert_eq!(body::<Responses>(&messages, &blind)["input"][1]["output"], "seen");
}
