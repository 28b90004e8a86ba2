//! `ask`: one question, one answer, one exit code.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::context::Context;
use super::looks;
use super::models;
use super::person::WithPerson;
use super::prompt::{self, NoPrompt};
use super::wiring::{self, Beginning};
use super::wiring_tools::{self, Person};
use crate::cli::{AskOptions, OutputFormat};
use crate::config::Config;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::history::{HistorySettings, Journal};
use crate::http::Lifetime;
use crate::provider::ChatRequest;
use crate::session::{
    CancelCause, CancelSource, Frontend, Session, Signals, TurnInput, TurnReport, TurnStatus, exit_of_cancel,
};
use crate::terminal::{JsonFormat, JsonView, PlainView, ReplyView, Stream, ViewSettings, result_line_for_error};

/// How long the end of the program waits for the disk.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// Runs the command; the exit code.
pub fn run(options: AskOptions, mut context: Context) -> Result<u8, Failure> {
    let started = Instant::now();
    wiring::block_on(async move {
        match answer(&options, &mut context, started).await {
            Ok(exit) => exit,
            Err(failure) => fail(&options, &mut context, &failure),
        }
    })
}

/// An error before any turn began, also as the one line that JSON promises.
fn fail(options: &AskOptions, context: &mut Context, failure: &Failure) -> u8 {
    let exit = context.fail(failure);
    match options.format {
        OutputFormat::Text | OutputFormat::Markdown => exit,
        OutputFormat::Json | OutputFormat::Jsonl => {
            let line = result_line_for_error(&failure.report(), TurnStatus::Error, exit);
            match context.show(&line) {
                exit_code::OK => exit,
                output_failed => output_failed,
            }
        }
    }
}

async fn answer(options: &AskOptions, context: &mut Context, started: Instant) -> Result<u8, Failure> {
    let mut signals =
        Signals::listen().map_err(|error| Failure::internal(format!("cannot listen to signals: {error}")))?;
    let mut load_options = wiring::load_options(&options.conversation, context);
    load_options.no_stream = options.no_stream;
    let config = wiring::load(&load_options, context)?;
    let chosen = wiring::chosen(config.provider.clone(), &context.global)?;
    let client = wiring::http_client(&config, Lifetime::OneShot);
    let model = wiring::active_model(chosen, &client, &config.paths)?;
    if options.dry_run {
        let beginning = wiring::beginning(&options.conversation, &config.stored)?;
        let question = match prompt::assemble(options, context, &mut signals).await {
            Ok(question) => question,
            Err(stopped) => return stopped.into_exit(),
        };
        let unsaved = Journal::start(HistorySettings { path: None, ..config.history.clone() });
        let mut session = Session::new(unsaved, model, wiring::turn_settings(&config, 0), None);
        wiring_tools::equip(&mut session, &options.conversation.tools, &config, context, Person::Absent).await?;
        session.toolbox.refresh().await;
        let request = dry_run(&config, &session, beginning, question);
        wiring_tools::close(session.toolbox.host.take()).await;
        return Ok(context.show(&request));
    }
    // The connection opens in the background and the history on its own thread, while
    // standard input is read.
    model.provider.prewarm();
    let mut settings = wiring::turn_settings(&config, options.conversation.retries);
    settings.require_history = options.require_history;
    let mut session = wiring::session(&config, model, settings);
    let person = person(context);
    wiring_tools::equip(&mut session, &options.conversation.tools, &config, context, person).await?;
    wiring_tools::connect_with(&mut session, &config, &load_options, context, &client);
    wiring::begin(&mut session, wiring::beginning(&options.conversation, &config.stored)?, context);
    session.publish_settings();
    let question = match prompt::assemble(options, context, &mut signals).await {
        Ok(question) => Some(question),
        // With `-c` or `--session` and no words: what was cut off goes on.
        Err(NoPrompt::Nothing) if options.prompt.is_none() && session.is_interrupted() => None,
        Err(stopped) => {
            // Nothing is recorded yet: a disk that hangs need not be waited for.
            session.journal.abandon();
            return stopped.into_exit();
        }
    };
    // Only what the person has written names resources: a pipe is data.
    let attached = tokio::select! {
        attached = session.attach_resources(options.prompt.as_deref().unwrap_or_default()) => attached,
        cause = signals.next() => {
            session.journal.abandon();
            return Ok(exit_of_cancel(cause));
        }
    };
    for warning in &attached.warnings {
        context.warn(warning);
    }
    let input = question.map_or(TurnInput::Continue, |question| TurnInput::Prompt(question + &attached.text));
    let mut view = wiring::view_settings(&config, &options.conversation, context);
    if options.format == OutputFormat::Markdown && view.markdown.is_none() {
        view.markdown = Some(looks::markdown_settings(&config, options.conversation.width, context));
    }
    let timeout = options.timeout.map(|limit| started + limit);
    let exit = match turn(options, view, context, &mut session, (&mut signals, timeout, input)).await? {
        Ended::Report(report) => conclude(*report, options, &config, context),
        Ended::AtOnce(exit) => {
            session.journal.abandon();
            return Ok(exit);
        }
    };
    let host = session.toolbox.host.take();
    tokio::select! {
        _ = async { tokio::join!(session.journal.close(CLOSE_LIMIT), wiring_tools::close(host)) } => Ok(exit),
        cause = signals.next() => {
            session.journal.abandon();
            Ok(exit_of_cancel(cause))
        }
    }
}

enum Ended {
    Report(Box<TurnReport>),
    /// The second signal: nothing is waited for any more.
    AtOnce(u8),
}

async fn turn(
    options: &AskOptions,
    settings: ViewSettings,
    context: &mut Context,
    session: &mut Session,
    (signals, timeout, input): (&mut Signals, Option<Instant>, TurnInput),
) -> Result<Ended, Failure> {
    let person = person(context);
    let screen = &mut context.screen;
    let view: Box<dyn Frontend + '_> = match options.format {
        OutputFormat::Json => Box::new(JsonView::new(screen, JsonFormat::Json, settings)),
        OutputFormat::Jsonl => Box::new(JsonView::new(screen, JsonFormat::Jsonl, settings)),
        OutputFormat::Text | OutputFormat::Markdown if screen.is_terminal(Stream::Stdout) => {
            Box::new(ReplyView::new(screen, settings))
        }
        OutputFormat::Markdown => Box::new(PlainView::new(screen, settings)),
        OutputFormat::Text => Box::new(PlainView::new(screen, ViewSettings { markdown: None, ..settings })),
    };
    let mut view: Box<dyn Frontend + '_> = match person {
        Person::Present => Box::new(WithPerson { view }),
        Person::Absent => view,
    };
    let source = CancelSource::default();
    let mut cancel = source.token();
    let mut stopping = false;
    let mut turn = std::pin::pin!(session.run_turn(input, view.as_mut(), &mut cancel));
    loop {
        let cause = tokio::select! {
            biased;
            ended = &mut turn => return Ok(Ended::Report(Box::new(ended?))),
            cause = signals.next() => cause,
            () = at(timeout.filter(|_| !stopping)) => CancelCause::Timeout,
        };
        if stopping && cause != CancelCause::Timeout {
            return Ok(Ended::AtOnce(exit_of_cancel(cause)));
        }
        stopping = true;
        source.cancel(cause);
    }
}

/// Waits until then; for ever without a time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

/// Tells on stderr what went wrong; the exit code.
fn conclude(report: TurnReport, options: &AskOptions, config: &Config, context: &mut Context) -> u8 {
    let is_kept = config.history.path.is_some();
    let exit = report.result.exit;
    if let Some(error) = report.output_error {
        return context.fail(&Failure::from(error));
    }
    if exit == exit_code::TIMEOUT {
        let limit = options.timeout.unwrap_or_default();
        let mut failure = Failure::new("timeout", exit, format!("no complete answer within {limit:?}"));
        if is_kept {
            failure = failure.hint("what came is in the history; `sayso ask -c \"go on\"` continues it");
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

/// The request as it would go out. Nothing is sent and nothing stored.
fn dry_run(config: &Config, session: &Session, beginning: Beginning, question: String) -> String {
    let model = &session.model;
    let mut messages = match beginning {
        Beginning::Resumed(stored) => stored.messages,
        Beginning::New | Beginning::Named(_) => Vec::new(),
    };
    messages.push(wiring::unsaved_prompt(question));
    model.provider.describe(&ChatRequest {
        model: &model.model,
        system: config.chat.system_prompt.as_deref(),
        messages: &messages,
        tools: session.toolbox.specs(),
        tool_choice: &session.tool_choice,
        parameters: &model.parameters,
        stream: config.chat.streaming,
    })
}
