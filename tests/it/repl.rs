//! The REPL on a pseudo-terminal, on the built-in demo model.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const SIZE: PtySize = PtySize { rows: 40, cols: 100, pixel_width: 0, pixel_height: 0 };
const WAIT_MAX: Duration = Duration::from_secs(20);
const UP: &str = "\x1b[A";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

/// A REPL of somebody who has just installed sayso: no config, no key, an empty home.
struct Repl {
    // Open for as long as the REPL has its terminal.
    _master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn std::io::Write + Send>,
    output: Arc<Mutex<Vec<u8>>>,
    child: Box<dyn Child + Send + Sync>,
    seen: usize,
    _home: tempfile::TempDir,
}

impl Repl {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let pty = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sayso"));
        command.env_clear();
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.cwd(home.path());
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
        let mut repl = Self { _master: pty.master, keyboard, output, child, seen: 0, _home: home };
        repl.expect("demo> ");
        repl
    }

    /// Keys are typed at the prompt only: what is typed while an answer streams waits in the
    /// terminal, where Enter has become a line feed.
    fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until `text` is written, and gives what was written up to its end since the last call.
    fn expect(&mut self, text: &str) -> String {
        let until = Instant::now() + WAIT_MAX;
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

    fn exit_code(mut self) -> u32 {
        let until = Instant::now() + WAIT_MAX;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "the REPL goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn ctrl_c_on_an_empty_prompt_says_how_to_leave_and_then_leaves_with_130() {
    let mut repl = Repl::start();
    repl.type_keys(CTRL_C);
    repl.expect("/exit");
    repl.expect("demo> ");
    repl.type_keys(CTRL_C);
    assert_eq!(repl.exit_code(), 130);
}

#[test]
fn ctrl_c_clears_the_line_and_up_brings_it_back() {
    let mut repl = Repl::start();
    repl.type_keys(&format!("/help exit{CTRL_C}"));
    repl.expect("\n");
    repl.expect("demo> ");
    repl.type_keys(&format!("{UP}\r"));
    repl.expect("leave");
    repl.expect("demo> ");
    repl.type_keys("/exit\r");
    assert_eq!(repl.exit_code(), 0);
}

#[test]
fn ctrl_d_leaves_with_0() {
    let mut repl = Repl::start();
    repl.type_keys(CTRL_D);
    assert_eq!(repl.exit_code(), 0);
}

#[test]
fn an_unknown_command_is_never_sent() {
    let mut repl = Repl::start();
    repl.type_keys("/hlep\r");
    repl.expect("did you mean /help?");
    repl.expect("demo> ");
    repl.type_keys("/usage\r");
    repl.expect("demo> ");
    repl.type_keys("/exit\r");
    assert_eq!(repl.exit_code(), 0);
}

#[test]
fn an_answer_ends_and_the_prompt_comes_back() {
    let mut repl = Repl::start();
    repl.type_keys("hello\r");
    repl.expect("\n");
    repl.expect("demo> ");
    repl.type_keys("/exit\r");
    assert_eq!(repl.exit_code(), 0);
}
