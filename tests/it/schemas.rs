//! `--schema`: what is sent, what comes out, what is asked again, and what is found later.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Dialect, ModelServer, Received, Reply, Sandbox, TestConfig};

const PERSON: &str = "name, age int";

fn person() -> Value {
    json!({"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"], "additionalProperties": false})
}

#[test]
fn the_answer_is_exactly_the_value_and_its_numbers_are_as_written() {
    let server = ModelServer::always(Reply::answer(&["{\"big\": 123456789012", "34567890.10,\n \"e\": 1E+2}"]));
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["--schema", "big float, e float", "hi"]).run().assert_exit(0);
    output.assert_stdout("{\"big\":12345678901234567890.10,\"e\":1E+2}\n").assert_quiet();
    let sent = server.request().json();
    assert_eq!(sent["response_format"]["type"], "json_schema");
    assert_eq!(sent["response_format"]["json_schema"]["strict"], true);
    assert_eq!(sent["messages"].as_array().unwrap().len(), 1, "no instructions where there is a mode");
    let result = sandbox.ask_once(["--schema", "big float, e float", "hi", "--format", "json"]).run().result();
    assert_eq!((&result["value"]["e"], result["part"].is_null()), (&json!(100.0), true));
    let raw = sandbox.ask_once(["--schema", "big float, e float", "hi", "--format", "jsonl"]).run().assert_exit(0);
    assert!(raw.stdout().contains("\"value\":{\"big\":12345678901234567890.10,\"e\":1E+2}"), "{raw:?}");
}

#[test]
fn each_dialect_is_asked_in_its_own_way() {
    for dialect in Dialect::ALL {
        let server = ModelServer::always(dialect.answer("{\"name\": \"Ann\", \"age\": 7}"));
        let config = TestConfig::for_server(&server).set("llm.providers.test.api", dialect.api());
        let sandbox = Sandbox::new().config(&config);
        let output = sandbox.ask_once(["--schema", PERSON, "hi"]).run().assert_exit(0);
        output.assert_stdout("{\"name\":\"Ann\",\"age\":7}\n");
        let sent = server.request().json();
        let schema = match dialect {
            Dialect::Chat => &sent["response_format"]["json_schema"]["schema"],
            Dialect::Responses => &sent["text"]["format"]["schema"],
            Dialect::Anthropic => &sent["output_config"]["format"]["schema"],
            Dialect::Gemini => &sent["generationConfig"]["responseJsonSchema"],
        };
        assert_eq!(schema, &person(), "{dialect:?}: {sent:#}");
    }
}

#[test]
fn a_server_without_such_a_mode_is_asked_in_words_and_that_is_remembered() {
    let server = ModelServer::start([
        Reply::error(400, "response_format of type json_schema is not supported by this model"),
        Reply::answer(&["Here you are:\n```json\n{\"name\": \"Ann\", \"age\": 7}\n```\n"]),
        Reply::answer(&["{\"name\": \"Bob\", \"age\": 8}"]),
    ]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["--schema", PERSON, "hi"]).run().assert_exit(0).assert_stdout("{\"name\":\"Ann\",\"age\":7}\n");
    sandbox.ask_once(["--schema", PERSON, "-s", "Be brief.", "hi"]).run().assert_exit(0);
    let sent: Vec<Value> = server.requests().iter().map(Received::json).collect();
    assert!(sent[1]["response_format"].is_null() && sent[2]["response_format"].is_null(), "{sent:#?}");
    let system = sent[2]["messages"][0]["content"].as_str().unwrap();
    assert!(system.starts_with("Be brief.\n\nAnswer with one JSON value"), "{system}");
    assert!(system.contains("\"additionalProperties\":false"), "{system}");
}

#[test]
fn a_refusal_of_one_schema_says_nothing_about_the_next_one() {
    let server = ModelServer::start([
        Reply::error(400, "Invalid schema for response_format 'x': 'minimum' is not supported"),
        Reply::answer(&["{\"n\": 1}"]),
        Reply::answer(&["{\"n\": 1}"]),
    ]);
    let sandbox = Sandbox::for_server(&server);
    let limited = r#"{"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}"#;
    sandbox.ask_once(["--schema", limited, "hi"]).run().assert_exit(0);
    sandbox.ask_once(["--schema", "n int", "hi"]).run().assert_exit(0);
    assert!(server.requests()[2].json()["response_format"].is_object());
}

#[test]
fn what_does_not_match_is_told_to_the_model_once_and_then_exit_11() {
    let server = ModelServer::start([
        Reply::answer(&["{\"name\": \"Ann\", \"age\": \"seven\"}"]),
        Reply::answer(&["{\"name\": \"Ann\", \"age\": 7}"]),
        Reply::answer(&["Ann is seven."]),
        Reply::answer(&["{\"name\": \"Ann\"}"]),
        Reply::answer(&["no"]),
    ]);
    let sandbox = Sandbox::for_server(&server);
    let good = sandbox.ask_once(["--schema", PERSON, "hi"]).run().assert_exit(0);
    good.assert_stdout("{\"name\":\"Ann\",\"age\":7}\n").assert_stderr_has(&["/age: \"seven\" is not of type"]);
    let repair = server.requests()[1].json();
    let told = repair["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    assert!(told.contains("- /age: \"seven\" is not of type \"integer\"") && told.contains("JSON Schema"), "{told}");
    let roles: Vec<_> = sandbox.messages().into_iter().map(|message| message.role).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
    let bad = sandbox.ask_once(["--schema", PERSON, "hi"]).run().assert_exit(11).assert_stdout("");
    bad.assert_stderr_has(&["error[schema]", "\"age\" is a required property"]);
    // Not even once.
    let output = sandbox.ask_once(["--schema", PERSON, "--schema-retries", "0", "--format", "json", "hi"]).run();
    let result = output.assert_exit(11).result();
    assert_eq!((&result["status"], &result["error"]["class"]), (&json!("incomplete"), &json!("schema")));
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn the_text_of_a_repaired_result_is_that_of_its_deltas() {
    let server = ModelServer::start([Reply::answer(&["no"]), Reply::answer(&["{\"n\"", ": 1}"])]);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["--schema", "n int", "--format", "jsonl", "hi"]).run().assert_exit(0);
    let text: String =
        output.events_of("delta").iter().map(|delta| delta["text"].as_str().unwrap().to_owned()).collect();
    let result = output.result();
    assert_eq!((result["text"].as_str(), &result["value"]), (Some(text.as_str()), &json!({"n": 1})));
    assert!(output.events_of("notice").iter().any(|notice| notice["code"] == "schema_mismatch"));
}

#[test]
fn many_values_are_a_line_each() {
    let server = ModelServer::always(Reply::answer(&["{\"items\": [{\"n\": 1},\n {\"n\": 2.0}]}"]));
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["--schema", "n float", "--schema-multi", "hi"]).run().assert_exit(0);
    output.assert_stdout("{\"n\":1}\n{\"n\":2.0}\n");
    let result = sandbox.ask_once(["--schema", "n float", "--schema-multi", "--format", "json", "hi"]).run().result();
    assert_eq!(result["value"], json!([{"n": 1}, {"n": 2.0}]));
}

#[test]
fn tools_run_before_the_value() {
    let server = ModelServer::start([
        Reply::call("c1", "calc__evaluate", &json!({"expression": "6*7"})),
        Reply::answer(&["{\"n\": 42}"]),
    ]);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["--schema", "n int", "hi"]).run().assert_exit(0);
    output.assert_stdout("{\"n\":42}\n");
    assert!(server.requests()[1].json()["response_format"].is_object());
}

#[test]
fn an_answer_that_was_cut_off_is_not_taken_for_the_value() {
    let server = ModelServer::always(Reply::sse().text("{\"n\": 1}").fin());
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["--schema", "n int", "hi"]).run().assert_exit(9).assert_stdout("");
}

#[test]
fn a_schema_that_cannot_be_used_is_told_before_anything_is_sent() {
    let server = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&server);
    fs::write(sandbox.work_folder().join("bad.json"), "{\"type\": \"strin\"}").unwrap();
    for (schema, code, told) in [
        ("{\"a\": ", 2, "it is no JSON"),
        ("bad.json", 2, "bad.json cannot be used: it is no JSON Schema"),
        ("missing.json", 3, "missing.json"),
        ("age years", 2, "`years` is no type"),
        (
            "{\"$ref\": \"http://127.0.0.1:9/x\"}",
            2,
            "it refers to http://127.0.0.1:9/x, and nothing is read from other places",
        ),
    ] {
        sandbox
            .ask_once(["--schema", schema, "hi"])
            .run()
            .assert_exit(code)
            .assert_stdout("")
            .assert_stderr_has(&[told]);
    }
    sandbox.ask_once(["--schema-multi", "hi"]).run().assert_exit(2);
    sandbox.ask_once(["--schema", "a", "--code", "hi"]).run().assert_exit(2);
    sandbox.ask_once(["--schema", "a", "--schema-retries", "6", "hi"]).run().assert_exit(2);
}

#[test]
fn answers_are_found_by_their_schema() {
    let server = ModelServer::start([
        Reply::answer(&["{\"name\": \"Ann\", \"age\": 7}"]),
        Reply::answer(&["{\"city\": \"Oslo\"}"]),
    ]);
    let sandbox = Sandbox::for_server(&server);
    fs::write(sandbox.work_folder().join("person.json"), person().to_string()).unwrap();
    sandbox.ask_once(["--schema", "person.json", "hi"]).run().assert_exit(0);
    sandbox.ask_once(["--schema", "city", "hi"]).run().assert_exit(0);
    let found = |args: &[&str]| -> Vec<String> {
        let all = [&["history", "search", "--format", "json", "--schema"], args].concat();
        let output = sandbox.sayso(all).run().assert_exit(0);
        let hits: Vec<Value> = serde_json::from_slice(&output.stdout_bytes).unwrap();
        hits.iter().map(|hit| hit["snippet"].as_str().unwrap().to_owned()).collect()
    };
    let ann = "{\"name\": \"Ann\", \"age\": 7}";
    assert_eq!(found(&["person"]), [ann], "by name");
    assert_eq!(found(&["person.json"]), [ann], "by file");
    assert_eq!(found(&["person", "Ann"]).len(), 1, "with words");
    assert_eq!(found(&["person", "Oslo"]).len(), 0);
    assert_eq!(found(&["city"]), ["{\"city\": \"Oslo\"}"]);
    assert_eq!(found(&["unknown"]).len(), 0);
    sandbox.sayso(["history", "search"]).run().assert_exit(2);
}
