//! What goes along to another conversation or branch, what stays behind, and what a turn that came to nothing leaves.

use rusqlite::Connection;
use rustix::process::Signal;

use crate::history_repl::{USAGE, after_two_turns, editing, enter, leave, plain, sent, texts};
use crate::repl::{CTRL_C, start, wait_for_end};
use crate::roles::with_role;
use crate::support::{Gate, ModelServer, Pty, Reply, Sandbox, wait_until};

const STOPPED: &str = "[interrupted: stopped by you]";

/// Conversations called `a` and `b`, each with a system prompt of its own, and `c` without one.
fn three_conversations() -> (ModelServer, Sandbox) {
    let server = ModelServer::always(Reply::answer(&["ok"]));
    let sandbox = Sandbox::for_server(&server);
    for (name, system) in [("a", Some("Be A.")), ("b", Some("Be B.")), ("c", None)] {
        let args = ["--session", name, "hi"].into_iter().chain(system.into_iter().flat_map(|text| ["-s", text]));
        sandbox.ask_once(args.collect::<Vec<_>>()).run().assert_exit(0);
    }
    with_role(&sandbox, "pirate", "---\nsystem: You are a pirate.\n---\n{{ input }}");
    (server, sandbox)
}

/// What was sent as the system prompt with one more question; empty where there was none.
#[track_caller]
fn system_sent(pty: &mut Pty, server: &ModelServer) -> String {
    let before = server.requests().len();
    pty.send("more\r");
    server.wait_for_request(before + 1);
    wait_for_end(pty, &["test> more", "ok", USAGE, "", "test>"]);
    let sent = sent(server);
    sent[0].strip_prefix("system: ").unwrap_or_default().to_owned()
}

#[test]
fn a_resumed_conversation_has_its_own_system_prompt() {
    let (server, sandbox) = three_conversations();
    let mut pty = start(sandbox.sayso(["chat", "--session", "a"]), "test>");
    assert_eq!(system_sent(&mut pty, &server), "Be A.");
    enter(&mut pty, "/resume b", ": b");
    assert_eq!(system_sent(&mut pty, &server), "Be B.");
    enter(&mut pty, "/system Be X.", "the system prompt is set");
    enter(&mut pty, "/fork d", "goes on, the other stays as it is");
    assert_eq!(system_sent(&mut pty, &server), "Be X.");
    enter(&mut pty, "/system Be Y.", "the system prompt is set");
    enter(&mut pty, "/resume c", ": c");
    assert_eq!(system_sent(&mut pty, &server), "");
    leave(pty);
    assert_eq!(texts(&sandbox, "c"), ["hi", "ok", "more", "ok"]);
    assert_eq!(texts(&sandbox, "b"), ["Be B.", "hi", "ok", "more", "ok"]);
}

#[test]
fn a_system_prompt_of_the_start_wins_over_that_of_a_resumed_conversation() {
    let (server, sandbox) = three_conversations();
    let mut pty = start(sandbox.sayso(["chat", "-s", "Be mine."]), "test>");
    enter(&mut pty, "/system Be X.", "the system prompt is set");
    for name in ["b", "c"] {
        enter(&mut pty, &format!("/resume {name}"), &format!(": {name}"));
        assert_eq!(system_sent(&mut pty, &server), "Be mine.");
    }
    leave(pty);
}

#[test]
fn a_role_keeps_its_system_prompt_in_a_resumed_conversation_until_it_is_left() {
    let (server, sandbox) = three_conversations();
    let mut at_start = start(sandbox.sayso(["chat", "--role", "pirate"]), "test>");
    let mut at_prompt = start(sandbox.sayso(["chat", "--session", "a"]), "test>");
    enter(&mut at_prompt, "/role pirate", "with the role pirate");
    for pty in [&mut at_start, &mut at_prompt] {
        enter(pty, "/resume b", ": b");
        assert_eq!(system_sent(pty, &server), "You are a pirate.");
        enter(pty, "/role off", "without a role");
        assert_eq!(system_sent(pty, &server), "Be B.");
        enter(pty, "/resume c", ": c");
        assert_eq!(system_sent(pty, &server), "");
    }
}

#[test]
fn an_edited_conversation_is_kept_before_its_next_turn() {
    for (command, script) in [("/edit 2", "s/A1/B1/"), ("/edit all", "s/^A1$/B1/")] {
        let (_server, sandbox, mut pty) = after_two_turns([], editing(script));
        enter(&mut pty, command, "this is a new branch; the old one stays in the history");
        pty.signal(Signal::KILL);
        pty.wait_for_exit();
        assert_eq!(texts(&sandbox, "trip"), ["one", "B1", "two", "A2"], "{command}");
    }
}

#[test]
fn a_retry_that_brings_nothing_leaves_the_answer_that_was_there() {
    let more = [Reply::sse().wait_for_client_close(), Reply::error(400, "no more"), Reply::answer(&["A3"])];
    let (server, sandbox, mut pty) = after_two_turns(more, plain);
    pty.send("/retry\r");
    server.wait_for_request(3);
    pty.send(CTRL_C);
    wait_for_end(&pty, &[STOPPED, "", "test>"]);
    assert_eq!(texts(&sandbox, "trip"), ["one", "A1", "two", "A2"]);
    enter(&mut pty, "/retry", "no more");
    assert_eq!(texts(&sandbox, "trip"), ["one", "A1", "two", "A2"]);
    pty.send("three\r");
    wait_for_end(&pty, &["A3", USAGE, "", "test>"]);
    assert_eq!(sent(&server), ["user: one", "assistant: A1", "user: two", "assistant: A2", "user: three"]);
    leave(pty);
    assert_eq!(texts(&sandbox, "trip"), ["one", "A1", "two", "A2", "three", "A3"]);
}

#[test]
fn a_prompt_that_is_asked_again_and_cancelled_comes_back() {
    let hanging = || Reply::sse().wait_for_client_close();
    let (server, _sandbox, mut pty) = after_two_turns([hanging(), hanging(), hanging()], editing("s/one/uno/"));
    for (number, command) in [(3, "/edit 1"), (4, "/retry"), (5, "/continue")] {
        pty.send(&format!("\x15{command}\r"));
        server.wait_for_request(number);
        assert_eq!(sent(&server), ["user: uno"]);
        pty.send(CTRL_C);
        pty.wait_for_screen(&format!("the prompt after {command}"), |screen| {
            let after = screen.rsplit_once(&format!("test> {command}\n")).map_or("", |(_, after)| after);
            after.trim_end().ends_with(&format!("{STOPPED}\n\ntest> uno"))
        });
    }
}

#[test]
fn a_name_is_given_once_also_before_anything_is_said() {
    let server = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    enter(&mut pty, "/new plans", "a new conversation, named plans");
    enter(&mut pty, "/new plans", "error[usage]: ");
    enter(&mut pty, "/new", "a new conversation");
    enter(&mut pty, "/rename plans", "error[usage]: ");
    enter(&mut pty, "/rename others", "this conversation is named others");
    leave(pty);
    assert_eq!((texts(&sandbox, "plans"), texts(&sandbox, "others")), (Vec::<String>::new(), Vec::<String>::new()));
}

#[test]
fn a_command_that_was_typed_is_in_the_history_at_once() {
    let server = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    enter(&mut pty, "/usage", "0 turns in this conversation");
    let path = sandbox.database_path();
    wait_until("the line in the history", || {
        let typed = Connection::open(&path).and_then(|database| {
            database.query_row("SELECT count(*) FROM prompt_history WHERE text = '/usage'", [], |row| row.get(0))
        });
        typed == Ok(1)
    });
    leave(pty);
}

#[test]
fn an_answer_that_another_process_receives_is_not_cut_off() {
    let gate = Gate::default();
    let server = ModelServer::start([Reply::sse().text("Hel").wait_for(&gate).text("lo").finished()]);
    let sandbox = Sandbox::for_server(&server);
    let chat = || sandbox.sayso(["chat", "--session", "trip"]);
    let mut first = start(chat(), "test>");
    first.send("hi\r");
    first.wait_for_text("Hel");
    let mut second = start(chat(), "test>");
    let screen = second.screen();
    assert!(screen.contains("another sayso still receives the last answer: /resume 01"), "{screen}");
    enter(&mut second, "/new", "a new conversation");
    let screen = enter(&mut second, "/resume trip", "another sayso still receives the last answer");
    gate.open();
    wait_for_end(&first, &["Hello", USAGE, "", "test>"]);
    let later = screen.rsplit_once(": /resume ").unwrap().1.split(' ').next().unwrap().to_owned();
    enter(&mut second, &format!("/resume {later}"), "Hello");
    let screen = second.screen();
    assert!(!screen.rsplit_once("continuing").unwrap().1.contains("last "), "{screen}");
}

#[test]
fn what_comes_back_to_the_line_is_what_sends_it_again() {
    let more = [Reply::sse().wait_for_client_close(), Reply::answer(&["A3"]), Reply::answer(&["A4"])];
    let (server, _sandbox, mut pty) = after_two_turns(more, plain);
    pty.send("//undo it\r");
    server.wait_for_request(3);
    assert_eq!(sent(&server).pop().unwrap(), "user: /undo it");
    pty.send(CTRL_C);
    wait_for_end(&pty, &[STOPPED, "", "test> //undo it"]);
    pty.send("\r");
    wait_for_end(&pty, &["A3", USAGE, "", "test>"]);
    assert_eq!(sent(&server).pop().unwrap(), "user: /undo it");
    pty.send("/continue\r");
    wait_for_end(&pty, &["A4", USAGE, "", "test>"]);
    pty.send("/undo\r");
    wait_for_end(&pty, &["test> /continue"]);
    pty.send("\x15/undo\r");
    wait_for_end(&pty, &["test> //undo it"]);
}
