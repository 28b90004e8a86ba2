//! The prompt as people live in it: earlier prompts, pastes, keys, settings, the clipboard, commands of one's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::repl::{CTRL_C, CTRL_D, UP, start, wait_for_end};
use crate::support::{ModelServer, Pty, Reply, Sandbox, TestConfig};

const CTRL_R: &str = "\x12";

pub fn ok_server() -> ModelServer {
    ModelServer::always(Reply::answer(&["ok"]))
}

fn with_ui(server: &ModelServer, settings: &[(&str, serde_json::Value)]) -> Sandbox {
    let config = TestConfig::for_server(server);
    Sandbox::new().config(&settings.iter().fold(config, |config, (path, value)| config.set(path, value.clone())))
}

/// Sends a line and waits for the prompt behind its answer.
#[track_caller]
fn ask(pty: &mut Pty, line: &str) {
    pty.send(&format!("{line}\r"));
    wait_for_end(pty, &["ok", "usage: 7 in, 3 out", "", "test>"]);
}

/// Waits until a text is there, and the prompt behind it.
#[track_caller]
pub fn settle(pty: &Pty, text: &str) -> String {
    let is_there = |screen: &str| screen.contains(text) && screen.trim_end().ends_with("test>");
    pty.wait_for_screen(&format!("{text:?} and the prompt"), is_there)
}

pub fn leave(mut pty: Pty) {
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
}

/// The text of the last message that was sent.
fn last_prompt(server: &ModelServer, number: usize) -> String {
    let request = server.wait_for_request(number).json();
    request["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned()
}

fn paste(text: &str) -> String {
    format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r"))
}

#[test]
fn up_knows_this_conversation_first_and_then_all_others() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat", "--session", "plans"]), "test>");
    ask(&mut pty, "about plans");
    leave(pty);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    ask(&mut pty, "about others");
    leave(pty);
    let mut pty = start(sandbox.sayso(["chat", "--session", "plans"]), "test>");
    pty.send(UP);
    wait_for_end(&pty, &["test> about plans"]);
    pty.send(UP);
    wait_for_end(&pty, &["test> about others"]);
    pty.send(&format!("\x15{CTRL_R}plans ab"));
    wait_for_end(&pty, &["(reverse-i-search)`plans ab': about plans"]);
}

#[test]
fn what_is_typed_in_another_terminal_is_known_at_the_next_prompt() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    let mut first = start(sandbox.sayso(["chat"]), "test>");
    let mut second = start(sandbox.sayso(["chat"]), "test>");
    ask(&mut second, "typed elsewhere");
    first.send(UP);
    first.send("\x15/usage\r");
    wait_for_end(&first, &["0 turns in this conversation", "test>"]);
    first.send(&format!("{UP}{UP}"));
    wait_for_end(&first, &["test> typed elsewhere"]);
    first.send(CTRL_C);
    leave(second);
}

#[test]
fn without_a_history_prompts_stay_in_memory_and_the_prompt_says_so() {
    let server = ok_server();
    let ui = json!(["provider", "name", "marks"]);
    let sandbox = with_ui(&server, &[("ui.prompt", ui)]);
    let mut pty = start(sandbox.sayso(["chat", "--no-save"]), "test unsaved>");
    pty.send("private\r");
    wait_for_end(&pty, &["ok", "usage: 7 in, 3 out", "", "test unsaved>"]);
    pty.send("/new\r");
    wait_for_end(&pty, &["a new conversation", "test unsaved>"]);
    pty.send("/rename plans\r");
    wait_for_end(&pty, &["this conversation is named plans", "test plans unsaved>"]);
    pty.send(&format!("{UP}{UP}{UP}"));
    wait_for_end(&pty, &["test plans unsaved> private"]);
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test plans unsaved> private", "test plans unsaved>"]);
    leave(pty);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send(&format!("{UP}nothing"));
    wait_for_end(&pty, &["test> nothing"]);
}

#[test]
fn a_long_paste_is_a_label_in_the_line_and_whole_in_the_message() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    let long: String = (1..=40).map(|number| format!("line {number}\t\\\n")).collect();
    pty.send(&format!("explain {}", paste(&long)));
    wait_for_end(&pty, &["test> explain [pasted 40 lines #1]"]);
    pty.send(" and [pasted 40 lines #1]\r");
    assert_eq!(last_prompt(&server, 1), format!("explain {long} and [pasted 40 lines #1]"));
    wait_for_end(&pty, &["ok", "usage: 7 in, 3 out", "", "test>"]);
    // It comes back as it stood, and is sent again as a whole.
    pty.send(UP);
    wait_for_end(&pty, &["test> explain [pasted 40 lines #1] and [pasted 40 lines #1]"]);
    pty.send("\x01\x0b");
    // A label goes with one key, and one that was edited is only text.
    pty.send(&format!("a {}", paste(&long)));
    wait_for_end(&pty, &["test> a [pasted 40 lines #2]"]);
    pty.send("\x7fb");
    wait_for_end(&pty, &["test> a b"]);
    pty.send(&format!("{}\x02\x04\r", paste(&long)));
    assert_eq!(last_prompt(&server, 2), "a b[pasted 40 lines #3");
    pty.wait_for_screen("the second answer", |screen| screen.matches("usage: ").count() == 2);
    settle(&pty, "usage: ");
    leave(pty);
}

#[test]
fn the_editor_gets_the_text_of_a_paste() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    let editor = sandbox.path("editor");
    fs::write(&editor, "#!/bin/sh\nwc -l < \"$1\" > count; echo edited > \"$1\"\n").unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).unwrap();
    let run = sandbox.sayso(["chat"]).env("EDITOR", editor.to_str().unwrap());
    let mut pty = start(run, "test>");
    pty.send(&paste(&"x\n".repeat(30)));
    pty.wait_for_text("[pasted 30 lines #1]");
    pty.send("\x18\x05");
    wait_for_end(&pty, &["test> edited"]);
    assert_eq!(fs::read_to_string(sandbox.work_folder().join("count")).unwrap().trim(), "30");
}

#[test]
fn pastes_can_stay_as_they_are() {
    let server = ok_server();
    let sandbox = with_ui(&server, &[("ui.fold_pastes", json!(false))]);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send(&paste(&"word\n".repeat(12)));
    pty.wait_for_screen("all lines", |screen| screen.matches("word").count() == 12);
}

#[test]
fn keys_of_ones_own_are_bound_and_mistakes_have_a_place() {
    let server = ok_server();
    let keys = json!({"ctrl-o": "newline", "ctrl-x ctrl-s": "send", "f5": "delete_to_start"});
    let sandbox = with_ui(&server, &[("ui.keys", keys)]);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("gone\x1b[15~one\x0ftwo\x18\x13");
    assert_eq!(last_prompt(&server, 1), "one\ntwo");
    settle(&pty, "usage: ");
    leave(pty);
    let check = |keys: &str| {
        let told = Sandbox::new().config_text(&format!("ui:\n  keys:\n{keys}")).sayso(["config", "check"]).run();
        format!("{}{}", told.stdout(), told.stderr)
    };
    let told = check("    ctrl-o: newlin\n");
    assert!(told.contains("config.yaml:3:13: ui.keys.ctrl-o: has to be one of newline"), "{told}");
    let told = check("    ctrl-oo: newline\n    ctrl-c: send\n");
    for part in ["config.yaml:3:5: ui.keys.ctrl-oo: no key is called", "config.yaml:4:5: ui.keys.ctrl-c: is kept"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn an_answer_and_its_code_are_copied() {
    let answer = "Look:\n\n```sh\nls -l\n```\n\nand\n\n~~~\nsecond\n~~~\n";
    let server = ModelServer::always(Reply::answer(&[answer]));
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("/copy\r");
    wait_for_end(&pty, &["error[usage]: there is no answer to copy yet", "test>"]);
    pty.send("hi\r");
    settle(&pty, "usage: 7 in");
    pty.send("/copy 2\r");
    let told = "sent code block 2, 6 characters, to the clipboard of the terminal (OSC 52), if it takes that";
    wait_for_end(&pty, &["test> /copy 2", told, "test>"]);
    pty.wait_for_bytes(b"\x1b]52;c;c2Vjb25k\x07");
    pty.send("/copy 3\r");
    wait_for_end(&pty, &["error[usage]: the last answer has 2 code blocks", "test>"]);
    pty.send("/copy\r");
    settle(&pty, "sent the answer");
    leave(pty);
}

#[test]
fn a_program_of_the_desktop_takes_the_copy() {
    let server = ModelServer::always(Reply::answer(&["the answer"]));
    let sandbox = Sandbox::for_server(&server);
    let folder = sandbox.path("bin");
    fs::create_dir(&folder).unwrap();
    let program = folder.join("xclip");
    fs::write(&program, "#!/bin/sh\necho \"$@\" > arguments; cat > copied\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let mut pty = start(sandbox.sayso(["chat"]).env("PATH", &path).env("DISPLAY", ":7"), "test>");
    pty.send("hi\r");
    settle(&pty, "usage: 7 in");
    pty.send("/copy\r");
    wait_for_end(&pty, &["copied the answer, 10 characters, with xclip", "test>"]);
    let read = |name: &str| fs::read_to_string(sandbox.work_folder().join(name)).unwrap();
    assert_eq!((read("arguments").as_str(), read("copied").as_str()), ("-selection clipboard\n", "the answer"));
    assert!(!String::from_utf8_lossy(&pty.log()).contains("]52;"));
    leave(pty);
}

#[test]
fn messages_are_shown_and_drawn_again() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    ask(&mut pty, "one");
    for (line, shown) in [
        ("/show 1", "one"),
        ("/show last", "ok"),
        ("/redraw", "ok"),
        ("/show 9", "error[usage]: there is no such message; /show counts them"),
        ("/show x y", "error[usage]: usage: /show [N|last|ID]"),
    ] {
        pty.send(&format!("{line}\r"));
        wait_for_end(&pty, &[&format!("test> {line}"), shown, "test>"]);
    }
    leave(pty);
}

#[test]
fn commands_of_ones_own_are_files() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    let folder = sandbox.path("config/sayso/commands");
    fs::create_dir_all(&folder).unwrap();
    let text = "---\ndescription: review a file\narguments: FILE [FOCUS]\n---\nReview @$1, above all $2.\n";
    fs::write(folder.join("review.md"), text).unwrap();
    fs::write(folder.join("exit.md"), "never").unwrap();
    fs::write(sandbox.work_folder().join("a.txt"), "the file\n").unwrap();
    let mut pty = Pty::start(sandbox.sayso(["chat"]), 40, 100);
    let screen = pty.wait_for_text("test>");
    assert!(screen.contains("/exit is a command of sayso"), "{screen}");
    pty.send("/revi\ta.txt \"its names\"\r");
    let sent = "Review a.txt, above all its names.\n\n--- a.txt ---\nthe file";
    assert_eq!(last_prompt(&server, 1), sent);
    wait_for_end(&pty, &["ok", "usage: 7 in, 3 out", "", "test>"]);
    pty.send("/help review\r");
    wait_for_end(&pty, &["/review FILE [FOCUS]", "  review a file", "test>"]);
    pty.send("/reviw x\r");
    wait_for_end(&pty, &["error[usage]: unknown command /reviw; did you mean /review?", "test>"]);
    fs::write(folder.join("joke.md"), "Tell me a joke").unwrap();
    pty.send("/usage\r");
    settle(&pty, "1 turn in");
    pty.send("/joke\r");
    assert_eq!(last_prompt(&server, 2), "Tell me a joke");
    pty.wait_for_screen("the second answer", |screen| screen.matches("usage: ").count() == 2);
    settle(&pty, "usage: ");
    leave(pty);
}

#[test]
fn a_command_of_ones_own_can_have_its_own_model_for_one_prompt() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    let folder = sandbox.path("config/sayso/commands");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("echo.md"), "---\nmodel: demo:echo\n---\nback to you").unwrap();
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("/echo\r");
    settle(&pty, "\nback to you\n");
    assert_eq!(server.requests().len(), 0);
    ask(&mut pty, "hi");
    leave(pty);
}

#[test]
fn a_macro_runs_its_lines_and_stops_where_one_fails() {
    let server = ok_server();
    let macros =
        json!({"good": ["/new", "first", "/thinking show"], "bad": ["/nonsense", "never"], "back": ["/undo", "never"]});
    let sandbox = with_ui(&server, &[("ui.macros", macros)]);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("/macro good\r");
    wait_for_end(&pty, &["[3/3] /thinking show", "reasoning is shown", "test>"]);
    assert_eq!(last_prompt(&server, 1), "first");
    pty.send("/macro back\r");
    wait_for_end(&pty, &["the macro back stops at line 1 of 2", "test> first"]);
    pty.send("\x15/macro bad\r");
    wait_for_end(&pty, &["the macro bad stops at line 1 of 2", "test>"]);
    pty.send("/macro goood\r");
    wait_for_end(&pty, &["error[usage]: no macro is called goood; did you mean good?", "test>"]);
    assert_eq!(server.requests().len(), 1);
    leave(pty);
}

#[test]
fn marks_tell_the_terminal_where_prompts_and_answers_begin() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    ask(&mut pty, "hi");
    pty.send("/nonsense\r");
    settle(&pty, "unknown command");
    pty.send(CTRL_D);
    pty.wait_for_exit();
    let log = String::from_utf8_lossy(&pty.log()).into_owned();
    let mut marks: Vec<&str> = log.split("\x1b]133;").skip(1).filter_map(|rest| rest.split('\x07').next()).collect();
    // The line editor writes the prompt, and the mark at its end, again and again.
    marks.dedup();
    assert_eq!(marks, ["A", "B", "C", "D;0", "A", "B", "C", "D;1", "A", "B"]);
    assert!(!log.contains("]9;4;"), "nothing tells that this terminal shows progress");
}

#[test]
fn a_terminal_that_shows_progress_is_told_and_told_when_it_is_over() {
    let server = ModelServer::start([Reply::answer(&["ok"]), Reply::sse().text("Hel").wait_for_client_close()]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]).env("TERM_PROGRAM", "ghostty"), "test>");
    ask(&mut pty, "hi");
    pty.send("again\r");
    pty.wait_for_text("Hel");
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.wait_for_exit(), 143);
    let told = || {
        let log = String::from_utf8_lossy(&pty.log()).into_owned();
        log.split("\x1b]9;4;").skip(1).map(|rest| rest.as_bytes()[0]).collect::<Vec<_>>()
    };
    crate::support::wait_until("the end of progress", || told() == b"3030");
}

#[test]
fn the_prompt_fits_a_narrow_terminal() {
    let server = ok_server();
    let sandbox = with_ui(&server, &[("ui.prompt", json!(["model", "name", "marks"]))]);
    for (columns, prompt) in
        [(30, "test-mode>"), (80, "test-model a long…>"), (200, "test-model a long name of a talk>")]
    {
        let pty = Pty::start(sandbox.sayso(["chat", "--session", "a long name of a talk"]), 20, columns);
        wait_for_end(&pty, &[prompt]);
    }
}

#[test]
fn the_tour_asks_for_a_say_so_and_shows_the_way_back() {
    let sandbox = Sandbox::new();
    let mut pty = start(sandbox.sayso(["chat", "-m", "demo:tour", "-o", "tps=0"]), "demo>");
    let prompt_behind = |pty: &Pty, text: &str| {
        let is_there = |screen: &str| screen.contains(text) && screen.trim_end().ends_with("demo>");
        pty.wait_for_screen(&format!("{text:?} and the prompt"), is_there)
    };
    pty.send("hello\r");
    prompt_behind(&pty, "type next");
    pty.send("next\r");
    let asked = pty.wait_for_text("run it? [y/n/a/e/?]");
    assert!(asked.contains("settings/change wants to run:"), "{asked}");
    pty.send("y\r");
    let told = prompt_behind(&pty, "This is what came back:");
    assert!(told.contains("tool time/now"), "what only reads ran by itself: {told}");
    pty.send("/set temperature\r");
    // The tool has said nearly the same before.
    prompt_behind(&pty, "/set temperature\ntemperature is 0.7");
    pty.send("next\r");
    prompt_behind(&pty, "Finding it again");
    pty.send("/search clock\r");
    prompt_behind(&pty, "/resume #1 goes to the first");
    pty.send("/resume #1\r");
    prompt_behind(&pty, "continuing ");
    leave(pty);
}

#[test]
fn usage_tells_what_attachments_take_and_the_last_answer() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    std::fs::write(sandbox.work_folder().join("notes.txt"), "words of it ".repeat(1000)).unwrap();
    let mut pty = start(sandbox.sayso(["chat", "-f", "notes.txt"]), "test>");
    for times in 1..=2 {
        for (line, told) in [("hi", "usage: 7 in, 3 out"), ("/usage", "attachments")] {
            pty.send(&format!("{line}\r"));
            let is_told = |screen: &str| screen.matches(told).count() == times && screen.trim_end().ends_with("test>");
            pty.wait_for_screen(told, is_told);
        }
    }
    let screen = settle(&pty, "2 turns in this conversation; tokens: 14 in, 6 out");
    assert!(screen.contains("the last answer; tokens: 7 in, 3 out"), "{screen}");
    leave(pty);
}
