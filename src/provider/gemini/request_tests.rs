//! Given these messages, this request of the Gemini API.

use serde_json::{Value, json};

use super::GenerateContent;
use crate::conversation::{Message, Role, ToolChoice};
use crate::provider::Images;
use crate::provider::ModelParameters;
use crate::provider::test_requests::{
    Set, attached, body, calling, message, replayed, request, result, result_with_image, tool,
};

fn sent(messages: &[Message], model: &'static str) -> Value {
    body::<GenerateContent>(messages, &Set { model: Some(model), ..Set::default() })["contents"].clone()
}

#[test]
fn only_what_is_set_is_sent_and_the_model_is_in_the_address() {
    let asked = [message(Role::User, "hi")];
    let (body, url) = request::<GenerateContent>(&asked, &Set::default());
    assert_eq!(body, json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}));
    assert_eq!(url, "https://a.example/v1/models/m:generateContent");
    for (model, expected) in [
        ("models/x", "models/x"),
        ("publishers/google/models/x", "publishers/google/models/x"),
        ("tunedModels/x", "tunedModels/x"),
        ("x?key=1#", "models/x%3Fkey%3D1%23"),
    ] {
        let set = Set { stream: true, model: Some(model), ..Set::default() };
        let url = request::<GenerateContent>(&asked, &set).1;
        assert_eq!(url, format!("https://a.example/v1/{expected}:streamGenerateContent?alt=sse"));
    }
}

#[test]
fn parameters_go_into_the_configuration_of_the_generation() {
    let extra = [
        ("topP", json!(0.5)),
        ("generationConfig", json!({"thinkingConfig": {"includeThoughts": true}, "temperature": 1})),
        ("safetySettings", json!([])),
        ("seed", Value::Null),
    ];
    let parameters = ModelParameters {
        temperature: Some(0.25),
        max_tokens: Some(9),
        extra: extra.map(|(name, value)| (name.to_owned(), value)).into(),
    };
    let body = body::<GenerateContent>(&[], &Set { parameters, system: Some("s"), ..Set::default() });
    let expected = json!({
        "contents": [],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "generationConfig": {
            "temperature": 1, "maxOutputTokens": 9, "topP": 0.5, "thinkingConfig": {"includeThoughts": true},
        },
        "safetySettings": [],
    });
    assert_eq!(body, expected);
}

#[test]
fn a_choice_is_made_among_tools() {
    for (choice, expected) in [
        (ToolChoice::Auto, Value::Null),
        (ToolChoice::Never, json!({"mode": "NONE"})),
        (ToolChoice::Required, json!({"mode": "ANY"})),
        (ToolChoice::Named("t".into()), json!({"mode": "ANY", "allowedFunctionNames": ["t"]})),
    ] {
        let set = Set { tools: vec![tool()], tool_choice: choice, ..Set::default() };
        let body = body::<GenerateContent>(&[], &set);
        assert_eq!(body["toolConfig"]["functionCallingConfig"], expected);
        let declared = json!({"name": "t", "description": "d", "parametersJsonSchema": {"type": "object"}});
        assert_eq!(body["tools"], json!([{"functionDeclarations": [declared]}]));
    }
}

#[test]
fn results_name_their_call_and_go_out_together() {
    let messages = [
        calling("a", &[("call_0", r#"{"x":1}"#), ("call_1", "")]),
        result("call_1", "B"),
        result("call_0", "A"),
        message(Role::User, "b"),
    ];
    let call = |args: Value| json!({"functionCall": {"name": "read", "args": args}});
    let answer = |output: &str| json!({"functionResponse": {"name": "read", "response": {"output": output}}});
    let expected = json!([
        {"role": "user", "parts": [{"text": "(the beginning of this conversation is left out)"}]},
        {"role": "model", "parts": [{"text": "a"}, call(json!({"x": 1})), call(json!({}))]},
        {"role": "user", "parts": [answer("A"), answer("B"), {"text": "b"}]},
    ]);
    assert_eq!(sent(&messages, "m"), expected, "without ids, which this server has not given");
}

#[test]
fn signatures_and_ids_go_back_to_where_they_came_from() {
    let parts = json!([
        {"text": 1, "fields": {"thoughtSignature": "s1"}},
        {"call": 0, "fields": {"id": "i", "thoughtSignature": "s2"}},
        {"text": 0, "fields": {"thoughtSignature": "s3"}},
    ]);
    let messages = [message(Role::User, "q"), replayed(calling("a", &[("i", "{}")]), &parts), result("i", "r")];
    let expected = json!([
        {"text": "a", "thoughtSignature": "s1"},
        {"functionCall": {"id": "i", "name": "read", "args": {}}, "thoughtSignature": "s2"},
        {"text": "", "thoughtSignature": "s3"},
    ]);
    let made = sent(&messages, "gemini-3-pro");
    assert_eq!(made[1]["parts"], expected);
    assert_eq!(made[2]["parts"][0]["functionResponse"]["id"], "i");

    let foreign = [message(Role::User, "q"), calling("", &[("i", "{}"), ("j", "{}")])];
    let call = json!({"functionCall": {"name": "read", "args": {}}});
    let mut stand_in = call.clone();
    stand_in["thoughtSignature"] = "skip_thought_signature_validator".into();
    assert_eq!(sent(&foreign, "gemini-3-pro")[1]["parts"], json!([stand_in, call]));
    assert_eq!(sent(&foreign, "gemini-2.5-pro")[1]["parts"], json!([call, call]));
}

#[test]
fn files_stand_before_the_question_that_is_about_them() {
    let inline = |mime, data| json!({"inlineData": {"mimeType": mime, "data": data}});
    let parts = json!([
        inline("image/gif", "R0lGODlh"),
        inline("application/pdf", "JVBERi0x"),
        {"text": "File: a.md\n```\n# A\n```"},
        {"text": "what?"},
    ]);
    assert_eq!(sent(&[attached("what?")], "m"), json!([{"role": "user", "parts": parts}]));
    assert_eq!(sent(&[attached("")], "m")[0]["parts"].as_array().unwrap().len(), 3);
    let blind = Set { images: Images::Named, ..Set::default() };
    let parts = body::<GenerateContent>(&[attached("what?")], &blind)["contents"][0]["parts"].clone();
    assert_eq!((parts.as_array().unwrap().len(), &parts[0]["inlineData"]["mimeType"]), (3, &json!("application/pdf")));
}

#[test]
fn the_images_of_a_result_are_where_the_model_takes_them() {
    let messages = [message(Role::User, "look"), calling("", &[("a", "{}")]), result_with_image("a", "seen")];
    let image = json!({"inlineData": {"mimeType": "image/gif", "data": "R0lGODlh"}});
    let response = json!({"name": "read", "response": {"output": "seen"}});
    let beside = sent(&messages, "gemini-2.5-flash")[2]["parts"].clone();
    assert_eq!(beside, json!([{"functionResponse": response}, image]));
    let within = sent(&messages, "gemini-3-pro-preview")[2]["parts"].clone();
    let response = json!({"name": "read", "response": {"output": "seen"}, "parts": [image]});
    assert_eq!(within, json!([{"functionResponse": response}]));
}
