//! `server-everything` over stdio, from the shell: tools, resources, prompts, questions, progress, cancel.

use std::time::Instant;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::Bed;
use super::turns::fill_in;
use crate::support::AT_ONCE;

/// The tools that it has for everybody.
const COMMON_TOOLS: usize = 12;

/// `everything` with a root: the work folder.
fn bed() -> Option<Bed> {
    let bed = Bed::new()?;
    let (program, root) = (bed.npm("mcp-server-everything"), bed.work(""));
    Some(bed.server("everything", &[&program, "stdio"], &json!({"roots": [root]})))
}

fn names<'a>(list: &'a Value, server: &str, key: &str) -> Vec<&'a str> {
    let of_server = list.as_array().unwrap().iter().filter(|entry| entry["server"] == server);
    of_server.filter_map(|entry| entry[key].as_str()).collect()
}

#[test]
fn it_offers_what_our_abilities_allow() {
    let Some(bed) = bed() else { return };
    let program = bed.npm("mcp-server-everything");
    let bed = bed.server("rootless", &[&program, "stdio"], &json!({}));
    let list = bed.mcp_json(["tools"]);
    let tools = names(&list, "everything", "name");
    let is_offered = |name: &str| tools.contains(&name);
    // No model is there to be asked, and no person to open a page.
    let expected = [
        ("echo", true),
        ("get-roots-list", true),
        ("trigger-elicitation-request", true),
        ("trigger-url-elicitation", false),
        ("trigger-sampling-request", false),
    ];
    for (name, is_expected) in expected {
        assert_eq!(is_offered(name), is_expected, "{name} in {tools:?}");
    }
    assert!(tools.len() >= COMMON_TOOLS + 2, "{tools:?}");
    assert!(!names(&list, "rootless", "name").contains(&"get-roots-list"), "no roots, no capability");
    let structured = list.as_array().unwrap().iter().find(|tool| tool["name"] == "get-structured-content").unwrap();
    assert_eq!(structured["output_schema"]["properties"]["humidity"]["type"], "number");
    assert_eq!(structured["read_only_hint"], true);

    let state = bed.state("everything");
    assert_eq!((&state["state"], &state["protocol"]), (&json!("ready"), &json!("2025-11-25")), "{state:#}");
    assert!(state["instructions"].as_str().is_some_and(|text| !text.is_empty()), "{state:#}");
}

#[test]
fn calls_bring_text_structure_pictures_and_links() {
    let Some(bed) = bed() else { return };
    assert_eq!(bed.call("everything", "echo", ["message=hi there"]), "Echo: hi there\n");
    assert!(bed.call("everything", "get-sum", ["a=2", "b=40"]).contains("42"));

    let structured = bed.mcp_json(["call", "everything", "get-structured-content", "location=Chicago"]);
    assert_eq!(structured["structuredContent"]["temperature"], 36, "{structured:#}");

    let image = bed.work("tiny.png");
    bed.mcp(["call", "everything", "get-tiny-image", "--output", &image]);
    assert!(std::fs::read(image).unwrap().starts_with(b"\x89PNG\r\n"));

    let links = bed.mcp_json(["call", "everything", "get-resource-links", "count=2"]);
    let kinds: Vec<_> = links["content"].as_array().unwrap().iter().map(|part| part["type"].clone()).collect();
    assert_eq!(kinds, ["text", "resource_link", "resource_link"], "{links:#}");

    let annotated = ["call", "everything", "get-annotated-message", "messageType=error", "includeImage=true"];
    let annotated = bed.mcp_json(annotated);
    assert_eq!(annotated["content"][0]["text"], "Error: Operation failed", "{annotated:#}");
    assert_eq!(annotated["content"][1]["type"], "image");

    let embedded = bed.mcp_json(["call", "everything", "get-resource-reference", "resourceType=Text", "resourceId=1"]);
    assert_eq!(embedded["content"][1]["type"], "resource", "{embedded:#}");
}

#[test]
fn it_learns_the_roots_and_no_key() {
    let Some(bed) = bed() else { return };
    let roots = bed.call("everything", "get-roots-list", []);
    assert!(roots.contains(&format!("file://{}", bed.work("").trim_end_matches('/'))), "{roots}");
    let environment: Value = serde_json::from_str(&bed.call("everything", "get-env", [])).unwrap();
    assert!(environment.get(super::MARKER).is_some(), "what its section names: {environment:#}");
    assert!(environment.get("PATH").is_some());
    assert_eq!(environment.get("TEST_KEY"), None, "{environment:#}");
}

#[test]
fn resources_and_prompts() {
    let Some(bed) = bed() else { return };
    let list = bed.mcp_json(["resources", "everything"]);
    assert_eq!(names(&list, "everything", "uri").len(), 7, "{list:#}");
    let templates = names(&list, "everything", "uri_template");
    assert_eq!(templates, ["demo://resource/dynamic/text/{resourceId}", "demo://resource/dynamic/blob/{resourceId}"]);
    let text = bed.mcp(["read", "everything", "demo://resource/static/document/architecture.md"]).stdout();
    assert!(text.starts_with("# "), "{text}");
    let made = bed.mcp(["read", "everything", "demo://resource/dynamic/text/3"]).stdout();
    assert!(made.contains("Resource 3"), "{made}");
    let blob = bed.work("blob");
    bed.mcp(["read", "everything", "demo://resource/dynamic/blob/4", "--output", &blob]);
    assert!(std::fs::read_to_string(blob).unwrap().contains("Resource 4"));
    let missing = bed.sayso(["mcp", "read", "everything", "demo://nothing"]).run().assert_exit(7);
    assert!(missing.stderr.contains("demo://nothing"), "{missing:?}");

    let list = bed.mcp_json(["prompts", "everything"]);
    let prompts = names(&list, "everything", "name");
    assert_eq!(prompts, ["simple-prompt", "args-prompt", "completable-prompt", "resource-prompt"]);
    let filled = bed.mcp(["prompt", "everything", "args-prompt", "city=Oslo"]);
    filled.assert_stdout("What's weather in Oslo?\n");
    let filled = bed.mcp_json(["prompt", "everything", "resource-prompt", "resourceType=Text", "resourceId=1"]);
    assert_eq!(filled[1]["content"]["type"], "resource", "{filled:#}");
    let refused = bed.sayso(["mcp", "prompt", "everything", "args-prompt"]).run().assert_exit(2);
    assert!(refused.stderr.contains("city"), "{refused:?}");
}

#[test]
fn a_form_is_declined_where_nobody_is() {
    let Some(bed) = bed() else { return };
    let declined = bed.mcp(["call", "everything", "trigger-elicitation-request"]);
    assert!(declined.stdout().contains("User declined"), "{declined:?}");
    assert!(declined.stderr.contains("everything asks: Please provide inputs"), "{declined:?}");
}

#[test]
fn a_person_fills_in_a_form() {
    let Some(bed) = bed() else { return };
    let mut pty = bed.pty(["mcp", "call", "everything", "trigger-elicitation-request"]);
    fill_in(&mut pty);
    pty.wait_for_text("- Name: Ada");
    let screen = pty.wait_for_text("- Favorite Integer: 42");
    assert!(!screen.contains("- Email"), "what is left out is not sent: {screen}");
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn progress_is_shown_and_ctrl_c_cancels_the_call() {
    let Some(bed) = bed() else { return };
    // What we write to the server passes through a file.
    let (program, sent) = (bed.npm("mcp-server-everything"), bed.work("sent.jsonl"));
    let pipe = format!("tee '{sent}' | exec '{program}' stdio");
    let bed = bed.server("overheard", &["sh", "-c", &pipe], &json!({}));
    let slow = ["mcp", "call", "overheard", "trigger-long-running-operation", "-v"];
    let output = bed.sayso(slow.into_iter().chain(["duration=1", "steps=4"])).run().assert_exit(0);
    assert!(output.stdout().starts_with("Long running operation completed."), "{output:?}");
    output.assert_stderr_has(&["1 of 4", "3 of 4"]);

    let running = bed.sayso(slow.into_iter().chain(["duration=60", "steps=60"])).spawn();
    running.wait_for_stderr("1 of 60");
    let stopped = Instant::now();
    running.signal(Signal::INT);
    running.wait().assert_exit(130);
    assert!(stopped.elapsed() < AT_ONCE, "{:?}", stopped.elapsed());
    let sent = std::fs::read_to_string(sent).unwrap();
    let methods: Vec<Value> = sent.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let call = methods.iter().find(|message| message["method"] == "tools/call").unwrap();
    let cancel = methods.iter().find(|message| message["method"] == "notifications/cancelled").unwrap();
    assert_eq!(cancel["params"]["requestId"], call["id"], "{sent}");
}
