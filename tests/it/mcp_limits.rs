//! How long a call may take: the limit of all, that of one server, and what a call says itself.

use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::repl::start;
use crate::support::{FakeMcp, ModelServer, Reply, Sandbox, TestConfig};

const LIMIT: &str = "chat.service.tools.timeout_seconds";

fn model(tool: &str, arguments: &Value) -> ModelServer {
    ModelServer::start([Reply::call("c1", tool, arguments), Reply::answer(&["done"])])
}

#[test]
fn a_server_of_which_nothing_is_said_has_the_limit_of_all() {
    let model = model("fake__hang", &json!({}));
    let fake = FakeMcp::for_model_with(&model, &[], json!({"timeout": null})).set(LIMIT, json!(1));
    fake.sandbox.ask_once(["hi", "--allow", "fake/hang"]).run().assert_exit(0);
    assert!(model.told("c1").contains("did not answer within 1s"), "{}", model.told("c1"));
}

#[test]
fn an_entry_may_give_its_server_more_time() {
    let model = model("fake__slow", &json!({"seconds": 2}));
    let fake = FakeMcp::for_model_with(&model, &[], json!({"timeout": 600})).set(LIMIT, json!(1));
    fake.sandbox.ask_once(["hi", "--allow", "fake/slow"]).run().assert_exit(0);
    assert_eq!(model.told("c1"), "slow");
}

#[test]
fn a_command_may_take_what_its_call_says() {
    let model = model("shell__run", &json!({"argv": ["sh", "-c", "sleep 2; echo built"], "timeout_seconds": 600}));
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&model).set(LIMIT, 1));
    sandbox.ask_once(["-t", "shell", "--allow", "shell/run", "hi"]).run().assert_exit(0);
    assert_eq!(model.told("c1"), "built\n[exit status 0]\n");
}

#[test]
fn a_command_of_which_nothing_is_said_has_the_limit_of_its_server() {
    for (of_entry, of_all) in [(json!(null), 1), (json!(1), 600)] {
        let model = model("shell__run", &json!({"argv": ["sh", "-c", "echo begun; sleep 3600"]}));
        let entry = json!({"builtin": "shell", "timeout": of_entry});
        let config = TestConfig::for_server(&model).set(LIMIT, of_all).set("mcp.servers.shell", entry);
        Sandbox::new().config(&config).ask_once(["--allow", "shell/run", "hi"]).run().assert_exit(0);
        assert_eq!(model.told("c1"), "begun\n[stopped: it took longer than 1 seconds]\n");
    }
}

#[test]
fn the_time_that_a_person_takes_is_not_the_servers() {
    let model = model("fake__elicit", &json!({}));
    let fake = FakeMcp::for_model_with(&model, &[], json!({"timeout": 1})).set(LIMIT, json!(1));
    let mut pty = start(fake.sandbox.sayso(["chat", "--allow", "fake/elicit"]), "test>");
    pty.send("hi\r");
    pty.wait_for_text("fill it in? [y/n]");
    // Longer than the limit: that is what this is about.
    sleep(Duration::from_millis(1500));
    pty.send("n\r");
    pty.wait_for_text("done");
    assert!(model.told("c1").contains("decline"), "{}", model.told("c1"));
}
