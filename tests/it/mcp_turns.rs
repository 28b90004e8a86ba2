//! Servers that change, die and are read from while a model uses them.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::repl::{start, wait_for_end};
use crate::support::{FakeMcp, ModelServer, Reply};

/// With a handshake, and without.
const WAYS: [&[&str]; 2] = [&[], &["modern"]];

fn call(id: &str, tool: &str, arguments: &Value) -> Reply {
    Reply::call(id, &format!("fake__{tool}"), arguments)
}

#[test]
fn a_tool_that_appears_is_held_back_until_somebody_has_seen_it() {
    for way in WAYS {
        // The model takes its time, so that the news is there before its next request.
        let slow_echo =
            json!({"tool_calls": [{"index": 0, "id": "c2", "function": {"name": "fake__echo", "arguments": "{}"}}]});
        let slow = Reply::sse().sleep_ms(700).delta(&slow_echo).finish("tool_calls").done().end();
        let model = ModelServer::start([call("c1", "change", &json!({})), slow, Reply::answer(&["changed"])]);
        let fake = FakeMcp::for_model(&model, way);
        let allowed = ["--allow", "fake/change", "--allow", "fake/echo"];
        let output = fake.sandbox.ask_once(["hi"].into_iter().chain(allowed)).run().assert_exit(0);
        assert_eq!(model.told("c1"), "changed", "{way:?}");
        output.assert_stderr_has(&["fake/new is new"]);
        for request in 0..3 {
            assert!(!model.offered(request).contains(&"fake__new".to_owned()), "{way:?}: request {request}");
        }
    }
}

#[test]
fn a_server_that_dies_is_started_again_once_in_a_turn() {
    let model = ModelServer::start([
        call("c1", "exit", &json!({"n": 1})),
        call("c2", "echo", &json!({"text": "second life"})),
        call("c3", "exit", &json!({"n": 2})),
        call("c4", "echo", &json!({"text": "third life"})),
        Reply::answer(&["done"]),
        call("c5", "echo", &json!({"text": "next turn"})),
        Reply::answer(&["done"]),
    ]);
    let fake = FakeMcp::for_model(&model, &[]);
    let allowed = ["--allow", "fake/exit", "--allow", "fake/echo"];
    fake.sandbox.ask_once(["hi"].into_iter().chain(allowed)).run().assert_exit(0).assert_stdout("done\n");
    assert!(model.told("c1").contains("ended"), "{}", model.told("c1"));
    assert!(model.told("c2").contains("second life"), "{}", model.told("c2"));
    assert!(!model.told("c4").contains("third life"), "{}", model.told("c4"));
    fake.sandbox.ask_once(["-c", "again"].into_iter().chain(allowed)).run().assert_exit(0);
    assert!(model.told("c5").contains("next turn"), "{}", model.told("c5"));
    fake.assert_none_left(Duration::from_secs(3));
}

#[test]
fn a_resource_that_the_prompt_names_goes_along_and_one_in_a_pipe_does_not() {
    let model = ModelServer::start([Reply::answer(&["ok"]), Reply::answer(&["ok"])]);
    let fake = FakeMcp::for_model(&model, &[]);
    fake.sandbox.ask_once(["explain @fake:test://count and @nobody:x"]).run().assert_exit(0);
    let sent = |request: usize| model.requests()[request].json()["messages"].to_string();
    assert!(sent(0).contains("--- fake:test://count ---\\nread 1"), "{}", sent(0));
    fake.sandbox.ask_once(["explain"]).stdin("@fake:test://count").run().assert_exit(0);
    assert!(!sent(1).contains("---"), "{}", sent(1));
}

#[test]
fn a_resource_is_read_again_when_its_server_says_that_it_has_changed() {
    for way in WAYS {
        let model = ModelServer::start([call("c1", "update", &json!({})), Reply::answer(&["updated it"])]);
        let fake = FakeMcp::for_model(&model, &[way, &["fresh-resources"]].concat());
        let mut pty = start(fake.sandbox.sayso(["chat", "--allow", "fake/update"]), "test>");
        for times in 1..=2 {
            pty.send("/resource fake:test://count\r");
            pty.wait_for_screen("what was read", |screen| screen.matches("read 1").count() == times);
            wait_for_end(&pty, &["read 1", "test>"]);
        }
        pty.send("update it\r");
        pty.wait_for_text("updated it");
        wait_for_end(&pty, &["test>"]);
        pty.send("/resource fake:test://count\r");
        // That it has changed may be told before this or after.
        pty.wait_for_text("read 2");
        wait_for_end(&pty, &["test>"]);
    }
}

#[test]
fn tab_offers_servers_and_tools_can_be_switched_off() {
    let model = ModelServer::start([Reply::answer(&["one"]), Reply::answer(&["two"])]);
    let fake = FakeMcp::for_model(&model, &[]);
    let mut pty = start(fake.sandbox.sayso(["chat"]), "test>");
    pty.send("/tools off fa\t");
    pty.wait_for_text("/tools off fake");
    pty.send("\r");
    pty.wait_for_text("the tools of fake are off");
    wait_for_end(&pty, &["test>"]);
    pty.send("hi\r");
    pty.wait_for_text("one");
    assert!(!model.offered(0).iter().any(|name| name.starts_with("fake__")), "{:?}", model.offered(0));
    wait_for_end(&pty, &["test>"]);
    pty.send("/tools on fake\r");
    pty.wait_for_text("the tools of fake are on");
    wait_for_end(&pty, &["test>"]);
    pty.send("hi\r");
    pty.wait_for_text("two");
    assert!(model.offered(1).contains(&"fake__echo".to_owned()), "{:?}", model.offered(1));
    wait_for_end(&pty, &["test>"]);
    pty.send("/prompt fake:");
    pty.press_tab_until("/prompt fake:greet");
}

#[test]
fn calls_that_a_rule_vouches_for_run_side_by_side() {
    let ids: Vec<String> = (0..8).map(|number| format!("c{number}")).collect();
    // None of them is answered before all of them are there.
    let calls: Vec<_> = ids.iter().map(|id| (id.as_str(), "fake__gather", json!({"count": 8, "id": id}))).collect();
    let model = ModelServer::start([Reply::calls(&calls), Reply::answer(&["done"])]);
    let rules = json!([{"allow": "fake/gather", "read_only": true}]);
    let fake = FakeMcp::for_model(&model, &[]).set("chat.service.tools.rules", rules);
    fake.sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("done\n");
    for id in &ids {
        assert_eq!(model.told(id), "gathered");
    }
}

#[test]
fn calls_that_may_change_something_run_one_after_the_other() {
    let calls =
        [("c1", "fake__gather", json!({"count": 2, "id": 1})), ("c2", "fake__gather", json!({"count": 2, "id": 2}))];
    let model = ModelServer::start([Reply::calls(&calls), Reply::answer(&["done"])]);
    let fake = FakeMcp::for_model_with(&model, &[], json!({"timeout": 1}));
    fake.sandbox.ask_once(["hi", "--allow", "fake/gather"]).run().assert_exit(0);
    assert!(model.told("c1").contains("did not answer within 1s"), "{}", model.told("c1"));
}

#[test]
fn a_task_that_is_given_up_is_cancelled_at_its_server() {
    let fake = FakeMcp::new(&["modern", "endless-task"]);
    let running = fake.call("task").spawn();
    fake.wait_for_log("tasks/get");
    running.signal(Signal::INT);
    let output = running.wait();
    assert_eq!(output.code, Some(130), "{output:?}");
    assert!(fake.log().contains("tasks/cancel"), "{}", fake.log());
    fake.assert_none_left(Duration::ZERO);
}

#[test]
fn ctrl_c_at_the_prompt_cancels_a_task_and_the_server_goes_on() {
    let model = ModelServer::start([
        call("c1", "task", &json!({})),
        call("c2", "report", &json!({})),
        Reply::answer(&["reported"]),
    ]);
    let fake = FakeMcp::for_model(&model, &["modern", "endless-task"]);
    let run = fake.sandbox.sayso(["chat", "--allow", "fake/task", "--allow", "fake/report"]);
    let mut pty = start(run, "test>");
    pty.send("hi\r");
    fake.wait_for_log("tasks/get");
    pty.send("\x03");
    wait_for_end(&pty, &["test>"]);
    fake.wait_for_log("tasks/cancel");
    pty.send("what happened?\r");
    pty.wait_for_text("reported");
    assert!(model.told("c1").contains("cancelled by the user"), "{}", model.told("c1"));
    assert!(model.told("c2").contains("\"task\""), "{}", model.told("c2"));
}
