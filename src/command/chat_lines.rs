//! `chat --format jsonl`: a conversation with a program. A line of stdin is a message, each turn ends with its result.

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use tokio::sync::mpsc;

use super::attach::{self, Basket, Pages};
use super::chat::attach_first;
use super::context::Context;
use super::role::{self, Begun};
use super::stdin::{INPUT_BYTES_MAX, InputError};
use super::stopped::show_last_line;
use super::turn::{self, CLOSE_LIMIT, Ended};
use super::user_line::{self, UserLine};
use super::wiring_tools::{self, Person};
use super::{wiring, wiring_builtin, wiring_record};
use crate::cli::ChatOptions;
use crate::config::FilledRole;
use crate::conversation::{Attachment, exit_code};
use crate::exit::Failure;
use crate::http::Lifetime;
use crate::session::{Prompt, Session, Signals, TurnInput, TurnStatus, exit_of_cancel};
use crate::terminal::{JsonFormat, JsonView, ViewSettings, notice_event, result_line_for_error, result_line_for_stop};

/// Runs the command; the exit code.
pub fn run(options: ChatOptions, mut context: Context) -> Result<u8, Failure> {
    wiring::block_on(|| async move {
        match talk(&options, &mut context).await {
            Ok(exit) => exit,
            Err(failure) => {
                let exit = context.fail(&failure);
                match context.show(&result_line_for_error(&failure.report(), TurnStatus::Error, exit)) {
                    exit_code::OK => exit,
                    output_failed => output_failed,
                }
            }
        }
    })
}

async fn talk(options: &ChatOptions, context: &mut Context) -> Result<u8, Failure> {
    wiring::one_model(&options.conversation.request)?;
    let mut signals = wiring::signals()?;
    let plain_options = wiring::load_options(&options.conversation, context);
    let Begun { role, load_options, config, beginning, .. } =
        role::begin(&options.conversation, &options.arguments, plain_options, context)?;
    let tools = role::tools(role.as_ref(), &options.conversation.tools);
    let (client, choice) = wiring_record::client_and_choice(&config, &options.conversation, Lifetime::Interactive)?;
    let chosen = wiring_record::chosen(choice, &client, &context.global)?;
    let model = wiring::active_model(chosen, &client, &config.paths)?;
    model.provider.prewarm();
    let mut session =
        wiring::session(&config, model, wiring::turn_settings(&config, options.conversation.request.retries));
    // stdin is data: nobody is there to agree to a call.
    tokio::select! {
        equipped = wiring_tools::equip(&mut session, &tools, &config, context, Person::Absent) => equipped?,
        cause = signals.next_cause() => return Ok(exit_of_cancel(cause)),
    }
    wiring_tools::connect_with(&mut session, &config, &load_options, context, &client);
    wiring::begin(&mut session, beginning, context);
    session.role = role.as_ref().map(|role| role.used.clone());
    session.hold();
    session.publish_settings();
    let pages = wiring_builtin::pages(&config, context);
    let files = tokio::select! {
        files = attach_first(&options.files, &pages, context) => files?,
        cause = signals.next_cause() => return Ok(exit_of_cancel(cause)),
    };
    let view = wiring::view_settings(&config, &options.conversation, context);
    let asker = Asker { role: role.as_ref(), pages, files };
    let exit = converse(&mut session, asker, view, context, &mut signals).await?;
    wiring_record::tell_of_problem(&client, context);
    let host = session.toolbox.host.take();
    tokio::select! {
        _ = async { tokio::join!(session.journal.close(CLOSE_LIMIT), wiring_tools::close(host)) } => Ok(exit),
        cause = signals.next_cause() => {
            session.journal.abandon();
            Ok(exit_of_cancel(cause))
        }
    }
}

/// What makes a prompt of a line.
struct Asker<'a> {
    role: Option<&'a FilledRole>,
    pages: Pages,
    /// For the first prompt.
    files: Vec<Attachment>,
}

impl Asker<'_> {
    /// Reads what goes along. The reason, where it cannot be had: then nothing is asked.
    async fn prompt(&mut self, line: UserLine, context: &mut Context) -> Result<Prompt, String> {
        let mut basket = Basket::with(self.files.clone());
        for source in &line.attachments {
            basket = attach::collect(source, &self.pages, basket).await.map_err(|failure| failure.message)?;
        }
        basket.notes.iter().for_each(|note| context.warn(note));
        self.files.clear();
        Ok(Prompt { attachments: basket.into_attachments(), ..line.text.into() })
    }

    /// The same, put through the role.
    fn in_role(&self, prompt: Prompt) -> Result<Prompt, Failure> {
        let asked = self.role.map_or(Ok(None), |role| role.question(Some(&prompt.text)));
        let text = asked.map_err(Failure::from)?;
        Ok(match text {
            Some(text) => prompt.sent_as(text),
            None => prompt,
        })
    }
}

/// Until stdin ends, a signal comes, or nobody reads any more.
async fn converse(
    session: &mut Session,
    mut asker: Asker<'_>,
    settings: ViewSettings,
    context: &mut Context,
    signals: &mut Signals,
) -> Result<u8, Failure> {
    let mut lines = read_lines()?;
    for number in 1_u64.. {
        let line = tokio::select! {
            line = lines.recv() => line,
            cause = signals.next_cause() => return Ok(exit_of_cancel(cause)),
        };
        let Some(line) = line else { break };
        let line = line.map_err(|error| Failure::usage(InputError::from(error).to_string()))?;
        let prompt = match line.and_then(|line| user_line::read(&line)) {
            Ok(Some(line)) => tokio::select! {
                prompt = asker.prompt(line, context) => prompt,
                cause = signals.next_cause() => return Ok(exit_of_cancel(cause)),
            },
            Ok(None) => continue,
            Err(reason) => Err(reason),
        };
        let prompt = match prompt {
            Ok(prompt) => asker.in_role(prompt)?,
            Err(reason) => {
                context.screen.print(&notice_event("bad_line", &format!("line {number} is left out: {reason}")));
                context.flush_stdout()?;
                continue;
            }
        };
        let mut view = JsonView::new(&mut context.screen, JsonFormat::Jsonl, settings);
        let ended = turn::run(session, TurnInput::Prompt(prompt), &mut view, signals, None).await?;
        if let ControlFlow::Break(exit) = settle(ended, session, context) {
            return Ok(exit);
        }
        // A reader that has gone ends the conversation without a word.
        if context.flush_stdout().is_err() {
            break;
        }
    }
    Ok(exit_code::OK)
}

/// Tells on stderr how a turn went; breaks with the exit code where it was the last one.
fn settle(ended: Ended, session: &mut Session, context: &mut Context) -> ControlFlow<u8> {
    let (report, cause) = match ended {
        Ended::Report { report, cause } => (report, cause),
        Ended::AtOnce { cause, is_told } => {
            session.journal.abandon();
            let exit = exit_of_cancel(cause);
            if !is_told {
                context.screen.print(&result_line_for_stop(cause.reason(), exit));
            }
            show_last_line(context);
            return ControlFlow::Break(exit);
        }
    };
    if let Some(error) = report.output_error {
        return ControlFlow::Break(context.fail(&Failure::from(error)));
    }
    if let Some(cause) = cause {
        return ControlFlow::Break(exit_of_cancel(cause));
    }
    if let Some(error) = report.result.error {
        context.fail(&Failure::from(error));
    }
    ControlFlow::Continue(())
}

/// A line of stdin; the reason, where it is left out.
type Line = Result<Vec<u8>, String>;

/// The lines of stdin, one at a time, read on a thread of its own. An error is the last that comes.
fn read_lines() -> Result<mpsc::Receiver<io::Result<Line>>, Failure> {
    let (sender, receiver) = mpsc::channel(1);
    let read = move || {
        let mut input = io::stdin().lock();
        while let Some(line) = next_line(&mut input).transpose() {
            let is_last = line.is_err();
            // Nobody waits for it any more when the program ends first.
            if sender.blocking_send(line).is_err() || is_last {
                break;
            }
        }
    };
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(read)
        .map_err(|error| Failure::internal(format!("cannot read standard input: {error}")))?;
    Ok(receiver)
}

/// `None` at the end. Of a line that is too long nothing is kept.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut read_some = |line: &mut Vec<u8>| {
        let mut limited = input.by_ref().take(INPUT_BYTES_MAX as u64 + 1);
        limited.read_until(b'\n', line)
    };
    if read_some(&mut line)? == 0 {
        return Ok(None);
    }
    let mut is_too_long = false;
    while line.len() > INPUT_BYTES_MAX && line.last() != Some(&b'\n') {
        is_too_long = true;
        line.clear();
        if read_some(&mut line)? == 0 {
            break;
        }
    }
    Ok(Some(if is_too_long { Err(format!("it is longer than {} MiB", INPUT_BYTES_MAX >> 20)) } else { Ok(line) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_one_read() {
        let long = "x".repeat(2 * INPUT_BYTES_MAX + 7);
        let mut input = io::Cursor::new(format!("a\n{long}\nb\nc"));
        let lines: Vec<_> = std::iter::from_fn(|| next_line(&mut input).unwrap()).collect();
        let text = |bytes: &str| Ok(bytes.as_bytes().to_vec());
        assert_eq!(lines, [text("a\n"), Err("it is longer than 16 MiB".to_owned()), text("b\n"), text("c")]);
    }
}
