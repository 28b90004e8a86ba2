//! Asks the person in front of `ask`: the question on stderr, the answer from the terminal on stdin, line by line.

use crate::platform::TypedLines;
use crate::session::{Answer, Answering, Flushed, Frontend, NoticeLevel, OutputError, Question, TurnEvent};
use crate::terminal::{Dialogue, Said, Turnout, mode};

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
            let said = match TypedLines::Stdin.next().await {
                Ok(Some(line)) => Said::Line(line),
                Ok(None) => Said::No,
                // The terminal has gone.
                Err(_) => return Answer::Nobody,
            };
            match dialogue.enter(&said) {
                Turnout::Done(answer) => return answer,
                Turnout::Again(None) => {}
                Turnout::Again(Some(note)) => note.lines().for_each(|line| self.tell("question", line)),
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

    fn has_unseen(&self) -> bool {
        self.view.has_unseen()
    }

    fn has_result(&self) -> bool {
        self.view.has_result()
    }

    fn tick(&mut self) -> Result<(), OutputError> {
        self.view.tick()
    }

    fn ask<'a>(&'a mut self, question: &'a Question<'a>) -> Answering<'a> {
        Box::pin(self.converse(question))
    }
}
