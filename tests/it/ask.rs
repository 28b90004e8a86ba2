//! `ask`: what is sent, what is stored, what scripts get, and with which exit code.

use serde_json::{Value, json};

use crate::support::{AT_ONCE, Gate, ModelServer, Output, Reply, Sandbox, TEST_KEY, TestConfig};

fn hello() -> ModelServer {
    ModelServer::always(Reply::answer(&["Hel", "lo"]))
}

fn ask(args: &[&str]) -> (ModelServer, Sandbox, Output) {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(args.to_vec()).run();
    (server, sandbox, output)
}

#[test]
fn a_good_answer_is_exit_0_with_nothing_but_the_answer() {
    let (server, sandbox, output) = ask(&["hi"]);
    output.assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    sandbox.assert_turn("complete", "Hello");
    let body = server.request().json();
    assert_eq!((&body["model"], &body["stream"]), (&json!("test-model"), &json!(true)));
    assert_eq!(body["messages"], json!([{"role": "user", "content": "hi"}]));
}

#[test]
fn jsonl_tells_the_turn_from_start_to_result() {
    let (_server, _sandbox, output) = ask(&["hi", "--format", "jsonl"]);
    let output = output.assert_exit(0).assert_quiet();
    let events = output.events();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.first(), Some(&"start"));
    assert_eq!(&kinds[kinds.len() - 2..], ["usage", "result"]);
    let start = &events[0];
    assert_eq!((&start["turn"], &start["model"]), (&json!(1), &json!("test:test-model")));
    assert_eq!(start["conversation"].as_str().map(str::len), Some(26));
    assert!(start["time"].as_str().is_some_and(|time| time.ends_with('Z') && time.len() >= 20), "{start}");
    let deltas = output.events_of("delta");
    let numbers: Vec<_> = deltas.iter().map(|delta| delta["seq"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    assert!(deltas.iter().all(|delta| delta["t_ms"].is_number()), "{deltas:?}");
    let text: String = deltas.iter().map(|delta| delta["text"].as_str().unwrap()).collect();
    let result = output.result();
    assert_eq!((result["text"].as_str(), text.as_str()), (Some("Hello"), "Hello"));
    assert_eq!(result["usage"]["input"], 7);
    assert_eq!(events[events.len() - 2]["output"], 3);
}

#[test]
fn json_is_the_result_alone_in_one_line() {
    let (_server, _sandbox, output) = ask(&["hi", "--format", "json"]);
    let output = output.assert_exit(0).assert_quiet();
    assert_eq!(output.events().len(), 1);
    let result = output.result();
    let mut names: Vec<_> = result.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    for name in ["error", "exit", "finish", "status", "text", "timing", "type", "usage", "v"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    assert_eq!((&result["status"], &result["finish"], &result["error"]), (&json!("ok"), &json!("stop"), &Value::Null));
    let timing = &result["timing"];
    for name in ["first_token_ms", "total_ms", "chunks", "flushes", "commits", "delta_buffer_peak_bytes", "retries"] {
        assert!(timing[name].is_number(), "{name} in {timing:#}");
    }
    for name in ["gap_p50_ms", "gap_p99_ms", "tokens_per_second"] {
        assert!(timing.get(name).is_some(), "{name} in {timing:#}");
    }
    assert_eq!(timing["retries"], 0);
}

#[test]
fn every_failure_has_its_result() {
    for (reply, code, class) in [
        (Reply::error(401, "no"), 4, "auth"),
        (Reply::error(429, "no"), 6, "rate_limit"),
        (Reply::error(400, "no"), 7, "rejected"),
        (Reply::error(500, "no"), 8, "provider"),
        (Reply::nothing().fin(), 5, "network"),
        (Reply::sse().text("Hel").fin(), 9, "disconnected"),
    ] {
        let server = ModelServer::always(reply);
        let sandbox = Sandbox::for_server(&server);
        for format in ["json", "jsonl"] {
            let result = sandbox.ask_once(["hi", "--format", format]).run().assert_exit(code).result();
            assert_eq!(result["error"]["class"], class, "{result:#}");
            assert!(result["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{result:#}");
            assert_eq!(result["status"], if code == 9 { "incomplete" } else { "error" });
        }
    }
}

#[test]
fn a_bad_config_and_missing_credentials_have_their_result_too() {
    let sandbox = Sandbox::new().config_text("chat: [\n");
    let output = sandbox.sayso(["ask", "hi", "--format", "json"]).run().assert_exit(3);
    assert_eq!(output.result()["status"], "error");
    // Not on this machine: a server here may well want no key.
    let sandbox = Sandbox::new().config(&TestConfig::new("https://no-such-host.invalid/v1"));
    let output = sandbox.sayso(["ask", "hi", "--format", "jsonl"]).without_env("TEST_KEY").run().assert_exit(4);
    assert_eq!(output.result()["error"]["class"], "auth");
}

#[test]
fn a_script_without_a_provider_gets_no_demo_answer() {
    let output = Sandbox::new().sayso(["ask", "hi"]).run().assert_exit(4).assert_stdout("");
    output.assert_stderr_has(&["error[", "hint:"]);
    Sandbox::new().sayso(["ask", "-m", "demo:tour", "hi"]).run().assert_exit(0);
}

#[test]
fn usage_errors_are_exit_2_and_suggest_what_was_meant() {
    let sandbox = Sandbox::new();
    sandbox.sayso(["aks", "hi"]).run().assert_exit(2).assert_stdout("").assert_stderr_has(&["ask"]);
    sandbox.sayso(["ask", "hi", "--formt", "json"]).run().assert_exit(2).assert_stderr_has(&["--format"]);
    sandbox.sayso(["ask", "hi", "--format", "yaml"]).run().assert_exit(2).assert_stdout("");
    sandbox.sayso(["ask", "hi", "--timeout", "soon"]).run().assert_exit(2).assert_stdout("");
}

#[test]
fn continue_sends_what_was_said_before() {
    let (server, sandbox, _) = ask(&["hi"]);
    sandbox.ask_once(["-c", "and you?"]).run().assert_exit(0).assert_quiet();
    let expected = json!([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "and you?"}]);
    assert_eq!(server.requests()[1].json()["messages"], expected);
    assert_eq!((sandbox.conversation_count(), sandbox.messages().len()), (1, 4));
}

#[test]
fn continue_without_saving_sends_what_was_said_and_adds_nothing() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["first"]).run().assert_exit(0);
    sandbox.ask_once(["-c", "--no-save", "second"]).run().assert_exit(0);
    let sent = server.requests().last().unwrap().json();
    let texts: Vec<_> = sent["messages"].as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(texts, [&json!("first"), &json!("Hello"), &json!("second")]);
    assert_eq!(sandbox.messages().len(), 2);
}

#[test]
fn continue_with_nothing_to_continue_is_exit_3() {
    let (_server, _sandbox, output) = ask(&["-c", "hi"]);
    output.assert_exit(3).assert_stdout("");
}

#[test]
fn an_interrupted_answer_can_be_continued() {
    let server = ModelServer::start([Reply::sse().text("Hel").fin(), Reply::answer(&["lo"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(9);
    sandbox.ask_once(["-c", "go on"]).run().assert_exit(0).assert_stdout("lo\n");
    let statuses: Vec<_> = sandbox.messages().into_iter().map(|message| message.status).collect();
    assert_eq!(statuses, ["complete", "interrupted(disconnect)", "complete", "complete"]);
}

#[test]
fn a_failed_answer_does_not_stand_in_the_way() {
    let server = ModelServer::start([Reply::error(400, "no"), Reply::answer(&["Hello"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(7);
    sandbox.ask_once(["-c", "again"]).run().assert_exit(0).assert_stdout("Hello\n");
}

#[test]
fn a_session_is_made_by_its_name_and_found_by_it() {
    let (server, sandbox, _) = ask(&["hi", "--session", "trip"]);
    sandbox.ask_once(["other"]).run().assert_exit(0);
    sandbox.ask_once(["more", "--session", "trip"]).run().assert_exit(0);
    assert_eq!(server.requests()[2].json()["messages"].as_array().map(Vec::len), Some(3));
    assert_eq!(sandbox.messages_of("trip").len(), 4);
}

#[test]
fn model_system_and_options_are_sent() {
    let (server, _, output) =
        ask(&["hi", "-m", "test:other", "-s", "Be brief.", "-o", "temperature=0.25", "-o", "seed=7"]);
    output.assert_exit(0);
    let body = server.request().json();
    assert_eq!((&body["model"], &body["temperature"], &body["seed"]), (&json!("other"), &json!(0.25), &json!(7)));
    let expected = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]);
    assert_eq!(body["messages"], expected);
}

#[test]
fn the_environment_wins_over_the_file_and_a_flag_over_both() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).env("SAYSO_MODEL", "test:from-env").run().assert_exit(0);
    sandbox.ask_once(["hi", "-m", "test:from-flag"]).env("SAYSO_MODEL", "test:from-env").run().assert_exit(0);
    let models: Vec<_> = server.requests().iter().map(|request| request.json()["model"].clone()).collect();
    assert_eq!(models, ["from-env", "from-flag"]);
}

#[test]
fn no_save_and_memory_write_nothing() {
    let (_server, sandbox, output) = ask(&["hi", "--no-save"]);
    output.assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    assert!(!sandbox.database_path().exists());
    let server = hello();
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).set("chat.storage.type", "memory"));
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    assert!(!sandbox.database_path().exists());
}

#[test]
fn a_history_that_is_required_and_switched_off_is_exit_12() {
    let server = hello();
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).set("chat.storage.type", "memory"));
    for models in [&["hi"][..], &["hi", "-m", "test:a", "-m", "test:b"]] {
        let args = ["--require-history"].iter().chain(models).copied();
        let output = sandbox.ask_once(args).run().assert_exit(12).assert_stdout("");
        output.assert_stderr_has(&[
            "error[history]",
            "`chat.storage.type` is `memory`",
            "leave out `--require-history`",
        ]);
    }
    assert!(server.requests().is_empty());
}

#[test]
fn no_stream_asks_for_the_whole_answer() {
    let body = json!({"model": "test-model", "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "Hello"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    let server = ModelServer::start([Reply::json(200, &body)]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi", "--no-stream"]).run().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    assert_ne!(server.request().json()["stream"], true);
    sandbox.assert_turn("complete", "Hello");
}

#[test]
fn dry_run_prints_the_request_without_the_key_and_sends_nothing() {
    let (server, _, output) = ask(&["hi", "--dry-run"]);
    let output = output.assert_exit(0);
    assert!(server.requests().is_empty());
    assert!(output.stdout().contains("/chat/completions") && output.stdout().contains("test-model"), "{output:?}");
    assert!(!output.stdout().contains(TEST_KEY) && !output.stderr.contains(TEST_KEY), "{output:?}");
}

#[test]
fn timeout_is_exit_124_and_keeps_what_came() {
    let server = ModelServer::always(Reply::sse().text("Hello").wait_for_client_close());
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi", "--timeout", "1500ms"]).run().assert_exit(124).assert_stdout("Hello\n");
    sandbox.assert_turn("interrupted(timeout)", "Hello");
    let result = sandbox.ask_once(["hi", "--timeout", "1500ms", "--format", "json"]).run().assert_exit(124).result();
    assert_eq!(result["text"], "Hello");
}

#[test]
fn timeout_covers_the_wait_for_a_retry() {
    let server = ModelServer::always(Reply::error(429, "slow down").header("retry-after", "50"));
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.sayso(["ask", "hi", "--timeout", "500ms"]).run().assert_exit(124);
    assert!(output.elapsed < AT_ONCE, "{output:?}");
}

#[test]
fn the_prompt_is_on_disk_before_the_answer_begins() {
    let gate = Gate::default();
    let server = ModelServer::start([Reply::nothing().wait_for(&gate).then(Reply::answer(&["Hello"]))]);
    let sandbox = Sandbox::for_server(&server);
    let running = sandbox.ask_once(["hi"]).spawn();
    server.wait_for_request(1);
    sandbox.assert_turn("streaming", "");
    gate.open();
    running.wait().assert_exit(0);
    sandbox.assert_turn("complete", "Hello");
}

#[test]
fn deltas_are_on_disk_while_the_answer_streams() {
    let gate = Gate::default();
    let server = ModelServer::start([Reply::sse().text("Hel").wait_for(&gate).text("lo").finished()]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(50, 1_000_000));
    let running = sandbox.ask_once(["hi"]).spawn();
    running.wait_for_stdout("Hel");
    // Also when the stream stalls, the window ends.
    crate::support::wait_until("the text to be stored", || sandbox.messages()[1].text == "Hel");
    gate.open();
    running.wait().assert_exit(0);
    sandbox.assert_turn("complete", "Hello");
}

#[test]
fn quiet_and_timing_change_stderr_alone() {
    let (_server, sandbox, output) = ask(&["hi", "--timing"]);
    let output = output.assert_exit(0).assert_stdout("Hello\n");
    assert!(output.stderr.contains("ms"), "{output:?}");
    sandbox.ask_once(["hi", "-q"]).run().assert_exit(0).assert_stdout("Hello\n").assert_silent();
}

#[test]
fn require_history_is_content_with_a_good_history() {
    let (_server, sandbox, output) = ask(&["hi", "--require-history"]);
    output.assert_exit(0).assert_quiet();
    sandbox.assert_turn("complete", "Hello");
}

#[test]
fn offline_reaches_this_machine_and_nothing_else() {
    let (_server, _sandbox, output) = ask(&["hi", "--offline"]);
    output.assert_exit(0).assert_stdout("Hello\n");
    let sandbox = Sandbox::new().config(&TestConfig::new("https://192.0.2.1/v1"));
    let refused = sandbox.ask_once(["hi", "--offline"]).run().assert_exit(2);
    refused.assert_stderr_has(&["`--offline` reaches nothing but this machine", "https://192.0.2.1/v1"]);
}

#[test]
fn the_connection_is_opened_ahead_unless_that_is_switched_off() {
    for prewarm in [true, false] {
        let server = ModelServer::start([Reply::answer(&["Hello"])]);
        let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).http("prewarm", prewarm));
        let mut running = sandbox.ask_once(["--stdin", "wait"]).open_stdin().spawn();
        // The history is opened at the same time as the connection would be.
        crate::support::wait_until("the start", || sandbox.database_path().exists());
        if prewarm {
            crate::support::wait_until("the connection", || !server.connections().is_empty());
        }
        let asked_at = std::time::Instant::now();
        running.send_stdin(b"hi");
        running.close_stdin();
        running.wait().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
        let connections = server.connections();
        assert_eq!(connections.len(), 1, "prewarm {prewarm}");
        assert_eq!(connections[0].opened_at < asked_at, prewarm);
    }
}
