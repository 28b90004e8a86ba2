//! `server-everything` in a conversation: the model calls its tools, and the server asks back.

use std::fs;

use serde_json::{Value, json};

use super::Bed;
use crate::repl::{CTRL_C, wait_for_end};
use crate::support::{ModelServer, Pty, Received, Reply, Wire};

/// The server and a model, and what the server is sent in a file.
fn bed(model: &ModelServer) -> Option<(Bed, String)> {
    let bed = Bed::for_model(model)?;
    let (program, sent, root) = (bed.npm("mcp-server-everything"), bed.work("sent.jsonl"), bed.work(""));
    let pipe = format!("tee -a '{sent}' | exec '{program}' stdio");
    Some((bed.server("all", &["sh", "-c", &pipe], &json!({"roots": [root]})).vouched("all/*"), sent))
}

fn chat(bed: &Bed) -> Pty {
    let pty = bed.pty(["chat"]);
    wait_for_end(&pty, &["test>"]);
    pty
}

/// Answers the form of the server: a name, and of all else what it proposes.
pub fn fill_in(pty: &mut Pty) {
    pty.wait_for_text("fill it in? [y/n]");
    pty.send("y\r");
    // In the order of their names.
    for field in [
        "birthdate",
        "check",
        "email",
        "firstLine",
        "homepage",
        "integer",
        "legacyTitledEnum",
        "name",
        "number",
        "titledMultipleSelectEnum",
        "titledSingleSelectEnum",
        "untitledMultipleSelectEnum",
        "untitledSingleSelectEnum",
    ] {
        pty.wait_for_screen(&format!("the question for {field}"), |screen| {
            screen.trim_end().lines().last().is_some_and(|line| line.starts_with(&format!("{field} (")))
        });
        pty.send(if field == "name" { "Ada\r" } else { "\r" });
    }
}

#[test]
fn what_its_tools_bring_reaches_the_model() {
    let model = ModelServer::start([
        Reply::calls(&[
            ("c1", "all__echo", json!({"message": "hi there"})),
            ("c2", "all__get-structured-content", json!({"location": "Chicago"})),
            ("c3", "all__get-resource-links", json!({"count": 2})),
            ("c4", "all__get-tiny-image", json!({})),
            ("c5", "all__get-sum", json!({"a": "no number"})),
        ]),
        Reply::answer(&["seen"]),
    ]);
    let Some((bed, _)) = bed(&model) else { return };
    bed.sayso(["ask", "hi"]).run().assert_exit(0).assert_stdout("seen\n");
    for (id, part) in [
        ("c1", "Echo: hi there"),
        ("c2", "Light rain"),
        ("c3", "demo://resource/dynamic/text/2"),
        ("c4", "image/png"),
        ("c5", "expected number"),
    ] {
        assert!(model.told(id).contains(part), "{part} in {}", model.told(id));
    }
    // Nobody is there to be asked: what would ask is not offered.
    let offered = model.offered(0);
    assert!(!offered.iter().any(|name| name.contains("sampling") || name.contains("elicitation")), "{offered:?}");
}

#[test]
fn the_model_answers_the_server_with_the_persons_say_so() {
    let ask = json!({"prompt": "what is a say-so?", "maxTokens": 50});
    let script = move |request: &Received, number: usize| match number {
        0 | 3 => Some(Reply::call(&format!("c{number}"), "all__trigger-sampling-request", &ask)),
        1 => {
            let request = request.json();
            assert_eq!(request["tools"], Value::Null, "a server's question comes without tools: {request:#}");
            assert!(request.to_string().contains("context: what is a say-so?"), "{request:#}");
            Some(Reply::answer(&["a permission"]))
        }
        _ => Some(Reply::answer(&["done"])),
    };
    let model = ModelServer::scripted(Wire::Plain, script);
    let Some((bed, _)) = bed(&model) else { return };
    let mut pty = chat(&bed);
    pty.send("go\r");
    let screen = pty.wait_for_text("let the model answer? [y/n]");
    assert!(screen.contains("all asks the model, at your cost:"), "{screen}");
    assert!(screen.contains("You are a helpful test server."), "{screen}");
    pty.send("y\r");
    pty.wait_for_text("done");
    assert!(model.told("c0").contains("a permission"), "{}", model.told("c0"));
    wait_for_end(&pty, &["test>"]);
    pty.send("again\r");
    pty.wait_for_screen("a second question", |screen| screen.matches("let the model answer? [y/n]").count() == 2);
    pty.send("n\r");
    pty.wait_for_screen("a second answer", |screen| screen.matches("done").count() == 2);
    assert!(!model.told("c3").contains("a permission"), "{}", model.told("c3"));
    // What is typed ahead is not sent by itself.
    wait_for_end(&pty, &["test>"]);
    pty.send("/exit\r");
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn a_person_fills_in_the_form_of_a_server_and_opens_no_page() {
    let url = json!({"url": "https://example.com/consent"});
    let model = ModelServer::start([
        Reply::call("c1", "all__trigger-elicitation-request", &json!({})),
        Reply::answer(&["filled"]),
        Reply::call("c2", "all__trigger-url-elicitation", &url),
        Reply::answer(&["closed"]),
    ]);
    let Some((bed, _)) = bed(&model) else { return };
    let mut pty = chat(&bed);
    pty.send("go\r");
    fill_in(&mut pty);
    pty.wait_for_text("filled");
    assert!(model.told("c1").contains("- Name: Ada"), "{}", model.told("c1"));
    wait_for_end(&pty, &["test>"]);
    pty.send("now the page\r");
    let screen = pty.wait_for_text("open it in the browser? [y/n]");
    assert!(screen.contains("https://example.com/consent") && screen.contains("example.com"), "{screen}");
    pty.send("n\r");
    pty.wait_for_text("closed");
    assert!(model.told("c2").contains("decline"), "{}", model.told("c2"));
    // What is typed ahead is not sent by itself.
    wait_for_end(&pty, &["test>"]);
    pty.send("/exit\r");
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn ctrl_c_cancels_a_call_and_the_server_lives_on() {
    let slow = json!({"duration": 60, "steps": 60});
    let model = ModelServer::start([
        Reply::call("c1", "all__trigger-long-running-operation", &slow),
        Reply::call("c2", "all__echo", &json!({"message": "still there"})),
        Reply::answer(&["good"]),
    ]);
    let Some((bed, sent)) = bed(&model) else { return };
    let mut pty = chat(&bed);
    pty.send("go\r");
    pty.wait_for_text("3 %");
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test>"]);
    pty.send("again\r");
    pty.wait_for_text("good");
    assert!(model.told("c2").contains("still there"));
    assert!(model.told("c1").contains("cancelled"), "{}", model.told("c1"));
    // What is typed ahead is not sent by itself.
    wait_for_end(&pty, &["test>"]);
    pty.send("/exit\r");
    assert_eq!(pty.wait_for_exit(), 0);
    let sent = fs::read_to_string(sent).unwrap();
    let count = |method: &str| sent.matches(&format!("\"method\":\"{method}\"")).count();
    assert_eq!((count("initialize"), count("notifications/cancelled"), count("tools/call")), (1, 1, 2), "{sent}");
}

#[test]
fn the_log_of_a_server_is_told_from_notice_on() {
    // The level is drawn by lot, from eight of which six are told: one of these comes.
    const TRIES: u64 = 9;
    let script = |_: &Received, number: usize| {
        let number = number as u64;
        let toggle =
            |number: u64| Reply::call(&format!("c{number}"), "all__toggle-simulated-logging", &json!({"n": number}));
        Some(if number < 2 * TRIES { toggle(number) } else { Reply::answer(&["done"]) })
    };
    let model = ModelServer::scripted(Wire::Plain, script);
    let Some((bed, _)) = bed(&model) else { return };
    let output = bed.sayso(["ask", "hi", "--max-hops", "30"]).run().assert_exit(0);
    let told = ["Notice-", "Warning-", "Error-", "Critical-", "Alert ", "Emergency-"];
    assert!(told.iter().any(|level| output.stderr.contains(&format!("all: {level}level"))), "{output:?}");
    assert!(!output.stderr.contains("Debug-level") && !output.stderr.contains("Info-level"), "{output:?}");
}
