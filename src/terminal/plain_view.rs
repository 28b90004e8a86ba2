//! A turn for pipes and files: stdout gets the text of the model and nothing else.

use super::answer::Answer;
use super::asides::Asides;
use super::lines::Retry;
use super::screen::Screen;
use super::settings::ViewSettings;
use crate::conversation::InterruptReason;
use crate::session::{Flushed, Frontend, OutputError, TurnEvent, TurnResult, paragraph_break};

/// One turn. On a terminal the text is sanitised; for everything else it is exact, unless Markdown is to be rendered.
#[derive(Debug)]
pub struct PlainView<'s> {
    screen: &'s mut Screen,
    asides: Asides,
    answer: Answer,
    /// Of the answer; nothing while there is none.
    last_byte: Option<u8>,
    /// Tools ran since: the next text is a paragraph of its own.
    has_paused: bool,
}

impl<'s> PlainView<'s> {
    #[must_use]
    pub fn new(screen: &'s mut Screen, settings: ViewSettings) -> Self {
        Self {
            screen,
            asides: Asides::new(settings),
            answer: Answer::new(settings.markdown),
            last_byte: None,
            has_paused: false,
        }
    }

    fn text(&mut self, text: &str) {
        let Some(last) = text.as_bytes().last() else { return };
        if std::mem::take(&mut self.has_paused) {
            self.text(paragraph_break(self.last_byte));
        }
        if self.last_byte.replace(*last).is_none() {
            self.screen.stop_row();
        }
        self.asides.end_thoughts(self.screen);
        match self.exact() {
            Some(bytes) => bytes.extend_from_slice(text.as_bytes()),
            None => self.answer.text(text, self.screen),
        }
    }

    fn exact(&mut self) -> Option<&mut Vec<u8>> {
        if self.answer.is_rendered() { None } else { self.screen.exact() }
    }

    /// Waits are told before the answer only: once it flows, the reader of the pipe can be
    /// writing to the terminal the row would be on.
    fn is_silent(&self) -> bool {
        self.last_byte.is_none()
    }

    fn end(&mut self, result: &TurnResult) {
        if let Some(last) = self.last_byte {
            let newline = if last == b'\n' { "" } else { "\n" };
            match self.exact() {
                Some(bytes) => bytes.extend_from_slice(newline.as_bytes()),
                None => self.answer.finish(self.screen),
            }
        }
        // An error says it better, and who stopped the turn knows.
        let is_told = result.error.is_some()
            || matches!(result.interrupted, Some(InterruptReason::UserInterrupt | InterruptReason::Signal));
        if let (Some(reason), false) = (result.interrupted, is_told) {
            self.asides.interrupted(reason, self.screen);
        }
        self.asides.ended(result, self.screen);
    }
}

impl Frontend for PlainView<'_> {
    fn show(&mut self, event: &TurnEvent<'_>) {
        match event {
            TurnEvent::Text(text) => self.text(text),
            TurnEvent::Started { model, .. } => self.asides.started(model),
            TurnEvent::Waiting if self.is_silent() => self.asides.waiting(self.screen),
            TurnEvent::Waiting | TurnEvent::Usage(_) => {}
            TurnEvent::Notice { level, message, .. } => self.asides.notice(*level, message, self.screen),
            TurnEvent::Retry { code, attempt, of, wait } => {
                let retry = Retry { code, attempt: *attempt, of: *of, wait: *wait };
                if self.is_silent() {
                    self.asides.retry(&retry, self.screen);
                } else {
                    self.asides.line(&retry.line(), self.screen);
                }
            }
            TurnEvent::Reasoning { text, block, .. } => self.asides.thought(text, *block, self.screen),
            TurnEvent::ToolCall(_)
            | TurnEvent::Approval { .. }
            | TurnEvent::ToolStarted(_)
            | TurnEvent::ToolProgress { .. }
            | TurnEvent::ToolResult { .. }
            | TurnEvent::Question(_) => {
                self.has_paused |= self.last_byte.is_some();
                self.asides.tool_event(event, self.screen);
            }
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
