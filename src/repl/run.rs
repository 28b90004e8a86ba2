//! The loop of the REPL: a line is read, a turn runs or a command is obeyed, until the person leaves.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::phase::Watched;
use super::{
    Command, CtrlC, Entered, Input, InputEvent, PromptAction, PromptText, ThinkingDisplay, TurnAction, TurnPhase,
    complaint, edit_text, help, parse,
};
use crate::conversation::{exit_code, now_ms};
use crate::history::{Entry, Journal};
use crate::session::{
    ActiveModel, CancelCause, CancelSource, NoticeLevel, Session, Signals, TurnInput, TurnReport, TurnStatus,
};
use crate::terminal::{
    EchoOff, ErrorReport, ReplyView, Screen, Stream, TermSafeBuf, Thinking, ViewSettings, mode, notice_line,
    render_error,
};

/// How long leaving may take when the disk does not answer.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// How long the loop waits for a terminal that takes no output.
const WRITE_LIMIT: Duration = Duration::from_secs(5);

/// What the model is told when an answer that was cut off is to go on.
const CONTINUE_PROMPT: &str = "Continue your last answer exactly where it stopped. Do not repeat any of it.";

/// What the loop asks of the layer that knows configuration, commands and stored conversations.
pub trait Services {
    /// The model `[provider:]model`, ready to be asked; an error is one line for the person.
    fn connect(&self, model: &str) -> Result<ActiveModel, String>;
    /// The stored conversations as a table.
    fn conversations(&self) -> Result<String, String>;
    /// A stored conversation as text.
    fn conversation(&self, address: &str) -> Result<String, String>;
    /// The failure of a turn as it is printed.
    fn describe(&self, report: TurnReport) -> Option<ErrorReport>;
}

pub struct Repl<'a> {
    pub session: Session,
    pub screen: &'a mut Screen,
    pub view: ViewSettings,
    pub input: Input,
    pub signals: Signals,
    pub services: &'a dyn Services,
    /// The program for Ctrl-X Ctrl-E.
    pub editor: String,
    pub color: bool,
    pub ctrl_c: CtrlC,
}

/// What goes on after a line.
type Flow = ControlFlow<u8, Option<String>>;

impl Repl<'_> {
    /// Runs until the person leaves; the exit code.
    pub async fn run(mut self) -> u8 {
        let mut initial = None;
        let exit = loop {
            if !self.input.is_reading() {
                self.session.model.provider.prewarm();
                let prompt = self.prompt();
                self.input.request(prompt, initial.take());
            }
            let flow = tokio::select! {
                event = self.input.next() => self.on_input(event).await,
                cause = self.signals.next() => self.on_signal(cause),
            };
            match flow {
                ControlFlow::Continue(text) => initial = text,
                ControlFlow::Break(exit) => break exit,
            }
        };
        mode::restore();
        self.leave(exit).await
    }

    async fn leave(mut self, exit: u8) -> u8 {
        let close = self.session.journal.close(CLOSE_LIMIT);
        tokio::select! {
            _ = close => {}
            _ = self.signals.next() => {}
        }
        if exit == exit_code::OK && self.session.is_recorded() {
            let id = self.session.conversation().to_string();
            self.note(&format!("Go on with it by `sayso chat -c`, or `sayso chat --session {id}`."));
        }
        exit
    }

    fn prompt(&self) -> PromptText {
        let label = self.session.model.label.as_str();
        let provider = label.split(':').next().unwrap_or(label);
        PromptText::new(&format!("{provider}> "), self.color.then_some("1;36"))
    }

    async fn on_input(&mut self, event: InputEvent) -> Flow {
        match event {
            InputEvent::Line(line) => {
                self.ctrl_c.line_entered();
                self.on_line(&line).await
            }
            InputEvent::Interrupted { had_text, .. } => self.on_ctrl_c_at_prompt(had_text),
            InputEvent::EditRequested { text } => self.edit(text),
            InputEvent::EndOfInput => ControlFlow::Break(exit_code::OK),
            InputEvent::Failed(reason) => {
                self.warn(&reason);
                ControlFlow::Break(exit_code::INTERNAL)
            }
        }
    }

    fn on_ctrl_c_at_prompt(&mut self, had_text: bool) -> Flow {
        match self.ctrl_c.at_prompt(Instant::now(), had_text) {
            PromptAction::Cleared => {}
            PromptAction::SayHowToLeave => self.note("Press Ctrl-C again, Ctrl-D, or type /exit to leave."),
            PromptAction::Leave130 => return ControlFlow::Break(exit_code::INTERRUPT),
        }
        ControlFlow::Continue(None)
    }

    fn on_signal(&mut self, cause: CancelCause) -> Flow {
        match cause {
            CancelCause::Terminate => ControlFlow::Break(exit_code::TERMINATE),
            CancelCause::HangUp => ControlFlow::Break(exit_code::HANG_UP),
            CancelCause::UserInterrupt => self.on_ctrl_c_at_prompt(false),
            CancelCause::Timeout | CancelCause::OutputClosed => ControlFlow::Continue(None),
        }
    }

    fn edit(&mut self, text: String) -> Flow {
        let edited = edit_text(&self.editor, &text).unwrap_or_else(|error| {
            self.warn(&format!("{error:#}"));
            text
        });
        ControlFlow::Continue(Some(edited))
    }

    async fn on_line(&mut self, line: &str) -> Flow {
        let entered = parse(line);
        if entered != Entered::Empty {
            self.input.add_history(line);
            record_prompt(&mut self.session.journal, line);
        }
        match entered {
            Entered::Empty => ControlFlow::Continue(None),
            Entered::Prompt(text) => self.turn(TurnInput::Prompt(text)).await,
            Entered::Command(command) => self.obey(command).await,
            other => {
                if let Some(text) = complaint(&other) {
                    self.warn(&text);
                }
                ControlFlow::Continue(None)
            }
        }
    }

    async fn obey(&mut self, command: Command) -> Flow {
        match command {
            Command::Exit => return ControlFlow::Break(exit_code::OK),
            Command::Retry => return self.turn(TurnInput::Retry).await,
            Command::Continue => return self.continue_answer().await,
            Command::Help { topic } => match help(topic.as_deref()) {
                Some(text) => self.page(&text),
                None => self.warn("no such command; /help lists them"),
            },
            Command::New { name } => {
                self.session.start_new(name);
                self.note("a new conversation");
            }
            Command::Sessions => self.show_or_warn(self.services.conversations()),
            Command::Rename { name } => self.rename(name),
            Command::Model { model } => self.change_model(model),
            Command::System { text } => self.change_system(text),
            Command::Thinking { display } => self.change_thinking(display),
            Command::Show { conversation: Some(address) } => self.show_or_warn(self.services.conversation(&address)),
            Command::Show { conversation: None } => self.show_current(),
            Command::Usage => self.show_usage(),
        }
        ControlFlow::Continue(None)
    }

    /// Runs a turn under the Ctrl-C rules. A prompt whose request was cancelled comes back.
    async fn turn(&mut self, input: TurnInput) -> Flow {
        let prompt = match &input {
            TurnInput::Prompt(text) => Some(text.clone()),
            TurnInput::Retry => None,
        };
        let phase = Cell::new(TurnPhase::Waiting);
        let source = CancelSource::default();
        let mut cancel = source.token();
        let echo = EchoOff::new();
        let mut view = ReplyView::new(self.screen, self.view);
        let mut watched = Watched { view: &mut view, phase: &phase };
        let mut leave = None;
        let mut give_back = false;
        let outcome = {
            let turn = self.session.run_turn(input, &mut watched, &mut cancel);
            tokio::pin!(turn);
            loop {
                let cause = tokio::select! {
                    biased;
                    outcome = &mut turn => break outcome,
                    cause = self.signals.next() => cause,
                };
                match on_signal_in_turn(cause, &mut self.ctrl_c, phase.get()) {
                    InTurn::Stop { returns_prompt } => give_back |= returns_prompt,
                    InTurn::Leave(exit) if leave.is_some() => return ControlFlow::Break(exit),
                    InTurn::Leave(exit) => leave = Some(exit),
                }
                source.cancel(cause);
            }
        };
        drop(echo);
        if let Some(exit) = leave {
            return ControlFlow::Break(exit);
        }
        match outcome {
            Ok(report) => self.after_turn(report, prompt.filter(|_| give_back)),
            Err(failure) => {
                self.warn(&failure.to_string());
                ControlFlow::Continue(None)
            }
        }
    }

    fn after_turn(&mut self, report: TurnReport, returned: Option<String>) -> Flow {
        let is_empty = report.result.text.is_empty();
        if report.result.status == TurnStatus::Incomplete && !is_empty {
            self.note("/continue lets the model go on, /retry asks again");
        }
        if let Some(error) = self.services.describe(report) {
            let text = render_error(&error, self.screen.color(Stream::Stderr));
            self.screen.lines(text.as_safe());
            self.write();
        }
        ControlFlow::Continue(returned.filter(|_| is_empty))
    }

    async fn continue_answer(&mut self) -> Flow {
        if self.session.messages().is_empty() {
            self.warn("there is no answer to go on with yet");
            return ControlFlow::Continue(None);
        }
        self.turn(TurnInput::Prompt(CONTINUE_PROMPT.to_owned())).await
    }

    fn rename(&mut self, name: String) {
        if !self.session.is_recorded() {
            self.session.start_new(Some(name));
            return;
        }
        let id = self.session.conversation().clone();
        self.session.journal.record(Entry::ConversationRenamed { conversation: id, name: Some(name) });
    }

    fn change_model(&mut self, model: Option<String>) {
        let Some(model) = model else {
            self.note(&self.session.model.label.clone());
            return;
        };
        match self.services.connect(&model) {
            Ok(active) => {
                self.note(&format!("using {}", active.label));
                self.session.model = active;
            }
            Err(reason) => self.warn(&reason),
        }
    }

    fn change_system(&mut self, text: Option<String>) {
        match text {
            Some(text) => {
                self.session.set_system(Some(text));
                self.note("the system prompt is set, from the next message on");
            }
            None => {
                let text =
                    self.session.system().unwrap_or("there is no system prompt; /system TEXT sets one").to_owned();
                self.note(&text);
            }
        }
    }

    fn change_thinking(&mut self, display: Option<ThinkingDisplay>) {
        self.view.thinking = match display {
            Some(ThinkingDisplay::Show) => Thinking::Show,
            Some(ThinkingDisplay::Hide) => Thinking::Hide,
            None => self.view.thinking,
        };
        let state = match self.view.thinking {
            Thinking::Show => "shown",
            Thinking::Hide => "hidden",
        };
        self.note(&format!("reasoning is {state}"));
    }

    fn show_current(&mut self) {
        let mut text = String::new();
        for message in self.session.messages() {
            text.push_str(&format!("{}>\n{}\n\n", message.role.name(), message.text.trim_end()));
        }
        if text.is_empty() {
            self.note("nothing has been said yet");
        } else {
            self.page(&text);
        }
    }

    fn show_usage(&mut self) {
        let usage = self.session.usage;
        let count = |tokens: Option<u64>| tokens.map_or_else(|| "unknown".to_owned(), |tokens| tokens.to_string());
        let mut text = format!(
            "{} turns here; tokens: {} in, {} out",
            self.session.turns(),
            count(usage.input),
            count(usage.output)
        );
        if let Some(cost) = usage.cost_usd {
            text.push_str(&format!("; ${cost:.4}"));
        }
        self.note(&text);
    }

    fn note(&mut self, text: &str) {
        self.screen.line(TermSafeBuf::line(text).as_safe());
    }

    fn warn(&mut self, text: &str) {
        self.screen.line(notice_line(NoticeLevel::Warn, text).as_safe());
    }

    /// Prints a longer text to stdout.
    fn page(&mut self, text: &str) {
        self.screen.print(text.trim_end());
        self.screen.print("\n");
        self.write();
    }

    /// A terminal that has gone is noticed when the next line is read.
    fn write(&mut self) {
        let _ = self.screen.flush_waiting(WRITE_LIMIT);
    }

    fn show_or_warn(&mut self, text: Result<String, String>) {
        match text {
            Ok(text) => self.page(&text),
            Err(reason) => self.warn(&reason),
        }
    }
}

/// What a signal means while a turn runs.
enum InTurn {
    Stop { returns_prompt: bool },
    Leave(u8),
}

fn on_signal_in_turn(cause: CancelCause, ctrl_c: &mut CtrlC, phase: TurnPhase) -> InTurn {
    match cause {
        CancelCause::Terminate => InTurn::Leave(exit_code::TERMINATE),
        CancelCause::HangUp => InTurn::Leave(exit_code::HANG_UP),
        CancelCause::UserInterrupt | CancelCause::Timeout | CancelCause::OutputClosed => {
            match ctrl_c.while_turn(Instant::now(), phase) {
                TurnAction::CancelAndReturnPrompt => InTurn::Stop { returns_prompt: true },
                TurnAction::Leave130 => InTurn::Leave(exit_code::INTERRUPT),
                TurnAction::StopAndKeepPartial
                | TurnAction::CancelTools
                | TurnAction::KillServers
                | TurnAction::AnswerNo
                | TurnAction::StopTurn => InTurn::Stop { returns_prompt: false },
            }
        }
    }
}

fn record_prompt(journal: &mut Journal, line: &str) {
    if !line.starts_with(' ') {
        journal.record(Entry::PromptTyped { text: line.to_owned(), cwd: None, typed_ms: now_ms() });
    }
}
