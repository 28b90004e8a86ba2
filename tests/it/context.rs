//! Conversations that no longer fit their model: cut, summed up or refused, and cut again when the server says so.

use serde_json::{Value, json};

use crate::support::{ModelServer, Received, Reply, Sandbox, TestConfig, Wire};

/// About `tokens` tokens.
fn long(word: &str, tokens: usize) -> String {
    format!("{word} {}", "abcd".repeat(tokens))
}

fn texts(request: &Received) -> Vec<String> {
    let body = request.json();
    let messages = body["messages"].as_array().unwrap().clone();
    let text = |message: &Value| {
        let first =
            message["content"].as_str().unwrap_or_default().split_whitespace().next().unwrap_or_default().to_owned();
        format!("{} {first}", message["role"].as_str().unwrap())
    };
    messages.iter().map(text).collect()
}

/// Three turns of about 1000 tokens each; the answers are short.
fn three_turns(config: &TestConfig) -> (Sandbox, Vec<crate::support::Output>) {
    let sandbox = Sandbox::new().config(config);
    let ask = |name: &str, more: &[&str]| {
        let prompt = long(name, 1000);
        sandbox.ask_once([&["-v", "--no-tools"], more, &[prompt.as_str()]].concat()).run()
    };
    let outputs = vec![ask("one", &[]), ask("two", &["-c"]), ask("three", &["-c"])];
    (sandbox, outputs)
}

#[test]
fn the_oldest_turns_are_left_out_with_a_notice_and_stay_in_the_history() {
    let server = ModelServer::always(Reply::sse().text("Hello").finish("stop").done().end());
    let config = TestConfig::for_server(&server)
        .set("llm.providers.test.context_window", 3000)
        .set("chat.service.system_prompt", "be brief");
    let (sandbox, outputs) = three_turns(&config);
    outputs.into_iter().for_each(|output| drop(output.assert_exit(0)));
    let requests = server.requests();
    assert_eq!(texts(&requests[1]), ["system be", "user one", "assistant Hello", "user two"]);
    assert_eq!(texts(&requests[2]), ["system be", "user two", "assistant Hello", "user three"]);
    assert_eq!(sandbox.messages().iter().filter(|message| message.role == "user").count(), 3);
    let told = sandbox.ask_once(["-c", "--no-tools", "--format", "jsonl", "and?"]).run().assert_exit(0);
    let notices = told.events_of("notice");
    assert_eq!(notices[0]["code"], "context_trimmed");
    let message = notices[0]["message"].as_str().unwrap();
    assert_eq!(message, "the conversation no longer fits test:test-model: the oldest 2 messages are not sent");
}

#[test]
fn where_the_policy_is_to_fail_nothing_is_sent() {
    let server = ModelServer::always(Reply::sse().text("Hello").finish("stop").done().end());
    let config = TestConfig::for_server(&server)
        .set("llm.providers.test.context_window", 3000)
        .set("chat.service.context", "fail");
    let (_sandbox, outputs) = three_turns(&config);
    let last = outputs.into_iter().next_back().unwrap().assert_exit(7);
    last.assert_stderr_has(&[
        "error[context_too_long]",
        "and test:test-model takes 3000",
        "hint:",
        "chat.service.context",
    ]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn the_beginning_is_summed_up_where_the_policy_says_so() {
    let server = ModelServer::scripted(Wire::Plain, |request, _| {
        let is_summary =
            request.json()["messages"][0]["content"].as_str().is_some_and(|text| text.starts_with("Sum up"));
        Some(Reply::sse().text(if is_summary { "They counted." } else { "Hello" }).finish("stop").done().end())
    });
    let config = TestConfig::for_server(&server)
        .set("llm.providers.test.context_window", 3000)
        .set("chat.service.context", "summarize");
    let (_sandbox, outputs) = three_turns(&config);
    let last = outputs.into_iter().next_back().unwrap().assert_exit(0).assert_stdout("Hello\n");
    last.assert_stderr_has(&["note: the conversation no longer fits test:test-model: its beginning is summed up"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 4, "one of them for the summary");
    let asked = requests[2].json();
    assert!(asked["messages"][1]["content"].as_str().unwrap().starts_with("user: one abcd"), "{asked}");
    assert!(asked.get("tools").is_none());
    let sent = requests[3].json();
    assert_eq!(sent["messages"][0]["content"], "What was said before, in short:\nThey counted.");
    assert_eq!(texts(&requests[3])[1..], ["user two", "assistant Hello", "user three"]);
}

#[test]
fn a_summary_that_fails_costs_the_oldest_turns_and_not_the_answer() {
    let server = ModelServer::scripted(Wire::Plain, |request, _| {
        let is_summary =
            request.json()["messages"][0]["content"].as_str().is_some_and(|text| text.starts_with("Sum up"));
        Some(if is_summary { Reply::error(500, "no") } else { Reply::answer(&["Hello"]) })
    });
    let config = TestConfig::for_server(&server)
        .set("llm.providers.test.context_window", 3000)
        .set("chat.service.context", "summarize");
    let (_sandbox, outputs) = three_turns(&config);
    let last = outputs.into_iter().next_back().unwrap().assert_exit(0).assert_stdout("Hello\n");
    last.assert_stderr_has(&["no summary could be made", "the oldest 2 messages are not sent"]);
}

/// A server that takes no more than this many bytes of messages.
fn narrow(bytes_max: usize, refusal: &'static str) -> ModelServer {
    ModelServer::scripted(Wire::Plain, move |request, _| {
        let is_long = request.json()["messages"].to_string().len() > bytes_max;
        let answer = Reply::sse().text("Hello").finish("stop").done().end();
        Some(if is_long { Reply::error(400, refusal) } else { answer })
    })
}

#[test]
fn a_server_that_finds_it_too_long_is_asked_once_more_with_less() {
    for refusal in [
        "This model's maximum context length is 3000 tokens. However, your messages resulted in 3300 tokens.",
        "the request exceeds the available context size. try increasing the context size",
    ] {
        let server = narrow(9000, refusal);
        let (sandbox, outputs) = three_turns(&TestConfig::for_server(&server));
        let last = outputs.into_iter().next_back().unwrap().assert_exit(0).assert_stdout("Hello\n");
        last.assert_stderr_has(&["too long: it is cut and sent again", "the oldest 2 messages are not sent"]);
        let requests = server.requests();
        assert_eq!(requests.len(), 4, "{refusal}");
        assert_eq!(texts(&requests[3]), ["user two", "assistant Hello", "user three"], "{refusal}");
        sandbox.assert_database_is_sound();
    }
}

#[test]
fn where_nothing_can_be_cut_the_refusal_stands() {
    let server = narrow(10, "prompt is too long: 9 tokens > 5 maximum");
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["hi"]).run().assert_exit(7);
    output.assert_stderr_has(&["error[context_too_long]", "hint:"]);
    assert_eq!(server.requests().len(), 1, "one turn cannot be made shorter");
}

#[test]
fn it_is_cut_once_and_not_again_and_again() {
    let server = ModelServer::always(Reply::error(400, "maximum context length is 3000 tokens"));
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server));
    let good = ModelServer::always(Reply::answer(&["Hello"]));
    for name in ["one", "two"] {
        let prompt = long(name, 1000);
        let other = json!({"base_url": good.base_url(), "model": "test-model", "api_key_env": "TEST_KEY"});
        let config = TestConfig::for_server(&server).set("llm.providers.good", other);
        std::fs::write(sandbox.path("config/sayso/config.yaml"), config.text()).unwrap();
        let session = if name == "one" { "--no-stream" } else { "-c" };
        sandbox.ask_once(["-m", "good:test-model", "--no-tools", session, &prompt]).run().assert_exit(0);
    }
    let prompt = long("three", 1000);
    sandbox.ask_once(["-c", "--no-tools", &prompt]).run().assert_exit(7);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn the_gauge_of_usage_tells_what_fills_the_context() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let config = TestConfig::for_server(&server).set("llm.providers.test.context_window", 1000);
    let sandbox = Sandbox::new().config(&config);
    let mut pty = crate::repl::start(sandbox.sayso(["chat", "--no-tools"]), "test>");
    pty.send("hi\r");
    pty.wait_for_text("Hello");
    crate::repl::wait_for_end(&pty, &["test>"]);
    pty.send("/usage\r");
    pty.wait_for_text("1 turn in this conversation; tokens: 7 in, 3 out");
    pty.wait_for_text("context: [#...................] about 11 of 1000 tokens (1 %): system 0, tools 0, messages");
    crate::repl::wait_for_end(&pty, &["test>"]);
    pty.send("\x04");
    assert_eq!(pty.wait_for_exit(), 0);
}
