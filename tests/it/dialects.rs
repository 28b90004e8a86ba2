//! Turns with tools in every dialect, against a server that takes nothing malformed.

use serde_json::{Value, json};

use crate::support::strict::signature_of;
use crate::support::{Dialect, ModelServer, Received, Reply, Sandbox, TestConfig, Wire};

const THOUGHT: &str = "Six times seven, and the time.";
const WORD: &str = "Let me see.";

fn sandbox(server: &ModelServer, dialect: Dialect) -> Sandbox {
    Sandbox::new().config(&TestConfig::for_server(server).set("llm.providers.test.api", dialect.api()))
}

fn two_calls(dialect: Dialect) -> Reply {
    let calls = [("call_a", "calc__evaluate", json!({"expression": "6 * 7"})), ("call_b", "time__now", json!({}))];
    dialect.calls(THOUGHT, WORD, &calls)
}

/// A turn with two calls, and a second turn in another process.
fn turns(dialect: Dialect) -> Vec<Received> {
    let script = move |_: &Received, number: usize| match number {
        0 => Some(two_calls(dialect)),
        1 => Some(dialect.answer("It is 42.")),
        _ => Some(dialect.answer("Gladly.")),
    };
    let server = ModelServer::scripted(Wire::Plain, script);
    let sandbox = sandbox(&server, dialect);
    let output = sandbox.ask_once(["6 times 7?", "-s", "Be brief.", "--thinking", "show"]).run().assert_exit(0);
    assert_eq!(output.stdout(), "Let me see.\n\nIt is 42.\n", "{dialect:?}");
    if dialect != Dialect::Gemini {
        assert!(output.stderr.contains(THOUGHT), "{dialect:?}: thoughts are shown: {}", output.stderr);
    }
    sandbox.ask_once(["-c", "Thanks"]).run().assert_exit(0).assert_stdout("Gladly.\n");
    let requests = server.requests();
    assert_eq!(requests.len(), 3, "{dialect:?}");
    requests
}

/// The result of a call as the model is told it, which the clock decides too.
fn said<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("nothing at {path} of {value:#}"))
}

fn assert_results(calc: &str, time: &str) {
    assert!(calc.contains("42"), "{calc}");
    assert!(time.contains("20"), "{time}");
}

#[test]
fn a_turn_with_tools_in_chat_completions() {
    let requests = turns(Dialect::Chat);
    let messages = &requests[2].json()["messages"];
    let call = |id: &str, name: &str, arguments: &str| {
        json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments},
            "extra_content": {"google": {"thought_signature": signature_of(id)}}})
    };
    let calls =
        json!([call("call_a", "calc__evaluate", r#"{"expression":"6 * 7"}"#), call("call_b", "time__now", "{}")]);
    let (calc, time) = (said(messages, "/3/content"), said(messages, "/4/content"));
    assert_results(calc, time);
    let expected = json!([
        {"role": "system", "content": said(messages, "/0/content")},
        {"role": "user", "content": "6 times 7?"},
        {"role": "assistant", "content": WORD, "reasoning_content": THOUGHT, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_a", "content": calc},
        {"role": "tool", "tool_call_id": "call_b", "content": time},
        {"role": "assistant", "content": "It is 42."},
        {"role": "user", "content": "Thanks"},
    ]);
    assert_eq!(messages, &expected);
}

#[test]
fn a_turn_with_tools_in_the_words_of_responses() {
    let requests = turns(Dialect::Responses);
    let body = requests[2].json();
    let input = &body["input"];
    let (calc, time) = (said(input, "/5/output"), said(input, "/6/output"));
    assert_results(calc, time);
    let summary = json!([{"type": "summary_text", "text": THOUGHT}]);
    let content = json!([{"type": "output_text", "text": WORD, "annotations": []}]);
    let call = |id: &str, call_id: &str, name: &str, arguments: &str| json!({"type": "function_call", "id": id, "call_id": call_id, "name": name, "arguments": arguments});
    let expected = json!([
        {"role": "user", "content": "6 times 7?"},
        {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": signature_of("rs_1")},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content},
        call("fc_0", "call_a", "calc__evaluate", r#"{"expression":"6 * 7"}"#),
        call("fc_1", "call_b", "time__now", "{}"),
        {"type": "function_call_output", "call_id": "call_a", "output": calc},
        {"type": "function_call_output", "call_id": "call_b", "output": time},
        {"role": "assistant", "content": "It is 42."},
        {"role": "user", "content": "Thanks"},
    ]);
    assert_eq!(input, &expected);
    assert_eq!((&body["store"], &body["include"]), (&json!(false), &json!(["reasoning.encrypted_content"])));
    assert!(said(&body, "/instructions").contains("Be brief."));
}

#[test]
fn a_turn_with_tools_in_the_words_of_anthropic() {
    let requests = turns(Dialect::Anthropic);
    let body = requests[2].json();
    let messages = &body["messages"];
    let (calc, time) = (said(messages, "/2/content/0/content"), said(messages, "/2/content/1/content"));
    assert_results(calc, time);
    let mark = json!({"type": "ephemeral"});
    let expected = json!([
        {"role": "user", "content": [{"type": "text", "text": "6 times 7?"}]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": THOUGHT, "signature": signature_of(THOUGHT)},
            {"type": "redacted_thinking", "data": "hidden"},
            {"type": "text", "text": WORD},
            {"type": "tool_use", "id": "call_a", "name": "calc__evaluate", "input": {"expression": "6 * 7"}},
            {"type": "tool_use", "id": "call_b", "name": "time__now", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "call_a", "content": calc},
            {"type": "tool_result", "tool_use_id": "call_b", "content": time, "cache_control": mark},
        ]},
        {"role": "assistant", "content": [{"type": "text", "text": "It is 42."}]},
        {"role": "user", "content": [{"type": "text", "text": "Thanks", "cache_control": mark}]},
    ]);
    assert_eq!(messages, &expected);
    assert_eq!(body["system"][0]["cache_control"], mark);
    assert!(body["max_tokens"].as_u64() >= Some(4096), "the API wants a limit: {body}");
    let first = requests[0].json();
    assert!(!first.to_string().contains("cache_control"), "what may never come again is not kept: {first}");
}

#[test]
fn a_turn_with_tools_in_the_words_of_gemini() {
    let requests = turns(Dialect::Gemini);
    let body = requests[2].json();
    let contents = &body["contents"];
    let calc = said(contents, "/2/parts/0/functionResponse/response/output");
    let time = said(contents, "/2/parts/1/functionResponse/response/output");
    assert_results(calc, time);
    let arguments = json!({"expression": "6 * 7"});
    let response = |id: &str, name: &str, output: &str| json!({"functionResponse": {"id": id, "name": name, "response": {"output": output}}});
    let expected = json!([
        {"role": "user", "parts": [{"text": "6 times 7?"}]},
        {"role": "model", "parts": [
            {"text": WORD},
            {"functionCall": {"id": "call_a", "name": "calc__evaluate", "args": arguments},
                "thoughtSignature": signature_of(&arguments.to_string())},
            {"functionCall": {"id": "call_b", "name": "time__now", "args": {}}},
        ]},
        {"role": "user", "parts": [response("call_a", "calc__evaluate", calc), response("call_b", "time__now", time)]},
        {"role": "model", "parts": [{"text": "It is 42."}]},
        {"role": "user", "parts": [{"text": "Thanks"}]},
    ]);
    assert_eq!(contents, &expected);
    assert_eq!(requests[2].path, "/v1/models/test-model:streamGenerateContent?alt=sse");
    assert!(said(&body, "/systemInstruction/parts/0/text").contains("Be brief."));
}

/// Every conversation can be taken to every other dialect; what one provider has signed goes to no other.
#[test]
fn a_conversation_goes_on_with_another_provider() {
    for from in Dialect::ALL {
        for to in Dialect::ALL.into_iter().filter(|to| *to != from) {
            let script = move |request: &Received, number: usize| match number {
                0 => Some(two_calls(from)),
                1 => Some(from.answer("It is 42.")),
                _ if String::from_utf8_lossy(&request.body).contains("sig-") => None,
                _ => Some(to.answer("Gladly.")),
            };
            let server = ModelServer::scripted(Wire::Plain, script);
            let other = json!({"api": to.api(), "base_url": server.base_url(), "model": "gemini-3-test",
                "api_key_env": "TEST_KEY"});
            let config = TestConfig::for_server(&server).set("llm.providers.test.api", from.api());
            let sandbox = Sandbox::new().config(&config.set("llm.providers.other", other));
            sandbox.ask_once(["6 times 7?"]).run().assert_exit(0);
            let second = sandbox.ask_once(["-c", "-m", "other:gemini-3-test", "Thanks"]).run();
            second.assert_exit(0).assert_stdout("Gladly.\n");
        }
    }
}

#[test]
fn ids_that_stand_twice_and_names_that_no_tool_has_are_sent_so_that_servers_take_them() {
    for dialect in Dialect::ALL {
        let odd = "functions.calc.evaluate:0";
        let script = move |_: &Received, number: usize| match number {
            0 | 1 => Some(dialect.calls(THOUGHT, WORD, &[(odd, "calc__evaluate", json!({"expression": "1 + 1"}))])),
            2 => Some(dialect.calls(THOUGHT, WORD, &[("c", "no_such_tool", json!({}))])),
            _ => Some(dialect.answer("Two.")),
        };
        let server = ModelServer::scripted(Wire::Plain, script);
        sandbox(&server, dialect).ask_once(["1 + 1?"]).run().assert_exit(0);
        assert_eq!(server.requests().len(), 4, "{dialect:?}");
    }
}

#[test]
fn an_answer_that_does_not_stream_is_the_same() {
    for (dialect, body) in [
        (
            Dialect::Responses,
            json!({"object": "response", "id": "r", "model": "m", "status": "completed", "error": null, "output": [
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Whole."}]},
            ], "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}}),
        ),
        (
            Dialect::Anthropic,
            json!({"type": "message", "id": "m", "model": "m", "role": "assistant", "stop_reason": "end_turn",
                "content": [{"type": "text", "text": "Whole."}], "usage": {"input_tokens": 7, "output_tokens": 3}}),
        ),
        (
            Dialect::Gemini,
            json!({"candidates": [{"content": {"parts": [{"text": "Whole."}]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}}),
        ),
    ] {
        let server = ModelServer::start([Reply::json(200, &body)]);
        let output = sandbox(&server, dialect).ask_once(["hi", "--no-stream", "--format", "json"]).run();
        let result: Value = serde_json::from_slice(&output.assert_exit(0).stdout_bytes).unwrap();
        assert_eq!((&result["text"], &result["usage"]["input"]), (&json!("Whole."), &json!(7)), "{dialect:?}");
        let request = server.request();
        assert!(!request.path.contains("stream") && request.json().get("stream").is_none(), "{dialect:?}");
    }
}

#[test]
fn what_a_server_refuses_is_left_out_of_the_next_try() {
    let is_set =
        |body: &Value| ["/temperature", "/generationConfig/temperature"].iter().any(|at| body.pointer(at).is_some());
    let unsupported = "Unsupported parameter: 'temperature' is not supported with this model.";
    for dialect in Dialect::ALL {
        let server = ModelServer::start([Reply::error(400, unsupported), dialect.answer("fine")]);
        sandbox(&server, dialect)
            .ask_once(["hi", "-o", "temperature=0.5"])
            .run()
            .assert_exit(0)
            .assert_stdout("fine\n");
        let sent: Vec<bool> = server.requests().iter().map(|request| is_set(&request.json())).collect();
        assert_eq!(sent, [true, false], "{dialect:?}");
    }
}

#[test]
fn a_tool_whose_schema_is_refused_is_left_out_and_no_other() {
    let by_name = "Invalid schema for function 'calc__evaluate': 'default' is not permitted.";
    for dialect in Dialect::ALL {
        for refusal in [by_name, "tools.0.custom.input_schema: JSON schema is invalid"] {
            let server =
                ModelServer::start([Reply::error(400, refusal), dialect.answer("fine"), dialect.answer("fine")]);
            let sandbox = sandbox(&server, dialect);
            let output = sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("fine\n");
            output.assert_stderr_has(&["refuses the schema of the tool `", "it is left out"]);
            sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
            let bodies: Vec<String> = server.requests().iter().map(|request| request.json().to_string()).collect();
            let is_less = bodies[1].len() < bodies[0].len() && bodies[1].contains("time__now");
            assert!(is_less && bodies[2] == bodies[0], "{dialect:?}: it is not kept for later: {bodies:#?}");
            assert!(refusal != by_name || !bodies[1].contains("calc__evaluate"), "{dialect:?}");
        }
    }
}

#[test]
fn a_wrong_value_is_an_error_and_teaches_nothing() {
    let refusal = "Unsupported value: 'top_p' does not support 3 with this model. Supported values are: 1 and 2.";
    let server = ModelServer::start([Reply::error(400, refusal), Reply::answer(&["fine"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi", "-o", "top_p=3"]).run().assert_exit(7).assert_stderr_has(&["Supported values are"]);
    sandbox.ask_once(["hi", "-o", "top_p=2"]).run().assert_exit(0);
    assert_eq!(server.requests()[1].json()["top_p"], 2);
}

#[test]
fn parameters_go_where_each_api_takes_them() {
    for (dialect, expected) in [
        (Dialect::Responses, json!({"temperature": 0.5, "max_output_tokens": 9, "top_p": 0.25})),
        (Dialect::Anthropic, json!({"temperature": 0.5, "max_tokens": 9, "top_p": 0.25})),
        (Dialect::Gemini, json!({"generationConfig": {"temperature": 0.5, "maxOutputTokens": 9, "top_p": 0.25}})),
    ] {
        let server = ModelServer::start([dialect.answer("fine")]);
        let options = ["hi", "-o", "temperature=0.5", "-o", "max_tokens=9", "-o", "top_p=0.25"];
        sandbox(&server, dialect).ask_once(options).run().assert_exit(0);
        let body = server.request().json();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&body[name], value, "{name} of {dialect:?}");
        }
    }
}

#[test]
fn a_dry_run_shows_the_request_of_each_dialect_without_the_key() {
    for (dialect, line) in [
        (Dialect::Responses, "Authorization: Bearer [redacted]"),
        (Dialect::Anthropic, "x-api-key: [redacted]"),
        (Dialect::Gemini, "x-goog-api-key: [redacted]"),
    ] {
        let server = ModelServer::start([]);
        let output = sandbox(&server, dialect).ask_once(["hi", "--dry-run"]).run().assert_exit(0);
        assert!(output.stdout().contains(line), "{}", output.stdout());
        assert!(!output.stdout().contains(crate::support::TEST_KEY));
    }
}
