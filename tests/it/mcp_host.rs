//! The rest of the protocol, in both of its ways, through the binary and over stdio.

use serde_json::{Value, json};

use crate::support::{FakeMcp, ModelServer, Reply};

/// With a handshake, and without.
const WAYS: [&[&str]; 2] = [&[], &["modern"]];

#[test]
fn forms_are_answered_with_their_defaults_where_that_is_wanted() {
    for way in WAYS {
        let fake = FakeMcp::new(way);
        let output = fake.mcp(["call", "fake", "elicit", "--accept-defaults"]).run().assert_exit(0);
        let answer: Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
        assert_eq!(answer, json!({"action": "accept", "content": {"name": "Ada"}}), "{way:?}");
        let output = fake.call("elicit").run().assert_exit(0);
        let answer: Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
        assert_eq!(answer, json!({"action": "decline"}), "{way:?}");
    }
}

#[test]
fn roots_are_what_is_configured() {
    for way in WAYS {
        let fake = FakeMcp::with(way, json!({"roots": ["/tmp"]}));
        let output = fake.call("roots").run().assert_exit(0);
        let answer: Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
        assert_eq!(answer, json!({"roots": [{"uri": "file:///tmp/"}]}), "{way:?}");
    }
}

#[test]
fn without_a_model_there_is_no_sampling() {
    let output = FakeMcp::new(&[]).call("sample").run();
    assert!(output.stdout().contains("offers no sampling"), "{output:?}");
}

#[test]
fn progress_is_told() {
    for way in WAYS {
        let output = FakeMcp::new(way).mcp(["call", "fake", "progress", "-v"]).run().assert_exit(0);
        output.assert_stdout("counted\n").assert_stderr_has(&["1 of 3: step 1", "3 of 3: step 3"]);
    }
}

#[test]
fn a_task_is_waited_for_and_a_structured_result_is_kept() {
    let fake = FakeMcp::new(&["modern"]);
    fake.call("task").run().assert_exit(0).assert_stdout("the task is done\n");
    let output = fake.mcp(["call", "fake", "structured", "--format", "json"]).run().assert_exit(0);
    let result: Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
    assert!(result.to_string().contains(r#"{"answer":42}"#), "{result}");
}

/// The tools of `fake` as `mcp tools` lists them, by name, with why one is not offered.
fn listed(fake: &FakeMcp) -> Vec<(String, Value)> {
    let tools = fake.mcp(["tools", "fake", "--format", "json"]).run().assert_exit(0).stdout();
    let tools: Vec<Value> = serde_json::from_str(&tools).unwrap();
    tools.iter().map(|tool| (tool["name"].as_str().unwrap().to_owned(), tool["not_offered"].clone())).collect()
}

const TASK_ONLY: &str = "it runs only as a task in the way of the revision 2025-11-25, which sayso does not speak";

#[test]
fn a_tool_that_runs_only_as_a_task_of_an_older_revision_is_not_offered() {
    let model = ModelServer::start([Reply::answer(&["ok"])]);
    let fake = FakeMcp::for_model(&model, &["task-only"]);
    let output = fake.sandbox.ask_once(["hi"]).run().assert_exit(0);
    output.assert_stderr_has(&[&format!("the tool fake/survey is not offered: {TASK_ONLY}")]);
    let offered = model.request().json()["tools"].to_string();
    assert!(offered.contains("fake__poll") && !offered.contains("fake__survey"), "{offered}");

    let listed = listed(&fake);
    assert!(listed.contains(&("survey".to_owned(), json!(TASK_ONLY))), "{listed:?}");
    assert!(listed.contains(&("poll".to_owned(), Value::Null)), "{listed:?}");
    let table = fake.mcp(["tools", "fake"]).run().assert_exit(0).stdout();
    let row = table.lines().find(|line| line.contains("survey")).unwrap();
    assert!(row.contains("[not offered: it runs only as a task"), "{row}");
    fake.call("survey").run().assert_exit(2).assert_stderr_has(&["fake/survey cannot be called", TASK_ONLY]);
    fake.call("poll").run().assert_exit(0);
}

#[test]
fn without_a_handshake_a_call_becomes_a_task_by_itself() {
    let fake = FakeMcp::new(&["modern", "task-only"]);
    assert!(listed(&fake).contains(&("survey".to_owned(), Value::Null)));
    fake.call("survey").run().assert_exit(0);
}

#[test]
fn resources_and_prompts_are_listed_and_read() {
    for way in WAYS {
        let fake = FakeMcp::new(way);
        fake.mcp(["resources", "fake"]).run().assert_exit(0).assert_stderr_has(&[]);
        fake.mcp(["read", "fake", "test://count"]).run().assert_exit(0).assert_stdout("read 1\n");
        let output = fake.mcp(["prompt", "fake", "greet", "who=Ada"]).run().assert_exit(0);
        assert!(output.stdout().contains("Greet Ada."), "{output:?}");
    }
}

#[test]
fn an_error_of_the_server_is_told_in_its_words() {
    FakeMcp::new(&[]).call("refuse").run().assert_stdout("").assert_stderr_has(&["refused", "not today", "-32000"]);
}
