//! Lines from the person at the terminal, also where standard input is something else.

use std::fs::File;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::context::Context;
use crate::session::{CancelCause, Signals};
use crate::terminal::{EchoOff, Stream, TermSafe, TermSafeBuf};

/// Nobody types more.
const LINE_BYTES_MAX: usize = 1 << 20;

/// How often the terminal is looked at: a person does not notice, and no thread is left reading.
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// A person who can be asked.
pub struct Person {
    terminal: File,
}

impl Person {
    /// The person, where there is one who sees what is asked on stderr.
    #[must_use]
    pub fn find(context: &Context) -> Option<Self> {
        if !context.screen.is_terminal(Stream::Stderr) {
            return None;
        }
        File::open("/dev/tty").ok().map(|terminal| Self { terminal })
    }

    /// Asks for one line; `Ok(None)` is the end of input. A signal comes first.
    pub async fn line(
        &self,
        question: &str,
        context: &mut Context,
        signals: &mut Signals,
    ) -> Result<Option<String>, CancelCause> {
        put_question(question, context);
        let answer = tokio::select! {
            biased;
            cause = signals.next() => Err(cause),
            // A terminal that has gone says no more.
            read = read_line(&self.terminal) => Ok(read.unwrap_or_default()),
        };
        if !matches!(answer, Ok(Some(_))) {
            context.screen.err().end_line();
        }
        // The terminal has echoed the end of the line: the cursor is at its start.
        answer
    }

    /// A question that only a clear yes answers with yes.
    pub async fn agrees(
        &self,
        question: &str,
        context: &mut Context,
        signals: &mut Signals,
    ) -> Result<bool, CancelCause> {
        let answer = self.line(&format!("{question} [y/N]"), context, signals).await?;
        Ok(answer.is_some_and(|answer| is_yes(&answer)))
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

fn put_question(question: &str, context: &mut Context) {
    let mut safe = TermSafeBuf::line(question);
    safe.push(TermSafe::literal(" "));
    context.screen.err().push(safe.as_safe());
    // Who cannot be asked does not answer.
    let _ = context.screen.flush_waiting(Duration::from_secs(5));
}

/// Asks the person at the terminal on stdin for something that nobody else may see; `Ok(None)` is the end of
/// input. A signal comes first, and the terminal echoes again in any case.
pub async fn hidden_line(
    question: &str,
    context: &mut Context,
    signals: &mut Signals,
) -> Result<Option<String>, CancelCause> {
    // Where echo cannot be switched off the key would stand on the screen.
    let silent = EchoOff::new();
    put_question(question, context);
    let answer = tokio::select! {
        biased;
        cause = signals.next() => Err(cause),
        read = read_line(rustix::stdio::stdin()), if silent.is_some() => Ok(read.unwrap_or_default()),
        else => Ok(None),
    };
    context.screen.err().end_line();
    let _ = context.screen.flush_waiting(Duration::from_secs(5));
    answer
}

/// One line; `None` is the end of input. Dropping the future leaves no reader behind.
pub async fn read_line(terminal: impl AsFd) -> rustix::io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if !is_readable(&terminal) {
            tokio::time::sleep(LOOK_AGAIN).await;
            continue;
        }
        // The terminal gives a whole line at a time, so this does not block.
        let count = rustix::io::read(&terminal, &mut buffer)?;
        line.extend_from_slice(&buffer[..count]);
        if count == 0 {
            return Ok(None);
        }
        if line.ends_with(b"\n") || line.len() >= LINE_BYTES_MAX {
            return Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()));
        }
    }
}

/// True also where reading would fail: then it says so. A signal that comes meanwhile is no failure: whoever read then
/// would wait for a line.
fn is_readable(terminal: &impl AsFd) -> bool {
    let mut wanted = [PollFd::new(terminal, PollFlags::IN)];
    match poll(&mut wanted, Some(&Timespec::default())) {
        Ok(ready) => ready > 0,
        Err(error) => error != Errno::INTR,
    }
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_a_clear_yes_is_one() {
        assert!(["y", " Y ", "yes", "YES"].into_iter().all(is_yes));
        assert!(!["", "n", "yeah", "ja", "y y", "\u{1b}[Ay"].into_iter().any(is_yes));
    }
}
