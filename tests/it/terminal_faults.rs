//! `ask` on a terminal: Ctrl-C, a closed window, a window that never keeps its size.

use rustix::process::Signal;

use crate::support::{Gate, ModelServer, Pty, Reply, Sandbox, wait_until};

#[test]
fn an_answer_on_a_terminal_ends_at_the_start_of_a_line_with_the_settings_as_before() {
    for (reply, code) in [(Reply::answer(&["Hel", "lo"]), 0), (Reply::sse().text("Hello").fin(), 9)] {
        let server = ModelServer::start([reply]);
        let sandbox = Sandbox::for_server(&server);
        let script = "stty -g >before; \"$@\"; code=$?; stty -g >after; echo END; exit $code";
        let mut pty = Pty::start(sandbox.ask_once(["hi"]).shell(script), 24, 80);
        let screen = pty.wait_for_text("END");
        assert!(screen.lines().any(|line| line.trim_end() == "END"), "{screen}");
        assert!(screen.contains("Hello"), "{screen}");
        assert_eq!(pty.cursor().1, 0, "{screen}");
        assert_eq!(pty.wait_for_exit(), code);
        let setting = |name: &str| std::fs::read_to_string(sandbox.work_folder().join(name)).unwrap();
        assert_eq!(setting("before"), setting("after"));
    }
}

#[test]
fn ctrl_c_typed_while_an_answer_streams_keeps_what_came() {
    let server = ModelServer::start([Reply::sse().text("Hello").wait_for_client_close()]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = Pty::start(sandbox.ask_once(["hi"]), 24, 80);
    pty.wait_for_text("Hello");
    pty.send("\x03");
    assert_eq!(pty.wait_for_exit(), 130, "{}", pty.screen());
    server.wait_for_client_gone();
    sandbox.assert_turn("interrupted(user_interrupt)", "Hello");
}

#[test]
fn a_closed_terminal_ends_the_request_and_keeps_what_came() {
    let words = Reply::nothing().text("word ").sleep_ms(20);
    let server = ModelServer::start([Reply::sse().repeat(1_000, words)]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = Pty::start(sandbox.ask_once(["hi"]), 24, 80);
    pty.wait_for_text("word");
    pty.hang_up();
    server.wait_for_client_gone();
    let status = || sandbox.messages()[1].status.clone();
    wait_until("the answer to be closed", || status() != "streaming");
    assert!(["interrupted(signal)", "interrupted(output_closed)"].contains(&status().as_str()), "{}", status());
}

#[test]
fn a_storm_of_new_sizes_loses_no_text() {
    let gate = Gate::default();
    let server = ModelServer::start([Reply::sse().text("begin ").wait_for(&gate).text("end").finished()]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = Pty::start(sandbox.ask_once(["hi"]), 24, 80);
    pty.wait_for_text("begin");
    for number in 0..500 {
        pty.resize(10 + number % 20, 40 + number % 60);
        pty.signal(Signal::WINCH);
    }
    gate.open();
    pty.wait_for_text("begin end");
    assert_eq!(pty.wait_for_exit(), 0);
    assert!(!String::from_utf8_lossy(&pty.log()).contains("panicked"));
}
