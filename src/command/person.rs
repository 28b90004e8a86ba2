//! Asks the person in front of `ask`: the question on stderr, the answer from the terminal on stdin, line by line.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::session::{Answer, Answering, Flushed, Frontend, NoticeLevel, OutputError, Question, TurnEvent};
use crate::terminal::{Dialogue, Said, Turnout, mode};

/// A longer line is no answer.
const LINE_BYTES_MAX: usize = 1 << 20;
/// How often the terminal is looked at: a person does not notice, and no thread is left reading.
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// A view with a person beside it.
pub struct WithPerson<'a> {
    pub view: Box<dyn Frontend + 'a>,
}

impl WithPerson<'_> {
    async fn converse(&mut self, question: &Question<'_>) -> Answer {
        // What was typed before the question was seen is no answer to it.
        mode::discard_typed();
        let mut dialogue = Dialogue::new(question);
        loop {
            let (prompt, initial) = dialogue.prompt();
            let words = format!("{prompt}{}", initial.unwrap_or_default());
            self.tell("question", words.trim_end());
            let Some(line) = read_line().await else { return Answer::Nobody };
            match dialogue.enter(&line) {
                Turnout::Done(answer) => return answer,
                Turnout::Again(None) => {}
                Turnout::Again(Some(note)) => self.tell("question", &note),
            }
        }
    }

    fn tell(&mut self, code: &str, message: &str) {
        self.view.show(&TurnEvent::Notice { level: NoticeLevel::Info, code, message });
        // The question stands also where this cannot be written.
        let _ = self.view.flush();
    }
}

impl Frontend for WithPerson<'_> {
    fn show(&mut self, event: &TurnEvent<'_>) {
        self.view.show(event);
    }

    fn flush(&mut self) -> Result<Flushed, OutputError> {
        self.view.flush()
    }

    fn tick(&mut self) -> Result<(), OutputError> {
        self.view.tick()
    }

    fn ask<'a>(&'a mut self, question: &'a Question<'a>) -> Answering<'a> {
        Box::pin(self.converse(question))
    }
}

/// One line of the terminal. Dropping the future leaves no reader behind. `None`: the terminal has gone.
async fn read_line() -> Option<Said> {
    let stdin = rustix::stdio::stdin();
    let mut line = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if !is_readable() {
            tokio::time::sleep(LOOK_AGAIN).await;
            continue;
        }
        // The terminal gives a whole line at a time, so this does not block.
        let count = rustix::io::read(stdin, &mut buffer).ok()?;
        line.extend_from_slice(&buffer[..count]);
        if count == 0 {
            return Some(Said::No);
        }
        if line.ends_with(b"\n") || line.len() > LINE_BYTES_MAX {
            return Some(Said::Line(String::from_utf8_lossy(&line).trim_end().to_owned()));
        }
    }
}

/// True also where reading would fail: then it says so.
fn is_readable() -> bool {
    let stdin = rustix::stdio::stdin();
    let mut wanted = [PollFd::new(&stdin, PollFlags::IN)];
    poll(&mut wanted, Some(&Timespec::default())).map_or(true, |ready| ready > 0)
}
