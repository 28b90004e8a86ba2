//! At the prompt: completion, earlier prompts, commands that list what others have named.

use std::fs;

use serde_json::{Value, json};

use super::config;
use super::grammar::{Ours, assert_harmless, framed};
use crate::repl::{UP, start, wait_for_end};
use crate::support::{FakeMcp, ModelServer, Pty, Reply, Sandbox, wait_until};

/// Runs a command at the prompt and waits for the next prompt.
#[track_caller]
fn obey(pty: &mut Pty, line: &str) {
    let lines = lines_begun(pty);
    pty.send(&format!("{line}\r"));
    wait_until(line, || lines_begun(pty) > lines);
}

/// The line editor says each time that a paste is to be told from typing.
fn lines_begun(pty: &Pty) -> usize {
    let log = pty.log();
    log.windows(8).filter(|window| window == b"\x1b[?2004h").count()
}

#[test]
fn lists_at_the_prompt() {
    let models: Vec<Value> = framed().iter().map(|frame| json!({"id": frame})).collect();
    let server = ModelServer::always(Reply::answer(&["ok"])).with_models(200, json!({"data": models}));
    let fake = FakeMcp::for_model(&server, &["hostile"]).set("ui.markers", json!(false));
    let sandbox = &fake.sandbox;
    let commands = sandbox.path("config/sayso/commands");
    fs::create_dir_all(&commands).unwrap();
    for (number, name) in framed().iter().enumerate().step_by(4) {
        let text = format!("---\ndescription: {}\narguments: {}\n---\nx\n", json!(name), json!(name));
        fs::write(commands.join(format!("c{number}.md")), text).unwrap();
    }
    sandbox.sayso(["models", "refresh"]).run().assert_exit(0);
    let run = sandbox.sayso(["chat", "--color", "never"]).env("SAYSO_PAGER", "cat");
    let mut pty = start(run, "test>");
    for line in ["/help", "/tools", "/mcp", "/mcp tools fake", "/role", "/sessions", "/model", "/approve", "/resource"]
    {
        obey(&mut pty, line);
    }
    for line in framed().chunks(60).map(|part| part.concat().replace(char::is_control, "")) {
        // Typed, it would be drawn letter by letter.
        obey(&mut pty, &format!("/model \x1b[200~{line}\x1b[201~"));
        obey(&mut pty, &format!("/rename \x1b[200~{line}\x1b[201~"));
    }
    assert_harmless(&pty.log(), Ours::Edited, 100);
}

#[test]
fn what_tab_offers() {
    let models: Vec<Value> = framed().iter().map(|frame| json!({"id": frame})).collect();
    let server = ModelServer::always(Reply::answer(&["ok"])).with_models(200, json!({"data": models}));
    let fake = FakeMcp::for_model(&server, &["hostile"]).set("ui.markers", json!(false));
    let sandbox = &fake.sandbox;
    for name in framed().iter().filter(|name| !name.contains(['/', '\0'])) {
        fs::write(sandbox.work_folder().join(name), "x").unwrap();
    }
    sandbox.sayso(["models", "refresh"]).run().assert_exit(0);
    let mut pty = start(sandbox.sayso(["chat", "--color", "never"]), "test>");
    for line in ["@", "/attach ", "/model ", "/prompt ", "/resource ", "/show ", "/role "] {
        pty.send(line);
        pty.send("\t");
        std::thread::sleep(std::time::Duration::from_millis(300));
        // It asks before it lists many, and pages what it lists.
        pty.send("y");
        std::thread::sleep(std::time::Duration::from_millis(300));
        pty.send("    q");
        pty.send("\x03");
        pty.wait_for_screen(line, |screen| screen.trim_end().ends_with("test>"));
    }
    assert_harmless(&pty.log(), Ours::Edited, 0);
}

#[test]
fn earlier_prompts_and_their_hints() {
    let server = ModelServer::always(Reply::answer(&["ok"]));
    let sandbox = Sandbox::new().config(&config(&server));
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    for part in framed().chunks(40) {
        let prompt = format!("prompt {}", part.concat().replace('\n', " "));
        sandbox.ask_once(["-c", "-"]).stdin(prompt).run().assert_exit(0);
    }
    let mut pty = start(sandbox.sayso(["chat", "-c", "--color", "never"]), "test>");
    for _ in framed().chunks(40) {
        pty.send(UP);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    // What is typed before the prompt is up again is not for it.
    let is_up = |screen: &str| screen.trim_end().ends_with("test>");
    pty.send("\x03");
    pty.wait_for_screen("the prompt", is_up);
    pty.send("\x12prompt");
    pty.wait_for_screen("the search", |screen| !is_up(screen));
    pty.send("\x03");
    pty.wait_for_screen("the prompt again", is_up);
    assert_harmless(&pty.log(), Ours::Edited, 300);

    // Dim text tells how an earlier prompt went on, where there is colour. A terminal that has told its background is
    // not asked for it: so every question to it would be somebody else's.
    let mut pty = start(sandbox.sayso(["chat", "-c"]).env("COLORFGBG", "15;0"), "test>");
    pty.send("prom");
    pty.wait_for_text("prompt");
    pty.send("\x1b[C");
    wait_for_end(&pty, &[]);
    assert_harmless(&pty.log(), Ours::Edited, 0);
}
