//! One turn: the user's message is made durable, the model asked, the reply kept, however it ends.

use std::borrow::Cow;

use super::log::LogEntry;
use super::next_step::{NextStep, next_step};
use super::outcome::ReplyEnding;
use super::output::drain;
use super::repair::repair;
use super::reply::{Reply, show_notices};
use super::tool_round::ToolStop;
use super::turn_state::TurnState;
use super::wanted::{NotTaken, Wanted};
use super::{
    Cancel, Frontend, NoticeLevel, OutputError, Prompt, Session, TurnEvent, TurnResult, TurnStatus, exit_of_cancel,
};
use crate::conversation::{
    InterruptReason, Message, MessageId, MessageStatus, Replay, ReplyBuilder, Role, StopReason, exit_code, now_ms,
};
use crate::history::{Entry, FlushOutcome, MatchedAnswer, ReplyEnd};
use crate::provider::{ErrorKind, ProviderError};

/// What starts a turn.
#[derive(Debug)]
pub enum TurnInput {
    Prompt(Prompt),
    /// Another answer to the last prompt, beside the first one.
    Retry,
    /// On from where the last turn was cut off.
    Continue,
}

/// Why a turn did not even begin.
#[derive(Debug, thiserror::Error)]
pub enum TurnFailure {
    #[error("the history cannot be written: {0}")]
    HistoryRequired(String),
    #[error("there is no prompt to try again")]
    NothingToRetry,
    #[error("there is no answer to go on with yet")]
    NothingToContinue,
}

#[derive(Debug)]
pub struct TurnReport {
    pub result: TurnResult,
    /// Set when standard output, and not the reply, has failed.
    pub output_error: Option<OutputError>,
}

impl Session {
    /// Runs a turn to its end. Every path, a cancelled one too, stores what came and shows
    /// exactly one [`TurnEvent::Ended`].
    pub async fn run_turn(
        &mut self,
        input: TurnInput,
        front: &mut dyn Frontend,
        cancel: &mut Cancel,
    ) -> Result<TurnReport, TurnFailure> {
        self.begin(input)?;
        self.turn += 1;
        if let Some(system) = self.whole_system().filter(|_| self.log.is_some()) {
            self.tell_log(&LogEntry::SystemPrompt(&system));
        }
        let label = self.model.label.clone();
        let attachments = self.attached_now();
        front.show(&TurnEvent::Started {
            conversation: &self.conversation,
            turn: self.turn,
            model: &label,
            attachments,
        });
        let mut turn = TurnState::default();
        let mut last: Option<Reply> = None;
        let stop = loop {
            match next_step(&self.messages, turn.rounds < self.settings.tool_hops_max) {
                NextStep::AskModel => {
                    if let Some(reply) = last.take() {
                        self.set_aside(&reply, &mut turn);
                    }
                    let reply = self.ask_model(front, cancel, &mut turn).await?;
                    let is_over = reply.outcome.status != TurnStatus::Ok;
                    if is_over && self.fall_back(&reply, &mut turn, front) {
                        continue;
                    }
                    last = Some(reply);
                    if is_over {
                        break None;
                    }
                }
                NextStep::RunTools => {
                    turn.rounds += 1;
                    let stop = self.run_tools(&mut turn, front, cancel).await;
                    self.change_settings(front);
                    if stop.is_some() {
                        break stop;
                    }
                }
                NextStep::HopLimit => {
                    self.stop_at_hop_limit(front);
                    break Some(ToolStop::HopLimit);
                }
                NextStep::Done if self.wants_another_try(&mut turn, front) => {}
                NextStep::Done => break None,
            }
        };
        self.settle_retry();
        let result = self.conclude(last, stop, &mut turn, front).await;
        self.return_to_own_model(&mut turn);
        front.show(&TurnEvent::Ended(&result));
        let drained = drain(front, &mut self.journal, cancel).await;
        let mut output_error = turn.output_error;
        if let (None, Err(super::output::OutputStop::Failed(error))) = (&output_error, drained) {
            output_error = Some(error);
        }
        Ok(TurnReport { result, output_error })
    }

    /// A reply that is followed by another one in the same turn.
    fn set_aside(&self, reply: &Reply, turn: &mut TurnState) {
        let text = self.messages.iter().rfind(|message| message.id == reply.id).map(|message| message.text.as_str());
        turn.keep_text(text.unwrap_or_default());
        turn.add_metrics(reply.metrics);
    }

    /// Puts the prompt at the head of the branch.
    pub(super) fn begin(&mut self, input: TurnInput) -> Result<(), TurnFailure> {
        if let Some(host) = &self.toolbox.host {
            host.begin_turn();
        }
        // Of a turn that a bug ended, which nobody has settled.
        self.settle_retry();
        match input {
            TurnInput::Prompt(prompt) => {
                self.unanswered = None;
                if !self.is_recorded {
                    self.record_conversation(None);
                }
                if let (false, Some(system)) = (self.system_is_recorded, self.system.clone()) {
                    self.record_message(Role::System, system);
                    self.system_is_recorded = true;
                }
                self.record_open();
                let message = self.record_prompt(prompt);
                self.messages.push(message);
                Ok(())
            }
            TurnInput::Retry if self.return_to_last_prompt() => {
                self.record_open();
                Ok(())
            }
            TurnInput::Retry => Err(TurnFailure::NothingToRetry),
            TurnInput::Continue => self.begin_again(),
        }
    }

    /// A prompt or a result that waits for an answer gets one; an answer that was cut off goes on.
    fn begin_again(&mut self) -> Result<(), TurnFailure> {
        if self.unanswered.is_some() {
            self.return_to_last_prompt();
        }
        self.messages = repair(std::mem::take(&mut self.messages));
        match self.messages.last().map(|last| last.role) {
            None => return Err(TurnFailure::NothingToContinue),
            Some(Role::Assistant | Role::System) => {
                return self.begin(TurnInput::Prompt(Prompt::continuation()));
            }
            Some(Role::User | Role::Tool) => self.record_open(),
        }
        Ok(())
    }

    /// Puts the reply on the branch and into the history.
    pub(super) fn keep(&mut self, reply: &mut Reply) {
        let now = now_ms();
        let calls = std::mem::take(&mut reply.calls);
        let is_unanswered = reply.built.text.is_empty() && calls.is_empty() && reply.outcome.status != TurnStatus::Ok;
        // Moved, not copied: an answer can be long.
        let mut text = std::mem::take(&mut reply.built.text);
        text.shrink_to_fit();
        let mut message = Message::new(reply.id.clone(), self.head.clone(), Role::Assistant, text, now);
        message.reasoning = std::mem::take(&mut reply.built.reasoning);
        message.tool_calls = calls;
        message.status = reply.outcome.stored.clone();
        let origin = || self.model.provider.replay_origin(&self.model.model);
        message.replay = reply.built.replay.take().map(|json| Replay { origin: origin(), json });
        message.model = Some(self.model.label.clone());
        message.usage = reply.built.usage;
        self.journal.record(Entry::ReplyEnded(Box::new(ReplyEnd {
            conversation: self.conversation.clone(),
            reply: reply.id.clone(),
            text: message.text.clone(),
            reasoning: message.reasoning.clone(),
            status: message.status.clone(),
            tool_calls: message.tool_calls.clone(),
            replay: message.replay.clone(),
            usage: message.usage,
            finish: reply.built.stop.as_ref().map(|stop| stop.name().to_owned()),
            finished_ms: now,
            metrics: reply.metrics,
        })));
        if is_unanswered {
            self.take_back_prompt();
            return;
        }
        self.head = Some(reply.id.clone());
        self.messages.push(message);
    }

    /// Takes out of a finished answer what is wanted; where it is not there, the model may be told so and asked again.
    fn wants_another_try(&mut self, turn: &mut TurnState, front: &mut dyn Frontend) -> bool {
        let (Some(wanted), Some(answer)) = (&self.wanted, self.messages.last()) else { return false };
        let taken = wanted.take(&answer.text);
        let complaint = match (&taken, wanted) {
            (Ok(_), Wanted::Value { schema, .. }) => {
                self.journal.record(Entry::AnswerMatched(Box::new(MatchedAnswer {
                    conversation: self.conversation.clone(),
                    message: answer.id.clone(),
                    schema_name: schema.name.clone(),
                    schema: schema.json.clone(),
                })));
                None
            }
            (Ok(_), Wanted::Part(_)) => None,
            (Err(problem), wanted) => wanted.complaint(problem, turn.repairs),
        };
        let mismatches = taken.as_ref().err().map(NotTaken::in_one_line).unwrap_or_default();
        turn.taken = Some(taken);
        let Some(complaint) = complaint else { return false };
        turn.repairs += 1;
        let message = format!("the answer does not match the schema, and the model is asked again: {mismatches}");
        front.show(&TurnEvent::Notice { level: NoticeLevel::Info, code: "schema_mismatch", message: &message });
        let complaint = self.record_message(Role::User, complaint);
        self.messages.push(complaint);
        true
    }

    /// The calls beyond the limit are answered, not run, so that the conversation can go on.
    fn stop_at_hop_limit(&mut self, front: &mut dyn Frontend) {
        let rounds_max = match self.settings.tool_hops_max {
            1 => "1 round".to_owned(),
            rounds => format!("{rounds} rounds"),
        };
        let message = format!(
            "the model asks for tools once more after {rounds_max}: the turn ends here (`--max-hops`, `chat.service.max_tool_hops`)"
        );
        front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "hop_limit", message: &message });
        self.answer_all_calls(front, &format!("not run: the limit of {rounds_max} of tools is reached"));
    }

    pub(super) fn show_end_of_reply(&self, reply: &Reply, front: &mut dyn Frontend) {
        if let Some(usage) = &reply.built.usage {
            front.show(&TurnEvent::Usage(usage));
        }
        for call in &reply.calls {
            front.show(&TurnEvent::ToolCall(&self.named(call)));
        }
        if let Some((code, message)) = notice_of_end(&reply.built) {
            front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code, message: &message });
        }
    }

    /// Waits until the end is on disk and makes the result of the turn.
    async fn conclude(
        &mut self,
        last: Option<Reply>,
        stop: Option<ToolStop>,
        turn: &mut TurnState,
        front: &mut dyn Frontend,
    ) -> TurnResult {
        let saved = self.journal.flush().await;
        show_notices(&self.journal.take_notices(), front);
        let mut result = match last {
            Some(reply) => self.result_of(reply),
            None => self.empty_result(),
        };
        turn.add_metrics(result.metrics);
        result.metrics = turn.metrics.unwrap_or_default();
        result.usage = turn.usage;
        if !turn.earlier_text.is_empty() {
            turn.keep_text(&result.text);
            result.text = std::mem::take(&mut turn.earlier_text);
        }
        settle_stop(&mut result, stop.as_ref(), turn.was_denied);
        if let Some(taken) = turn.taken.take() {
            result.settle(taken);
        }
        if let (FlushOutcome::Failed(_), true, exit_code::OK) = (saved, self.settings.require_history, result.exit) {
            result.exit = exit_code::HISTORY;
        }
        result
    }

    fn result_of(&self, mut reply: Reply) -> TurnResult {
        // The writer may have been behind when the reply ended; now it has caught up.
        reply.metrics.commits = self.journal.counts().delta_commits - reply.written_before.delta_commits;
        let text = self.text_of(&reply.id);
        let is_refused = reply.outcome.exit == exit_code::REFUSED
            && (reply.built.refused || matches!(reply.built.stop, Some(StopReason::Refusal)));
        TurnResult {
            conversation: self.conversation.clone(),
            model: self.model.label.clone(),
            status: reply.outcome.status,
            exit: reply.outcome.exit,
            not_taken: (is_refused && self.wanted.is_some()).then(|| NotTaken::refused(&text)),
            text,
            finish: reply.built.stop.map(|stop| stop.name().to_owned()),
            interrupted: interrupt_reason(&reply.outcome.stored),
            usage: reply.built.usage,
            context_percent: reply.built.usage.as_ref().and_then(|usage| self.context_percent(usage)),
            metrics: reply.metrics,
            error: error_of(reply.ending),
            response_id: reply.built.response_id,
            ..self.empty_result()
        }
    }

    /// The text of a reply that was kept; one that was not has none.
    fn text_of(&self, reply: &MessageId) -> String {
        self.messages.iter().rfind(|message| message.id == *reply).map_or_else(String::new, |last| last.text.clone())
    }

    fn empty_result(&self) -> TurnResult {
        TurnResult::empty(self.conversation.clone(), self.model.label.clone())
    }
}

/// What a stop among the tools makes of a turn whose last reply was fine. Without one, a call that was
/// refused still tells a script that less was done than the model wanted.
fn settle_stop(result: &mut TurnResult, stop: Option<&ToolStop>, was_denied: bool) {
    let (status, exit) = match stop {
        None if was_denied && result.exit == exit_code::OK => (TurnStatus::Incomplete, exit_code::REFUSED),
        None => return,
        Some(ToolStop::Refused) => (TurnStatus::Incomplete, exit_code::REFUSED),
        Some(ToolStop::Repeats | ToolStop::HopLimit) => (TurnStatus::Incomplete, exit_code::INCOMPLETE),
        Some(ToolStop::Cancelled(cause)) => {
            result.interrupted = Some(cause.reason());
            (TurnStatus::Interrupted, exit_of_cancel(*cause))
        }
        Some(ToolStop::OutputFailed) => {
            result.interrupted = Some(InterruptReason::OutputClosed);
            (TurnStatus::Interrupted, exit_code::OUTPUT)
        }
    };
    result.status = status;
    result.exit = exit;
}

/// Why an answer may be less than was hoped for, as a code and a sentence.
fn notice_of_end(built: &ReplyBuilder) -> Option<(&'static str, Cow<'static, str>)> {
    let (code, message) = match built.stop.as_ref()? {
        StopReason::Length if built.text.is_empty() => (
            "token_limit",
            "the model used up its token limit before its first visible word: raise `max_tokens`".into(),
        ),
        StopReason::Length => {
            ("token_limit", "the answer was cut at the model's token limit: raise `max_tokens`, or continue".into())
        }
        StopReason::ContentFilter => {
            ("content_filter", "the provider's content filter stopped the answer: ask in another way".into())
        }
        StopReason::Failed(name) if !built.is_empty() => {
            ("unfinished", format!("the model failed in the middle of its answer ({name})").into())
        }
        StopReason::Unfinished(name) => {
            ("unfinished", format!("the provider ended the answer before it was whole ({name})").into())
        }
        StopReason::Other(name) if built.is_empty() => {
            ("unfinished", format!("the model ended without a word ({name})").into())
        }
        StopReason::Stop
        | StopReason::ToolCalls
        | StopReason::Refusal
        | StopReason::Failed(_)
        | StopReason::Enough
        | StopReason::Other(_) => return None,
    };
    Some((code, message))
}

fn interrupt_reason(status: &MessageStatus) -> Option<InterruptReason> {
    match status {
        MessageStatus::Interrupted(reason) => Some(*reason),
        MessageStatus::Streaming | MessageStatus::Complete | MessageStatus::Error(_) => None,
    }
}

fn error_of(ending: ReplyEnding) -> Option<ProviderError> {
    match ending {
        ReplyEnding::Failed(error) => Some(error),
        ReplyEnding::Silent => Some(
            ProviderError::new(ErrorKind::Disconnected, "the server fell silent in the middle of the answer")
                .hint("raise `llm.http.idle_timeout_ms` if this model pauses for long"),
        ),
        ReplyEnding::TooLong => {
            Some(ProviderError::new(ErrorKind::BadResponse, "the answer reached the limit of 64 MiB"))
        }
        ReplyEnding::Finished
        | ReplyEnding::Enough
        | ReplyEnding::Cancelled(_)
        | ReplyEnding::OutputFailed
        | ReplyEnding::Panicked => None,
    }
}
