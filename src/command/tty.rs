//! Lines from the person at the terminal, also where standard input is something else.

use std::time::Duration;

use super::context::Context;
use crate::platform::TypedLines;
use crate::session::{CancelCause, Signals};
use crate::terminal::{EchoOff, Stream, TermSafe, TermSafeBuf};

/// A person who can be asked.
pub struct Person {
    terminal: TypedLines,
}

impl Person {
    /// The person, where there is one who sees what is asked on stderr.
    #[must_use]
    pub fn find(context: &Context) -> Option<Self> {
        if !context.screen.is_terminal(Stream::Stderr) {
            return None;
        }
        TypedLines::of_terminal().map(|terminal| Self { terminal })
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
            read = self.terminal.next() => Ok(read.unwrap_or_default()),
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
        read = TypedLines::Stdin.next(), if silent.is_some() => Ok(read.unwrap_or_default()),
        else => Ok(None),
    };
    context.screen.err().end_line();
    let _ = context.screen.flush_waiting(Duration::from_secs(5));
    answer
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
