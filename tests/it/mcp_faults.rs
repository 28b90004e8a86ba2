//! MCP servers that do what no server should: each costs an error that says so, and nothing else.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{FakeMcp, Sandbox, TestConfig};

#[test]
fn a_command_that_is_missing_is_named() {
    let config = TestConfig::new("http://127.0.0.1:9/v1").set("mcp.servers.fake", json!({"command": "no-such-thing"}));
    let sandbox = Sandbox::new().config(&config);
    let output = sandbox.sayso(["mcp", "call", "fake", "echo"]).run().assert_exit(5).assert_stdout("");
    output.assert_stderr_has(&["fake", "no-such-thing is not on the PATH"]);
}

#[test]
fn a_server_that_exits_at_once_is_named_with_its_last_words() {
    let output = FakeMcp::new(&["exit-at-once"]).call("echo").run().assert_exit(5).assert_stdout("");
    assert!(!output.stderr.contains('\x1b'), "{}", output.stderr);
    output.assert_stderr_has(&["fake", "exit status: 3", "loading", "license"]);
}

#[test]
fn a_server_of_a_revision_that_nobody_knows_here_is_left() {
    let fake = FakeMcp::new(&["future"]);
    let output = fake.call("echo").run().assert_exit(5).assert_stdout("");
    output.assert_stderr_has(&["fake", "it speaks revision 2099-01-01 of the protocol", "2024-11-05 to 2026-07-28"]);
    fake.assert_none_left(Duration::from_secs(3));
}

#[test]
fn a_server_that_does_not_greet_is_given_up_after_the_connect_timeout() {
    let fake = FakeMcp::with(&["slow"], json!({"connect_timeout": 1}));
    fake.call("echo").run().assert_exit(5).assert_stderr_has(&["it did not greet within 1s"]);
    fake.assert_none_left(Duration::from_secs(3));
}

#[test]
fn a_server_that_exits_in_the_middle_of_a_call_is_an_error_of_that_call() {
    let output = FakeMcp::new(&[]).call("exit").run().assert_stdout("");
    output.assert_stderr_has(&["fake", "ended in the middle of it", "exit status: 5"]);
}

#[test]
fn a_call_that_hangs_is_cancelled_after_the_timeout() {
    let fake = FakeMcp::with(&[], json!({"timeout": 1}));
    fake.call("hang").run().assert_exit(5).assert_stderr_has(&["did not answer within 1s"]);
    assert!(fake.log().contains("notifications/cancelled"), "{}", fake.log());
}

#[test]
fn a_flood_of_stderr_holds_nothing_up_and_is_not_shown() {
    let output = FakeMcp::new(&["flood-stderr"]).call("echo").run().assert_exit(0).assert_stdout("{}\n");
    assert!(output.stderr.len() < 10_000, "{} bytes", output.stderr.len());
}

#[test]
fn a_server_that_never_reads_costs_its_timeout() {
    let fake = FakeMcp::with(&["deaf-after-list"], json!({"timeout": 1}));
    let arguments = json!({"text": "x".repeat(1_000_000)}).to_string();
    let output = fake.mcp(["call", "fake", "echo", "-"]).stdin(arguments).run().assert_exit(5);
    output.assert_stderr_has(&["did not answer within 1s"]);
    fake.assert_none_left(Duration::from_secs(3));
}

#[test]
fn a_line_of_100_mib_ends_the_server_before_it_fills_the_memory() {
    let fake = FakeMcp::new(&[]);
    let output = fake.call("big-line").run().assert_stdout("");
    assert!(output.rss_peak_kib < 150 * 1024, "{} KiB", output.rss_peak_kib);
    output.assert_stderr_has(&["a line longer than 16 MiB"]);
}

#[test]
fn what_is_no_answer_is_passed_over() {
    let output = FakeMcp::new(&[]).call("junk").run().assert_exit(0).assert_stdout("after the junk\n");
    assert_eq!(output.stderr.matches("what is no message").count(), 1, "{}", output.stderr);
    FakeMcp::new(&[]).call("twice").run().assert_exit(0).assert_stdout("first\n");
}

#[test]
fn an_answer_that_cannot_be_read_is_told_as_that_and_not_waited_for() {
    // Ten minutes would be beyond every patience.
    let fake = FakeMcp::with(&["unreadable"], json!({"timeout": 600}));
    let output = fake.call("unreadable").run().assert_exit(8).assert_stdout("");
    output.assert_stderr_has(&["fake", "its answer cannot be read", "hex escape"]);
}

#[test]
fn too_much_of_it_ends_the_server() {
    FakeMcp::new(&[]).call("garbage").run().assert_stdout("").assert_stderr_has(&["what it sends is no JSON-RPC"]);
}

#[test]
fn a_banner_on_stdout_is_skipped_and_told_once() {
    let output = FakeMcp::new(&["banner"]).call("echo").run().assert_exit(0).assert_stdout("{}\n");
    assert_eq!(output.stderr.matches("what is no message").count(), 1, "{}", output.stderr);
}

#[test]
fn endless_lists_of_tools_are_cut() {
    for (fault, count) in [("many-tools", 512), ("endless-list", 50)] {
        let output = FakeMcp::new(&[fault]).mcp(["tools", "fake", "--format", "json"]).run().assert_exit(0);
        let found = serde_json::from_slice::<Value>(&output.stdout_bytes).unwrap().to_string();
        assert_eq!(found.matches("\"inputSchema\"").count().max(found.matches("\"input_schema\"").count()), count);
        output.assert_stderr_has(&["its list of tools has no end"]);
    }
}

#[test]
fn two_tools_of_one_name_are_refused_and_the_others_live() {
    let fake = FakeMcp::new(&["duplicates"]);
    let output = fake.call("echo").run().assert_exit(2);
    output.assert_stderr_has(&["two of its tools are named echo", "has no tool"]);
    fake.call("structured").run().assert_exit(0).assert_stdout("42\n");
}

#[test]
fn every_way_to_begin_leads_to_a_call_and_is_remembered() {
    for faults in [&["modern"][..], &["exit-on-unknown"], &["silent-on-unknown"]] {
        let fake = FakeMcp::new(faults);
        fake.call("echo").run().assert_exit(0).assert_stdout("{}\n");
        let greetings = |log: &str| log.matches("server/discover").count();
        let asked = greetings(&fake.log());
        fake.call("echo").run().assert_exit(0).assert_stdout("{}\n");
        let again = greetings(&fake.log()) - asked;
        assert_eq!(again, usize::from(faults == ["modern"]), "{faults:?}: {}", fake.log());
    }
}

#[test]
fn a_server_gets_no_key_of_ours() {
    let output = FakeMcp::new(&[]).call("environment").run().assert_exit(0);
    let variables: Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
    let variables = variables.as_object().unwrap();
    assert!(variables.contains_key("PATH") && variables.contains_key("HOME"), "{variables:?}");
    assert!(variables.contains_key("SAYSO_TEST_MARKER"), "what is configured: {variables:?}");
    assert!(!variables.contains_key("TEST_KEY"), "{variables:?}");
}
