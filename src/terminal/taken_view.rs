//! A turn of which stdout gets a part only, once it is known: the text of the answer is held back.

use crate::session::{Answering, Flushed, Frontend, OutputError, Question, TurnEvent};

/// Passes on all but the text; with the end comes what was taken out of it.
pub struct TakenView<'s> {
    pub view: Box<dyn Frontend + 's>,
}

impl Frontend for TakenView<'_> {
    fn show(&mut self, event: &TurnEvent<'_>) {
        match event {
            TurnEvent::Text(_) => {}
            TurnEvent::Ended(result) => {
                if let Some(taken) = &result.taken {
                    self.view.show(&TurnEvent::Text(&taken.text));
                }
                self.view.show(event);
            }
            TurnEvent::Started { .. }
            | TurnEvent::Waiting
            | TurnEvent::Notice { .. }
            | TurnEvent::Retry { .. }
            | TurnEvent::Reasoning { .. }
            | TurnEvent::ToolCall(_)
            | TurnEvent::Approval { .. }
            | TurnEvent::ToolStarted(_)
            | TurnEvent::ToolProgress { .. }
            | TurnEvent::ToolResult { .. }
            | TurnEvent::Question(_)
            | TurnEvent::Usage(_) => self.view.show(event),
        }
    }

    fn flush(&mut self) -> Result<Flushed, OutputError> {
        self.view.flush()
    }

    fn has_unseen(&self) -> bool {
        self.view.has_unseen()
    }

    fn tick(&mut self) -> Result<(), OutputError> {
        self.view.tick()
    }

    fn ask<'a>(&'a mut self, question: &'a Question<'a>) -> Answering<'a> {
        self.view.ask(question)
    }
}
