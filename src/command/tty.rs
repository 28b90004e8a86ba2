//! Lines from the person at the terminal, also where standard input is something else.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use super::context::Context;
use crate::session::{CancelCause, Signals};
use crate::terminal::{Stream, TermSafe, TermSafeBuf};

/// Nobody types more.
const LINE_BYTES_MAX: u64 = 16 * 1024;

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
        let mut safe = TermSafeBuf::line(question);
        safe.push(TermSafe::literal(" "));
        context.screen.err().push(safe.as_safe());
        // Who cannot be asked does not answer.
        let _ = context.screen.flush_waiting(std::time::Duration::from_secs(5));
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let Ok(terminal) = self.terminal.try_clone() else { return Ok(None) };
        let spawned = std::thread::Builder::new().name("person".to_owned()).spawn(move || {
            // Nobody waits for the answer any more when a signal came first.
            drop(sender.send(read_line(terminal)));
        });
        if spawned.is_err() {
            return Ok(None);
        }
        let answer = tokio::select! {
            biased;
            cause = signals.next() => Err(cause),
            read = receiver => Ok(read.ok().flatten()),
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

fn read_line(terminal: File) -> Option<String> {
    let mut line = Vec::new();
    let count = BufReader::new(terminal).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).ok()?;
    (count > 0).then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
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
