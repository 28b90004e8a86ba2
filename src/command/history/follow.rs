//! `history follow`: the running turn of another process, printed as it grows in the history.

use std::time::Duration;

use super::run::configured;
use super::show::spot;
use crate::cli::FollowOptions;
use crate::command::context::Context;
use crate::command::wiring;
use crate::conversation::{ConversationId, InterruptReason, Message, MessageId, MessageStatus, Role, exit_code};
use crate::exit::Failure;
use crate::history::{History, StoredMessage};
use crate::provider::ErrorKind;
use crate::session::{CancelCause, OutputError, exit_of_cancel, exit_of_error};

/// How soon news is seen while there is some; without it the looks become rarer.
const LOOK_FIRST: Duration = Duration::from_millis(20);
const LOOK_MAX: Duration = Duration::from_millis(250);
/// The death of a process changes nothing in the file: looked for this often.
const LIFE_LOOK: Duration = Duration::from_secs(1);
/// After a reply has failed another model may be asked, and after one with calls the tools run.
const NEXT_REPLY_WAIT: Duration = Duration::from_millis(500);

/// Runs the command; the exit code.
pub fn run(options: FollowOptions, mut context: Context) -> Result<u8, Failure> {
    wiring::block_on(|| async move {
        match follow(&options, &mut context).await {
            Ok(exit) => exit,
            Err(failure) => context.fail(&failure),
        }
    })
}

async fn follow(options: &FollowOptions, context: &mut Context) -> Result<u8, Failure> {
    let config = configured(context)?;
    let mut signals = wiring::signals()?;
    let history = History::open_read(&config.stored)?;
    let conversation = spot(&history, options.conversation.as_deref())?.conversation;
    if turn_of(&history, &conversation)?.last().is_some_and(is_running) && !config.history.deltas.persist_deltas {
        context.note("answers are stored when they end (`persist_deltas: false`): until then there is nothing to see");
    }
    let mut follower =
        Follower { history, conversation, reply: None, seen: 0, printed: 0, has_told_calls: false, last_byte: None };
    let ended = tokio::select! {
        biased;
        cause = signals.next() => Ended::Signal(cause),
        ended = follower.run(context) => ended?,
    };
    Ok(match ended {
        Ended::ReaderGone => exit_code::OK,
        Ended::Signal(cause) => {
            follower.end_line(context);
            context.finish();
            exit_of_cancel(cause)
        }
        Ended::Turn(last) => {
            follower.end_line(context);
            if let Some(told) = told(&last.message.status) {
                context.note(&told);
            }
            match context.finish() {
                exit_code::OK => exit_of(&last),
                output_failed => output_failed,
            }
        }
    })
}

enum Ended {
    Turn(Box<StoredMessage>),
    Signal(CancelCause),
    ReaderGone,
}

struct Follower {
    history: History,
    conversation: ConversationId,
    /// The reply that is printed.
    reply: Option<MessageId>,
    /// Where the next look at it begins.
    seen: i64,
    /// Bytes of it that are printed.
    printed: usize,
    /// Its calls are told.
    has_told_calls: bool,
    last_byte: Option<u8>,
}

impl Follower {
    async fn run(&mut self, context: &mut Context) -> Result<Ended, Failure> {
        loop {
            let turn = turn_of(&self.history, &self.conversation)?;
            let Some(last) = turn.last() else {
                return Err(Failure::config("there is no turn in this conversation yet"));
            };
            // Behind the look: in a file that nobody writes to any more a running reply looks like one that crashed.
            if is_without_end(last) && self.history.is_replaced() {
                self.end_line(context);
                return Err(Failure::config("the history was moved or deleted while it was watched")
                    .hint("`sayso history follow` again watches the one that is there now"));
            }
            for reply in turn.iter().filter(|stored| stored.message.role == Role::Assistant) {
                if self.reply.as_ref().is_none_or(|current| *current <= reply.message.id) && !is_running(reply) {
                    self.print_whole(&reply.message, context);
                }
            }
            let outcome = if is_running(last) { self.grow(&last.message.id, context).await } else { Ok(()) };
            match outcome.and_then(|()| context.flush_stdout()) {
                Ok(()) => {}
                Err(OutputError::Closed) => return Ok(Ended::ReaderGone),
                Err(error) => return Err(Failure::from(error)),
            }
            if !is_running(last) && !self.goes_on(last).await? {
                return Ok(Ended::Turn(Box::new(last.clone())));
            }
        }
    }

    /// Prints a reply as it comes, until it has ended.
    async fn grow(&mut self, reply: &MessageId, context: &mut Context) -> Result<(), OutputError> {
        self.turn_to(reply, context);
        let (mut look, mut version, mut since_life) = (LOOK_FIRST, None, Duration::ZERO);
        loop {
            let now = self.history.data_version().ok();
            if now != version || since_life >= LIFE_LOOK {
                version = now;
                let text = self.take_growth(reply);
                if text.is_empty() {
                    since_life = Duration::ZERO;
                    let is_over = !self.history.message(reply).is_ok_and(|stored| is_running(&stored));
                    if is_over || self.history.is_replaced() {
                        return Ok(());
                    }
                } else {
                    self.print(&text, context);
                    context.flush_stdout()?;
                    look = LOOK_FIRST;
                }
            }
            if context.screen.reader_gone() {
                return Err(OutputError::Closed);
            }
            tokio::time::sleep(look).await;
            since_life += look;
            look = (look * 2).min(LOOK_MAX);
        }
    }

    fn take_growth(&mut self, reply: &MessageId) -> String {
        let Ok(growth) = self.history.growth(reply, self.seen) else { return String::new() };
        self.seen = growth.seen;
        growth.text
    }

    /// Prints what is not printed yet of a reply that has ended.
    fn print_whole(&mut self, reply: &Message, context: &mut Context) {
        self.turn_to(&reply.id, context);
        let rest = reply.text.get(self.printed..).unwrap_or_default().to_owned();
        self.print(&rest, context);
        if !std::mem::replace(&mut self.has_told_calls, true) {
            reply.tool_calls.iter().for_each(|call| context.note(&format!("calls {}", call.name)));
        }
    }

    /// Replies of one turn are paragraphs, as the asking process shows them.
    fn turn_to(&mut self, reply: &MessageId, context: &mut Context) {
        if self.reply.as_ref() == Some(reply) {
            return;
        }
        self.end_line(context);
        (self.reply, self.seen, self.printed, self.has_told_calls) = (Some(reply.clone()), 0, 0, false);
    }

    fn print(&mut self, text: &str, context: &mut Context) {
        context.screen.print(text);
        self.printed += text.len();
        self.last_byte = text.bytes().last().or(self.last_byte);
    }

    fn end_line(&mut self, context: &mut Context) {
        if self.last_byte.take().is_some_and(|byte| byte != b'\n') {
            context.screen.print("\n");
        }
    }

    /// Whether another reply follows in the turn; waits a little where that is not sure.
    async fn goes_on(&self, last: &StoredMessage) -> Result<bool, Failure> {
        let is_calling = last.message.role != Role::Assistant || !last.message.tool_calls.is_empty();
        let has_failed = matches!(last.message.status, MessageStatus::Error(_));
        if !is_calling && !has_failed {
            return Ok(false);
        }
        let mut waited = Duration::ZERO;
        loop {
            let summary = self.history.conversation(&self.conversation)?;
            if !self.history.is_live(&summary) || has_failed && waited >= NEXT_REPLY_WAIT {
                return Ok(false);
            }
            let newest = turn_of(&self.history, &self.conversation)?;
            if newest.last().is_some_and(|newest| newest.message.id != last.message.id) {
                return Ok(true);
            }
            tokio::time::sleep(LOOK_MAX).await;
            waited += LOOK_MAX;
        }
    }
}

/// The messages behind the last prompt of the active branch, or that prompt where there are none.
fn turn_of(history: &History, conversation: &ConversationId) -> Result<Vec<StoredMessage>, Failure> {
    let mut messages = history.stored_messages(conversation)?;
    let prompt = messages.iter().rposition(|stored| stored.message.role == Role::User);
    let first = prompt.map_or(0, |prompt| if prompt + 1 < messages.len() { prompt + 1 } else { prompt });
    Ok(messages.split_off(first))
}

fn is_running(stored: &StoredMessage) -> bool {
    stored.message.status == MessageStatus::Streaming
}

/// Its end did not come, or has not come yet.
fn is_without_end(stored: &StoredMessage) -> bool {
    is_running(stored) || stored.message.status == MessageStatus::Interrupted(InterruptReason::Crash)
}

/// In words, where the answer is not whole.
fn told(status: &MessageStatus) -> Option<String> {
    match status {
        MessageStatus::Complete | MessageStatus::Streaming => None,
        MessageStatus::Interrupted(reason) => Some(format!("the answer is not whole: {}", reason.name())),
        MessageStatus::Error(class) => Some(format!("there is no answer: {class}")),
    }
}

/// What the process that asked ends with, as far as the history tells.
fn exit_of(last: &StoredMessage) -> u8 {
    match (&last.message.status, last.finish.as_deref()) {
        (MessageStatus::Complete, Some("content_filter" | "refusal")) => exit_code::REFUSED,
        (MessageStatus::Complete, _) if last.message.role == Role::Assistant => exit_code::OK,
        (MessageStatus::Interrupted(InterruptReason::UserInterrupt), _) => exit_code::INTERRUPT,
        (MessageStatus::Interrupted(InterruptReason::Timeout), _) => exit_code::TIMEOUT,
        (MessageStatus::Complete | MessageStatus::Streaming | MessageStatus::Interrupted(_), _) => {
            exit_code::INCOMPLETE
        }
        (MessageStatus::Error(class), _) => ErrorKind::named(class).map_or(exit_code::PROVIDER, exit_of_error),
    }
}
