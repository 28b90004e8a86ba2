//! The loop of the REPL: a line is read, a turn runs or a command is obeyed, until the person leaves.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::prompt_line::{PromptFacts, prompt_line};
use super::slash::{line_of, split_command};
use super::{
    Command, CompletionSource, CtrlC, CustomCommands, Entered, ExportImages, InRole, Input, InputEvent, KnownPrompts,
    PromptAction, PromptText, complaint, edit_text, parse,
};
use crate::config::{Clipboard, Desktop, FilledRole, PromptPart};
use crate::conversation::{Attachment, ConversationId, Message, MessageId, UsedRole, exit_code};
use crate::history::{EarlierPrompts, FlushOutcome};
use crate::session::{
    ActiveModel, CancelCause, JobSignal, JobSignals, NoticeLevel, Session, Signals, TurnInput, TurnReport,
};
use crate::terminal::mode::{self, Suspended};
use crate::terminal::{
    EchoOff, ErrorReport, Mark, MarkdownSettings, Screen, Stream, TermSafeBuf, Theme, ViewSettings, notice_line,
};

/// How long leaving may take when the disk does not answer.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);
/// The same where the system wants the process to end.
const CLOSE_LIMIT_AFTER_SIGNAL: Duration = Duration::from_secs(1);
/// The same where a person has asked twice.
const CLOSE_LIMIT_AFTER_INTERRUPT: Duration = Duration::from_millis(150);

/// What the loop asks of the layer that knows configuration, commands and stored conversations.
pub trait Services {
    /// The model `[provider:]model`, ready to be asked.
    /// Without a model: the one that counts where nobody has chosen another. With what the role says of it.
    fn connect(&self, model: Option<&str>, role: Option<&FilledRole>) -> Result<ActiveModel, ErrorReport>;
    /// A role with its arguments.
    fn role(&self, used: UsedRole) -> Result<FilledRole, ErrorReport>;
    /// The roles as a table.
    fn roles(&self) -> String;
    /// The stored conversations as a table.
    fn conversations(&self) -> Result<String, ErrorReport>;
    /// A stored conversation as text.
    fn conversation(&self, address: &str) -> Result<String, ErrorReport>;
    /// Turns, tokens and times as tables of at most so many columns.
    fn stats(&self, columns: usize) -> Result<String, ErrorReport>;
    /// A stored conversation to go on with, from the message that the address names; for a hit of a search
    /// (`is_hit`) from the end of the branch that it is on.
    fn load(&self, address: &str, is_hit: bool) -> Result<Loaded, ErrorReport>;
    /// The best hits of a search in all conversations.
    fn search(&self, words: &str, color: bool) -> Result<Hits, ErrorReport>;
    /// Copies a conversation up to a message; the address of the copy.
    fn fork(&self, id: &ConversationId, head: &MessageId, name: Option<String>) -> Result<String, ErrorReport>;
    fn rename(&self, id: &ConversationId, name: &str) -> Result<(), ErrorReport>;
    /// Whether a conversation could get this name.
    fn check_name(&self, name: &str) -> Result<(), ErrorReport>;
    /// Pins a conversation, or lets it go; whether it is pinned now.
    fn toggle_pin(&self, id: &ConversationId) -> Result<bool, ErrorReport>;
    /// What Up and Ctrl-R know in a conversation; nothing where there is no history.
    fn earlier_prompts(&self, conversation: &ConversationId) -> EarlierPrompts;
    /// The lines typed anywhere behind the one of this number, and the number of the last.
    fn lines_typed_after(&self, number: i64) -> (Vec<String>, i64);
    /// The providers that are set up, each with its model.
    fn providers(&self) -> Vec<(String, String)>;
    /// Whether a provider has this name, set up or built in.
    fn is_provider(&self, name: &str) -> bool;
    /// A theme for this terminal, by its name or the path of its file; else what it has to be. What the terminal has
    /// told of its background counts before what the environment tells.
    fn theme(&self, written: &str, has_light_background: Option<bool>) -> Result<Theme, String>;
    /// Writes a conversation to a new file, as the end of its name says; without a name to one in the current folder.
    fn export(&self, id: &ConversationId, file: Option<&str>, images: ExportImages) -> Result<PathBuf, ErrorReport>;
    /// False where this process writes no history.
    fn is_kept(&self) -> bool;
    /// What a file, a folder, a pattern or a URL holds, behind what is attached already; and what was left out.
    fn attach(&self, source: String, attached: Vec<Attachment>) -> Attaching<'_>;
    /// The failure of a turn as it is printed.
    fn describe(&self, report: TurnReport) -> Option<ErrorReport>;
}

/// A boxed future, because a trait object cannot have an `async fn`; one per file that is named.
pub type Attaching<'a> = Pin<Box<dyn Future<Output = Result<(Vec<Attachment>, Vec<String>), ErrorReport>> + 'a>>;

/// What a search has found.
pub struct Hits {
    pub text: TermSafeBuf,
    /// Each hit's message.
    pub messages: Vec<MessageId>,
    /// What a person should know about them.
    pub remark: Option<String>,
}

/// A stored conversation.
pub struct Loaded {
    pub id: ConversationId,
    pub name: Option<String>,
    pub title: String,
    /// The branch to go on with.
    pub messages: Vec<Message>,
    /// The message that was found.
    pub focus: Option<MessageId>,
}

/// How the prompt looks, and what belongs to the person.
#[derive(Clone, Debug, Default)]
pub struct ReplUi {
    pub prompt: Vec<PromptPart>,
    pub markers: bool,
    pub clipboard: Clipboard,
    pub desktop: Desktop,
    /// Names and lines.
    pub macros: Vec<(String, Vec<String>)>,
}

pub struct Repl<'a> {
    pub session: Session,
    /// What questions are put through.
    pub role: Option<InRole>,
    /// The name a person has given the conversation, as far as this process knows it.
    pub name: Option<String>,
    pub screen: &'a mut Screen,
    pub view: ViewSettings,
    /// How answers look where they are rendered.
    pub markdown: MarkdownSettings,
    /// The name or the path of its theme.
    pub theme: String,
    pub input: Input,
    pub signals: Signals,
    pub jobs: JobSignals,
    pub services: &'a dyn Services,
    pub ui: ReplUi,
    pub custom: CustomCommands,
    pub known: KnownPrompts,
    /// What came of the last line, as an exit code would tell it.
    pub last_exit: u8,
    /// The program for Ctrl-X Ctrl-E.
    pub editor: String,
    /// Begins the style of the prompt; `None` without colour.
    pub style: Option<String>,
    pub ctrl_c: CtrlC,
    /// Between two lines nothing is echoed, so that what is typed ahead stands only at its prompt.
    pub echo_off: Option<EchoOff>,
    pub completions: CompletionSource,
    /// Servers whose prompts and resources Tab offers.
    pub offered_servers: Vec<String>,
    /// Whose calls the last Ctrl-C has cancelled.
    pub stopped_servers: Vec<String>,
    /// How the terminal was when the process was stopped.
    pub suspended: Option<Suspended>,
    /// The hits of the last search.
    pub found: Vec<MessageId>,
    /// What goes along with the next prompt.
    pub attached: Vec<Attachment>,
    pub home: Option<PathBuf>,
}

/// What goes on after a line: a text for the next prompt, or an exit code.
pub type Flow = ControlFlow<u8, Option<String>>;

impl Repl<'_> {
    /// Runs until the person leaves; the exit code.
    pub async fn run(mut self) -> u8 {
        let mut initial = None;
        let exit = loop {
            if !self.input.is_reading() {
                self.settle_echo();
                self.session.model.provider.prewarm();
                self.offer_names();
                self.refresh_prompts();
                self.mark(Mark::PromptStarts);
                self.input.request(self.prompt(), initial.take());
            }
            let flow = tokio::select! {
                event = self.input.next() => self.on_input(event).await,
                cause = self.signals.next() => self.on_signal(cause),
                signal = self.jobs.next() => self.on_job_signal(signal),
                (level, message) = self.session.idle_notice() => {
                    self.tell_above(level, &message);
                    ControlFlow::Continue(None)
                }
            };
            match flow {
                ControlFlow::Continue(text) => initial = text,
                ControlFlow::Break(exit) => break exit,
            }
        };
        mode::restore();
        if self.input.is_reading() {
            // The cursor is behind the prompt.
            self.blank_line();
        }
        self.leave(exit).await
    }

    /// What was typed into an answer stands at the prompt. Where the terminal itself edits the line it would not be
    /// seen there, and nothing is sent that was not seen.
    fn settle_echo(&mut self) {
        if !self.input.is_plain() {
            self.echo_off = self.echo_off.take().or_else(EchoOff::new);
        } else if let Some(silent) = self.echo_off.take() {
            drop(silent);
            mode::discard_typed();
        }
    }

    /// Waits for the disk, within limits, and says how to come back.
    async fn leave(mut self, exit: u8) -> u8 {
        let limit = match exit {
            exit_code::INTERRUPT => CLOSE_LIMIT_AFTER_INTERRUPT,
            exit_code::TERMINATE | exit_code::HANG_UP => CLOSE_LIMIT_AFTER_SIGNAL,
            _ => CLOSE_LIMIT,
        };
        let host = self.session.toolbox.host.take();
        let end_servers = async {
            if let Some(host) = host {
                host.close(limit).await;
            }
        };
        let closed = tokio::select! {
            (closed, ()) = async { tokio::join!(self.session.journal.close(limit), end_servers) } => Some(closed),
            _ = self.signals.next() => None,
        };
        for notice in self.session.journal.take_notices() {
            self.warn(&notice);
        }
        match &closed {
            Some(FlushOutcome::Durable) if exit == exit_code::OK && self.session.is_recorded() => {
                self.say_how_to_resume()
            }
            Some(FlushOutcome::Failed(reason)) => self.warn(&format!("not all of this is in the history: {reason}")),
            Some(FlushOutcome::Durable | FlushOutcome::NotKept) | None => {}
        }
        if !matches!(closed, Some(FlushOutcome::Durable | FlushOutcome::NotKept)) {
            // Dropped, the journal would wait for its writer again.
            std::mem::forget(self.session);
        }
        exit
    }

    fn say_how_to_resume(&mut self) {
        let address = match &self.name {
            Some(name) if name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) => name.clone(),
            Some(_) | None => self.session.conversation().to_string(),
        };
        self.note(&format!("To go on: `sayso chat -c`, or `sayso chat --session {address}`"));
    }

    /// A line above the one that is being typed.
    fn tell_above(&mut self, level: NoticeLevel, message: &str) {
        let line = notice_line(level, message);
        if self.input.is_reading() {
            self.input.print_above(line.as_safe());
        } else {
            self.screen.line(line.as_safe());
        }
    }

    fn prompt(&self) -> PromptText {
        let facts = PromptFacts {
            label: &self.session.model.label,
            name: self.name.as_deref(),
            is_kept: self.services.is_kept(),
        };
        let line = prompt_line(&self.ui.prompt, &facts, self.screen.width(Stream::Stdout));
        let text = PromptText::new(&line, self.style.as_deref());
        if self.ui.markers && !self.input.is_plain() { text.marked() } else { text }
    }

    fn mark(&mut self, mark: Mark) {
        if self.ui.markers && !self.input.is_plain() {
            self.screen.mark(mark);
        }
    }

    async fn on_input(&mut self, event: InputEvent) -> Flow {
        match event {
            InputEvent::Typing => {
                // The one that was opened with the prompt may be long gone.
                self.session.model.provider.prewarm();
                ControlFlow::Continue(None)
            }
            InputEvent::Background { .. } => {
                self.fit_theme();
                ControlFlow::Continue(None)
            }
            InputEvent::Line(line) => {
                self.ctrl_c.line_entered();
                self.mark(Mark::OutputStarts);
                let flow = self.on_line(&line).await;
                let exit = if let ControlFlow::Break(exit) = flow { exit } else { self.last_exit };
                self.mark(Mark::Ended(Some(exit)));
                flow
            }
            InputEvent::Interrupted { had_text, .. } => {
                self.mark(Mark::Ended(None));
                self.on_ctrl_c_at_prompt(had_text)
            }
            InputEvent::EditRequested { text } => {
                self.mark(Mark::Ended(None));
                self.edit(text).await
            }
            InputEvent::EndOfInput | InputEvent::Failed(_) if mode::is_gone() => ControlFlow::Break(exit_code::HANG_UP),
            InputEvent::EndOfInput => {
                if self.input.is_plain() {
                    // The terminal has left the cursor behind the prompt.
                    self.blank_line();
                }
                ControlFlow::Break(exit_code::OK)
            }
            InputEvent::Failed(reason) => {
                self.fail("internal", &reason);
                ControlFlow::Break(exit_code::INTERNAL)
            }
        }
    }

    fn on_ctrl_c_at_prompt(&mut self, had_text: bool) -> Flow {
        match self.ctrl_c.at_prompt(Instant::now(), had_text) {
            PromptAction::Cleared => {}
            PromptAction::EndServers => self.end_stopped_servers(),
            PromptAction::SayHowToLeave => self.note("Ctrl-C again, Ctrl-D or /exit leaves."),
            PromptAction::Leave130 => return ControlFlow::Break(exit_code::INTERRUPT),
        }
        ControlFlow::Continue(None)
    }

    /// Who cancels a call twice has no hope for its server: it is started anew when it is needed.
    fn end_stopped_servers(&mut self) {
        for server in std::mem::take(&mut self.stopped_servers) {
            if let Some(host) = &self.session.toolbox.host {
                host.kill(&server);
                self.note(&format!("ended the server {server}"));
            }
        }
    }

    fn on_signal(&mut self, cause: CancelCause) -> Flow {
        match cause {
            CancelCause::Terminate => ControlFlow::Break(exit_code::TERMINATE),
            CancelCause::HangUp => ControlFlow::Break(exit_code::HANG_UP),
            CancelCause::UserInterrupt => {
                // Ctrl-C is a signal where the terminal edits the line; it has shown `^C`.
                self.blank_line();
                let flow = self.on_ctrl_c_at_prompt(self.input.has_lines());
                if flow.is_continue() {
                    self.input.clear_plain(&self.prompt());
                }
                flow
            }
            CancelCause::Timeout | CancelCause::OutputClosed => ControlFlow::Continue(None),
        }
    }

    /// Ctrl-Z and its end, at the prompt and while an answer streams.
    pub(super) fn on_job_signal(&mut self, signal: JobSignal) -> Flow {
        match signal {
            JobSignal::Stop if mode::has_job_control() => {
                self.suspended.get_or_insert_with(mode::suspend);
                mode::stop_process();
            }
            JobSignal::Stop => {}
            JobSignal::Continue => match self.suspended.take().map(Suspended::resume) {
                Some(Ok(())) if self.input.is_reading() => self.input.redraw(&self.prompt()),
                // Continued in the background, where nobody can type.
                Some(Err(suspended)) if self.input.is_reading() => {
                    self.suspended = Some(suspended);
                    mode::stop_process();
                }
                Some(Err(suspended)) => self.suspended = Some(suspended),
                Some(Ok(())) | None => {}
            },
        }
        ControlFlow::Continue(None)
    }

    async fn edit(&mut self, text: String) -> Flow {
        match self.in_editor(&text).await {
            Ok(edited) => ControlFlow::Continue(Some(edited)),
            Err(ControlFlow::Continue(_)) => ControlFlow::Continue(Some(text)),
            Err(stop) => stop,
        }
    }

    /// The terminal is the editor's, and so is Ctrl-C; Ctrl-Z stops both. What is to follow where the editor
    /// failed, which the person has been told.
    pub(super) async fn in_editor(&mut self, text: &str) -> Result<String, Flow> {
        let (editor, draft) = (self.editor.clone(), text.to_owned());
        self.echo_off = None;
        let mut edited = tokio::task::spawn_blocking(move || edit_text(&editor, &draft, "md"));
        let edited = loop {
            tokio::select! {
                edited = &mut edited => break edited,
                signal = self.jobs.next() => if signal == JobSignal::Stop && mode::has_job_control() {
                    mode::stop_process();
                },
                cause = self.signals.next() => if cause != CancelCause::UserInterrupt {
                    return Err(self.on_signal(cause));
                },
            }
        };
        let problem = match edited {
            Ok(Ok(edited)) => return Ok(edited),
            Ok(Err(error)) => format!("{error:#}"),
            Err(error) => error.to_string(),
        };
        self.fail("editor", &problem);
        Err(ControlFlow::Continue(None))
    }

    async fn on_line(&mut self, line: &str) -> Flow {
        if parse(line) != Entered::Empty {
            self.input.add_history(line);
            self.record_line(line);
        }
        let flow = self.do_line(line).await;
        // Other terminals know at once what was typed and named here, also where no turn has come of it.
        self.session.journal.hand_over();
        flow
    }

    /// What was entered, or stands in a macro.
    pub(super) async fn do_line(&mut self, line: &str) -> Flow {
        self.last_exit = exit_code::OK;
        match parse(line) {
            Entered::Empty => ControlFlow::Continue(None),
            Entered::Prompt(text) => self.ask(text).await,
            Entered::Command(Command::Prompt { address, arguments }) => self.run_prompt(&address, &arguments).await,
            Entered::Command(Command::Macro { name }) => self.run_macro(name.as_deref()).await,
            Entered::Command(Command::Exit) => ControlFlow::Break(exit_code::OK),
            Entered::Command(Command::Retry) => self.turn(TurnInput::Retry).await,
            Entered::Command(Command::Continue) => self.continue_answer().await,
            Entered::Command(Command::Undo) => self.undo(),
            Entered::Command(Command::Edit { target }) => self.edit_messages(target).await,
            Entered::Command(command) => {
                self.obey(command).await;
                ControlFlow::Continue(None)
            }
            Entered::Unknown { name, suggestion } => {
                let arguments = split_command(line.trim()).map_or("", |(_, rest)| rest.trim());
                if let Some(flow) = self.run_custom(&name, arguments).await {
                    return flow;
                }
                let told = match self.own_suggestion(&name) {
                    Some(own) => format!("unknown command /{name}; did you mean /{own}?"),
                    None => complaint(&Entered::Unknown { name, suggestion }).unwrap_or_default(),
                };
                self.fail("usage", &told);
                ControlFlow::Continue(None)
            }
            entered @ Entered::Misused { .. } => {
                self.fail("usage", &complaint(&entered).unwrap_or_default());
                ControlFlow::Continue(None)
            }
        }
    }

    /// A prompt with all that it names, or back on the line where something of that cannot be had.
    async fn ask(&mut self, text: String) -> Flow {
        let attached = self.attached.clone();
        let Some(prompt) = self.with_attachments(text.clone()).await else {
            return ControlFlow::Continue(Some(line_of(&text)));
        };
        match self.in_role(&text).await {
            Some(whole) => self.turn(TurnInput::Prompt(prompt.made_into(whole))).await,
            None => {
                self.attached = attached;
                ControlFlow::Continue(Some(line_of(&text)))
            }
        }
    }
}
