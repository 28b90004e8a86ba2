//! One reply of the model within a turn: room is made, the request goes out, what came is folded, priced and kept.

use std::collections::HashSet;
use std::time::Instant;

use super::instructions::with_instructions;
use super::log::LogEntry;
use super::metrics::Stopwatch;
use super::outcome::{Outcome, ReplyEnding, outcome};
use super::receive::Receiving;
use super::repair::free_id;
use super::request::Asking;
use super::room::Room;
use super::turn_state::TurnState;
use super::wanted::Wanted;
use super::{ActiveModel, Cancel, Frontend, NoticeLevel, Session, TurnEvent, TurnFailure, TurnSettings, unwind};
use crate::conversation::{MessageId, ReplyBuilder, StopReason, ToolCall, now_ms};
use crate::history::{Entry, FlushOutcome, TurnMetrics, WriteCounts};
use crate::provider::ChatRequest;

/// A reply as it ended.
pub struct Reply {
    pub id: MessageId,
    pub built: ReplyBuilder,
    /// Under ids that no earlier call of the branch has.
    pub calls: Vec<ToolCall>,
    pub ending: ReplyEnding,
    pub outcome: Outcome,
    pub metrics: TurnMetrics,
    /// What the journal had written before the request.
    pub written_before: WriteCounts,
}

type Panic = Box<dyn std::any::Any + Send>;

/// A reply while it comes in.
struct SoFar<'a> {
    id: &'a MessageId,
    built: &'a mut ReplyBuilder,
    watch: &'a mut Stopwatch,
}

impl Session {
    /// Asks once, whatever comes of it; a conversation that turns out too long is cut and sent again.
    pub(super) async fn ask_model(
        &mut self,
        front: &mut dyn Frontend,
        cancel: &mut Cancel,
        turn: &mut TurnState,
    ) -> Result<Reply, TurnFailure> {
        self.look_for_tools(front, cancel).await;
        let id = self.start_reply();
        self.save_prompt(front, cancel).await?;
        let mut built = ReplyBuilder::default();
        let written_before = self.journal.counts();
        let mut watch = Stopwatch::start(Instant::now(), written_before);
        let so_far = SoFar { id: &id, built: &mut built, watch: &mut watch };
        let (ending, panic) = match self.receive_in_budget(so_far, (front, cancel), turn).await {
            Ok(ending) => (ending, None),
            Err(panic) => (ReplyEnding::Panicked, Some(panic)),
        };
        if matches!(ending, ReplyEnding::Enough) {
            // The model's own end can have come with the same read.
            built.stop.get_or_insert(StopReason::Enough);
        }
        let outcome = outcome(&ending, &built);
        let tokens = built.usage.and_then(|usage| usage.output);
        let metrics = watch.read(Instant::now(), tokens, self.journal.counts());
        let calls = match ending {
            // A call that had begun is not the answer, and its end did not come.
            ReplyEnding::Enough => Vec::new(),
            _ => self.own_ids(built.tool_calls()),
        };
        let mut reply = Reply { id, built, calls, ending, outcome, metrics, written_before };
        if let Some(usage) = &reply.built.usage {
            self.usage.add(usage);
            turn.add_usage(usage);
        }
        if panic.is_none() {
            self.show_end_of_reply(&reply, front);
        }
        let error = match &reply.ending {
            ReplyEnding::Failed(error) => Some(error.kind.name()),
            _ => None,
        };
        let (model, status) = (self.model.label.clone(), reply.outcome.status.name());
        self.tell_log(&LogEntry::Reply { model: &model, status, text: &reply.built.text, error });
        self.keep(&mut reply);
        if let Some(panic) = panic {
            self.journal.flush().await;
            std::panic::resume_unwind(panic);
        }
        Ok(reply)
    }

    /// Holds what the request may cost until it is known what it did.
    async fn receive_in_budget(
        &mut self,
        mut so_far: SoFar<'_>,
        (front, cancel): (&mut dyn Frontend, &mut Cancel),
        turn: &mut TurnState,
    ) -> Result<ReplyEnding, Panic> {
        let held = match self.hold_budget(front, cancel).await {
            Ok(held) => held,
            Err(ending) => return Ok(ending),
        };
        let received = self.receive_in_room(&mut so_far, (front, cancel), turn).await;
        self.learn_size(so_far.built.usage.as_ref());
        self.price_usage(&mut so_far.built.usage);
        if let Some(held) = held {
            held.settle(so_far.built, front).await;
        }
        received
    }

    async fn receive_in_room(
        &mut self,
        so_far: &mut SoFar<'_>,
        (front, cancel): (&mut dyn Frontend, &mut Cancel),
        turn: &mut TurnState,
    ) -> Result<ReplyEnding, Panic> {
        loop {
            let ready = match self.check_images(front) {
                Ok(()) => self.make_room(front, cancel).await,
                Err(error) => Err(ReplyEnding::Failed(error)),
            };
            let ending = match ready {
                Ok(room) => self.receive(&room, so_far, (front, cancel), turn).await?,
                Err(ending) => ending,
            };
            match ending {
                ReplyEnding::Failed(error) if so_far.built.is_empty() && self.cut_after(&error, turn, front) => {
                    *so_far.built = ReplyBuilder::default();
                }
                ending => return Ok(ending),
            }
        }
    }

    /// One request with its retries, as far as it comes; the error is a panic.
    async fn receive(
        &mut self,
        room: &Room,
        so_far: &mut SoFar<'_>,
        (front, cancel): (&mut dyn Frontend, &mut Cancel),
        turn: &mut TurnState,
    ) -> Result<ReplyEnding, Panic> {
        let ActiveModel { provider, model, parameters, .. } = &self.model;
        let request = ChatRequest {
            model,
            system: room.system.as_deref(),
            messages: &self.messages[room.first..],
            tools: if self.uses_tools { self.toolbox.specs() } else { &[] },
            tool_choice: &self.tool_choice,
            parameters,
            images: self.images(),
            answer: self.wanted.as_ref().and_then(Wanted::format),
            stream: self.settings.stream,
        };
        let retries_max = if turn.has_run_tools { 0 } else { self.settings.retries_max };
        let settings = TurnSettings { retries_max, ..self.settings.clone() };
        let asking = Asking { provider: provider.as_ref(), request: &request, settings: &settings };
        let mut receiving = Receiving {
            reply: so_far.built,
            reply_id: so_far.id,
            watch: so_far.watch,
            journal: &mut self.journal,
            front,
            output_error: &mut turn.output_error,
            part: self.wanted.as_ref().and_then(Wanted::finder),
        };
        unwind::catch(asking.run(&mut receiving, cancel)).await
    }

    /// Some servers count their calls anew in every reply; most refuse a conversation in which an id stands twice.
    fn own_ids(&self, mut calls: Vec<ToolCall>) -> Vec<ToolCall> {
        let mut taken: HashSet<String> =
            self.messages.iter().flat_map(|message| &message.tool_calls).map(|call| call.id.clone()).collect();
        for call in &mut calls {
            call.id = free_id(&taken, &call.id);
            taken.insert(call.id.clone());
        }
        calls
    }

    fn start_reply(&mut self) -> MessageId {
        let now = now_ms();
        let id = self.ids.message(now);
        if let Some(parent) = self.head.clone() {
            self.journal.record(Entry::ReplyStarted {
                conversation: self.conversation.clone(),
                reply: id.clone(),
                parent,
                model: self.model.label.clone(),
                created_ms: now,
            });
        }
        id
    }

    /// The user's message is on disk before the request goes out, or a warning says why not.
    async fn save_prompt(&mut self, front: &mut dyn Frontend, cancel: &mut Cancel) -> Result<(), TurnFailure> {
        let saved = tokio::select! {
            biased;
            saved = self.journal.flush() => saved,
            _ = cancel.cancelled() => return Ok(()),
        };
        show_notices(&self.journal.take_notices(), front);
        match saved {
            FlushOutcome::Failed(reason) if self.settings.require_history => {
                self.settle_retry();
                Err(TurnFailure::HistoryRequired(reason))
            }
            FlushOutcome::NotKept | FlushOutcome::Durable | FlushOutcome::Failed(_) => Ok(()),
        }
    }

    /// The system prompt as it is sent.
    pub fn whole_system(&self) -> Option<String> {
        match &self.toolbox.host {
            Some(host) if self.uses_tools => {
                let offers = |server: &str| self.toolbox.offers(server);
                with_instructions(self.system.as_deref(), &host.servers(), offers)
            }
            Some(_) | None => self.system.clone(),
        }
    }

    /// What there is to call with the next request. Servers that are slow or missing hold up nothing for long.
    async fn look_for_tools(&mut self, front: &mut dyn Frontend, cancel: &mut Cancel) {
        if !self.uses_tools {
            return self.show_waiting_events(front);
        }
        let notices = tokio::select! {
            biased;
            _ = cancel.cancelled() => return,
            notices = self.toolbox.refresh() => notices,
        };
        for message in &notices {
            front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "tools", message });
        }
        self.show_waiting_events(front);
    }
}

pub fn show_notices(notices: &[String], front: &mut dyn Frontend) {
    for message in notices {
        front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "history", message });
    }
}
