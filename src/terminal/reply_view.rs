//! A turn for a person at a terminal: the answer as it comes, everything else dim beside it.

use super::answer::Answer;
use super::asides::Asides;
use super::lines::Retry;
use super::screen::Screen;
use super::settings::ViewSettings;
use crate::session::{Flushed, Frontend, OutputError, TurnEvent, TurnResult};

/// One turn. The answer is on stdout, everything else on stderr; where both are the same
/// terminal, each begins on a line of its own.
#[derive(Debug)]
pub struct ReplyView<'s> {
    screen: &'s mut Screen,
    asides: Asides,
    answer: Answer,
    /// Text of the answer came last.
    is_in_text: bool,
}

impl<'s> ReplyView<'s> {
    #[must_use]
    pub fn new(screen: &'s mut Screen, settings: ViewSettings) -> Self {
        Self { screen, asides: Asides::new(settings), answer: Answer::new(settings.markdown), is_in_text: false }
    }

    fn text(&mut self, text: &str) {
        if !std::mem::replace(&mut self.is_in_text, true) {
            self.screen.stop_row();
            self.asides.end_thoughts(self.screen);
        }
        self.answer.text(text, self.screen);
    }

    /// Ends the line of the text; what comes between is no part of it.
    fn pause_text(&mut self) {
        if std::mem::take(&mut self.is_in_text) {
            self.answer.pause(self.screen);
        }
    }

    /// Ends the text, so that what comes next begins a line.
    fn end_text(&mut self) {
        // Rendered text can be held also when something else came last.
        if std::mem::take(&mut self.is_in_text) || self.answer.is_rendered() {
            self.answer.finish(self.screen);
        }
    }

    fn end(&mut self, result: &TurnResult) {
        if let Some(reason) = result.interrupted {
            self.asides.interrupted(reason, self.screen);
        }
        self.asides.ended(result, self.screen);
    }
}

impl Frontend for ReplyView<'_> {
    fn show(&mut self, event: &TurnEvent<'_>) {
        match event {
            TurnEvent::Text(_) | TurnEvent::Usage(_) => {}
            TurnEvent::Waiting | TurnEvent::Notice { .. } | TurnEvent::Retry { .. } | TurnEvent::Reasoning { .. } => {
                self.pause_text();
            }
            TurnEvent::Started { .. }
            | TurnEvent::ToolCall(_)
            | TurnEvent::Approval { .. }
            | TurnEvent::ToolStarted(_)
            | TurnEvent::ToolProgress { .. }
            | TurnEvent::ToolResult { .. }
            | TurnEvent::Question(_)
            | TurnEvent::Ended(_) => self.end_text(),
        }
        match event {
            TurnEvent::Text(text) => self.text(text),
            TurnEvent::Started { model, .. } => self.asides.started(model),
            TurnEvent::Waiting => self.asides.waiting(self.screen),
            TurnEvent::Usage(_) => {}
            TurnEvent::Notice { level, message, .. } => self.asides.notice(*level, message, self.screen),
            TurnEvent::Retry { code, attempt, of, wait } => {
                let retry = Retry { code, attempt: *attempt, of: *of, wait: *wait };
                self.asides.retry(&retry, self.screen);
            }
            TurnEvent::Reasoning { text, block, .. } => {
                self.asides.fold_thought(self.screen);
                self.asides.thought(text, *block, self.screen);
            }
            TurnEvent::ToolCall(_)
            | TurnEvent::Approval { .. }
            | TurnEvent::ToolStarted(_)
            | TurnEvent::ToolProgress { .. }
            | TurnEvent::ToolResult { .. }
            | TurnEvent::Question(_) => self.asides.tool_event(event, self.screen),
            TurnEvent::Ended(result) => self.end(result),
        }
    }

    fn flush(&mut self) -> Result<Flushed, OutputError> {
        self.screen.flush()
    }

    fn has_unseen(&self) -> bool {
        self.screen.has_unseen()
    }

    fn tick(&mut self) -> Result<(), OutputError> {
        self.answer.tick(self.screen);
        self.screen.tick()
    }
}
