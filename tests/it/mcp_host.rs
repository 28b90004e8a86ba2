//! The rest of the protocol, in both of its ways, through the binary and over stdio.

use serde_json::{Value, json};

use crate::support::FakeMcp;

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
