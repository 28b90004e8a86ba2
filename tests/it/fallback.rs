//! Another provider answers where the first one cannot, and everybody is told.

use serde_json::{Value, json};

use crate::support::{Certificate, ModelServer, Reply, Sandbox, TestConfig, Wire, closed_port};

fn config(first: &str, second: &ModelServer, fallback: Value) -> TestConfig {
    let other = json!({"base_url": second.base_url(), "model": "other-model", "api_key_env": "TEST_KEY"});
    TestConfig::new(first).set("llm.providers.other", other).set("llm.fallback", fallback)
}

#[test]
fn a_provider_that_is_down_or_full_is_replaced_and_that_is_said() {
    for (reply, class) in [
        (Reply::error(500, "down"), "down (500)"),
        (Reply::error(429, "slow down").header("retry-after", "3600"), "slow down (429)"),
        (Reply::error(402, "no credit"), "no credit (402)"),
        (Reply::body(200, "text/html", "<html><title>Login</title></html>"), "Login"),
    ] {
        let (first, second) = (ModelServer::always(reply), ModelServer::always(Reply::answer(&["Hello"])));
        let sandbox = Sandbox::new().config(&config(&first.base_url(), &second, json!(["other:other-model"])));
        let output = sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");
        output.assert_stderr_has(&["warning: test:test-model failed (", class, "): asking other:other-model"]);
        assert_eq!((first.requests().len(), second.requests().len()), (1, 1), "{class}");
        assert_eq!(second.request().json()["model"], "other-model");
        sandbox.assert_turn("complete", "Hello");
    }
}

#[test]
fn scripts_hear_of_it_in_a_notice_and_in_the_result() {
    let second = ModelServer::always(Reply::answer(&["Hello"]));
    let first = format!("http://127.0.0.1:{}/v1", closed_port());
    let sandbox = Sandbox::new().config(&config(&first, &second, json!(["other:other-model"])));
    let output = sandbox.ask_once(["hi", "--format", "jsonl"]).run().assert_exit(0);
    let notice = &output.events_of("notice")[0];
    assert_eq!((&notice["code"], &notice["level"]), (&json!("fallback"), &json!("warn")));
    let result = output.result();
    assert_eq!(
        (&result["model"], &result["status"], &result["error"]),
        (&json!("other:other-model"), &json!("ok"), &Value::Null)
    );
    let alone = sandbox.ask_once(["hi", "--format", "json"]).run().assert_exit(0).result();
    assert_eq!(alone["model"], "other:other-model");
}

#[test]
fn all_of_the_list_is_tried_in_order_and_the_last_failure_counts() {
    let (first, second) =
        (ModelServer::always(Reply::error(500, "one")), ModelServer::always(Reply::error(503, "two")));
    let list = json!(["groq:x", "other:a", "other:b"]);
    let sandbox = Sandbox::new().config(&config(&first.base_url(), &second, list));
    let output = sandbox.ask_once(["hi"]).run().assert_exit(8);
    output.assert_stderr_has(&[
        "groq:x cannot be asked instead: groq has no API key",
        "asking other:a",
        "asking other:b",
        "two (503)",
    ]);
    let models: Vec<Value> = second.requests().iter().map(|request| request.json()["model"].clone()).collect();
    assert_eq!(models, ["a", "b"]);
}

#[test]
fn what_is_wrong_with_the_request_or_key_is_wrong_everywhere() {
    for (status, exit) in [(400, 7), (401, 4), (404, 7)] {
        let (first, second) = (ModelServer::always(Reply::error(status, "no")), ModelServer::start([]));
        let sandbox = Sandbox::new().config(&config(&first.base_url(), &second, json!(["other:other-model"])));
        sandbox.ask_once(["hi"]).run().assert_exit(exit);
        assert_eq!(second.requests().len(), 0, "{status}");
    }
}

#[test]
fn nothing_is_asked_again_once_words_have_come_or_a_tool_has_run() {
    let cut = Reply::sse().role().text("Hel").fin();
    let (first, second) = (ModelServer::always(cut), ModelServer::start([]));
    let sandbox = Sandbox::new().config(&config(&first.base_url(), &second, json!(["other:other-model"])));
    sandbox.ask_once(["hi"]).run().assert_exit(9).assert_stdout("Hel\n");

    let call = Reply::call("c1", "calc__evaluate", &json!({"expression": "6 * 7"}));
    let first = ModelServer::start([call, Reply::error(500, "down")]);
    let sandbox = Sandbox::new().config(&config(&first.base_url(), &second, json!(["other:other-model"])));
    sandbox.ask_once(["hi"]).run().assert_exit(8);
    assert_eq!((first.requests().len(), second.requests().len()), (2, 0));
}

#[test]
fn the_next_turn_begins_with_the_chosen_model_again() {
    let first = ModelServer::start([Reply::error(500, "down"), Reply::answer(&["from the first"])]);
    let second = ModelServer::always(Reply::answer(&["from the second"]));
    let sandbox = Sandbox::new().config(&config(&first.base_url(), &second, json!(["other:other-model"])));
    let mut pty = crate::repl::start(sandbox.sayso(["chat", "--retries", "0"]), "test>");
    pty.send("one\r");
    pty.wait_for_text("from the second");
    crate::repl::wait_for_end(&pty, &["test>"]);
    pty.send("two\r");
    pty.wait_for_text("from the first");
    crate::repl::wait_for_end(&pty, &["test>"]);
    pty.send("\x04");
    assert_eq!(pty.wait_for_exit(), 0);
    let sent = first.requests()[1].json();
    let texts: Vec<&Value> = sent["messages"].as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(texts, ["one", "from the second", "two"]);
}

#[test]
fn it_is_the_same_over_tls_and_http_2() {
    for wire in [Wire::Tls(Certificate::Good), Wire::Http2] {
        let first = ModelServer::start_on(wire, [Reply::error(503, "down")]);
        let second = ModelServer::always(Reply::answer(&["Hello"]));
        let config = config(&first.base_url(), &second, json!(["other:other-model"]));
        let config = config.http("ca_file", first.ca_file().unwrap().to_str().unwrap());
        let output = Sandbox::new().config(&config).ask_once(["hi"]).run();
        output.assert_exit(0).assert_stdout("Hello\n").assert_stderr_has(&["down (503)): asking other:other-model"]);
    }
    // A certificate that nobody vouches for is a reason to ask elsewhere, too.
    let first = ModelServer::start_on(Wire::Tls(Certificate::Good), []);
    let second = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::new().config(&config(&first.base_url(), &second, json!(["other:other-model"])));
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");
    assert_eq!(first.requests().len(), 0);
}

#[test]
fn a_wait_that_the_body_asks_for_is_made() {
    for body in [
        json!({"error": {"message": "Rate limit reached. Please try again in 1ms.", "code": "rate_limit_exceeded"}}),
        json!([{"error": {"code": 429, "message": "quota", "details": [{"@type": "RetryInfo", "retryDelay": "0.001s"}]}}]),
    ] {
        let server = ModelServer::start([Reply::json(429, &body), Reply::answer(&["Hello"])]);
        let sandbox = Sandbox::for_server(&server);
        let output = sandbox.sayso(["ask", "--format", "jsonl", "hi"]).run().assert_exit(0);
        let wait = output.events_of("retry")[0]["wait_ms"].as_u64().unwrap();
        // Without a wait of the server it would be anything up to half a second.
        assert!((1..=251).contains(&wait), "{wait}");
    }
    let long = json!({"error": {"message": "Please try again in 6m0s.", "code": "rate_limit_exceeded"}});
    let server = ModelServer::start([Reply::json(429, &long)]);
    let output = Sandbox::for_server(&server).sayso(["ask", "hi"]).run().assert_exit(6);
    output.assert_stderr_has(&["the provider asks to wait 6 min"]);
}
