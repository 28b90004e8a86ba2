//! A turn of the REPL: it runs under the rules of Ctrl-C, and its end leads back to the prompt.

use std::ops::ControlFlow;
use std::time::Instant;

use super::phase::{Watch, Watched};
use super::run::Flow;
use super::slash::line_of;
use super::{CtrlC, Repl, TurnAction, TurnPhase};
use crate::conversation::exit_code;
use crate::session::{CancelCause, CancelSource, JobSignal, Prompt, TurnFailure, TurnInput, TurnReport, TurnStatus};
use crate::terminal::{EchoOff, ReplyView, mode};

/// How a turn came to its end.
enum Ended {
    Itself(Box<Result<TurnReport, TurnFailure>>),
    /// Ctrl-C once more, or another signal: nothing is waited for.
    AtOnce(u8),
}

/// What signals have asked for so far.
#[derive(Default)]
struct Asked {
    stop: bool,
    /// No token had come: the prompt goes back to the person.
    give_back: bool,
    leave: Option<u8>,
}

impl Repl<'_> {
    /// Runs a turn. A prompt whose request was cancelled comes back as it was typed, one that was asked again as well.
    pub(super) async fn turn(&mut self, input: TurnInput) -> Flow {
        let prompt = match &input {
            TurnInput::Prompt(prompt) => Some(prompt.clone()),
            TurnInput::Retry | TurnInput::Continue => None,
        };
        let mut asked = Asked::default();
        self.echo_off = self.echo_off.take().or_else(EchoOff::new);
        if self.ui.desktop.shows_progress {
            self.screen.set_busy(true);
        }
        let ended = self.run_turn(input, &mut asked).await;
        self.screen.set_busy(false);
        let outcome = match (ended, asked.leave) {
            (Ended::AtOnce(exit), _) | (Ended::Itself(_), Some(exit)) => return ControlFlow::Break(exit),
            (Ended::Itself(outcome), None) => *outcome,
        };
        match outcome {
            Ok(report) => {
                let prompt = prompt.or_else(|| self.session.unanswered().map(Prompt::of));
                self.after_turn(report, prompt.filter(|_| asked.give_back))
            }
            Err(failure) => {
                self.fail("usage", &failure.to_string());
                ControlFlow::Continue(None)
            }
        }
    }

    async fn run_turn(&mut self, input: TurnInput, asked: &mut Asked) -> Ended {
        let watch = Watch::default();
        let source = CancelSource::default();
        let mut cancel = source.token();
        let mut view = ReplyView::new(self.screen, self.view);
        let mut watched = Watched { view: &mut view, watch: &watch, input: &mut self.input, last_no: None };
        let mut turn = std::pin::pin!(self.session.run_turn(input, &mut watched, &mut cancel));
        loop {
            let cause = tokio::select! {
                biased;
                outcome = &mut turn => return Ended::Itself(Box::new(outcome)),
                signal = self.jobs.next() => {
                    on_job_signal(signal, &mut self.suspended, &watch);
                    continue;
                }
                cause = self.signals.next() => cause,
            };
            if cause == CancelCause::UserInterrupt && watch.phase.get() == TurnPhase::Asking {
                watch.declined.notify_one();
                continue;
            }
            let had_asked = asked.stop;
            asked.stop = true;
            self.stopped_servers.clone_from(&watch.servers.borrow());
            match on_signal(cause, &mut self.ctrl_c, watch.phase.get()) {
                InTurn::Stop { returns_prompt } => asked.give_back |= returns_prompt,
                InTurn::Leave(exit) if had_asked => return Ended::AtOnce(exit),
                InTurn::Leave(exit) => asked.leave = Some(exit),
            }
            source.cancel(cause);
        }
    }

    fn after_turn(&mut self, report: TurnReport, returned: Option<Prompt>) -> Flow {
        self.last_exit = report.result.exit;
        let is_empty = report.result.text.is_empty();
        let status = report.result.status;
        if let Some(error) = self.services.describe(report) {
            self.report(&error);
        }
        // After a no the model has gone on already.
        if status == TurnStatus::Incomplete && !is_empty && self.last_exit != exit_code::REFUSED {
            self.note("/continue lets the model go on, /retry asks again");
        }
        self.blank_line();
        ControlFlow::Continue(returned.filter(|_| is_empty).map(|prompt| self.give_back(prompt)))
    }

    /// What was attached goes along with the next prompt, before what is attached to it already; the text of this one
    /// is for the line. Files that it names are read anew.
    pub(super) fn give_back(&mut self, prompt: Prompt) -> String {
        if prompt.is_continuation() {
            return "/continue".to_owned();
        }
        // Of what a server has written the command is known that has asked for it.
        let is_command = prompt.is_of_others && prompt.typed.is_some();
        let Prompt { text, mut attachments, .. } = prompt.into_typed();
        let named = self.files_in(&text);
        attachments.retain(|attachment| !named.iter().any(|name| name == attachment.name()));
        self.attached.splice(..0, attachments);
        if is_command { text } else { line_of(&text) }
    }

    pub(super) async fn continue_answer(&mut self) -> Flow {
        self.turn(TurnInput::Continue).await
    }
}

/// Ctrl-Z and its end: on the way the terminal is as the shell knows it.
fn on_job_signal(signal: JobSignal, suspended: &mut Option<mode::Suspended>, watch: &Watch) {
    match signal {
        JobSignal::Stop if mode::has_job_control() => {
            // What was typed into the answer is not for the shell, which would run it.
            mode::discard_typed();
            suspended.get_or_insert_with(mode::suspend);
            mode::stop_process();
        }
        JobSignal::Stop => {}
        JobSignal::Continue => {
            *suspended = suspended.take().and_then(|suspended| suspended.resume().err());
            match suspended {
                _ if watch.phase.get() != TurnPhase::Asking => {}
                // Continued in the background, where nobody can answer.
                Some(_) => mode::stop_process(),
                None => watch.continued.notify_one(),
            }
        }
    }
}

/// What a signal means while a turn runs.
enum InTurn {
    Stop { returns_prompt: bool },
    Leave(u8),
}

fn on_signal(cause: CancelCause, ctrl_c: &mut CtrlC, phase: TurnPhase) -> InTurn {
    match cause {
        CancelCause::Terminate => InTurn::Leave(exit_code::TERMINATE),
        CancelCause::HangUp => InTurn::Leave(exit_code::HANG_UP),
        CancelCause::UserInterrupt | CancelCause::Timeout | CancelCause::OutputClosed => {
            match ctrl_c.while_turn(Instant::now(), phase) {
                TurnAction::CancelAndReturnPrompt => InTurn::Stop { returns_prompt: true },
                TurnAction::Leave130 => InTurn::Leave(exit_code::INTERRUPT),
                TurnAction::StopAndKeepPartial => InTurn::Stop { returns_prompt: false },
            }
        }
    }
}
