//! Watches a turn from beside its view: whether the first token has come, and what it said.

use std::cell::Cell;

use super::TurnPhase;
use crate::session::{Flushed, Frontend, OutputError, TurnEvent};

/// A view that also keeps track of the phase, for whoever decides what Ctrl-C means.
pub struct Watched<'a> {
    pub view: &'a mut dyn Frontend,
    pub phase: &'a Cell<TurnPhase>,
}

impl Frontend for Watched<'_> {
    fn show(&mut self, event: &TurnEvent<'_>) {
        match event {
            TurnEvent::Waiting => self.phase.set(TurnPhase::Waiting),
            TurnEvent::Text(_) | TurnEvent::Reasoning { .. } | TurnEvent::ToolCall(_) => {
                self.phase.set(TurnPhase::Streaming);
            }
            TurnEvent::Started { .. }
            | TurnEvent::Notice { .. }
            | TurnEvent::Retry { .. }
            | TurnEvent::Usage(_)
            | TurnEvent::Ended(_) => {}
        }
        self.view.show(event);
    }

    fn flush(&mut self) -> Result<Flushed, OutputError> {
        self.view.flush()
    }

    fn tick(&mut self) -> Result<(), OutputError> {
        self.view.tick()
    }
}
