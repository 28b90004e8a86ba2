//! The REPL on a terminal: the first run, commands, lines and pastes, earlier prompts, resuming.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::repl::{CTRL_C, CTRL_D, UP, start, wait_for_end};
use crate::support::{ModelServer, Pty, Reply, Sandbox, wait_until};

const BANNER: [&str; 3] = [
    "No model is set up yet: this is the built-in demo, offline, no language model.",
    "For a real one: `sayso init`, or a key, as in `export OPENROUTER_API_KEY=…`.",
    "Ask anything to see what sayso does. /help lists the commands, Ctrl-D leaves.",
];

/// The text of the last message that was sent.
fn last_prompt(server: &ModelServer, number: usize) -> String {
    let request = server.wait_for_request(number).json();
    let messages = request["messages"].as_array().unwrap();
    messages.last().unwrap()["content"].as_str().unwrap().to_owned()
}

/// Waits for an answer of the demo: its usage also tells the time, which nobody knows beforehand.
#[track_caller]
fn wait_for_demo_answer(pty: &Pty, lines: &[&str], usage: &str) -> String {
    pty.wait_for_screen(&format!("{lines:#?} and {usage}"), |screen| {
        let seen: Vec<_> = screen.trim_end().lines().map(str::trim_end).collect();
        let [before @ .., told, "", "demo>"] = seen.as_slice() else { return false };
        before.ends_with(lines) && told.starts_with(usage) && told.contains(" s")
    })
}

fn leave(mut pty: Pty) {
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
}

#[test]
fn the_first_run_needs_nothing_and_says_so_in_three_lines() {
    let sandbox = Sandbox::new();
    let mut pty = start(sandbox.sayso([]), "demo>");
    let [first, second, third] = BANNER;
    wait_for_end(&pty, &[first, second, third, "demo>"]);
    pty.send("/model demo:echo\r");
    wait_for_end(&pty, &["demo> /model demo:echo", "using demo:echo", "demo>"]);
    pty.send("Hello\r");
    let screen = wait_for_demo_answer(&pty, &["demo> Hello", "Hello"], "usage: 1 in, 1 out, ");
    assert_eq!(screen.matches("No model is set up").count(), 1, "{screen}");
    leave(pty);
    let pty = start(sandbox.sayso([]), "demo>");
    wait_for_end(&pty, &[first, "demo>"]);
    leave(pty);
}

#[test]
fn a_command_nobody_knows_is_an_error_and_never_sent() {
    let server = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("/hlep me\r");
    wait_for_end(&pty, &["error[usage]: unknown command /hlep; did you mean /help?", "test>"]);
    pty.send("/model openrouter:x\r");
    let screen = pty.wait_for_screen("an error", |screen| screen.matches("error[").count() == 2);
    assert!(screen.contains("error[auth]: openrouter has no API key"), "{screen}");
    wait_for_end(&pty, &["test>"]);
    leave(pty);
    assert_eq!(sandbox.conversation_count(), 0);
}

#[test]
fn a_text_of_several_lines_is_one_prompt_however_it_was_typed() {
    let server = ModelServer::always(Reply::answer(&["ok"]));
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    let typed = [
        ("a\x1b\rb\nc\\\rd\r", "a\nb\nc\nd"),
        ("```\rcode\r```\r", "```\ncode\n```"),
        ("\x1b[200~one\r\ntwo\rthree\r\x1b[201~!\r", "one\ntwo\nthree\n!"),
    ];
    for (number, (keys, prompt)) in typed.into_iter().enumerate() {
        pty.send(keys);
        assert_eq!(last_prompt(&server, number + 1), prompt);
        pty.wait_for_screen("the answer", |screen| {
            screen.matches("usage: ").count() == number + 1 && screen.trim_end().ends_with("test>")
        });
    }
    leave(pty);
}

#[test]
fn earlier_prompts_come_back_in_the_next_process_and_in_a_second_terminal() {
    let server = ModelServer::always(Reply::answer(&["ok"]));
    let sandbox = Sandbox::for_server(&server);
    let mut first = start(sandbox.sayso(["chat"]), "test>");
    first.send("alpha\r");
    wait_for_end(&first, &["test> alpha", "ok", "usage: 7 in, 3 out", "", "test>"]);

    let mut second = start(sandbox.sayso(["chat"]), "test>");
    second.send(UP);
    wait_for_end(&second, &["test> alpha"]);
    second.send(CTRL_C);
    wait_for_end(&second, &["test> alpha", "test>"]);
    leave(second);
    first.send("/thinking\r");
    wait_for_end(&first, &["reasoning is hidden", "test>"]);
    leave(first);

    let mut third = start(sandbox.sayso(["chat", "--color", "never"]), "test>");
    third.send(UP);
    wait_for_end(&third, &["test> /thinking"]);
    third.send("\x15\x12alp");
    wait_for_end(&third, &["(reverse-i-search)`alp': alpha"]);
}

#[test]
fn a_conversation_goes_on_by_c_and_by_its_name() {
    let server = ModelServer::always(Reply::answer(&["ok"]));
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat", "--session", "plans"]), "test>");
    pty.send("one\r");
    wait_for_end(&pty, &["ok", "usage: 7 in, 3 out", "", "test>"]);
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0);
    wait_for_end(&pty, &["test>", "To go on: `sayso chat -c`, or `sayso chat --session plans`"]);
    for (number, args) in [(2, &["chat", "-c"][..]), (3, &["chat", "--session", "plans"])] {
        let mut pty = start(sandbox.sayso(args.iter().copied()), "test>");
        assert!(pty.screen().contains(": plans"), "{}", pty.screen());
        pty.send("more\r");
        wait_for_end(&pty, &["test> more", "ok", "usage: 7 in, 3 out", "", "test>"]);
        let sent = server.wait_for_request(number).json()["messages"].as_array().unwrap().len();
        assert_eq!(sent, 2 * number - 1);
        leave(pty);
    }
    assert_eq!(sandbox.conversation_count(), 1);
}

#[test]
fn commands_change_what_the_next_ones_see() {
    let server = ModelServer::always(Reply::answer(&["ok"]));
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("/retry\r");
    wait_for_end(&pty, &["error[usage]: there is no prompt to try again", "test>"]);
    pty.send("/continue\r");
    wait_for_end(&pty, &["error[usage]: there is no answer to go on with yet", "test>"]);
    pty.send("/system be brief\r");
    wait_for_end(&pty, &["the system prompt is set, from the next message on", "test>"]);
    pty.send("one\r");
    wait_for_end(&pty, &["ok", "usage: 7 in, 3 out", "", "test>"]);
    pty.send("/rename plans\r");
    wait_for_end(&pty, &["this conversation is named plans", "test>"]);
    pty.send("/sessions\r");
    pty.wait_for_screen("the name and a prompt", |screen| {
        let lines: Vec<_> = screen.trim_end().lines().map(str::trim_end).collect();
        lines.ends_with(&["test>"]) && lines[lines.len() - 2].ends_with("  plans")
    });
    pty.send("/retry\r");
    wait_for_end(&pty, &["test> /retry", "ok", "usage: 7 in, 3 out", "", "test>"]);
    pty.send("/usage\r");
    pty.wait_for_screen("what was spent", |screen| {
        let tail: Vec<_> = screen.trim_end().lines().rev().take(4).map(str::trim_end).collect();
        let told = ["since the start; tokens: 14 in, 6 out", "2 turns in this conversation; tokens: 7 in, 3 out"];
        tail.first() == Some(&"test>") && tail.ends_with(&told)
    });
    pty.send("/show\r");
    wait_for_end(&pty, &["test> /show", "1 user>", "one", "", "2 assistant>", "ok", "test>"]);
    pty.send("/new\r");
    wait_for_end(&pty, &["a new conversation", "test>"]);
    pty.send("/show\r");
    wait_for_end(&pty, &["nothing has been said yet", "test>"]);
    let messages = server.wait_for_request(2).json()["messages"].clone();
    let expected = serde_json::json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": "one"}]);
    assert_eq!(messages, expected);
}

#[test]
fn the_editor_gets_the_line_and_gives_it_back() {
    let sandbox = Sandbox::new();
    let editor = sandbox.path("editor");
    fs::write(&editor, "#!/bin/sh\nsed -i s/cat/dog/ \"$1\"\n").unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).unwrap();
    let run = sandbox.sayso(["chat"]).env("EDITOR", editor.to_str().unwrap());
    let mut pty = start(run, "demo>");
    pty.send("a cat\x18\x05");
    wait_for_end(&pty, &["demo> a cat", "demo> a dog"]);
    pty.send(CTRL_C);
    wait_for_end(&pty, &["demo> a dog", "demo>"]);
    leave(pty);
}

#[test]
fn without_repainting_lines_are_lines() {
    for (args, term) in
        [(&["chat", "-m", "demo:echo"][..], "dumb"), (&["chat", "-m", "demo:echo", "--accessible"], "xterm")]
    {
        let sandbox = Sandbox::new();
        let mut pty = start(sandbox.sayso(args.iter().copied()).env("TERM", term), "demo>");
        pty.send("Hello\\\r");
        wait_for_end(&pty, &["demo> Hello\\", "..."]);
        pty.send("world\r");
        wait_for_demo_answer(&pty, &["demo> Hello\\", "... world", "Hello", "world"], "usage: 2 in, 2 out, ");
        pty.send("```\r");
        wait_for_end(&pty, &["demo> ```", "..."]);
        pty.send(CTRL_C);
        wait_for_end(&pty, &["... ^C", "demo>"]);
        pty.send(CTRL_C);
        wait_for_end(&pty, &["demo> ^C", "Ctrl-C again, Ctrl-D or /exit leaves.", "demo>"]);
        pty.send("/thinking\r");
        wait_for_end(&pty, &["reasoning is hidden", "demo>"]);
        pty.send(CTRL_D);
        assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
        assert!(!pty.log().contains(&b'\x1b'), "{:?}", String::from_utf8_lossy(&pty.log()));
    }
}

#[test]
fn without_repainting_an_answer_to_a_question_is_seen_and_the_last_prompt_ends_its_line() {
    let sandbox = Sandbox::new();
    let run = sandbox.sayso(["chat", "-m", "demo:tour", "-o", "tps=0"]).env("TERM", "dumb");
    let mut pty = start(run, "demo>");
    pty.send("next\r");
    wait_for_end(&pty, &["run it? [y/n/a/e/?]"]);
    pty.send("n\r");
    pty.wait_for_screen("the answer", |screen| screen.lines().any(|line| line.trim_end() == "run it? [y/n/a/e/?] n"));
    wait_for_demo_answer(&pty, &[], "usage: ");
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
    let screen = pty.wait_for_text("To go on: ");
    assert!(screen.lines().any(|line| line.starts_with("To go on: ")), "{screen}");
}

#[test]
fn one_connection_is_opened_ahead_and_kept_over_the_turns() {
    let stopped = Reply::sse().text("Hello").wait_for_client_close();
    let server = ModelServer::start([Reply::answer(&["ok"]), Reply::answer(&["ok"]), stopped]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    wait_until("the connection", || server.connections().len() == 1);
    for number in 1..=2 {
        pty.send("one\r");
        pty.wait_for_screen("the answer", |screen| {
            screen.matches("usage: ").count() == number && screen.trim_end().ends_with("test>")
        });
    }
    assert_eq!(server.requests().len(), 2);
    assert_eq!(server.connections().len(), 1);
    pty.send("two\r");
    pty.wait_for_text("Hello");
    pty.send(CTRL_C);
    // The stopped answer has taken its connection along.
    wait_until("a new connection", || server.connections().len() == 2);
    leave(pty);
    assert_eq!((server.requests().len(), server.connections().len()), (3, 2));
}

#[test]
fn a_paste_of_a_megabyte_is_a_label_and_is_sent_whole() {
    let server = ModelServer::always(Reply::answer(&["ok"]));
    let sandbox = Sandbox::for_server(&server);
    let text = "a line of text that is pasted, größer 世界 \t\"quoted\"\n".repeat(18_000);
    let mut pty = start(sandbox.sayso(["chat"]), "test>").patient(std::time::Duration::from_secs(60));
    let before = pty.log().len();
    pty.send(&format!("\x1b[200~{}\x1b[201~", text.trim_end().replace('\n', "\r")));
    wait_for_end(&pty, &["test> [pasted 18000 lines #1]"]);
    assert!(pty.log().len() - before < 1000, "the terminal gets the label alone");
    pty.send("\r");
    assert!(last_prompt(&server, 1) == text.trim_end(), "all of it is sent");
    wait_for_end(&pty, &["ok", "usage: 7 in, 3 out", "", "test>"]);
    leave(pty);
}

#[test]
fn a_hint_of_an_endless_line_is_short() {
    let server = ModelServer::always(Reply::answer(&["ok"]));
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["-"]).stdin("word".repeat(15_000)).run().assert_exit(0);
    let mut pty = start(sandbox.sayso(["chat", "-c"]), "test>");
    let before = pty.log().len();
    pty.send("wordword");
    pty.wait_for_screen("the hint", |screen| screen.trim_end().ends_with(" …"));
    assert!(pty.log().len() - before < 8 * 1000, "{}", pty.log().len() - before);
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test>"]);
    leave(pty);
}
