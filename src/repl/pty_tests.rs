//! The input thread on a real pseudo-terminal: this test binary runs itself as the program there.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::{CompletionSource, Editing, Input, InputEvent, InputSettings, PromptText, edit_text};
use crate::terminal::TermSafe;

const SIZE: PtySize = PtySize { rows: 24, cols: 120, pixel_width: 0, pixel_height: 0 };

/// A program that asks for lines and prints each event.
fn run_program(settings: InputSettings) {
    let source = settings.completions.clone();
    source.set_models(vec!["demo:tour".to_owned()]);
    let mut input = Input::start(settings);
    input.turn_history(vec!["older".to_owned()], vec!["newer".to_owned()]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let prompt = || PromptText::new("demo> ", Some("\x1b[1m"));
    // Not `println!`, which the test harness would catch.
    let mut stdout = std::io::stdout();
    input.request(prompt(), None);
    loop {
        let event = runtime.block_on(input.next());
        if matches!(event, InputEvent::Typing | InputEvent::Background { .. }) {
            continue;
        }
        writeln!(stdout, "<{event:?}>").unwrap();
        let initial = match event {
            InputEvent::Line(line) => {
                input.add_history(&line);
                None
            }
            InputEvent::Typing | InputEvent::Background { .. } | InputEvent::Interrupted { .. } => None,
            InputEvent::EditRequested { text } => Some(edit_text("sed -i s/cat/dog/", &text, "md").unwrap()),
            InputEvent::EndOfInput | InputEvent::Failed(_) => return,
        };
        input.request(prompt(), initial);
    }
}

fn settings(editing: Editing, plain: bool) -> InputSettings {
    let completions = CompletionSource::default();
    InputSettings {
        editing,
        plain,
        keys: Vec::new(),
        folds_pastes: true,
        asks_background: false,
        completions,
        home: None,
    }
}

/// The tests below start this binary once more, on a terminal, to be one of the programs.
const PROGRAM: &str = "SAYSO_TEST_PROGRAM";

#[expect(clippy::disallowed_methods, reason = "a variable of the test, not of sayso")]
fn is_started_as_program() -> bool {
    std::env::var_os(PROGRAM).is_some()
}

#[test]
fn emacs_program() {
    if !is_started_as_program() {
        return;
    }
    run_program(settings(Editing::Emacs, false));
}

/// Prints above the line all the time, as chatty servers do; ends with the line `end`.
#[test]
fn noisy_program() {
    if !is_started_as_program() {
        return;
    }
    let mut input = Input::start(settings(Editing::Emacs, false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut stdout = std::io::stdout();
        loop {
            input.request(PromptText::new("demo> ", None), None);
            let event = tokio::select! {
                event = input.next() => event,
                () = tokio::time::sleep(Duration::from_micros(200)) => {
                    for _ in 0..3 {
                        input.print_above(TermSafe::literal("noise"));
                    }
                    continue;
                }
            };
            if let InputEvent::Line(line) = event {
                writeln!(stdout, "<{line}>").unwrap();
                if line == "end" {
                    return;
                }
            }
        }
    });
}

#[test]
fn vi_program() {
    if !is_started_as_program() {
        return;
    }
    run_program(settings(Editing::Vi, false));
}

#[test]
fn plain_program() {
    if !is_started_as_program() {
        return;
    }
    run_program(settings(Editing::Emacs, true));
}

struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn std::io::Write + Send>,
    output: Arc<Mutex<Vec<u8>>>,
    child: Box<dyn Child + Send + Sync>,
    seen: usize,
}

impl Terminal {
    fn run(program: &str) -> Self {
        let pty = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "--nocapture", &format!("repl::pty_tests::{program}")]);
        command.env("TERM", "xterm-256color");
        command.env("NO_COLOR", "1");
        command.env(PROGRAM, "1");
        let child = pty.slave.spawn_command(command).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let output = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&output);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                collected.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        let keyboard = pty.master.take_writer().unwrap();
        let mut terminal = Self { master: pty.master, keyboard, output, child, seen: 0 };
        terminal.expect("demo> ");
        terminal
    }

    fn type_keys(&mut self, keys: impl AsRef<[u8]>) {
        self.keyboard.write_all(keys.as_ref()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until `text` is written, and gives what was written up to its end since the last call.
    fn expect(&mut self, text: &str) -> String {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let output = self.output.lock().unwrap().clone();
            let new = String::from_utf8_lossy(&output[self.seen..]).into_owned();
            if let Some(at) = new.find(text) {
                let end = at + text.len();
                self.seen += end;
                return new[..end].to_owned();
            }
            assert!(Instant::now() < until, "no {text:?} in {new:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Types, waits for the event, and for the next prompt.
    fn expect_event(&mut self, keys: impl AsRef<[u8]>, event: &InputEvent) -> String {
        self.type_keys(keys);
        let shown = self.expect(&format!("<{event:?}>"));
        self.expect("demo> ");
        shown
    }

    fn expect_line(&mut self, keys: impl AsRef<[u8]>, line: &str) -> String {
        self.expect_event(keys, &InputEvent::Line(line.to_owned()))
    }

    fn end(mut self) {
        self.type_keys("\x04");
        self.expect("<EndOfInput>");
        assert!(self.child.wait().unwrap().success());
    }
}

fn interrupted(text: &str) -> InputEvent {
    InputEvent::Interrupted { had_text: !text.is_empty(), text: text.to_owned() }
}

#[test]
fn what_is_printed_above_while_a_line_ends_stops_nobody() {
    let mut terminal = Terminal::run("noisy_program");
    for number in 0..200 {
        let line = format!("a line that came at once {number}");
        terminal.type_keys(format!("{line}\r"));
        terminal.expect(&format!("<{line}>"));
        terminal.expect("demo> ");
    }
    terminal.type_keys("end\r");
    terminal.expect("<end>");
    assert!(terminal.child.wait().unwrap().success());
}

#[test]
fn enter_sends_and_other_keys_start_a_new_line() {
    let mut terminal = Terminal::run("emacs_program");
    terminal.expect_line("hello\r", "hello");
    terminal.expect_line("a\x1b\rb\nc\r", "a\nb\nc");
    terminal.expect_line("a\\\rb\r", "a\nb");
    terminal.expect_line("a\\\\\r", "a\\\\");
    terminal.expect_line("```\rcode\r```\r", "```\ncode\n```");
    terminal.expect_line("/new ```\\\r", "/new ```\\");
    terminal.expect_line("go \\\x01\r\rb\r", "go \nb");
    terminal.expect_line("@my\\\t \r", "@my\\ ");
    terminal.end();
}

#[test]
fn a_paste_is_whole_and_cannot_steer_the_terminal() {
    let mut terminal = Terminal::run("emacs_program");
    let pasted = "curl \\\r\n  -x\u{7}\r\n\u{9b}31m\x1b]0;title\x07end\r\n";
    terminal.type_keys(format!("\x1b[200~{pasted}\x1b[201~"));
    let shown = terminal.expect("end");
    assert!(!shown.contains(['\u{9b}', '\u{7}']) && !shown.contains("\x1b]"), "{shown:?}");
    // Had a line of the paste been sent, this event would not hold all of it.
    terminal.expect_line("x\r", "curl \\\n  -x\u{7}\n\u{9b}31m0;title\u{7}end\nx");
    terminal.end();
}

#[test]
fn ctrl_c_gives_the_text_and_up_brings_it_back() {
    let mut terminal = Terminal::run("emacs_program");
    terminal.expect_event("\x03", &interrupted(""));
    terminal.expect_event(" half a thought\x03", &interrupted(" half a thought"));
    terminal.expect_line("\x1b[A\r", " half a thought");
    terminal.expect_line("\x1b[A\x1b[A\r", "newer");
    terminal.expect_line("\x12OLD\x7f\x7f\x7folde\x05\r", "older");
    terminal.expect_line("xy\x02\x04z\r", "xz");
    terminal.end();
}

#[test]
fn the_terminal_is_given_back_as_it_was() {
    let mut terminal = Terminal::run("emacs_program");
    let raw = terminal.master.get_termios().unwrap();
    terminal.type_keys("\x04");
    terminal.expect("<EndOfInput>");
    assert!(terminal.child.wait().unwrap().success());
    let cooked = terminal.master.get_termios().unwrap();
    assert!(raw != cooked && format!("{:?}", cooked.local_flags).contains("ICANON"), "{cooked:?}");
    let output = String::from_utf8_lossy(&terminal.output.lock().unwrap()).into_owned();
    assert!(output.rfind("\x1b[?2004l") > output.rfind("\x1b[?2004h"), "{output:?}");
}

#[test]
fn the_editor_gets_the_text_and_gives_it_back() {
    let mut terminal = Terminal::run("emacs_program");
    terminal.expect_event("a cat\x18\x05", &InputEvent::EditRequested { text: "a cat".to_owned() });
    terminal.expect_line(" runs\r", "a dog runs");
    terminal.end();
}

#[test]
fn tab_completes_and_a_bad_byte_loses_nothing() {
    let mut terminal = Terminal::run("emacs_program");
    terminal.expect_line("/usa\t\r", "/usage");
    terminal.expect_line("/mod\td\t\r", "/model demo:tour");
    terminal.expect_line("/rena\x1b[C\r", "/rename");
    terminal.type_keys(b"caf\xe9 ");
    terminal.expect("demo> \x1b[0mcaf");
    terminal.expect_line("!\r", "caf!");
    terminal.end();
}

#[test]
fn what_is_typed_in_one_go_with_a_line_is_not_lost() {
    let mut terminal = Terminal::run("emacs_program");
    terminal.type_keys("one\rtwo\rthr");
    for line in ["one", "two"] {
        terminal.expect(&format!("<{:?}>", InputEvent::Line(line.to_owned())));
    }
    terminal.expect("demo> ");
    terminal.expect_line("ee\r", "three");
    terminal.end();
}

#[test]
fn a_resize_wraps_the_line_anew() {
    let mut terminal = Terminal::run("emacs_program");
    terminal.type_keys("x".repeat(100));
    terminal.expect("x");
    std::thread::sleep(Duration::from_millis(200));
    terminal.seen = terminal.output.lock().unwrap().len();
    terminal.master.resize(PtySize { cols: 40, ..SIZE }).unwrap();
    terminal.expect(&"x".repeat(100));
    terminal.expect_line("\r", &"x".repeat(100));
    terminal.end();
}

#[test]
fn vi_mode_keeps_the_same_promises() {
    let mut terminal = Terminal::run("vi_program");
    terminal.expect_line("ab\x02\x1b[D\x04\x1b\r\x7fx\r", "ax");
    terminal.expect_line("go\\\ron\r", "go\non");
    terminal.expect_line("go\\\x02\x1b[D\r\ron\r", "go\non");
    terminal.expect_event("text\x03", &interrupted("text"));
    terminal.expect_event("cat\x18\x05", &InputEvent::EditRequested { text: "cat".to_owned() });
    terminal.expect_line("\r", "dog");
    terminal.end();
}

#[test]
fn plain_lines_go_on_after_a_backslash_and_in_a_block() {
    let mut terminal = Terminal::run("plain_program");
    terminal.expect_line("hello\r", "hello");
    terminal.expect_line("a\\\rb\r", "a\nb");
    terminal.expect_line("```\rcode\r```\r", "```\ncode\n```");
    let output = String::from_utf8_lossy(&terminal.output.lock().unwrap()).into_owned();
    assert!(!output.contains('\x1b'), "{output:?}");
    terminal.end();
}
