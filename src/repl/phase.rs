//! Stands beside the view of a turn: keeps track of its phase, and asks the person at the prompt.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::{Input, InputEvent, PromptText, TurnPhase};
use crate::session::{Answer, Answering, Flushed, Frontend, NoticeLevel, OutputError, Question, TurnEvent};
use crate::terminal::{Dialogue, Said, Turnout, mode};

/// Two refusals by Ctrl-C within this time end the turn.
const AGAIN_WITHIN: Duration = Duration::from_secs(2);

/// What whoever decides on Ctrl-C knows of a running turn.
#[derive(Debug, Default)]
pub struct Watch {
    pub phase: Cell<TurnPhase>,
    /// Ctrl-C as a signal, where the terminal edits the line: the question is answered with no.
    pub declined: Notify,
    /// The terminal was the shell's: the question is to be seen again.
    pub continued: Notify,
    /// The servers whose tools run.
    pub servers: RefCell<Vec<String>>,
}

/// A view whose turn is watched.
pub struct Watched<'a> {
    pub view: &'a mut dyn Frontend,
    pub watch: &'a Watch,
    pub input: &'a mut Input,
    pub last_no: Option<Instant>,
}

impl Watched<'_> {
    async fn converse(&mut self, question: &Question<'_>) -> Answer {
        // What was typed before the question was seen is no answer to it.
        mode::discard_typed();
        let mut is_first = true;
        let before = self.watch.phase.replace(TurnPhase::Asking);
        let mut dialogue = Dialogue::new(question);
        let answer = loop {
            let Some((said, is_interrupt)) = self.listen(&dialogue, std::mem::take(&mut is_first)).await else {
                break Answer::Nobody;
            };
            match dialogue.enter(&said) {
                Turnout::Done(Answer::No) if is_interrupt && self.says_no_again() => break Answer::StopTurn,
                Turnout::Done(answer) => break answer,
                Turnout::Again(None) => {}
                Turnout::Again(Some(note)) => {
                    for message in note.lines() {
                        let notice = TurnEvent::Notice { level: NoticeLevel::Info, code: "question", message };
                        self.view.show(&notice);
                    }
                    // The question goes on also where the note cannot be written.
                    let _ = self.view.flush();
                }
            }
        };
        self.watch.phase.set(before);
        answer
    }

    /// What the person says, and whether it was Ctrl-C. `None`: nobody can be asked any more.
    async fn listen(&mut self, dialogue: &Dialogue<'_>, is_first: bool) -> Option<(Said, bool)> {
        let (prompt, initial) = dialogue.prompt();
        let prompt = PromptText::new(&prompt, None);
        let _echo = if self.input.is_plain() { mode::EchoOn::new() } else { None };
        if self.input.is_reading() {
            // The line of an earlier question, where Ctrl-C was a signal.
            self.input.clear_plain(&prompt);
        }
        if is_first {
            self.input.ask(prompt.clone(), initial);
        } else {
            self.input.request(prompt.clone(), initial);
        }
        loop {
            let event = tokio::select! {
                event = self.input.next() => event,
                () = self.watch.declined.notified() => return Some((Said::No, true)),
                () = self.watch.continued.notified() => {
                    self.input.redraw(&prompt);
                    continue;
                }
            };
            return Some(match event {
                InputEvent::Typing | InputEvent::Background { .. } => continue,
                InputEvent::Line(line) => (Said::Line(line), false),
                InputEvent::Interrupted { .. } => (Said::No, true),
                InputEvent::EndOfInput if mode::is_gone() => return None,
                InputEvent::EndOfInput => (Said::No, false),
                InputEvent::EditRequested { text } => (Said::Line(text), false),
                InputEvent::Failed(_) => return None,
            });
        }
    }

    fn says_no_again(&mut self) -> bool {
        let last = self.last_no.replace(Instant::now());
        last.is_some_and(|last| last.elapsed() <= AGAIN_WITHIN)
    }
}

impl Frontend for Watched<'_> {
    fn show(&mut self, event: &TurnEvent<'_>) {
        match event {
            TurnEvent::Waiting => self.watch.phase.set(TurnPhase::Waiting),
            TurnEvent::Text(_) | TurnEvent::Reasoning { .. } | TurnEvent::ToolCall(_) => {
                self.watch.phase.set(TurnPhase::Streaming);
            }
            TurnEvent::ToolStarted(call) => {
                self.watch.phase.set(TurnPhase::RunningTool);
                self.watch.servers.borrow_mut().extend(call.server.clone());
            }
            TurnEvent::ToolResult { call, .. } => {
                let mut servers = self.watch.servers.borrow_mut();
                if let Some(at) = servers.iter().position(|server| call.server.as_ref() == Some(server)) {
                    servers.remove(at);
                }
            }
            TurnEvent::Started { .. }
            | TurnEvent::Notice { .. }
            | TurnEvent::Retry { .. }
            | TurnEvent::Approval { .. }
            | TurnEvent::ToolProgress { .. }
            | TurnEvent::Question(_)
            | TurnEvent::Usage(_)
            | TurnEvent::Ended(_) => {}
        }
        self.view.show(event);
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
        Box::pin(self.converse(question))
    }
}
