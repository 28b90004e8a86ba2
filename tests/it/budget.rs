//! What may be spent: by one run, by a conversation, by all processes of a day.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{FakeMcp, Gate, ModelServer, Pty, Reply, Run, Sandbox, TestConfig, Wire, wait_until};

/// Costs 500 tokens.
fn answer() -> Reply {
    answer_after(Reply::sse())
}

fn answer_after(beginning: Reply) -> Reply {
    beginning.role().text("x").finish("stop").usage(7, 493).done().end()
}

fn sandbox(server: &ModelServer, section: Value) -> Sandbox {
    Sandbox::new().config(&TestConfig::for_server(server).set("budget", section))
}

/// Reserves 500 tokens for the answer, and a few for the prompt.
fn ask(sandbox: &Sandbox) -> Run {
    sandbox.ask_once(["hi", "--no-tools", "-o", "max_tokens=500"])
}

/// A provider whose prices are known: $0.15 and $0.60 for a million tokens.
fn priced(server: &ModelServer) -> TestConfig {
    let provider =
        json!({"api": "openai_chat", "base_url": server.base_url(), "model": "gpt-4o-mini", "api_key_env": "TEST_KEY"});
    TestConfig::for_server(server).set("llm.providers.openai", provider).set("llm.active", "openai")
}

#[test]
fn a_day_ends_when_its_tokens_are_used() {
    let server = ModelServer::always(answer());
    let sandbox = sandbox(&server, json!({"per_day_tokens": 2000}));
    for _ in 0..3 {
        ask(&sandbox).run().assert_exit(0);
    }
    let refused = ask(&sandbox).run().assert_exit(6).assert_stdout("");
    refused.assert_stderr_has(&["error[budget]", "budget of today", "1500 of 2000 tokens used", "per_day_tokens"]);
    assert_eq!(server.requests().len(), 3);
    sandbox.sayso(["stats"]).run().assert_exit(0);
    assert!(sandbox.sayso(["stats"]).run().stdout().contains("budget of today (UTC): 1500 of 2000 tokens"));
    // What is not saved is spent all the same; what asks for less still goes.
    let small = ["hi", "--no-tools", "--no-save", "-o", "max_tokens=100"];
    sandbox.ask_once(small).run().assert_exit(0);
    sandbox.ask_once(small).run().assert_exit(6);
    let result = sandbox.ask_once(["hi", "--format", "json"]).run().assert_exit(6).result();
    assert_eq!((&result["error"]["class"], &result["error"]["retryable"]), (&json!("budget"), &json!(false)));
}

#[test]
fn sixteen_processes_at_once_never_spend_more() {
    let gate = Gate::default();
    let server = ModelServer::always(answer_after(Reply::sse().wait_for(&gate)));
    let sandbox = sandbox(&server, json!({"per_day_tokens": 2600}));
    let running: Vec<_> = (0..16).map(|_| ask(&sandbox).spawn()).collect();
    server.wait_for_request(5);
    gate.open();
    let exits: Vec<i32> = running.into_iter().map(|process| process.wait().code.unwrap()).collect();
    let answered = exits.iter().filter(|code| **code == 0).count();
    assert_eq!((answered, server.requests().len()), (5, 5), "{exits:?}");
    assert!(exits.iter().all(|code| [0, 6].contains(code)), "{exits:?}");
    assert!(sandbox.sayso(["stats"]).run().stdout().contains("2500 of 2600 tokens"));
    sandbox.assert_database_is_sound();
}

#[test]
fn what_a_dead_process_held_is_free_again() {
    let gate = Gate::default();
    let held = gate.clone();
    let server = ModelServer::scripted(Wire::Plain, move |_, number| {
        Some(if number == 0 { answer_after(Reply::sse().wait_for(&held)) } else { answer() })
    });
    let sandbox = sandbox(&server, json!({"per_day_tokens": 600}));
    let first = ask(&sandbox).spawn();
    server.wait_for_request(1);
    ask(&sandbox).run().assert_exit(6).assert_stderr_has(&["under way"]);
    first.signal(Signal::KILL);
    first.wait();
    gate.open();
    ask(&sandbox).run().assert_exit(0);
}

#[test]
fn a_conversation_has_a_budget_of_its_own() {
    let server = ModelServer::always(Reply::sse().text("x").finish("stop").usage(10, 1000).done().end());
    let config = priced(&server).set("budget.per_conversation_usd", 0.001);
    let sandbox = Sandbox::new().config(&config);
    let args = ["--no-tools", "-o", "max_tokens=800"];
    let ask = |more: &[&'static str]| sandbox.ask_once([more, &args].concat()).run();
    ask(&["hi"]).assert_exit(0);
    let refused = ask(&["-c", "again"]).assert_exit(6);
    refused.assert_stderr_has(&["budget of this conversation", "$0.0006 of $0.001 spent"]);
    ask(&["a new one"]).assert_exit(0);
}

#[test]
fn a_batch_stops_before_its_cost_and_goes_on_later() {
    let server = ModelServer::always(Reply::sse().text("x").finish("stop").usage(10, 1000).done().end());
    let sandbox = Sandbox::new().config(&priced(&server));
    let rows: String = (0..40).map(|n| format!("{{\"prompt\":\"row {n}\"}}\n")).collect();
    std::fs::write(sandbox.work_folder().join("in.jsonl"), rows).unwrap();
    let args = |cost: &'static str| {
        ["batch", "in.jsonl", "--jobs", "8", "--output", "out.jsonl", "-o", "max_tokens=1000", "--max-cost", cost]
    };
    let output = sandbox.sayso(args("0.0065")).run().assert_exit(6);
    output.assert_stderr_has(&["10 ok, 30 not asked", "error[budget]", "this run", "--max-cost"]);
    assert_eq!(server.requests().len(), 10);
    sandbox.sayso(args("1")).run().assert_exit(0).assert_stderr_has(&["30 ok, 10 done before"]);
    assert_eq!(server.requests().len(), 40);
}

#[test]
fn tokens_of_a_run_are_limited_too_and_an_unknown_price_is_told_once() {
    let server = ModelServer::always(answer());
    let sandbox = Sandbox::for_server(&server);
    let rows: String = (0..3).map(|n| format!("row {n}\n")).collect();
    std::fs::write(sandbox.work_folder().join("in.txt"), rows).unwrap();
    let batch = ["batch", "in.txt", "--lines", "-o", "max_tokens=500"];
    let output = sandbox.sayso(batch.into_iter().chain(["--max-cost", "1"])).run().assert_exit(0);
    assert_eq!(output.stderr.matches("price of test:test-model is not known").count(), 1, "{}", output.stderr);
    sandbox.sayso(batch.into_iter().chain(["--max-tokens-total", "1100", "--jobs", "1"])).run().assert_exit(6);
    assert_eq!(server.requests().len(), 5);
    sandbox.ask_once(["hi", "--max-tokens-total", "100"]).run().assert_exit(6);
    // As many tokens as a number can hold are too many, and do not begin anew at 0.
    let all = format!("max_tokens={}", u64::MAX);
    sandbox.ask_once(["hi", "--max-tokens-total", "1000", "-o", &all]).run().assert_exit(6);
    assert_eq!(server.requests().len(), 5);
    sandbox.ask_once(["hi", "--max-cost", "0"]).run().assert_exit(2);
}

#[test]
fn a_failed_request_costs_nothing() {
    let server = ModelServer::start([Reply::error(500, "down"), answer()]);
    let sandbox = sandbox(&server, json!({"per_day_tokens": 600}));
    ask(&sandbox).run().assert_exit(8);
    ask(&sandbox).run().assert_exit(0);
    wait_until("the second request", || server.requests().len() == 2);
}

#[test]
fn a_budget_that_cannot_be_held_lets_nothing_out() {
    let server = ModelServer::always(answer());
    let config = TestConfig::for_server(&server).set("budget.per_day_tokens", 2000).set("chat.storage.type", "memory");
    let sandbox = Sandbox::new().config(&config);
    sandbox.ask_once(["hi"]).run().assert_exit(6).assert_stderr_has(&["the budget cannot be held"]);
    assert_eq!(server.requests().len(), 0);
}

/// A conversation that no longer fits its model: the third turn makes a summary first.
fn summed_up(budget: u64) -> (ModelServer, Sandbox) {
    let server = ModelServer::scripted(Wire::Plain, |request, _| {
        let first = request.json()["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
        let text = if first.starts_with("Sum up") { "They counted." } else { "x" };
        Some(Reply::sse().text(text).finish("stop").usage(1000, 100).done().end())
    });
    let config = TestConfig::for_server(&server)
        .set("llm.providers.test.context_window", 3000)
        .set("chat.service.context", "summarize")
        .set("budget.per_day_tokens", budget);
    (server, Sandbox::new().config(&config))
}

fn long_turn(sandbox: &Sandbox, args: &[&'static str]) -> crate::support::Output {
    let question = "abcd ".repeat(1000);
    let all = args.iter().copied().chain(["--no-tools", "-o", "max_tokens=500", "-"]);
    sandbox.ask_once(all.collect::<Vec<_>>()).stdin(&question).run()
}

#[test]
fn a_summary_counts_and_is_left_out_where_there_is_no_room_for_it() {
    let (server, sandbox) = summed_up(100_000);
    long_turn(&sandbox, &[]).assert_exit(0);
    long_turn(&sandbox, &["-c"]).assert_exit(0).assert_stderr_has(&["its beginning is summed up"]);
    assert_eq!(server.requests().len(), 3, "one of them for the summary");
    let told = sandbox.sayso(["stats"]).run().stdout();
    assert!(told.contains("3300 of 100000 tokens"), "{told}");
    // Room for the answer, and none for a summary.
    let (server, sandbox) = summed_up(8000);
    long_turn(&sandbox, &[]).assert_exit(0);
    let last = long_turn(&sandbox, &["-c"]).assert_exit(0);
    last.assert_stderr_has(&["no summary could be made: the budget of today is reached", "are not sent"]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_round_that_mends_an_answer_counts() {
    let server = ModelServer::scripted(Wire::Plain, |_, number| {
        let text = if number == 0 { "{\"age\": \"seven\"}" } else { "{\"age\": 7}" };
        Some(Reply::sse().text(text).finish("stop").usage(7, 493).done().end())
    });
    let sandbox = sandbox(&server, json!({"per_day_tokens": 5000}));
    let args = ["hi", "--no-tools", "-o", "max_tokens=500", "--schema", "age int"];
    sandbox.ask_once(args).run().assert_exit(0).assert_stdout("{\"age\":7}\n");
    let told = sandbox.sayso(["stats"]).run().stdout();
    assert!(told.contains("1000 of 5000 tokens"), "{told}");
}

#[test]
fn a_question_of_a_server_to_the_model_counts() {
    let call =
        json!({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "fake__sample", "arguments": "{}"}}]});
    let model = ModelServer::scripted(Wire::Plain, move |_, number| {
        let calls = Reply::sse().delta(&call).finish("tool_calls").usage(7, 3).done().end();
        Some(if number == 0 { calls } else { answer() })
    });
    let fake = FakeMcp::for_model(&model, &[])
        .set("budget", json!({"per_day_tokens": 100_000}))
        .set("chat.service.tools.rules", json!([{"allow": "fake/sample"}]));
    let mut pty = Pty::start(fake.sandbox.sayso(["chat"]), 40, 100);
    pty.wait_for_text("test>");
    pty.send("go\r");
    pty.wait_for_text("let the model answer? [y/n]");
    pty.send("y\r");
    wait_until("the call, the question of the server, and the answer", || model.requests().len() == 3);
    pty.wait_for_screen("the next prompt", |screen| screen.trim_end().ends_with("test>"));
    pty.send("/exit\r");
    assert_eq!(pty.wait_for_exit(), 0);
    let told = fake.sandbox.sayso(["stats"]).run().stdout();
    assert!(told.contains("1010 of 100000 tokens"), "{told}");
}
