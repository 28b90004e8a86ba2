//! Asks all models at once: a session for each, behind one stored prompt.

use std::cell::RefCell;
use std::time::Instant;

use futures::future::join_all;

use super::board::{Board, BoardView};
use crate::cli::AskOptions;
use crate::command::context::Context;
use crate::command::place::place;
use crate::command::role::{self, Begun};
use crate::command::stopped::{is_json, show_last_line};
use crate::command::turn::{CLOSE_LIMIT, stop};
use crate::command::{looks, prompt, wiring, wiring_builtin};
use crate::config::{Config, FilledRole, LoadOptions};
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::http::{HttpClient, Lifetime};
use crate::session::{
    CancelCause, CancelSource, Prompt, Session, Signals, TurnFailure, TurnInput, TurnReport, TurnStatus, exit_of_cancel,
};

/// More columns than this nobody compares.
const MODELS_MAX: usize = 8;

/// Asks all models at once; the highest of their exit codes.
pub async fn run(options: &AskOptions, context: &mut Context, started: Instant) -> Result<u8, Failure> {
    check(options)?;
    let mut signals = wiring::signals()?;
    let plain_options = wiring::ask_options(options, context);
    let Begun { role, load_options, config, beginning, .. } =
        role::begin(&options.conversation, &options.arguments, plain_options, context)?;
    check_role(role.as_ref())?;
    let client = wiring::http_client(&config, Lifetime::OneShot);
    let mut sessions = sessions(options, &load_options, (&config, &client), context)?;
    wiring::begin(&mut sessions[0], beginning, context);
    sessions[0].role = role.as_ref().map(|role| role.used.clone());
    let pages = wiring_builtin::pages(&config, context);
    let timeout = options.timeout.map(|limit| started + limit);
    let question = match prompt::assemble(options, role.as_ref(), &pages, context, (&mut signals, timeout)).await {
        Ok(question) => question,
        Err(none) => {
            sessions.iter_mut().for_each(|session| session.journal.abandon());
            return none.into_exit(options, context);
        }
    };
    share(&mut sessions, question).await?;
    let view = looks::of_format(options.format, &config, &options.conversation, context);
    let labels = sessions.iter().map(|session| session.model.label.clone()).collect();
    let board = RefCell::new(Board::new(&mut context.screen, labels, options.format, view));
    let ended = all_turns(&mut sessions, &board, &mut signals, timeout).await;
    if let Err(cause) = &ended {
        board.borrow_mut().stop(*cause, sessions[0].conversation());
    }
    drop(board);
    let reports = match ended {
        Ok(reports) => reports,
        Err(cause) => {
            sessions.iter_mut().for_each(|session| session.journal.abandon());
            if is_json(options.format) {
                show_last_line(context);
            }
            return Ok(exit_of_cancel(cause));
        }
    };
    // The conversation goes on with the first good answer.
    let best = reports.iter().position(|report| matches!(report, Ok(report) if report.result.status == TurnStatus::Ok));
    sessions[best.unwrap_or(0)].lead();
    let exit = conclude(reports, context);
    let closing = join_all(sessions.iter_mut().map(|session| session.journal.close(CLOSE_LIMIT)));
    tokio::select! {
        _ = closing => Ok(exit),
        cause = signals.next_cause() => Ok(exit_of_cancel(cause)),
    }
}

fn check(options: &AskOptions) -> Result<(), Failure> {
    let (models, tools) = (&options.conversation.request.models, &options.conversation.tools);
    if models.len() > MODELS_MAX {
        return Err(Failure::usage(format!("{} models are given, and at most {MODELS_MAX} are asked", models.len())));
    }
    if options.answer.is_set() {
        return Err(Failure::usage(
            "parts of answers, `--once`, `--cache` and `--meta` are of one model: give `-m` once",
        ));
    }
    if options.conversation.record.is_some() || options.conversation.replay.is_some() {
        return Err(Failure::usage("a record is of one model: give `-m` once"));
    }
    if options.dry_run {
        return Err(Failure::usage("`--dry-run` shows the request to one model: give `-m` once"));
    }
    if !tools.tools.is_empty() || !tools.allow.is_empty() || tools.tool_choice.is_some() {
        return Err(
            Failure::usage("several models are asked without tools").hint("give `-m` once, or leave out the tools")
        );
    }
    Ok(())
}

/// A role may say what is asked and how, not what several models cannot do at once.
fn check_role(role: Option<&FilledRole>) -> Result<(), Failure> {
    let Some(role) = role.map(|role| &role.role) else { return Ok(()) };
    if role.schema.is_some() || role.tools.as_ref().is_some_and(|tools| !tools.is_empty()) {
        return Err(Failure::usage("several models are asked without tools and schemas, and the role has them")
            .hint("give `-m` once, or another role"));
    }
    Ok(())
}

/// A session for each model. None of them has tools, so that what differs is the models.
fn sessions(
    options: &AskOptions,
    load_options: &LoadOptions,
    (config, client): (&Config, &HttpClient),
    context: &mut Context,
) -> Result<Vec<Session>, Failure> {
    wiring::check_history(options.require_history, config)?;
    let mut models = Vec::new();
    for name in &options.conversation.request.models {
        let choice = config.provider_for(name, load_options, &context.environment)?;
        models.push(wiring::active_model(wiring::chosen(choice, &context.global)?, client, &config.paths)?);
    }
    let budget = wiring::budget(config, &options.budget);
    let mut settings = wiring::turn_settings(config, options.conversation.request.retries);
    settings.require_history = options.require_history;
    // What answers is the model that was named.
    settings.fallback.clear();
    let mut sessions = Vec::new();
    for model in models {
        model.provider.prewarm();
        let mut session = wiring::session(config, model, settings.clone());
        session.budget.clone_from(&budget);
        session.uses_tools = false;
        sessions.push(session);
    }
    Ok(sessions)
}

/// Stores the prompt once, and lets all sessions stand behind it.
async fn share(sessions: &mut [Session], question: Prompt) -> Result<(), TurnFailure> {
    let Some((first, others)) = sessions.split_first_mut() else { return Ok(()) };
    first.post(question).await?;
    for session in others {
        session.resume(first.conversation().clone(), first.messages().to_vec());
        session.set_place(place());
    }
    Ok(())
}

type Reports = Vec<Result<TurnReport, TurnFailure>>;

/// Runs the turns side by side. The error is the second signal.
async fn all_turns(
    sessions: &mut [Session],
    board: &RefCell<Board<'_>>,
    signals: &mut Signals,
    timeout: Option<Instant>,
) -> Result<Reports, CancelCause> {
    let source = CancelSource::default();
    let turns = sessions.iter_mut().enumerate().map(|(index, session)| {
        let mut cancel = source.token();
        async move {
            let mut view = BoardView { board, index };
            let report = session.run_turn(TurnInput::Retry, &mut view, &mut cancel).await;
            if report.is_err() {
                // Without it the answers behind would wait for ever.
                board.borrow_mut().give_up(index);
            }
            report
        }
    });
    let mut all = std::pin::pin!(join_all(turns));
    let mut stopping = false;
    loop {
        let cause = tokio::select! {
            biased;
            reports = &mut all => return Ok(reports),
            cause = stop(signals, timeout.filter(|_| !stopping)) => cause,
        };
        if stopping {
            return Err(cause);
        }
        stopping = true;
        source.cancel(cause);
    }
}

/// Tells on stderr what went wrong, model by model.
fn conclude(reports: Reports, context: &mut Context) -> u8 {
    let mut worst = exit_code::OK;
    for report in reports {
        let exit = match report {
            Err(failure) => context.fail(&Failure::from(failure)),
            Ok(TurnReport { output_error: Some(error), .. }) => context.fail(&Failure::from(error)),
            Ok(TurnReport { result, output_error: None }) => {
                if let Some(error) = result.error {
                    let mut failure = Failure::from(error);
                    failure.message = format!("{}: {}", result.model, failure.message);
                    context.fail(&failure);
                } else if result.exit == exit_code::TIMEOUT {
                    let late = format!("{}: no complete answer in time", result.model);
                    context.fail(&Failure::new("timeout", result.exit, late));
                }
                result.exit
            }
        };
        worst = worst.max(exit);
    }
    worst
}
