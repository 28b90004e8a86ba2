//! What an answer says of itself, and servers say again and again: it is news once.

use super::decoder::OnEvent;
use crate::conversation::{StopReason, StreamEvent};

/// Under which id, and by which model.
#[derive(Debug, Default)]
pub struct Beginning {
    is_told: bool,
}

impl Beginning {
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// Tells it, unless it was told or there is nothing to tell.
    pub fn tell(&mut self, id: Option<&str>, model: Option<&str>, on_event: &mut OnEvent<'_>) {
        if !self.is_told && (id.is_some() || model.is_some()) {
            self.is_told = true;
            on_event(StreamEvent::Start { id, model });
        }
    }
}

/// Why the model stopped.
#[derive(Debug, Default)]
pub struct Ending(Option<StopReason>);

impl Ending {
    pub fn is_told(&self) -> bool {
        self.0.is_some()
    }

    pub fn is_news(&self, reason: &StopReason) -> bool {
        self.0.as_ref() != Some(reason)
    }

    /// Tells it where it is news.
    pub fn tell(&mut self, reason: StopReason, on_event: &mut OnEvent<'_>) {
        if self.is_news(&reason) {
            on_event(StreamEvent::Finish(reason.clone()));
            self.0 = Some(reason);
        }
    }
}
