//! `--code`, `--first-code`, `--first-json`, `--stop-after`: the part and nothing else, and no request for the rest.

use std::time::Instant;

use serde_json::json;

use crate::support::{Gate, ModelServer, Output, Reply, Sandbox};

const TWO_BLOCKS: [&str; 5] = ["First:\n```sh\nls ", "-l\n``", "`\nor {\"a\": [1", "]} then\n~~~\ndir\n~~~", "\nDone."];

#[track_caller]
fn part(option: &[&str], tokens: &[&str]) -> Output {
    let server = ModelServer::always(Reply::answer(tokens));
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once([option, &["hi"]].concat()).run()
}

/// What an endless answer gives; the request has to end by itself, and the rest of it is never sent.
#[track_caller]
fn ended_early(option: &[&str], tokens: &[&str]) -> (ModelServer, Sandbox, Output) {
    let gate = Gate::default();
    let reply = tokens.iter().fold(Reply::sse().role(), |reply, token| reply.text(token));
    let server = ModelServer::always(reply.wait_for(&gate).text("too late").finished());
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once([option, &["hi"]].concat()).run().assert_exit(0);
    let left_at = server.wait_for_client_gone();
    assert!(left_at <= Instant::now());
    assert!(!server.request().text_sent_by(Instant::now()).contains("too late"));
    (server, sandbox, output)
}

#[test]
fn the_part_is_exact() {
    part(&["--code"], &TWO_BLOCKS).assert_exit(0).assert_stdout("dir\n");
    part(&["--first-code"], &TWO_BLOCKS).assert_exit(0).assert_stdout("ls -l\n");
    part(&["--first-json"], &TWO_BLOCKS).assert_exit(0).assert_stdout("{\"a\": [1]}\n");
    part(&["--stop-after", "(?m)^ls"], &TWO_BLOCKS).assert_exit(0).assert_stdout("First:\n```sh\nls\n");
    part(&["--code"], &["```\na\r\n\tb\n\n```"]).assert_exit(0).assert_stdout("a\r\n\tb\n\n");
    part(&["--code"], &["```\n```"]).assert_exit(0).assert_stdout("");
}

#[test]
fn a_request_ends_with_the_part_and_the_answer_is_complete() {
    for (option, needed, expected) in [
        (vec!["--first-code"], "Try\n```\nls\n```\n", "ls\n"),
        (vec!["--first-json"], "So: {\"a\": 1}", "{\"a\": 1}\n"),
        (vec!["--stop-after", "a+b"], "xxaab", "xxaab\n"),
    ] {
        let (_server, sandbox, output) = ended_early(&option, &[needed]);
        output.assert_stdout(expected).assert_quiet();
        let stored = sandbox.messages();
        assert_eq!((stored[1].status.as_str(), stored[1].text.as_str()), ("complete", needed));
    }
}

#[test]
fn the_end_is_told_as_ours_in_json_and_in_timing() {
    let (_server, _sandbox, output) = ended_early(&["--first-json", "--format", "jsonl"], &["{\"a\"", ": 1}"]);
    let result = output.result();
    assert_eq!((&result["status"], &result["finish"]), (&json!("ok"), &json!("enough")));
    assert_eq!((&result["part"], &result["interrupted"]), (&json!("{\"a\": 1}"), &json!(null)));
    let (_server, _sandbox, output) = ended_early(&["--first-json", "--timing"], &["{\"a\"", ": 1}"]);
    output.assert_stderr_has(&["timing: ", "saved: all that the model would have written after "]);
}

#[test]
fn nothing_found_is_exit_9_and_says_what_is_missing() {
    for (option, told) in [
        (vec!["--code"], "the answer has no fenced block of code"),
        (vec!["--first-code"], "the answer has no fenced block of code"),
        (vec!["--first-json"], "the answer has no JSON object or list"),
        (vec!["--stop-after", "zz"], "the answer has no match of the pattern of `--stop-after`"),
    ] {
        let output = part(&option, &["Just {words} here."]).assert_exit(9).assert_stdout("");
        output.assert_stderr_has(&["error[part]", told]);
    }
    let result = part(&["--code", "--format", "json"], &["words"]).assert_exit(9).result();
    assert_eq!((&result["error"]["class"], &result["text"]), (&json!("part"), &json!("words")));
}

#[test]
fn a_refusal_is_no_part_and_is_told() {
    for options in [&["--code"][..], &["--first-json"], &["--stop-after", "zz"], &["--schema", "{\"type\":\"object\"}"]]
    {
        let refusal = || Reply::sse().delta(&json!({"refusal": "I will not."})).finished();
        let server = ModelServer::start([refusal(), refusal()]);
        let sandbox = Sandbox::for_server(&server);
        let ask = |more: &[&'static str]| sandbox.ask_once([options, more, &["hi"]].concat()).run().assert_exit(10);
        ask(&[]).assert_stdout("").assert_stderr_has(&["error[refused]", "I will not."]);
        let result = ask(&["--format", "json"]).result();
        assert_eq!((&result["status"], &result["error"]["class"]), (&json!("incomplete"), &json!("refused")));
        assert_eq!(
            (&result["text"], &result["part"], &result["value"]),
            (&json!("I will not."), &json!(null), &json!(null))
        );
    }
}

#[test]
fn a_pattern_that_is_none_and_two_wishes_at_once_are_exit_2() {
    part(&["--stop-after", "(a"], &[]).assert_exit(2).assert_stderr_has(&["unclosed group"]);
    part(&["--code", "--first-json"], &[]).assert_exit(2);
}

#[test]
fn the_next_question_can_follow_an_answer_that_was_ended_here() {
    let (_server, sandbox, _) = ended_early(&["--first-code"], &["```\nls\n```\n"]);
    let server = ModelServer::always(Reply::answer(&["fine"]));
    let sandbox = sandbox.config(&crate::support::TestConfig::for_server(&server));
    sandbox.ask_once(["-c", "and then?"]).run().assert_exit(0).assert_stdout("fine\n");
    let sent = server.request().json();
    assert_eq!(sent["messages"][1]["content"], "```\nls\n```\n");
}
