//! The slash commands that turn to other branches and conversations: each makes its way, and nothing is lost.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::repl::{CTRL_D, start, wait_for_end};
use crate::support::{ModelServer, Pty, Reply, Run, Sandbox};

pub const USAGE: &str = "usage: 7 in, 3 out";

/// A REPL that has asked `one` and `two` and got `A1` and `A2`, with more replies to come.
pub fn after_two_turns(
    more: impl IntoIterator<Item = Reply>,
    dress: impl Fn(&Sandbox, Run) -> Run,
) -> (ModelServer, Sandbox, Pty) {
    let replies = [Reply::answer(&["A1"]), Reply::answer(&["A2"])].into_iter().chain(more);
    let server = ModelServer::start(replies.collect::<Vec<_>>());
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(dress(&sandbox, sandbox.sayso(["chat", "--session", "trip"])), "test>");
    for (prompt, answer) in [("one", "A1"), ("two", "A2")] {
        pty.send(&format!("{prompt}\r"));
        wait_for_end(&pty, &[answer, USAGE, "", "test>"]);
    }
    (server, sandbox, pty)
}

pub fn plain(_: &Sandbox, run: Run) -> Run {
    run
}

/// An editor that changes what it is given with this `sed` script.
pub fn editing(script: &'static str) -> impl Fn(&Sandbox, Run) -> Run {
    move |sandbox, run| {
        let editor = sandbox.path("editor");
        fs::write(
            &editor,
            format!("#!/bin/sh\ncp \"$1\" '{0}.seen'\nexec sed -i '{script}' \"$1\"\n", editor.display()),
        )
        .unwrap();
        fs::set_permissions(&editor, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        run.env("EDITOR", editor.to_str().unwrap())
    }
}

/// What was sent last, as `role: text`.
pub fn sent(server: &ModelServer) -> Vec<String> {
    let request: Value = server.requests().pop().unwrap().json();
    let messages = request["messages"].as_array().unwrap().iter();
    messages
        .map(|message| format!("{}: {}", message["role"].as_str().unwrap(), message["content"].as_str().unwrap()))
        .collect()
}

pub fn texts(sandbox: &Sandbox, conversation: &str) -> Vec<String> {
    sandbox.messages_of(conversation).into_iter().map(|message| message.text).collect()
}

/// Everything that is stored, on whatever branch.
pub fn all_texts(sandbox: &Sandbox) -> Vec<String> {
    let database = Connection::open(sandbox.database_path()).unwrap();
    let mut statement = database.prepare("SELECT text FROM message ORDER BY number").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Enters a line, and waits until this is among what came of it and the next line can be typed.
#[track_caller]
pub fn enter(pty: &mut Pty, line: &str, shown: &str) -> String {
    pty.send(&format!("{line}\r"));
    pty.wait_for_screen(&format!("{shown:?} after {line:?}"), |screen| {
        let after = screen.rsplit_once(&format!("test> {line}\n")).map_or("", |(_, after)| after);
        after.contains(shown) && after.trim_end().ends_with("test>")
    })
}

#[track_caller]
pub fn leave(mut pty: Pty) {
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
}

#[test]
fn undo_takes_the_last_prompt_back_to_the_line() {
    let (server, sandbox, mut pty) = after_two_turns([Reply::answer(&["A3"])], plain);
    pty.send("/undo\r");
    pty.wait_for_text("the last prompt is taken back; /resume 01");
    wait_for_end(&pty, &["test> two"]);
    pty.send("!\r");
    wait_for_end(&pty, &["A3", USAGE, "", "test>"]);
    assert_eq!(sent(&server), ["user: one", "assistant: A1", "user: two!"]);
    leave(pty);
    assert_eq!(texts(&sandbox, "trip"), ["one", "A1", "two!", "A3"]);
    assert_eq!(all_texts(&sandbox), ["one", "A1", "two", "A2", "two!", "A3"]);
}

#[test]
fn undo_is_kept_and_can_itself_be_taken_back() {
    let (_server, sandbox, mut pty) = after_two_turns([], plain);
    pty.send("/undo\r");
    let screen = pty.wait_for_text("goes back to it");
    let way_back = screen.split("/resume ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    wait_for_end(&pty, &["test> two"]);
    pty.send("\x15/undo\r");
    wait_for_end(&pty, &["test> one"]);
    pty.send("\x15/undo\r");
    wait_for_end(&pty, &["error[usage]: there is nothing to take back", "test>"]);
    pty.send(&format!("/resume {way_back}\r"));
    wait_for_end(&pty, &["user>", "two", "", "assistant>", "A2", "test>"]);
    pty.send("/undo\r");
    wait_for_end(&pty, &["test> two"]);
    pty.send("\x15");
    leave(pty);
    assert_eq!(texts(&sandbox, "trip"), ["one", "A1"]);
    assert_eq!(all_texts(&sandbox).len(), 4);
}

#[test]
fn an_edited_prompt_is_asked_in_place_of_the_last_one() {
    let (server, sandbox, mut pty) = after_two_turns([Reply::answer(&["A3"])], editing("s/two/three/"));
    pty.send("/edit\r");
    wait_for_end(&pty, &["A3", USAGE, "", "test>"]);
    assert_eq!(sent(&server), ["user: one", "assistant: A1", "user: three"]);
    leave(pty);
    assert_eq!(texts(&sandbox, "trip"), ["one", "A1", "three", "A3"]);
    assert_eq!(all_texts(&sandbox).len(), 6);
}

#[test]
fn one_message_is_edited_where_it_stands() {
    let (server, sandbox, mut pty) =
        after_two_turns([Reply::answer(&["A3"]), Reply::answer(&["A4"])], editing("s/A1/B1/; s/one/uno/"));
    pty.send("/edit 2\r");
    wait_for_end(&pty, &["this is a new branch; the old one stays in the history", "test>"]);
    pty.send("go on\r");
    wait_for_end(&pty, &["A3", USAGE, "", "test>"]);
    assert_eq!(sent(&server), ["user: one", "assistant: B1", "user: two", "assistant: A2", "user: go on"]);
    enter(&mut pty, "/edit 9", "there is no such message");
    pty.send("/edit 1\r");
    wait_for_end(&pty, &["A4", USAGE, "", "test>"]);
    assert_eq!(sent(&server), ["user: uno"]);
    leave(pty);
    assert_eq!(texts(&sandbox, "trip"), ["uno", "A4"]);
    assert!(
        ["one", "A1", "B1", "two", "A2", "A3"].iter().all(|text| all_texts(&sandbox).contains(&(*text).to_owned()))
    );
}

#[test]
fn the_whole_conversation_is_edited_as_a_document() {
    let script = "s/^A1$/B1/; $a\\\n\\\n--- user ---\\\nthree";
    let (server, sandbox, mut pty) = after_two_turns([Reply::answer(&["A3"])], editing(script));
    pty.send("/edit all\r");
    wait_for_end(&pty, &["A3", USAGE, "", "test>"]);
    let document = fs::read_to_string(sandbox.path("editor.seen")).unwrap();
    assert!(document.contains("\n--- 1 user ---\none\n\n--- 2 assistant ---\nA1\n"), "{document}");
    assert_eq!(sent(&server), ["user: one", "assistant: B1", "user: two", "assistant: A2", "user: three"]);
    leave(pty);
    assert_eq!(texts(&sandbox, "trip"), ["one", "B1", "two", "A2", "three", "A3"]);
    assert!(all_texts(&sandbox).contains(&"A1".to_owned()));
}

#[test]
fn an_editor_that_changes_nothing_or_fails_changes_nothing() {
    let (server, sandbox, mut pty) = after_two_turns([], editing("s/zzz/x/"));
    for command in ["/edit", "/edit 1", "/edit all"] {
        enter(&mut pty, command, "nothing was changed");
    }
    assert_eq!(server.requests().len(), 2);
    leave(pty);
    assert_eq!(texts(&sandbox, "trip"), ["one", "A1", "two", "A2"]);
    let (_server, sandbox, mut pty) = after_two_turns([], editing("s/--- 1 user/--- 7 user/"));
    enter(&mut pty, "/edit all", "there was no message 7; the conversation is as it was");
    leave(pty);
    assert_eq!(all_texts(&sandbox).len(), 4);
}

#[test]
fn a_fork_goes_its_own_way() {
    let (server, sandbox, mut pty) = after_two_turns([Reply::answer(&["A3"])], plain);
    enter(&mut pty, "/fork detour", "goes on, the other stays as it is");
    pty.send("three\r");
    wait_for_end(&pty, &["A3", USAGE, "", "test>"]);
    assert_eq!(sent(&server).len(), 5);
    enter(&mut pty, "/rename trip", "\"trip\" cannot be its name");
    enter(&mut pty, "/pin", "this conversation is pinned");
    leave(pty);
    assert_eq!(texts(&sandbox, "trip"), ["one", "A1", "two", "A2"]);
    assert_eq!(texts(&sandbox, "detour"), ["one", "A1", "two", "A2", "three", "A3"]);
    let list = sandbox.sayso(["history", "list", "--format", "json"]).run().assert_exit(0);
    let list: Value = serde_json::from_slice(&list.stdout_bytes).unwrap();
    assert_eq!(
        (&list[0]["name"], &list[0]["pinned"], &list[1]["pinned"]),
        (&json!("detour"), &json!(true), &json!(false))
    );
}

#[test]
fn a_search_leads_into_the_conversation() {
    let (server, sandbox, mut pty) = after_two_turns([Reply::answer(&["A3"]), Reply::answer(&["A4"])], plain);
    enter(&mut pty, "/new", "a new conversation");
    pty.send("something else\r");
    wait_for_end(&pty, &["A3", USAGE, "", "test>"]);
    enter(&mut pty, "/search one", "#1  trip  user");
    wait_for_end(&pty, &["/resume #1 goes to the first", "test>"]);
    enter(&mut pty, "/resume #2", "there is no such hit");
    enter(&mut pty, "/resume #1", ": trip");
    wait_for_end(&pty, &["user>", "one", "", "assistant>", "A1", "test>"]);
    pty.send("four\r");
    wait_for_end(&pty, &["A4", USAGE, "", "test>"]);
    assert_eq!(sent(&server), ["user: one", "assistant: A1", "user: two", "assistant: A2", "user: four"]);
    enter(&mut pty, "/search \"", "there is no word to search for");
    enter(&mut pty, "/search zebra", "nothing found");
    leave(pty);
    assert_eq!(texts(&sandbox, "trip").len(), 6);
    assert_eq!(texts(&sandbox, "@2"), ["something else", "A3"]);
}

#[test]
fn a_conversation_goes_on_from_any_message() {
    let (server, sandbox, mut pty) = after_two_turns([Reply::answer(&["A3"]), Reply::answer(&["A4"])], plain);
    pty.send("/resume trip@2\r");
    wait_for_end(&pty, &["user>", "one", "", "assistant>", "A1", "test>"]);
    pty.send("other\r");
    wait_for_end(&pty, &["A3", USAGE, "", "test>"]);
    assert_eq!(sent(&server), ["user: one", "assistant: A1", "user: other"]);
    leave(pty);
    sandbox.ask_once(["--session", "trip@-3", "-q", "third way"]).run().assert_exit(0).assert_stdout("A4\n");
    assert_eq!(sent(&server), ["user: one", "assistant: A1", "user: third way"]);
    assert_eq!(texts(&sandbox, "trip"), ["one", "A1", "third way", "A4"]);
    assert_eq!(all_texts(&sandbox).len(), 8);
}

#[test]
fn where_nothing_is_kept_commands_say_so() {
    let server = ModelServer::start([Reply::answer(&["A1"])]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat", "--no-save"]), "test>");
    pty.send("one\r");
    wait_for_end(&pty, &["A1", USAGE, "", "test>"]);
    for command in ["/fork", "/pin"] {
        enter(&mut pty, command, "nothing of this conversation is kept");
    }
    enter(&mut pty, "/rename mine", "this conversation is named mine");
    pty.send("/undo\r");
    wait_for_end(&pty, &["test> one"]);
    pty.send("\x15");
    leave(pty);
    assert!(!sandbox.database_path().exists());
}

#[test]
fn export_writes_the_conversation_to_a_file_and_never_over_one() {
    let (_server, sandbox, mut pty) = after_two_turns([], plain);
    let work = sandbox.work_folder();
    let file = |name: &str| fs::read_to_string(work.join(name)).unwrap();
    enter(&mut pty, "/export", "exported to trip.md");
    assert!(file("trip.md").contains("A2"), "{}", file("trip.md"));
    enter(&mut pty, "/export", "exported to trip-2.md");
    assert_eq!(file("trip-2.md"), file("trip.md"));
    let stored = sandbox.sayso(["history", "export", "trip", "--format", "jsonl"]).run().assert_exit(0).stdout();
    enter(&mut pty, "/export my\\ trip.jsonl", "exported to my trip.jsonl");
    assert_eq!(file("my trip.jsonl"), stored);
    enter(&mut pty, "/export page.html", "exported to page.html");
    assert!(file("page.html").starts_with("<!"), "{}", file("page.html"));
    enter(&mut pty, "/export page.html", "nothing is overwritten: choose another name");
    enter(&mut pty, "/export a.txt", "end the name with .md, .html, .json or .jsonl");
    enter(&mut pty, "/export --files page.jsonl", "--files is for Markdown");
    enter(&mut pty, "/export missing/a.md", "error[config]: cannot write missing/a.md");
    let names = fs::read_dir(&work).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    assert_eq!(names, ["my trip.jsonl", "page.html", "trip-2.md", "trip.md"]);
    enter(&mut pty, "/new", "a new conversation");
    enter(&mut pty, "/export", "nothing has been said yet");
    leave(pty);
}

#[test]
fn tab_offers_folders_behind_export() {
    let (_server, sandbox, mut pty) = after_two_turns([], plain);
    fs::create_dir(sandbox.work_folder().join("exports")).unwrap();
    pty.send("/exp\t");
    pty.wait_for_text("test> /export");
    pty.send("exp\t");
    pty.wait_for_text("/export exports/");
    pty.send("all.json\r");
    // Keys that come before the prompt is up are a line of the terminal's: Ctrl-D would be the end of it.
    pty.wait_for_screen("the prompt after the export", |screen| {
        screen.contains("exported to exports/all.json") && screen.trim_end().ends_with("test>")
    });
    leave(pty);
}
