//! `ask`: one question, one answer, one exit code.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::attach::Pages;
use super::compare;
use super::context::Context;
use super::kept::{Keeping, Looked};
use super::looks;
use super::meta::Meta;
use super::models;
use super::person::WithPerson;
use super::prompt::{self, NoPrompt};
use super::role::{self, Begun};
use super::stopped::{is_json, show_last_line, stopped, too_late};
use super::turn::{self, CLOSE_LIMIT, Ended};
use super::wanted::{of_role, wanted};
use super::wiring::{self, Beginning};
use super::wiring_builtin;
use super::wiring_record;
use super::wiring_tools::{self, Person};
use crate::cli::{AskOptions, OutputFormat, ToolOptions};
use crate::config::{Answer, Config, FilledRole, LoadOptions};
use crate::conversation::{Message, exit_code, now_ms};
use crate::exit::Failure;
use crate::history::{FlushOutcome, Found, HistorySettings, Journal, KeptBy};
use crate::http::{HttpClient, Lifetime};
use crate::provider::{ChatRequest, Images};
use crate::session::{
    ActiveModel, CancelCause, Frontend, NoticeLevel, Prompt, Session, Signals, TurnEvent, TurnInput, TurnReport,
    TurnResult, TurnStatus, Wanted, exit_of_cancel,
};
use crate::terminal::{
    JsonFormat, JsonView, LineView, PlainView, ReplyView, Screen, Stream, TakenView, ViewSettings,
    result_line_for_error,
};

/// Runs the command; the exit code.
pub fn run(mut options: AskOptions, mut context: Context) -> Result<u8, Failure> {
    let started = Instant::now();
    let mut meta = match Meta::open(&options.answer) {
        Ok(meta) => meta,
        Err(failure) => return Ok(fail(&options, &mut context, &failure)),
    };
    wiring::default_conversation(&mut options.conversation, &context.environment);
    wiring::block_on(|| async move {
        let ended = match options.conversation.request.models.len() {
            0 | 1 => answer(&options, &mut context, started, &mut meta).await,
            _ => compare::run(&options, &mut context, started).await,
        };
        let exit = match ended {
            Ok(exit) => exit,
            Err(failure) => {
                meta.failed(&failure);
                fail(&options, &mut context, &failure)
            }
        };
        meta.write(exit, &mut context)
    })
}

/// An error before any turn began, also as the one line that JSON promises.
fn fail(options: &AskOptions, context: &mut Context, failure: &Failure) -> u8 {
    let exit = context.fail(failure);
    if !is_json(options.format) {
        return exit;
    }
    match context.show(&result_line_for_error(&failure.report(), TurnStatus::Error, exit)) {
        exit_code::OK => exit,
        output_failed => output_failed,
    }
}

/// What all steps of a run need.
struct Run<'a> {
    options: &'a AskOptions,
    config: Config,
    load_options: LoadOptions,
    role: Option<FilledRole>,
    /// Those of the options and of the role.
    tools: ToolOptions,
    client: HttpClient,
    view: ViewSettings,
    pages: Pages,
    /// The end of `--timeout`.
    timeout: Option<Instant>,
}

async fn answer(options: &AskOptions, context: &mut Context, started: Instant, meta: &mut Meta) -> Result<u8, Failure> {
    let wanted = wanted(&options.answer)?;
    let mut signals = wiring::signals()?;
    let Begun { role, load_options, config, beginning, .. } =
        role::begin(&options.conversation, &options.arguments, wiring::ask_options(options, context), context)?;
    let wanted = wanted.map_or_else(|| of_role(role.as_ref(), &options.answer), |wanted| Ok(Some(wanted)))?;
    let tools = role::tools(role.as_ref(), &options.conversation.tools);
    let (client, choice) = wiring_record::client_and_choice(&config, &options.conversation, Lifetime::OneShot)?;
    let chosen = wiring_record::chosen(choice, &client, &context.global)?;
    let model = wiring::active_model(chosen, &client, &config.paths)?;
    let view = looks::of_format(options.format, &config, &options.conversation, context);
    let pages = wiring_builtin::pages(&config, context);
    let timeout = options.timeout.map(|limit| started + limit);
    let run = Run { options, config, load_options, role, tools, client, view, pages, timeout };
    if options.dry_run {
        return run.print_request((model, wanted, beginning), context, &mut signals).await;
    }
    let mut keeping = Keeping::once(&options.answer);
    let mut question = None;
    if let Some(keeping) = &mut keeping {
        // Also where it is not needed: who writes to the pipe must not meet a closed one.
        question = match run.question(context, &mut signals).await {
            Err(NoPrompt::Nothing) => Some(Err(NoPrompt::Nothing)),
            Err(none) => return none.into_exit(options, context),
            Ok(question) => Some(Ok(question)),
        };
        match keeping.look(&run.config.history, (context, &mut signals), run.timeout).await? {
            Looked::Found(found) => return run.give_again(&found, wanted.as_ref(), context, meta),
            Looked::Stopped(cause) => return Ok(stopped(cause, options, context)),
            Looked::Missing => {}
        }
    }
    let mut session = match run.session((model, wanted, beginning), keeping.is_some(), (context, &mut signals)).await {
        Ok(session) => session,
        Err(none) => return none.into_exit(options, context),
    };
    let input = match run.input(question, &mut session, context, &mut signals).await {
        Ok(input) => input,
        Err(none) => {
            // Nothing is recorded yet: a disk that hangs need not be waited for.
            session.journal.abandon();
            return none.into_exit(options, context);
        }
    };
    if let (Some(_), TurnInput::Prompt(question)) = (options.answer.cache, &input) {
        match run.look_in_cache(&mut session, question, (context, &mut signals)).await? {
            (_, Looked::Found(found)) => return run.give_again(&found, session.wanted.as_ref(), context, meta),
            (_, Looked::Stopped(cause)) => return Ok(stopped(cause, options, context)),
            (cache, Looked::Missing) => keeping = cache,
        }
    }
    let is_once = keeping.as_ref().is_some_and(|keeping| keeping.kept_by == KeptBy::Once);
    let ended = run_turn(&run, context, &mut session, &mut signals, input).await;
    let exit = match ended.map_err(|failure| hint_at_once(failure, is_once && !options.require_history))? {
        Ended::Report { report, .. } => {
            meta.ended(&report.result);
            if let Some(error) = &report.output_error {
                meta.failed(&Failure::new("output", exit_code::OUTPUT, error.to_string()));
            }
            if let (Some(Keeping { kept_by, key, .. }), exit_code::OK) = (&keeping, report.result.exit) {
                session.keep_answer(*kept_by, key.clone());
            }
            conclude(*report, options, &run.config, context)
        }
        Ended::AtOnce { cause, is_told } => {
            session.journal.abandon();
            return Ok(at_once(cause, is_told, options, context));
        }
    };
    Ok(close(&mut session, keeping.as_ref(), exit, &mut signals, context).await)
}

/// `--once` requires a history by itself: nobody can leave out what was not given.
fn hint_at_once(failure: Failure, is_once: bool) -> Failure {
    if is_once && failure.class == "history" {
        return failure.hint("leave out `--once` to get the answer without it");
    }
    failure
}

/// The second signal: what came of the turn is not waited for, but JSON has its result.
fn at_once(cause: CancelCause, is_told: bool, options: &AskOptions, context: &mut Context) -> u8 {
    if !is_told {
        return stopped(cause, options, context);
    }
    if is_json(options.format) {
        show_last_line(context);
    }
    exit_of_cancel(cause)
}

/// Waits for the disk; only then the next one with the same key may look.
async fn close(
    session: &mut Session,
    keeping: Option<&Keeping>,
    exit: u8,
    signals: &mut Signals,
    context: &mut Context,
) -> u8 {
    let host = session.toolbox.host.take();
    let is_once = keeping.is_some_and(|keeping| keeping.kept_by == KeptBy::Once);
    tokio::select! {
        (saved, ()) = async { tokio::join!(session.journal.close(CLOSE_LIMIT), wiring_tools::close(host)) } => match saved {
            FlushOutcome::Failed(reason) if is_once && exit == exit_code::OK => {
                let message = format!("the answer cannot be kept for `--once`: {reason}");
                context.fail(&Failure::new("history", exit_code::HISTORY, message))
            }
            FlushOutcome::Durable | FlushOutcome::NotKept | FlushOutcome::Failed(_) => exit,
        },
        cause = signals.next_cause() => {
            session.journal.abandon();
            exit_of_cancel(cause)
        }
    }
}

impl Run<'_> {
    /// `--dry-run`. Nothing is sent and nothing stored.
    async fn print_request(
        &self,
        (model, wanted, beginning): (ActiveModel, Option<Wanted>, Beginning),
        context: &mut Context,
        signals: &mut Signals,
    ) -> Result<u8, Failure> {
        let Self { options, config, .. } = self;
        let earlier = match beginning {
            Beginning::Resumed(stored) => stored.messages,
            Beginning::New | Beginning::Named(_) => Vec::new(),
        };
        let question = match self.question(context, signals).await {
            Ok(question) => question,
            Err(none) => return none.into_exit(options, context),
        };
        let unsaved = Journal::start(HistorySettings { path: None, ..config.history.clone() });
        let mut session = Session::new(unsaved, model, wiring::turn_settings(config, 0), None);
        session.wanted = wanted;
        let equipped = async {
            wiring_tools::equip(&mut session, &self.tools, config, context, Person::Absent).await?;
            session.toolbox.refresh().await;
            Ok::<_, Failure>(())
        };
        tokio::select! {
            equipped = equipped => equipped?,
            cause = turn::stop(signals, self.timeout) => return Ok(stopped(cause, options, context)),
        }
        let request = request_text(&session, config.chat.system_prompt.as_deref(), earlier, question);
        wiring_tools::close(session.toolbox.host.take()).await;
        Ok(context.show(&request))
    }

    /// The session, with its tools and its conversation.
    async fn session(
        &self,
        (model, wanted, beginning): (ActiveModel, Option<Wanted>, Beginning),
        is_once: bool,
        (context, signals): (&mut Context, &mut Signals),
    ) -> Result<Session, NoPrompt> {
        let Self { options, config, .. } = self;
        wiring::check_history(options.require_history, config)?;
        // The connection opens in the background and the history on its own thread, while
        // standard input is read.
        model.provider.prewarm();
        // Standard input is often there at once. The other end is to get to work before anything else is done here.
        tokio::task::yield_now().await;
        let mut settings = wiring::turn_settings(config, options.conversation.request.retries);
        // What is to be asked once only has to be remembered.
        settings.require_history = options.require_history || is_once;
        let mut session = wiring::session(config, model, settings);
        session.wanted = wanted;
        session.budget = wiring::budget(config, &options.budget);
        let person = person(context);
        tokio::select! {
            equipped = wiring_tools::equip(&mut session, &self.tools, config, context, person) => equipped?,
            cause = turn::stop(signals, self.timeout) => {
                session.journal.abandon();
                return Err(NoPrompt::Stopped(cause));
            }
        }
        wiring_tools::connect_with(&mut session, config, &self.load_options, context, &self.client);
        wiring::begin(&mut session, beginning, context);
        session.role = self.role.as_ref().map(|role| role.used.clone());
        session.publish_settings();
        Ok(session)
    }

    async fn question(&self, context: &mut Context, signals: &mut Signals) -> Result<Prompt, NoPrompt> {
        prompt::assemble(self.options, self.role.as_ref(), &self.pages, context, (signals, self.timeout)).await
    }

    /// What the turn begins with; `question` where it was read before.
    async fn input(
        &self,
        question: Option<Result<Prompt, NoPrompt>>,
        session: &mut Session,
        context: &mut Context,
        signals: &mut Signals,
    ) -> Result<TurnInput, NoPrompt> {
        let question = match question {
            Some(question) => question,
            None => self.question(context, signals).await,
        };
        let question = match question {
            Ok(question) => Some(question),
            // With `-c` or `--session` and no words: what was cut off goes on.
            Err(NoPrompt::Nothing) if self.options.prompt.is_none() && session.is_interrupted() => None,
            Err(none) => return Err(none),
        };
        // Only what the person has written names resources: a pipe is data.
        let attached = tokio::select! {
            attached = session.attach_resources(self.options.prompt.as_deref().unwrap_or_default()) => attached,
            cause = turn::stop(signals, self.timeout) => return Err(NoPrompt::Stopped(cause)),
        };
        for warning in &attached.warnings {
            context.warn(warning);
        }
        let whole = |question: Prompt| TurnInput::Prompt(question.and(&attached.text, attached.attachments));
        Ok(question.map_or(TurnInput::Continue, whole))
    }

    /// Looks for the answer to the very same request. Where there is one, or no wait for it, the session is over.
    async fn look_in_cache(
        &self,
        session: &mut Session,
        question: &Prompt,
        told: (&mut Context, &mut Signals),
    ) -> Result<(Option<Keeping>, Looked), Failure> {
        let (context, signals) = told;
        tokio::select! {
            _ = session.toolbox.refresh() => {}
            cause = turn::stop(signals, self.timeout) => {
                session.journal.abandon();
                wiring_tools::close(session.toolbox.host.take()).await;
                return Ok((None, Looked::Stopped(cause)));
            }
        }
        let system = session.whole_system();
        let request = request_text(session, system.as_deref(), session.messages().to_vec(), question.clone());
        let part = session.wanted.as_ref().and_then(Wanted::part);
        let mut keeping = Keeping::cache(&self.options.answer, &format!("{part:?}\n{request}"));
        let looked = match &mut keeping {
            Some(keeping) => keeping.look(&self.config.history, (context, signals), self.timeout).await,
            None => Ok(Looked::Missing),
        };
        if !matches!(looked, Ok(Looked::Missing)) {
            session.journal.abandon();
            wiring_tools::close(session.toolbox.host.take()).await;
        }
        Ok((keeping, looked?))
    }

    /// Gives a stored answer as if it came now; the exit code.
    fn give_again(
        &self,
        found: &Found,
        wanted: Option<&Wanted>,
        context: &mut Context,
        meta: &mut Meta,
    ) -> Result<u8, Failure> {
        let model = found.last.message.model.clone().unwrap_or_default();
        let mut result = TurnResult::empty(found.conversation.clone(), model);
        result.text.clone_from(&found.text);
        result.finish.clone_from(&found.last.finish);
        result.is_stored = true;
        if let Some(wanted) = wanted {
            result.settle(wanted.take(&found.text));
        }
        let age = u64::try_from(now_ms().saturating_sub(found.at_ms)).unwrap_or_default();
        let message = format!("this answer was stored {} ago: nobody is asked", in_words(Duration::from_millis(age)));
        let mut view = view_of(self, &mut context.screen, wanted.is_some());
        let (conversation, model) = (&result.conversation, &result.model);
        view.show(&TurnEvent::Started { conversation, turn: found.turn, model, attachments: &[] });
        view.show(&TurnEvent::Notice { level: NoticeLevel::Detail, code: "stored_answer", message: &message });
        view.show(&TurnEvent::Text(&result.text));
        view.show(&TurnEvent::Ended(&result));
        drop(view);
        meta.ended(&result);
        if let Some(problem) = &result.not_taken {
            context.fail(&Failure::from(problem));
        }
        Ok(match context.finish() {
            exit_code::OK => result.exit,
            output_failed => output_failed,
        })
    }
}

/// One turn, shown as the options say.
async fn run_turn(
    run: &Run<'_>,
    context: &mut Context,
    session: &mut Session,
    signals: &mut Signals,
    input: TurnInput,
) -> Result<Ended, Failure> {
    let person = person(context);
    let view = view_of(run, &mut context.screen, session.wanted.is_some());
    let mut view: Box<dyn Frontend + '_> = match person {
        Person::Present => Box::new(WithPerson { view }),
        Person::Absent => view,
    };
    let ended = turn::run(session, input, view.as_mut(), signals, run.timeout).await;
    drop(view);
    wiring_record::tell_of_problem(&run.client, context);
    ended
}

/// How the turn is shown. `is_part`: stdout gets what is taken out of the answer, and not the answer.
fn view_of<'s>(run: &Run<'_>, screen: &'s mut Screen, is_part: bool) -> Box<dyn Frontend + 's> {
    let settings = run.view;
    let answer = run.role.as_ref().map(|role| role.role.answer).unwrap_or_default();
    match run.options.format {
        OutputFormat::Json => Box::new(JsonView::new(screen, JsonFormat::Json, settings)),
        OutputFormat::Jsonl => Box::new(JsonView::new(screen, JsonFormat::Jsonl, settings)),
        // A part is exact.
        OutputFormat::Text | OutputFormat::Markdown if is_part => {
            let view = PlainView::new(screen, ViewSettings { markdown: None, ..settings });
            Box::new(TakenView { view: Box::new(view) })
        }
        OutputFormat::Text if answer == Answer::Line => Box::new(LineView::new(screen, settings)),
        OutputFormat::Text | OutputFormat::Markdown if screen.is_terminal(Stream::Stdout) => {
            Box::new(ReplyView::new(screen, settings))
        }
        OutputFormat::Text | OutputFormat::Markdown => Box::new(PlainView::new(screen, settings)),
    }
}

/// The largest unit will do.
fn in_words(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// Tells on stderr what went wrong; the exit code.
fn conclude(report: TurnReport, options: &AskOptions, config: &Config, context: &mut Context) -> u8 {
    let is_kept = config.history.path.is_some();
    let exit = report.result.exit;
    if let Some(error) = report.output_error {
        let mut failure = Failure::from(error);
        if is_kept {
            failure = failure.hint("what came of the answer is in the history: `sayso history show @1`");
        }
        return context.fail(&failure);
    }
    if exit == exit_code::TIMEOUT {
        let mut failure = too_late(options);
        if is_kept {
            failure = failure.hint("what came is in the history; `sayso ask -c \"go on\"` continues it");
        }
        context.fail(&failure);
    }
    if let Some(problem) = &report.result.not_taken {
        let mut failure = Failure::from(problem);
        if is_kept {
            failure = failure.hint("the whole answer is in the history: `sayso history show`");
        }
        context.fail(&failure);
    }
    if let Some(error) = report.result.error {
        let meant = models::did_you_mean(&error, &report.result.model, config, &context.environment);
        let mut failure = Failure::from(error);
        failure.hint = meant.or(failure.hint);
        if report.result.status == TurnStatus::Incomplete && is_kept && failure.hint.is_none() {
            failure = failure.hint("what came is in the history; `sayso ask -c \"go on\"` continues it");
        }
        context.fail(&failure);
    }
    exit
}

/// Whether somebody can see a question and answer it. Never from a pipe: what comes out of one is data.
fn person(context: &Context) -> Person {
    if std::io::stdin().is_terminal() && context.screen.is_terminal(Stream::Stderr) {
        Person::Present
    } else {
        Person::Absent
    }
}

/// The request as it would go out after `earlier` messages. Nothing is sent and nothing stored.
fn request_text(session: &Session, system: Option<&str>, earlier: Vec<Message>, question: Prompt) -> String {
    let model = &session.model;
    let mut messages = earlier;
    messages.push(wiring::unsaved_prompt(question));
    model.provider.describe(&ChatRequest {
        model: &model.model,
        system,
        messages: &messages,
        tools: session.toolbox.specs(),
        tool_choice: &session.tool_choice,
        parameters: &model.parameters,
        images: Images::Sent,
        answer: session.wanted.as_ref().and_then(Wanted::format),
        stream: session.settings.stream,
    })
}
