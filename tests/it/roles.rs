//! Roles: from a file, a script or a stored conversation to what is sent.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::history_repl::{editing, enter, sent};
use crate::repl::{start, wait_for_end};
use crate::support::{ModelServer, Reply, Sandbox};

const TRANSLATE: &str = "\
---
description: Into another language
temperature: 0.2
tools: []
system: You translate into {{ to }}.
arguments:
  to:
  tone: friendly
---
Translate in a {{ tone }} tone:

{{ input }}
";

fn hello() -> ModelServer {
    ModelServer::always(Reply::answer(&["Hel", "lo"]))
}

/// Writes `roles/NAME.md`.
pub fn with_role(sandbox: &Sandbox, name: &str, text: &str) {
    let folder = sandbox.path("config/sayso/roles");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.md")), text).unwrap();
}

fn last_body(server: &ModelServer) -> Value {
    server.requests().last().unwrap().json()
}

#[test]
fn a_role_says_what_is_asked_and_how() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    with_role(&sandbox, "translate", TRANSLATE);
    let run = sandbox.ask_once(["--role", "translate", "to=French", "--", "I am {{ to }}"]).stdin("piped\n");
    run.run().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    let body = last_body(&server);
    let asked = "Translate in a friendly tone:\n\nI am {{ to }}\n\npiped";
    let expected = json!([
        {"role": "system", "content": "You translate into French."},
        {"role": "user", "content": asked},
    ]);
    assert_eq!((&body["messages"], &body["temperature"]), (&expected, &json!(0.2)));
    assert!(body.get("tools").is_none(), "{body:#}");
}

#[test]
fn options_win_over_the_role_and_the_role_over_the_configuration() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    with_role(&sandbox, "r", "---\nmodel: test:other-model\nmax_tokens: 7\noptions: { top_k: 3 }\n---\nBe brief.");
    sandbox.ask_once(["--role", "r", "hi"]).run().assert_exit(0);
    let body = last_body(&server);
    assert_eq!((&body["model"], &body["max_tokens"], &body["top_k"]), (&json!("other-model"), &json!(7), &json!(3)));
    assert_eq!(body["messages"][0], json!({"role": "system", "content": "Be brief."}));
    sandbox.ask_once(["--role", "r", "-m", "test:mine", "-o", "top_k=9", "-s", "Mine.", "hi"]).run().assert_exit(0);
    let body = last_body(&server);
    assert_eq!((&body["model"], &body["top_k"]), (&json!("mine"), &json!(9)));
    assert_eq!(body["messages"][0]["content"], "Mine.");
}

#[test]
fn a_conversation_keeps_its_role() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    with_role(&sandbox, "translate", TRANSLATE);
    sandbox.ask_once(["--role", "translate", "to=French", "one"]).run().assert_exit(0);
    sandbox.ask_once(["-c", "two"]).run().assert_exit(0).assert_stderr_has(&["with the role translate"]);
    let body = last_body(&server);
    assert_eq!(body["temperature"], 0.2);
    let messages = body["messages"].as_array().unwrap();
    assert_eq!(messages[0]["content"], "You translate into French.");
    assert_eq!(messages.last().unwrap()["content"], "Translate in a friendly tone:\n\ntwo");

    sandbox.ask_once(["-c", "--role", "off", "three"]).run().assert_exit(0);
    let body = last_body(&server);
    assert_eq!(body["messages"].as_array().unwrap().last().unwrap()["content"], "three");
    assert!(body.get("temperature").is_none(), "{body:#}");
    sandbox.ask_once(["-c", "four"]).run().assert_exit(0).assert_stdout("Hello\n");
    assert_eq!(last_body(&server)["messages"].as_array().unwrap().last().unwrap()["content"], "four");
}

#[test]
fn a_role_that_is_gone_stops_no_conversation() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    with_role(&sandbox, "r", "Say: {{ input }}");
    sandbox.ask_once(["--role", "r", "one"]).run().assert_exit(0);
    fs::remove_file(sandbox.path("config/sayso/roles/r.md")).unwrap();
    sandbox.ask_once(["-c", "two"]).run().assert_exit(0).assert_stderr_has(&["goes on without the role r"]);
    assert_eq!(last_body(&server)["messages"].as_array().unwrap().last().unwrap()["content"], "two");
}

#[test]
fn a_script_is_a_role() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    let script = sandbox.path("work/greet");
    fs::write(
        &script,
        "#!/usr/bin/env -S sayso ask --role-file\n---\narguments: { name: you }\n---\nGreet {{ name }}. {{ input }}\n",
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_sayso")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), crate::support::variable("PATH").unwrap());
    let output = sandbox.program(&script, ["name=Ann", "--no-stream", "Warmly."]).env("PATH", &path).run();
    output.assert_exit(0).assert_stdout("Hello\n");
    assert_eq!(last_body(&server)["messages"][0]["content"], "Greet Ann. Warmly.");
}

#[test]
fn mistakes_are_told_with_their_place_and_what_was_meant() {
    let sandbox = Sandbox::new();
    with_role(&sandbox, "bad", "---\ntempreature: 1\nallow: [files/*]\n---\n{{ x");
    with_role(&sandbox, "translate", TRANSLATE);
    let ask =
        |args: &[&str]| sandbox.sayso(["ask", "-m", "demo:echo"].iter().chain(args).copied().collect::<Vec<_>>()).run();
    let places = [
        "bad.md:2:1: tempreature",
        "did you mean `temperature`?",
        "bad.md:3:1: allow: cannot stand in a role",
        "bad.md:5:",
    ];
    ask(&["--role", "bad", "hi"]).assert_exit(3).assert_stdout("").assert_stderr_has(&places);
    ask(&["--role", "translat", "hi"]).assert_exit(2).assert_stderr_has(&["did you mean `translate`?"]);
    ask(&["--role", "translate", "hi"]).assert_exit(2).assert_stderr_has(&["the role translate needs `to`"]);
    ask(&["--role", "translate", "to=x", "tonne=y", "hi"])
        .assert_exit(2)
        .assert_stderr_has(&["did you mean `tone=…`?"]);
    ask(&["--role", "translate", "to=x"]).assert_exit(2).assert_stderr_has(&["there is no prompt"]);
    ask(&["--role-file", "none.md", "hi"]).assert_exit(3).assert_stderr_has(&["none.md: does not exist"]);
    ask(&["--role", "../../etc/passwd", "hi"]).assert_exit(2);
    let json = ask(&["--role", "translate", "hi", "--format", "json"]).assert_exit(2);
    assert_eq!(json.result()["error"]["class"], "usage");
}

#[test]
fn a_role_holds_answers_to_a_schema() {
    let server = ModelServer::always(Reply::answer(&["{\"name\": \"Ann\", ", "\"age\": 7}"]));
    let sandbox = Sandbox::for_server(&server);
    with_role(&sandbox, "person", "---\nschema: 'name, age int'\n---\nThe person in this text.");
    sandbox
        .ask_once(["--role", "person", "Ann is seven"])
        .run()
        .assert_exit(0)
        .assert_stdout("{\"name\":\"Ann\",\"age\":7}\n");
    with_role(&sandbox, "person", "---\nschema: 'name, tags [str]'\n---\nThe person in this text.");
    sandbox.ask_once(["--role", "person", "Ann is seven"]).run().assert_exit(11);
}

#[test]
fn a_role_of_a_folder_one_enters_is_not_seen() {
    let sandbox = Sandbox::new();
    for folder in [".sayso/roles", "roles"] {
        fs::create_dir_all(sandbox.work_folder().join(folder)).unwrap();
        fs::write(sandbox.work_folder().join(folder).join("theirs.md"), "Obey.").unwrap();
    }
    sandbox.sayso(["ask", "-m", "demo:echo", "--role", "theirs", "hi"]).run().assert_exit(2);
    let list = sandbox.sayso(["roles", "list", "--format", "tsv"]).run().assert_exit(0).stdout();
    assert!(!list.contains("theirs"), "{list}");
}

#[test]
fn a_line_is_made_of_an_answer_for_a_command_line() {
    let server = ModelServer::always(Reply::answer(&["```sh\n$ ls", " -la \\\n", " | wc\u{1b}[31m -l\n", "```"]));
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["--role", "shell", "shell=fish", "count files"]).run().assert_exit(0);
    output.assert_stdout("ls -la | wc[31m -l\n").assert_quiet();
    let body = last_body(&server);
    let system = body["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("command line for fish on "), "{system}");
    assert!(body.get("tools").is_none());
}

#[test]
fn half_a_command_is_not_shown() {
    let server = ModelServer::always(Reply::sse().text("rm -rf ").fin());
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["--role", "shell", "clean"]).run().assert_exit(9).assert_stdout("");
}

#[test]
fn roles_are_listed_shown_and_edited() {
    let sandbox = Sandbox::new();
    with_role(&sandbox, "translate", TRANSLATE);
    with_role(&sandbox, "bad", "---\nx: 1\n---\n");
    let list = sandbox.sayso(["roles", "list", "--format", "json"]).run().assert_exit(0);
    let list: Value = serde_json::from_slice(&list.stdout_bytes).unwrap();
    let names: Vec<_> = list.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["bad", "code", "explain", "shell", "translate"]);
    assert!(list[0]["error"].as_str().unwrap().contains("bad.md:2:1: x"), "{list:#}");
    assert_eq!(list[4]["arguments"], json!(["to", "tone"]));
    let shown = sandbox.sayso(["roles", "show", "translate"]).run().assert_exit(0).stdout();
    assert!(
        shown.contains("# use: sayso ask --role translate to=… [tone=friendly] \"…\"\n") && shown.ends_with(TRANSLATE),
        "{shown}"
    );
    let shown = sandbox.sayso(["roles", "show", "shell", "--format", "json"]).run().assert_exit(0);
    assert_eq!(serde_json::from_slice::<Value>(&shown.stdout_bytes).unwrap()["path"], Value::Null);
    let path = sandbox.sayso(["roles", "path", "code"]).run().assert_exit(0).stdout();
    assert_eq!(path.trim_end(), sandbox.path("config/sayso/roles/code.md").to_str().unwrap());
    sandbox.sayso(["roles", "edit", "new"]).run().assert_exit(2).assert_stderr_has(&["needs a terminal"]);
}

#[test]
fn an_edited_role_is_checked_and_opened_again() {
    let sandbox = Sandbox::new();
    // The first time it makes a mistake, the second time it mends it.
    let editor = sandbox.path("work/editor");
    fs::write(&editor, "#!/bin/sh\ngrep -q '^modle' \"$1\" && sed -i 's/^modle/model/' \"$1\" || sed -i 's/^description.*/modle: demo:echo/' \"$1\"\n").unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    let run = sandbox.sayso(["roles", "edit", "code"]).env("EDITOR", editor.to_str().unwrap());
    let mut pty = crate::support::Pty::start(run, 20, 120);
    pty.wait_for_text("did you mean `model`?");
    pty.wait_for_text("Open it again? [y/N]");
    pty.send("y\r");
    assert_eq!(pty.wait_for_exit(), 0);
    let text = fs::read_to_string(sandbox.path("config/sayso/roles/code.md")).unwrap();
    assert!(text.contains("\nmodel: demo:echo\n") && text.contains("You write code."), "{text}");
}

#[test]
fn a_chat_puts_on_a_role_and_takes_it_off() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    with_role(&sandbox, "translate", TRANSLATE);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("/role translate\r");
    wait_for_end(&pty, &["  hint:    give it behind the role, as in `translate to=…`", "test>"]);
    pty.send("/role translate to=French tone=\"very dry\"\r");
    wait_for_end(&pty, &["with the role translate, from the next message on; /role off leaves it", "test>"]);
    pty.send("one\r");
    wait_for_end(&pty, &["Hello", "usage: 7 in, 3 out", "", "test>"]);
    let body = server.wait_for_request(1).json();
    assert_eq!(
        (&body["temperature"], &body["messages"][0]["content"]),
        (&json!(0.2), &json!("You translate into French."))
    );
    assert_eq!(body["messages"][1]["content"], "Translate in a very dry tone:\n\none");
    pty.send("/role off\r");
    wait_for_end(&pty, &["without a role, from the next message on", "test>"]);
    pty.send("two\r");
    let body = server.wait_for_request(2).json();
    assert!(body.get("temperature").is_none(), "{body:#}");
    let messages = body["messages"].as_array().unwrap();
    assert_eq!(messages.last().unwrap()["content"], "two");
    assert!(!messages.iter().any(|message| message["role"] == "system"), "{body:#}");
    wait_for_end(&pty, &["Hello", "usage: 7 in, 3 out", "", "test>"]);
    pty.send("/role\r");
    pty.wait_for_text("none is in use; /role NAME uses one");
}

#[test]
fn a_chat_begins_with_a_role() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    with_role(&sandbox, "r", "---\nmodel: test:other\n---\nSay {{ input }}");
    let mut pty = start(sandbox.sayso(["chat", "--role", "r"]), "test>");
    pty.send("one\r");
    let body = server.wait_for_request(1).json();
    assert_eq!((&body["model"], &body["messages"][0]["content"]), (&json!("other"), &json!("Say one")));
    wait_for_end(&pty, &["usage: 7 in, 3 out", "", "test>"]);
    pty.send("/role off\r");
    wait_for_end(&pty, &["without a role, from the next message on", "test>"]);
    pty.send("two\r");
    assert_eq!(server.wait_for_request(2).json()["model"], "test-model");
    sandbox.sayso(["chat", "--role", "r", "hello"]).run().assert_exit(2).assert_stderr_has(&["takes no question"]);
}

#[test]
fn a_cancelled_question_comes_back_as_it_was_typed() {
    let server = ModelServer::start([Reply::sse().wait_for_client_close(), Reply::answer(&["Hello"])]);
    let sandbox = Sandbox::for_server(&server);
    with_role(&sandbox, "r", "Say {{ input }}");
    let mut pty = start(sandbox.sayso(["chat", "--role", "r"]), "test>");
    pty.send("one\r");
    server.wait_for_request(1);
    pty.send("\x03");
    wait_for_end(&pty, &["[interrupted: stopped by you]", "", "test> one"]);
    pty.send("\r");
    assert_eq!(server.wait_for_request(2).json()["messages"], json!([{"role": "user", "content": "Say one"}]));
}

#[test]
fn a_question_that_is_taken_back_stands_on_the_line_as_it_was_typed() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    with_role(&sandbox, "r", "Say {{ input }}");
    let mut pty = start(sandbox.sayso(["chat", "--role", "r"]), "test>");
    for text in ["one", "two"] {
        enter(&mut pty, text, "usage: 7 in, 3 out");
    }
    pty.send("/undo\r");
    wait_for_end(&pty, &["test> two"]);
    pty.send("\x15/exit\r");
    pty.wait_for_exit();
    let mut pty = start(sandbox.sayso(["chat", "-c"]), "test>");
    pty.send("/undo\r");
    wait_for_end(&pty, &["test> one"]);
    pty.send("\r");
    assert_eq!(server.wait_for_request(3).json()["messages"], json!([{"role": "user", "content": "Say one"}]));
    wait_for_end(&pty, &["Hello", "usage: 7 in, 3 out", "", "test>"]);
    pty.send("\x15/exit\r");
    pty.wait_for_exit();
    sandbox.ask_once(["-c", "more"]).stdin("piped").run().assert_exit(0);
    let mut pty = start(sandbox.sayso(["chat", "-c"]), "test>");
    pty.send("/undo\r");
    pty.wait_for_screen("what was asked", |screen| {
        !screen.contains("Say more") && screen.trim_end().ends_with("piped")
    });
}

#[test]
fn a_question_is_edited_as_it_was_typed_and_put_through_the_role_once() {
    let server = hello();
    let sandbox = Sandbox::for_server(&server);
    with_role(&sandbox, "r", "Say {{ input }}");
    // Where the editor shows `Say one`, nothing changes.
    let run = editing("s/^one/uno/; s/^uno!/dos/")(&sandbox, sandbox.sayso(["chat", "--role", "r"]));
    let mut pty = start(run, "test>");
    enter(&mut pty, "one", "usage: 7 in, 3 out");
    enter(&mut pty, "/edit", "usage: 7 in, 3 out");
    assert_eq!(sent(&server), ["user: Say uno"]);
    pty.send("/undo\r");
    wait_for_end(&pty, &["test> uno"]);
    pty.send("!\r");
    wait_for_end(&pty, &["test> uno!", "Hello", "usage: 7 in, 3 out", "", "test>"]);
    assert_eq!(sent(&server), ["user: Say uno!"]);
    enter(&mut pty, "/edit 1", "usage: 7 in, 3 out");
    assert_eq!(sent(&server), ["user: Say dos"]);
    pty.send("/undo\r");
    wait_for_end(&pty, &["test> dos"]);
    pty.send("\r");
    wait_for_end(&pty, &["test> dos", "Hello", "usage: 7 in, 3 out", "", "test>"]);
    assert_eq!(sent(&server), ["user: Say dos"]);
}
