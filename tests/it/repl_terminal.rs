//! The REPL leaves the terminal as it found it, however it ends, and while it is stopped.

use std::path::Path;

use rustix::process::Signal;
use serde_json::json;

use super::repl::{CTRL_C, CTRL_D, start, wait_for_end};
use crate::support::{Gate, ModelServer, Pty, Reply, Sandbox, wait_until};

const CTRL_Z: &str = "\x1a";
const ASKS: &str = "run it? [y/n/a/e/?]";

/// Leaves the REPL in its way and gives the exit code.
type Way = fn(&mut Pty) -> u32;

fn exit(pty: &mut Pty) -> u32 {
    pty.send("/exit\r");
    pty.wait_for_exit()
}

fn end_of_input(pty: &mut Pty) -> u32 {
    pty.send(CTRL_D);
    pty.wait_for_exit()
}

fn interrupt_twice(pty: &mut Pty) -> u32 {
    pty.send(CTRL_C);
    wait_for_end(pty, &["Ctrl-C again, Ctrl-D or /exit leaves.", "demo>"]);
    pty.send(CTRL_C);
    pty.wait_for_exit()
}

fn terminate(pty: &mut Pty) -> u32 {
    pty.signal(Signal::TERM);
    pty.wait_for_exit()
}

fn terminate_while_streaming(pty: &mut Pty) -> u32 {
    pty.send("/model demo:slow\r");
    wait_for_end(pty, &["using demo:slow", "demo>"]);
    pty.send("hi\r");
    pty.wait_for_text("One word");
    terminate(pty)
}

fn hang_up_by_signal(pty: &mut Pty) -> u32 {
    pty.signal(Signal::HUP);
    pty.wait_for_exit()
}

fn quit_while_streaming(pty: &mut Pty) -> u32 {
    pty.send("/model demo:slow\r");
    wait_for_end(pty, &["using demo:slow", "demo>"]);
    pty.send("hi\r");
    pty.wait_for_text("One word");
    pty.send("\x1c");
    pty.wait_for_exit()
}

fn panic(pty: &mut Pty) -> u32 {
    pty.send("/model demo:panic\r");
    wait_for_end(pty, &["using demo:panic", "demo>"]);
    pty.send("hi\r");
    pty.wait_for_exit()
}

#[test]
fn the_terminal_is_as_before_on_every_way_out() {
    let untouched = {
        let mut cat = Pty::start(Sandbox::new().program(Path::new("cat"), []), 40, 100);
        let termios = cat.termios();
        cat.send(CTRL_D);
        cat.wait_for_exit();
        termios
    };
    let ways: [(Way, u32); 8] = [
        (exit, 0),
        (end_of_input, 0),
        (interrupt_twice, 130),
        (terminate, 143),
        (terminate_while_streaming, 143),
        (quit_while_streaming, 143),
        (hang_up_by_signal, 129),
        (panic, 1),
    ];
    for (number, (way, code)) in ways.into_iter().enumerate() {
        let sandbox = Sandbox::new();
        let mut pty = start(sandbox.sayso(["chat"]), "demo>");
        assert_ne!(pty.termios(), untouched);
        assert_eq!(way(&mut pty), code, "way {number}: {}", pty.screen());
        assert_eq!(pty.termios(), untouched, "way {number}");
        // What was written last may still be on its way to us.
        wait_until("the end of bracketed paste", || {
            let log = String::from_utf8_lossy(&pty.log()).into_owned();
            log.rfind("\x1b[?2004l") > log.rfind("\x1b[?2004h")
        });
    }
}

#[test]
fn a_panic_is_one_line_and_keeps_what_came() {
    let sandbox = Sandbox::new();
    let mut pty = start(sandbox.sayso(["chat", "-m", "demo:panic"]), "demo>");
    pty.send("hi\r");
    assert_eq!(pty.wait_for_exit(), 1);
    let screen = pty.wait_for_text("on purpose");
    let end: Vec<_> = screen.trim_end().lines().rev().take(3).map(str::trim_end).collect();
    assert!(end[0].starts_with("error[internal]: sayso has a bug at src/provider/demo/stream.rs:"), "{screen}");
    assert!(end[0].ends_with(": the demo model panics on purpose"), "{screen}");
    assert_eq!(end[1..], ["Before the panic", "demo> hi"]);
    sandbox.assert_turn("interrupted(crash)", "Before the panic ");
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    let gate = Gate::default();
    let server = ModelServer::start([Reply::sse().text("Hel").wait_for(&gate).text("lo").finished()]);
    let sandbox = Sandbox::for_server(&server);
    let shell = sandbox.program(Path::new("/bin/sh"), ["-i"]).env("PS1", "shell$ ").env("NO_COLOR", "1");
    let mut pty = start(shell, "shell$");
    let cooked = pty.termios();
    pty.send(&format!("{} chat\r", env!("CARGO_BIN_EXE_sayso")));
    wait_for_end(&pty, &["test>"]);
    pty.send("h");
    wait_for_end(&pty, &["test> h"]);
    let raw = pty.termios();

    pty.send(CTRL_Z);
    wait_until("the shell's prompt", || pty.screen().trim_end().ends_with("shell$"));
    assert_eq!(pty.termios(), cooked);
    pty.send("fg\r");
    wait_for_end(&pty, &["test> h"]);
    assert_eq!(pty.termios(), raw);

    pty.send("i\r");
    wait_for_end(&pty, &["test> hi", "Hel"]);
    let silent = pty.termios();
    assert_ne!(silent, cooked);
    pty.send(CTRL_Z);
    wait_until("the shell's prompt", || pty.screen().trim_end().ends_with("shell$"));
    assert_eq!(pty.termios(), cooked);
    pty.send("fg\r");
    wait_until("a silent terminal", || pty.termios() == silent);
    gate.open();
    wait_for_end(&pty, &["lo", "usage: 7 in, 3 out", "", "test>"]);
    pty.send(CTRL_D);
    wait_until("the shell's prompt", || pty.screen().trim_end().ends_with("shell$"));
    assert_eq!(pty.termios(), cooked);
    sandbox.assert_turn("complete", "Hello");
}

/// A shell in which a chat with these options runs.
fn chat_in_a_shell(sandbox: &Sandbox, options: &str) -> Pty {
    let shell = sandbox.program(Path::new("/bin/sh"), ["-i"]).env("PS1", "shell$ ").env("NO_COLOR", "1");
    let mut pty = start(shell, "shell$");
    pty.send(&format!("{} chat {options}\r", env!("CARGO_BIN_EXE_sayso")));
    wait_for_end(&pty, &["test>"]);
    pty
}

#[test]
fn what_is_typed_into_an_answer_is_not_for_the_shell() {
    let gate = Gate::default();
    let server = ModelServer::start([Reply::sse().text("Hel").wait_for(&gate).text("lo").finished()]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = chat_in_a_shell(&sandbox, "");
    pty.send("hi\r");
    wait_for_end(&pty, &["test> hi", "Hel"]);
    // The shell would print it in one word.
    pty.send(&format!("echo ty''ped\r{CTRL_Z}"));
    wait_until("the shell's prompt", || pty.screen().trim_end().ends_with("shell$"));
    pty.send("echo the''end\r");
    wait_for_end(&pty, &["theend", "shell$"]);
    assert!(!pty.screen().contains("typed"), "{}", pty.screen());
    pty.send("fg\r");
    gate.open();
    wait_for_end(&pty, &["lo", "usage: 7 in, 3 out", "", "test>"]);
}

#[test]
fn a_question_is_seen_again_after_ctrl_z() {
    let write = Reply::call("c1", "files__write", &json!({"path": "notes.md", "content": "x"}));
    for options in ["-t files", "-t files --accessible"] {
        let server = ModelServer::start([write.clone(), Reply::answer(&["Done"])]);
        let sandbox = Sandbox::for_server(&server);
        let mut pty = chat_in_a_shell(&sandbox, options);
        pty.send("write\r");
        pty.wait_for_screen("the question", |screen| screen.trim_end().ends_with(ASKS));
        pty.send(CTRL_Z);
        wait_until("the shell's prompt", || pty.screen().trim_end().ends_with("shell$"));
        pty.send("fg\r");
        pty.wait_for_screen("the question again", |screen| {
            let after = screen.rsplit_once("shell$ fg\n").map_or("", |(_, after)| after);
            after.trim_end().ends_with(ASKS)
        });
        pty.send("y\r");
        pty.wait_for_screen("the answer", |screen| screen.contains("Done") && screen.trim_end().ends_with("test>"));
        assert!(sandbox.work_folder().join("notes.md").exists());
    }
}

#[test]
fn ctrl_z_without_a_shell_to_come_back_from_does_nothing() {
    let sandbox = Sandbox::new();
    let mut pty = start(sandbox.sayso(["chat"]), "demo>");
    pty.send(&format!("{CTRL_Z}/usage"));
    wait_for_end(&pty, &["demo> /usage"]);
    pty.send("\r");
    wait_for_end(&pty, &["0 turns in this conversation", "demo>"]);
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0);
}
