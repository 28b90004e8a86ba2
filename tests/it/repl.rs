//! The REPL on a terminal: what Ctrl-C and Ctrl-D do in each state, and that nothing typed is lost.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::{Gate, ModelServer, Pty, Reply, Run, Sandbox};

pub const UP: &str = "\x1b[A";
pub const CTRL_C: &str = "\x03";
pub const CTRL_D: &str = "\x04";
const HOW_TO_LEAVE: &str = "Ctrl-C again, Ctrl-D or /exit leaves.";
const STOPPED: &str = "[interrupted: stopped by you]";

/// Starts a REPL and waits for its first prompt.
#[track_caller]
pub fn start(run: Run, prompt: &str) -> Pty {
    let pty = Pty::start(run, 40, 100);
    wait_for_end(&pty, &[prompt]);
    pty
}

/// A REPL with a server of these replies.
#[track_caller]
fn start_with(replies: impl Into<Vec<Reply>>) -> (ModelServer, Sandbox, Pty) {
    let server = ModelServer::start(replies);
    let sandbox = Sandbox::for_server(&server);
    let pty = start(sandbox.sayso(["chat"]), "test>");
    (server, sandbox, pty)
}

/// Waits until the last lines of the screen are these.
#[track_caller]
pub fn wait_for_end(pty: &Pty, lines: &[&str]) -> String {
    pty.wait_for_screen(&format!("a screen that ends in {lines:#?}"), |screen| {
        let seen: Vec<_> = screen.trim_end().lines().map(str::trim_end).collect();
        seen.ends_with(lines)
    })
}

#[test]
fn ctrl_c_on_an_empty_prompt_says_how_to_leave_and_then_leaves_with_130() {
    let (_server, _sandbox, mut pty) = start_with([]);
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test>", HOW_TO_LEAVE, "test>"]);
    pty.send(CTRL_C);
    assert_eq!(pty.wait_for_exit(), 130);
}

#[test]
fn ctrl_c_clears_the_line_and_up_brings_it_back() {
    let (_server, _sandbox, mut pty) = start_with([]);
    pty.send("half a thought");
    wait_for_end(&pty, &["test> half a thought"]);
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test> half a thought", "test>"]);
    pty.send(UP);
    wait_for_end(&pty, &["test> half a thought", "test> half a thought"]);
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test> half a thought", "test>"]);
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn ctrl_d_deletes_a_character_and_on_an_empty_line_leaves_with_0_and_says_how_to_come_back() {
    let (_server, sandbox, mut pty) = start_with([Reply::answer(&["Hello"])]);
    pty.send(&format!("hix\x02{CTRL_D}\r"));
    wait_for_end(&pty, &["test> hi", "Hello", "usage: 7 in, 3 out", "", "test>"]);
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0);
    let screen = pty.wait_for_text("`sayso chat --session ");
    let id = screen.split("`sayso chat --session ").nth(1).unwrap().split('`').next().unwrap();
    assert_eq!(sandbox.messages_of(id).len(), 2, "{screen}");
}

#[test]
fn ctrl_c_before_the_first_token_cancels_and_gives_the_prompt_back() {
    let (server, sandbox, mut pty) = start_with([Reply::sse().wait_for_client_close(), Reply::answer(&["Hello"])]);
    pty.send("hi\r");
    server.wait_for_request(1);
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test> hi", STOPPED, "", "test> hi"]);
    server.wait_for_client_gone();
    sandbox.assert_turn_without_text("interrupted(user_interrupt)");
    pty.send("!\r");
    wait_for_end(&pty, &["test> hi!", "Hello", "usage: 7 in, 3 out", "", "test>"]);
    let messages = server.wait_for_request(2).json()["messages"].clone();
    assert_eq!(messages, serde_json::json!([{"role": "user", "content": "hi!"}]));
}

#[test]
fn ctrl_c_while_an_answer_streams_keeps_what_came() {
    let (server, sandbox, mut pty) = start_with([Reply::sse().text("Hello").wait_for_client_close()]);
    pty.send("hi\r");
    wait_for_end(&pty, &["test> hi", "Hello"]);
    pty.send(CTRL_C);
    wait_for_end(&pty, &["test> hi", "Hello", STOPPED, "", "test>"]);
    server.wait_for_client_gone();
    sandbox.assert_turn("interrupted(user_interrupt)", "Hello");
}

#[test]
fn a_second_ctrl_c_leaves_with_130_whatever_was_cancelled() {
    for (reply, shown, stored) in [
        (Reply::sse().wait_for_client_close(), "", ""),
        (Reply::sse().text("Hello").wait_for_client_close(), "Hello", "Hello"),
    ] {
        let (server, sandbox, mut pty) = start_with([reply]);
        pty.send("hi\r");
        server.wait_for_request(1);
        pty.wait_for_text(shown);
        pty.send(CTRL_C);
        pty.wait_for_text(STOPPED);
        pty.send(CTRL_C);
        assert_eq!(pty.wait_for_exit(), 130, "{}", pty.screen());
        if stored.is_empty() {
            sandbox.assert_turn_without_text("interrupted(user_interrupt)");
        } else {
            sandbox.assert_turn("interrupted(user_interrupt)", stored);
        }
    }
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_a_stuck_history() {
    let (server, sandbox, mut pty) = start_with([Reply::sse().text("Hello").wait_for_client_close()]);
    pty.send("hi\r");
    wait_for_end(&pty, &["test> hi", "Hello"]);
    let lock = Connection::open(sandbox.database_path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    pty.send(CTRL_C);
    server.wait_for_client_gone();
    let pressed = Instant::now();
    pty.send(CTRL_C);
    assert_eq!(pty.wait_for_exit(), 130);
    // The history itself would wait 5 s for the lock.
    assert!(pressed.elapsed() < Duration::from_secs(4), "{:?}", pressed.elapsed());
}

#[test]
fn what_is_typed_while_an_answer_streams_waits_for_the_prompt_and_ctrl_d_is_ignored() {
    let gate = Gate::default();
    let (server, _sandbox, mut pty) =
        start_with([Reply::sse().wait_for(&gate).text("Hel").text("lo").finished(), Reply::answer(&["Bye"])]);
    pty.send("hi\r");
    server.wait_for_request(1);
    pty.send(&format!("{CTRL_D}next{CTRL_D}"));
    gate.open();
    wait_for_end(&pty, &["test> hi", "Hello", "usage: 7 in, 3 out", "", "test> next"]);
    pty.send("\r");
    wait_for_end(&pty, &["test> next", "Bye", "usage: 7 in, 3 out", "", "test>"]);
}

#[test]
fn what_is_typed_ahead_outlives_ctrl_c_and_enter_does_not_send_it() {
    let (server, _sandbox, mut pty) = start_with([Reply::sse().text("Hello").wait_for_client_close()]);
    pty.send("hi\r");
    wait_for_end(&pty, &["test> hi", "Hello"]);
    pty.send(&format!("next\rline{CTRL_C}"));
    wait_for_end(&pty, &["Hello", STOPPED, "", "test> next", "line"]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn sigterm_keeps_what_came_and_leaves_with_143() {
    let (server, sandbox, mut pty) = start_with([Reply::sse().text("Hello").wait_for_client_close()]);
    pty.send("hi\r");
    wait_for_end(&pty, &["test> hi", "Hello"]);
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.wait_for_exit(), 143);
    server.wait_for_client_gone();
    sandbox.assert_turn("interrupted(signal)", "Hello");
}

#[test]
fn a_closed_terminal_leaves_with_129_at_the_prompt_and_while_an_answer_streams() {
    let words = Reply::nothing().text("word ").sleep_ms(20);
    for replies in [vec![], vec![Reply::sse().repeat(1_000, words)]] {
        let is_streaming = !replies.is_empty();
        let (_server, sandbox, mut pty) = start_with(replies);
        if is_streaming {
            pty.send("hi\r");
            pty.wait_for_text("word");
        }
        pty.hang_up();
        if !is_streaming {
            // So that a byte is written, and the last reader of the terminal lets go.
            pty.signal(rustix::process::Signal::INT);
        }
        assert_eq!(pty.wait_for_exit(), 129);
        if is_streaming {
            let status = sandbox.messages()[1].status.clone();
            assert!(["interrupted(signal)", "interrupted(output_closed)"].contains(&status.as_str()), "{status}");
        }
    }
}
