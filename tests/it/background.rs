//! The background of the terminal: the REPL asks for it, and the reply comes among the keys whenever it likes.

use serde_json::json;

use crate::prompt::leave;
use crate::repl::{start, wait_for_end};
use crate::support::{Gate, ModelServer, Pty, Reply, Run, Sandbox, TestConfig, wait_until};

const QUESTION: &[u8] = b"\x1b]11;?\x07";
const LIGHT: &str = "\x1b]11;rgb:ffff/ffff/dddd\x07";
/// As terminals reply that end it otherwise.
const DARK: &str = "\x1b]11;rgb:2828/2c2c/3434\x1b\\";

/// How a heading begins where the background is light, dark, not known.
const ON_LIGHT: &str = "\x1b[1;4;38;5;24mHead";
const ON_DARK: &str = "\x1b[1;4;38;5;110mHead";
const ON_ANY: &str = "\x1b[1;4;38;5;67mHead";

fn server() -> ModelServer {
    ModelServer::always(Reply::answer(&["# Head\n\nbody"]))
}

fn times(log: &[u8], part: &[u8]) -> usize {
    log.windows(part.len()).filter(|window| *window == part).count()
}

/// Sends a prompt, and waits for the one behind its answer.
#[track_caller]
fn ask(pty: &mut Pty, keys: &str, shown: &str) {
    pty.send(keys);
    wait_for_end(pty, &[&format!("test> {shown}"), "Head", "", "body", "usage: 7 in, 3 out", "", "test>"]);
}

#[test]
fn the_terminal_is_asked_once_and_its_reply_decides_on_the_colours() {
    for (reply, heading, prompt) in
        [(LIGHT, ON_LIGHT, "\x1b[1;38;5;24mtest> "), (DARK, ON_DARK, "\x1b[1;38;5;110mtest> ")]
    {
        let server = server();
        let sandbox = Sandbox::for_server(&server);
        let mut pty = start(sandbox.sayso(["chat"]), "test>");
        ask(&mut pty, "before\r", "before");
        pty.wait_for_bytes(ON_ANY.as_bytes());
        ask(&mut pty, &format!("{reply}behind\r"), "behind");
        pty.wait_for_bytes(heading.as_bytes());
        pty.wait_for_bytes(prompt.as_bytes());
        assert_eq!(times(&pty.log(), QUESTION), 1);
        let texts = [1, 2].map(|number| server.wait_for_request(number).json()["messages"].to_string());
        assert!(!texts.concat().contains("rgb"), "{texts:?}");
        leave(pty);
    }
}

#[test]
fn a_reply_can_come_between_two_letters_and_in_pieces_and_in_vi_mode() {
    let server = server();
    for editing in ["emacs", "vi"] {
        let config = TestConfig::for_server(&server).set("ui.editing", json!(editing));
        let sandbox = Sandbox::new().config(&config);
        let mut pty = start(sandbox.sayso(["chat"]), "test>");
        pty.send("he");
        wait_for_end(&pty, &["test> he"]);
        for piece in ["\x1b]", "11;rgb:0000/00", "00/0000"] {
            pty.send(piece);
        }
        ask(&mut pty, "\x07llo\r", "hello");
        pty.wait_for_bytes(ON_DARK.as_bytes());
        leave(pty);
    }
}

#[test]
fn a_reply_that_comes_while_an_answer_streams_is_neither_echoed_nor_typed() {
    let gate = Gate::default();
    let slow = Reply::sse().text("# Head\n\n").wait_for(&gate).text("body").finished();
    let server = ModelServer::start([slow, Reply::answer(&["# Head\n\nbody"])]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("one\r");
    wait_for_end(&pty, &["test> one", "Head"]);
    pty.send(LIGHT);
    pty.send("two");
    gate.open();
    wait_for_end(&pty, &["body", "usage: 7 in, 3 out", "", "test> two"]);
    ask(&mut pty, "\r", "two");
    pty.wait_for_bytes(ON_LIGHT.as_bytes());
    assert!(!pty.screen().contains("rgb"), "{}", pty.screen());
    leave(pty);
}

#[test]
fn a_theme_that_somebody_has_chosen_stays_and_auto_comes_back_to_what_is_known() {
    let server = server();
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).set("ui.theme", json!("dark")));
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    ask(&mut pty, &format!("{LIGHT}chosen\r"), "chosen");
    pty.wait_for_bytes(ON_DARK.as_bytes());
    pty.send("/set theme auto\r");
    wait_for_end(&pty, &["theme is auto", "test>"]);
    ask(&mut pty, "auto\r", "auto");
    pty.wait_for_bytes(ON_LIGHT.as_bytes());
    leave(pty);
}

#[test]
fn no_terminal_is_asked_that_has_told_already_or_would_not_understand() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    let chat = || sandbox.sayso(["chat"]);
    let runs: [(&str, Run); 6] = [
        ("COLORFGBG", chat().env("COLORFGBG", "15;0")),
        ("NO_COLOR", chat().env("NO_COLOR", "1")),
        ("vt220", chat().env("TERM", "vt220")),
        ("dumb", chat().env("TERM", "dumb")),
        ("screen", chat().env("STY", "1.pts-0.host")),
        ("accessible", sandbox.sayso(["chat", "--accessible"])),
    ];
    for (name, run) in runs {
        let mut pty = start(run, "test>");
        pty.send("hi\r");
        wait_for_end(&pty, &["body", "usage: 7 in, 3 out", "", "test>"]);
        assert_eq!(times(&pty.log(), b"\x1b]11"), 0, "{name}");
        leave(pty);
    }
}

#[test]
fn a_reply_that_finds_vi_in_its_command_mode_commands_nothing() {
    let server = server();
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).set("ui.editing", json!("vi")));
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("hello");
    wait_for_end(&pty, &["test> hello"]);
    pty.send("\x1b");
    // Behind it the letter is a command, not one that is typed.
    wait_until("the cursor on the last letter", || pty.cursor().1 == 10);
    pty.send(LIGHT);
    ask(&mut pty, "$\r", "hello");
    leave(pty);
}
