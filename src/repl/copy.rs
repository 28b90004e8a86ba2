//! `/copy`: an answer, or a block of code in it, to the clipboard of the desktop or of the terminal.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::Repl;
use super::multiline::code_blocks;
use crate::config::{Clipboard, Desktop};
use crate::conversation::Role;
use crate::terminal::{CLIPBOARD_BYTES_MAX, Multiplexer};

/// How long a program may take with a text.
const PROGRAM_WAIT_MAX: Duration = Duration::from_secs(5);

type Program = (&'static str, &'static [&'static str]);

const WAYLAND: Program = ("wl-copy", &[]);
const X11: [Program; 2] = [("xclip", &["-selection", "clipboard"]), ("xsel", &["--clipboard", "--input"])];
const MACOS: Program = ("pbcopy", &[]);

impl Repl<'_> {
    pub(super) async fn copy(&mut self, block: Option<usize>) {
        let Some(answer) = self.last_answer().map(str::to_owned) else {
            return self.fail("usage", "there is no answer to copy yet");
        };
        let Some(number) = block else {
            return self.copy_text(answer.trim_end(), "the answer").await;
        };
        let blocks = code_blocks(&answer);
        match number.checked_sub(1).and_then(|at| blocks.get(at)) {
            Some(code) => self.copy_text(code, &format!("code block {number}")).await,
            None => {
                let has = match blocks.len() {
                    0 => "no code blocks".to_owned(),
                    1 => "1 code block".to_owned(),
                    count => format!("{count} code blocks"),
                };
                self.fail("usage", &format!("the last answer has {has}"));
            }
        }
    }

    /// The text of the last answer that has one.
    pub(super) fn last_answer(&self) -> Option<&str> {
        let said = self.session.messages().iter().rev();
        let mut answers = said.filter(|message| message.role == Role::Assistant);
        answers.find(|message| !message.text.trim().is_empty()).map(|message| message.text.as_str())
    }

    async fn copy_text(&mut self, text: &str, what: &str) {
        let (clipboard, desktop) = (self.ui.clipboard, self.ui.desktop);
        if clipboard == Clipboard::Off {
            return self.fail("usage", "the clipboard is switched off (ui.clipboard)");
        }
        let size = match text.chars().count() {
            1 => "1 character".to_owned(),
            count => format!("{count} characters"),
        };
        for program in programs(clipboard, desktop) {
            match give(program, text).await {
                Ok(()) => return self.note(&format!("copied {what}, {size}, with {}", program.0)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.warn(&format!("{}: {error}", program.0)),
            }
        }
        if clipboard == Clipboard::Program {
            return self.fail("usage", "no program for the clipboard is here: wl-copy, xclip, xsel or pbcopy");
        }
        if self.input.is_plain() {
            return self.fail("usage", "this terminal takes no clipboard from a program (TERM, --accessible)");
        }
        let multiplexer = match (desktop.in_tmux, desktop.in_screen) {
            (true, _) => Multiplexer::Tmux,
            (false, true) => Multiplexer::Screen,
            (false, false) => Multiplexer::None,
        };
        if self.screen.copy(text, multiplexer) {
            self.note(&format!("sent {what}, {size}, to the clipboard of the terminal (OSC 52), if it takes that"));
        } else {
            let limit = CLIPBOARD_BYTES_MAX / 1000;
            self.fail("usage", &format!("{what} is too long for a terminal's clipboard ({limit} kB at most)"));
        }
    }
}

/// What to try, in this order.
fn programs(clipboard: Clipboard, desktop: Desktop) -> Vec<Program> {
    match clipboard {
        Clipboard::Terminal | Clipboard::Off => return Vec::new(),
        // A program here would fill the clipboard of a machine that nobody looks at.
        Clipboard::Auto if desktop.is_remote => return Vec::new(),
        Clipboard::Auto | Clipboard::Program => {}
    }
    let mut programs = Vec::new();
    if cfg!(target_os = "macos") {
        programs.push(MACOS);
    }
    if desktop.has_wayland {
        programs.push(WAYLAND);
    }
    if desktop.has_x11 {
        programs.extend(X11);
    }
    programs
}

async fn give((program, arguments): Program, text: &str) -> io::Result<()> {
    let work = async {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(text.as_bytes()).await?;
        }
        let status = child.wait().await?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("failed ({status})"))) }
    };
    let late = || Err(io::Error::new(io::ErrorKind::TimedOut, "takes too long"));
    tokio::time::timeout(PROGRAM_WAIT_MAX, work).await.unwrap_or_else(|_| late())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_tried_only_where_its_screen_is_the_persons() {
        let desktop = Desktop { has_wayland: true, has_x11: true, ..Desktop::default() };
        let names = |clipboard, desktop| programs(clipboard, desktop).into_iter().map(|(name, _)| name).collect();
        let all: Vec<&str> = names(Clipboard::Auto, desktop);
        assert!(all.ends_with(&["wl-copy", "xclip", "xsel"]), "{all:?}");
        let remote: Vec<&str> = names(Clipboard::Auto, Desktop { is_remote: true, ..desktop });
        assert!(remote.is_empty());
        let asked: Vec<&str> = names(Clipboard::Program, Desktop { is_remote: true, ..desktop });
        assert_eq!(asked, all);
        assert!(programs(Clipboard::Terminal, desktop).is_empty());
    }
}
