//! Makes a conversation fit its model: what is left out, what is summed up, and what a refusal teaches.

use super::context::{ANSWER_TOKENS, ContextLoad, ContextPolicy, first_to_send, room_for_messages, window_in};
use super::outcome::ReplyEnding;
use super::turn_state::TurnState;
use super::{Cancel, Frontend, NoticeLevel, Session, TurnEvent};
use crate::conversation::{MessageId, Usage};
use crate::provider::{ErrorKind, ProviderError};

/// Estimates are corrected by what providers count, within reason.
const RATIO_MIN: f64 = 0.5;
const RATIO_MAX: f64 = 4.0;

/// What goes out with one request.
#[derive(Debug)]
pub struct Room {
    /// The first message that is sent.
    pub first: usize,
    pub system: Option<String>,
}

/// What a session knows about sizes.
#[derive(Clone, Debug)]
pub struct ContextState {
    /// Real tokens for one that was guessed.
    ratio: f64,
    /// The estimate of the last request, before it was corrected.
    last_estimate: Option<u64>,
    /// What a server has said about the size of its context, by `provider:model`.
    learnt: Option<(String, u64)>,
    /// Messages that were left out with the last request: it is told when that changes.
    left_out: usize,
    summary: Option<Summary>,
}

/// The beginning of the conversation in short.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The first message that it does not tell of.
    pub before: MessageId,
    pub text: String,
}

impl Default for ContextState {
    fn default() -> Self {
        Self { ratio: 1.0, last_estimate: None, learnt: None, left_out: 0, summary: None }
    }
}

impl Session {
    /// Estimated tokens of the next request, with all that has been said, and how many fit; `None`: not known.
    #[must_use]
    pub fn context_gauge(&self) -> (ContextLoad, Option<u64>) {
        let tools = if self.uses_tools { self.toolbox.specs() } else { &[] };
        let load = ContextLoad::of(self.whole_system().as_deref(), tools, &self.messages);
        (load.scaled(self.context.ratio), self.window())
    }

    /// How full the context was with a request and its answer, as the server counted them.
    pub(super) fn context_percent(&self, usage: &Usage) -> Option<u64> {
        let window = self.window().filter(|window| *window > 0)?;
        Some(usage.input?.saturating_add(usage.output?).saturating_mul(100) / window)
    }

    fn window(&self) -> Option<u64> {
        let learnt = self.context.learnt.as_ref().filter(|(model, _)| *model == self.model.label);
        let known = self.model.facts.context;
        match (learnt.map(|(_, window)| *window), known) {
            (Some(learnt), Some(known)) => Some(learnt.min(known)),
            (learnt, known) => learnt.or(known),
        }
    }

    /// Decides what of the conversation is sent. Where all of it fits, all of it is.
    pub(super) async fn make_room(
        &mut self,
        front: &mut dyn Frontend,
        cancel: &mut Cancel,
    ) -> Result<Room, ReplyEnding> {
        let system = self.whole_system();
        let tools = if self.uses_tools { self.toolbox.specs() } else { &[] };
        let load = ContextLoad::of(system.as_deref(), tools, &self.messages);
        let first = match self.window() {
            Some(window) => {
                let room =
                    room_for_messages(window, self.model.parameters.max_tokens, &load.scaled(self.context.ratio));
                first_to_send(&self.messages, room, self.context.ratio)
            }
            None => 0,
        };
        if first == 0 {
            self.context.last_estimate = Some(load.total());
            self.context.left_out = 0;
            return Ok(Room { first, system });
        }
        let sent = ContextLoad::of(system.as_deref(), tools, &self.messages[first..]);
        self.context.last_estimate = Some(sent.total());
        match self.settings.context {
            ContextPolicy::Fail => Err(ReplyEnding::Failed(self.does_not_fit(load))),
            ContextPolicy::Trim => {
                self.tell_left_out(first, front);
                Ok(Room { first, system })
            }
            ContextPolicy::Summarize => {
                let summary = self.summary_before(first, front, cancel).await?;
                Ok(Room { first, system: with_summary(system, summary.as_deref()) })
            }
        }
    }

    fn does_not_fit(&self, load: ContextLoad) -> ProviderError {
        let (tokens, window) = (load.scaled(self.context.ratio).total(), self.window().unwrap_or_default());
        let message = format!("the conversation has about {tokens} tokens, and {} takes {window}", self.model.label);
        ProviderError::new(ErrorKind::ContextTooLong, message)
            .hint("start a new conversation, or set `chat.service.context` to `trim` or `summarize`")
    }

    fn tell_left_out(&mut self, first: usize, front: &mut dyn Frontend) {
        if std::mem::replace(&mut self.context.left_out, first) == first {
            return;
        }
        let messages = if first == 1 { "1 message".to_owned() } else { format!("{first} messages") };
        let message =
            format!("the conversation no longer fits {}: the oldest {messages} are not sent", self.model.label);
        front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "context_trimmed", message: &message });
    }

    /// The summary of all messages before `first`; made where there is none yet. Without one the messages
    /// are left out all the same.
    async fn summary_before(
        &mut self,
        first: usize,
        front: &mut dyn Frontend,
        cancel: &mut Cancel,
    ) -> Result<Option<String>, ReplyEnding> {
        let before = self.messages[first].id.clone();
        if let Some(summary) = self.context.summary.as_ref().filter(|summary| summary.before == before) {
            return Ok(Some(summary.text.clone()));
        }
        let known = self.context.summary.take().and_then(|summary| {
            let at = self.messages.iter().position(|message| message.id == summary.before)?;
            (at < first).then_some((at, summary.text))
        });
        let message = format!("the conversation no longer fits {}: its beginning is summed up", self.model.label);
        front.show(&TurnEvent::Notice { level: NoticeLevel::Info, code: "context_summarized", message: &message });
        match self.sum_up(known, first, front, cancel).await? {
            Ok(text) => {
                self.context.summary = Some(Summary { before, text: text.clone() });
                Ok(Some(text))
            }
            Err(reason) => {
                let message = format!("no summary could be made: {reason}");
                front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "context_summary", message: &message });
                self.tell_left_out(first, front);
                Ok(None)
            }
        }
    }

    /// Whether the request is worth sending again: the server says that it is too long, and something can be cut.
    pub(super) fn cut_after(&mut self, error: &ProviderError, turn: &mut TurnState, front: &mut dyn Frontend) -> bool {
        let is_allowed = self.settings.context != ContextPolicy::Fail && error.status.is_some() && !turn.has_cut;
        let Some(estimate) =
            self.context.last_estimate.filter(|_| error.kind == ErrorKind::ContextTooLong && is_allowed)
        else {
            return false;
        };
        let sent = (estimate as f64 * self.context.ratio) as u64;
        let named = window_in(&error.message);
        // A window that should have held all this shows that the estimate was too low.
        if let Some(window) = named.filter(|window| *window >= sent) {
            self.context.ratio = (window as f64 * 1.25 / estimate.max(1) as f64).clamp(self.context.ratio, RATIO_MAX);
        }
        let window = named.unwrap_or_else(|| window_for_three_quarters(sent));
        let before = self.context.learnt.replace((self.model.label.clone(), window));
        turn.has_cut = true;
        let system = self.whole_system();
        let tools = if self.uses_tools { self.toolbox.specs() } else { &[] };
        let load = ContextLoad::of(system.as_deref(), tools, &self.messages).scaled(self.context.ratio);
        let room = room_for_messages(window, self.model.parameters.max_tokens, &load);
        let first = first_to_send(&self.messages, room, self.context.ratio);
        if first <= self.context.left_out {
            // Nothing is left to cut: what was learnt from the refusal of one turn says little.
            self.context.learnt = named.map(|window| (self.model.label.clone(), window)).or(before);
            return false;
        }
        let message = "the server says that the request is too long: it is cut and sent again";
        front.show(&TurnEvent::Notice { level: NoticeLevel::Detail, code: "context_too_long", message });
        true
    }

    /// What the provider counted corrects the next estimate.
    pub(super) fn learn_size(&mut self, usage: Option<&Usage>) {
        let counted = usage.and_then(|usage| usage.input).filter(|input| *input > 0);
        if let (Some(estimate), Some(counted)) = (self.context.last_estimate.take(), counted) {
            // Of a short request the frame around it is the greater part.
            if estimate >= 200 {
                self.context.ratio = (counted as f64 / estimate as f64).clamp(RATIO_MIN, RATIO_MAX);
            }
        }
    }
}

/// The window in which three quarters of what was sent fit beside the answer.
fn window_for_three_quarters(sent: u64) -> u64 {
    let answer = ANSWER_TOKENS.min(sent / 4);
    (sent * 3 / 4 + answer).max(1)
}

fn with_summary(system: Option<String>, summary: Option<&str>) -> Option<String> {
    let Some(summary) = summary else { return system };
    let told = format!("What was said before, in short:\n{summary}");
    Some(match system {
        Some(system) => format!("{system}\n\n{told}"),
        None => told,
    })
}
