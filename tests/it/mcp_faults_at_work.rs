//! Servers with faults beside a model at work: a chat goes on without them, and only what is needed is waited for.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::mcp_http::{greeting, sandbox as remote, text};
use crate::repl::{start, wait_for_end};
use crate::support::{Asked, FakeMcp, ModelServer, Pty, Reply, Said, Web, wait_until};

const MIB: usize = 1024 * 1024;

#[test]
fn a_chat_goes_on_without_a_server_that_exits_at_once() {
    let model = ModelServer::start([Reply::answer(&["here I am"])]);
    let fake = FakeMcp::for_model(&model, &["exit-at-once"]);
    let output = fake.sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("here I am\n");
    output.assert_stderr_has(&["fake", "exit status: 3", "license"]);
    assert!(model.offered(0).contains(&"time__now".to_owned()), "{:?}", model.offered(0));
}

#[test]
fn nothing_runs_without_a_server_that_is_required() {
    let model = ModelServer::start([]);
    let fake = FakeMcp::for_model_with(&model, &["exit-at-once"], json!({"required": true}));
    let output = fake.sandbox.ask_once(["hi"]).run().assert_exit(3).assert_stdout("");
    output.assert_stderr_has(&["fake", "exit status: 3", "it is required"]);
    assert_eq!(model.requests().len(), 0);
}

#[test]
fn the_wait_for_a_required_server_can_be_stopped() {
    let model = ModelServer::start([]);
    // Ten minutes would be beyond every patience.
    let fake = FakeMcp::for_model_with(&model, &["slow"], json!({"connect_timeout": 600, "required": true}));
    let running = fake.sandbox.ask_once(["hi", "--format", "json"]).spawn();
    wait_until("the server is started", || !fake.processes().is_empty());
    running.signal(Signal::INT);
    let result: Value = serde_json::from_str(&running.wait().assert_exit(130).stdout()).unwrap();
    assert_eq!(result["interrupted"], "user_interrupt", "{result:#}");
    fake.sandbox.ask_once(["hi", "--timeout", "300ms"]).run().assert_exit(124);
    fake.sandbox.ask_once(["hi", "--dry-run", "--timeout", "300ms"]).run().assert_exit(124);
    fake.assert_none_left(Duration::from_secs(3));
    let mut pty = Pty::start(fake.sandbox.sayso(["chat"]), 24, 80);
    wait_until("the server is started again", || !fake.processes().is_empty());
    pty.send("\x03");
    assert_eq!(pty.wait_for_exit(), 130);
    fake.assert_none_left(Duration::from_secs(3));
}

#[test]
fn what_waits_for_a_server_at_the_prompt_heeds_every_signal() {
    let model = ModelServer::start([]);
    for (signal, exit) in [(Signal::INT, None), (Signal::TERM, Some(143)), (Signal::HUP, Some(129))] {
        let fake = FakeMcp::for_model_with(&model, &["silent-read"], json!({"timeout": 600}));
        let mut pty = start(fake.sandbox.sayso(["chat"]), "test>");
        pty.send("/resource fake:note:///one\r");
        fake.wait_for_log("resources/read");
        pty.signal(signal);
        if exit.is_none() {
            wait_for_end(&pty, &["test>"]);
            pty.send("\x04");
        }
        assert_eq!(pty.wait_for_exit(), exit.unwrap_or(0));
        fake.assert_none_left(Duration::from_secs(3));
    }
}

#[test]
fn the_prompt_is_there_before_a_server_that_does_not_greet() {
    let model = ModelServer::start([Reply::answer(&["one"])]);
    let fake = FakeMcp::for_model_with(&model, &["slow"], json!({"connect_timeout": 600}));
    // Ten minutes would be beyond every patience.
    let mut pty = start(fake.sandbox.sayso(["chat"]), "test>");
    wait_until("the server is started beside the prompt", || !fake.processes().is_empty());
    pty.send("/mcp\r");
    pty.wait_for_text("fake  stdio, connecting");
    wait_for_end(&pty, &["test>"]);
    pty.send("/tools off\r");
    pty.wait_for_text("tools are off");
    wait_for_end(&pty, &["test>"]);
    pty.send("hi\r");
    pty.wait_for_text("one");
    wait_for_end(&pty, &["test>"]);
    pty.send("\x04");
    pty.wait_for_exit();
    fake.assert_none_left(Duration::from_secs(3));
}

#[test]
fn a_question_waits_only_for_servers_whose_tools_nobody_knows() {
    let model = ModelServer::always(Reply::answer(&["answer"]));
    let fake = FakeMcp::for_model(&model, &[]);
    fake.sandbox.ask_once(["hi"]).run().assert_exit(0);
    let greeted = fake.log().lines().count();
    fake.sandbox.ask_once(["hi", "--no-tools"]).run().assert_exit(0);
    fake.sandbox.ask_once(["hi"]).run().assert_exit(0);
    assert!(model.offered(2).contains(&"fake__echo".to_owned()), "{:?}", model.offered(2));
    assert_eq!(fake.log().lines().count(), greeted, "nobody needed it: {}", fake.log());
}

#[test]
fn of_a_large_result_the_model_gets_a_mebibyte_and_is_told() {
    let model = ModelServer::start([Reply::call("c1", "fake__big-text", &json!({})), Reply::answer(&["done"])]);
    let fake = FakeMcp::for_model(&model, &[]);
    fake.sandbox.ask_once(["hi", "--allow", "fake/big-text"]).run().assert_exit(0).assert_stdout("done\n");
    let told = model.told("c1");
    assert!(told.len() <= MIB, "{}", told.len());
    assert!(told.ends_with(&format!("of {} bytes]", 8 * MIB)), "{}", &told[told.len() - 60..]);
}

#[test]
fn a_line_that_is_too_long_is_an_error_of_that_call_and_the_turn_goes_on() {
    let calls = [Reply::call("c1", "fake__big-line", &json!({})), Reply::answer(&["done"])];
    let model = ModelServer::start(calls);
    let fake = FakeMcp::for_model(&model, &[]);
    fake.sandbox.ask_once(["hi", "--allow", "fake/big-line"]).run().assert_exit(0).assert_stdout("done\n");
    assert!(model.told("c1").contains("a line longer than 16 MiB"), "{}", model.told("c1"));
}

#[test]
fn after_a_call_that_hung_the_same_server_takes_the_next_one() {
    let calls = [
        Reply::call("c1", "fake__hang", &json!({})),
        Reply::call("c2", "fake__report", &json!({})),
        Reply::answer(&["done"]),
    ];
    let model = ModelServer::start(calls);
    let fake = FakeMcp::for_model_with(&model, &[], json!({"timeout": 1}));
    fake.sandbox.ask_once(["hi", "--allow", "fake/hang", "--allow", "fake/report"]).run().assert_exit(0);
    assert!(model.told("c1").contains("did not answer within 1s"), "{}", model.told("c1"));
    // It was told that nobody waits any more.
    assert!(!model.told("c2").contains("\"cancelled\":[]"), "{}", model.told("c2"));
}

#[test]
fn tools_of_one_name_on_two_servers_are_two_tools() {
    let calls = [
        Reply::call("c1", "fake__echo", &json!({"to": "fake"})),
        Reply::call("c2", "other__echo", &json!({"to": "other"})),
        Reply::answer(&["done"]),
    ];
    let model = ModelServer::start(calls);
    let fake = FakeMcp::for_model(&model, &[]).set("mcp.servers.other", json!({"command": FakeMcp::program()}));
    fake.sandbox.ask_once(["hi", "--allow", "fake/echo", "--allow", "other/echo"]).run().assert_exit(0);
    for (id, server) in [("c1", "fake"), ("c2", "other")] {
        assert!(model.told(id).contains(server), "{}", model.told(id));
    }
}

#[test]
fn names_that_no_api_takes_are_made_usable_and_called_by_what_they_are() {
    let model = ModelServer::scripted(crate::support::Wire::Plain, |received, number| {
        let offered = received.json();
        let tools = offered["tools"].as_array().cloned().unwrap_or_default();
        let named = |tool: &serde_json::Value| tool["function"]["name"].as_str().unwrap_or_default().to_owned();
        let odd = tools.iter().map(named).find(|name| name.starts_with("fake__a_b_"));
        match (number, odd) {
            (0, Some(name)) => Some(Reply::call("c1", &name, &json!({"text": "hello"}))),
            _ => Some(Reply::answer(&["done"])),
        }
    });
    let fake = FakeMcp::for_model(&model, &["odd-names"]);
    fake.sandbox.ask_once(["hi", "--allow", "fake/a.b"]).run().assert_exit(0);
    assert!(model.told("c1").contains("hello"), "{}", model.told("c1"));
    let is_plain = |name: &String| {
        name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    assert!(model.offered(0).iter().all(is_plain), "{:?}", model.offered(0));
    assert_eq!(model.offered(0).iter().filter(|name| name.starts_with("fake__xxx")).count(), 1);
}

#[test]
fn a_schema_that_an_api_refuses_costs_its_tool_and_not_the_request() {
    let model = ModelServer::start([Reply::answer(&["done"])]);
    let fake = FakeMcp::for_model(&model, &["bad-schemas"]);
    let output = fake.sandbox.ask_once(["hi"]).run().assert_exit(0);
    output.assert_stderr_has(&["fake/bad-type is not offered", "fake/any-of is not offered"]);
    let offered = model.offered(0);
    assert!(offered.contains(&"fake__echo".to_owned()), "{offered:?}");
    assert!(!offered.iter().any(|name| name == "fake__bad-type" || name == "fake__any-of"), "{offered:?}");
}

#[test]
fn a_remote_server_that_answers_with_202_and_nothing_is_an_error_of_the_call() {
    let web = Web::start(|_| {
        |asked: &Asked| match asked.rpc().as_str() {
            "tools/call" => Said::status(202),
            _ => greeting(asked, "s").unwrap_or_else(|| text(asked, "done")),
        }
    });
    let sandbox = remote(&web.url("/mcp"), json!({"timeout": 2}));
    let output = sandbox.sayso(["mcp", "call", "remote", "add"]).run().assert_stdout("");
    assert_ne!(output.code, Some(0), "{output:?}");
    assert_eq!(web.asked_for("tools/call").len(), 1, "a call is not repeated");
}

#[test]
fn a_remote_server_that_is_not_there_costs_its_own_tools_only() {
    let model = ModelServer::start([Reply::answer(&["here I am"])]);
    let closed = format!("http://127.0.0.1:{}/mcp", crate::support::closed_port());
    let fake = FakeMcp::for_model(&model, &[]).set("mcp.servers.far", json!({"url": closed}));
    let output = fake.sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("here I am\n");
    output.assert_stderr_has(&["far"]);
    assert!(model.offered(0).contains(&"fake__echo".to_owned()), "{:?}", model.offered(0));
}
