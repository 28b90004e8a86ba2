//! What servers say and ask while their tools run: progress and log lines are shown, questions go to the person.

use std::time::Duration;

use super::receive::TICK;
use super::tool_round::{ask, next_event};
use super::turn_state::TurnState;
use super::{Answer, Cancel, CancelCause, Frontend, NamedCall, NoticeLevel, Question, Session, TurnEvent};
use crate::conversation::{Message, MessageId, ReplyBuilder, Role, StopReason, StreamEvent, now_ms};
use crate::mcp::{Content, ElicitAnswer, HostEvent, LogLevel, SamplingAnswer, SamplingMessage, ServerQuestion};
use crate::provider::{ChatRequest, ModelParameters, Pumped};

/// Answers that servers get from the model in one turn.
const SAMPLINGS_MAX: u32 = 10;
/// Tokens of one of them, whatever the server asks for.
const SAMPLING_TOKENS_MAX: u32 = 4096;
const SAMPLING_TIME_MAX: Duration = Duration::from_secs(300);

impl Session {
    /// What a server says while no turn runs, as level and sentence. Its questions are declined: nothing of the
    /// person's asked for them.
    pub async fn idle_notice(&mut self) -> (NoticeLevel, String) {
        loop {
            let event = next_event(&mut self.events).await;
            if let Some((level, _, message)) = notice_of(&event) {
                return (level, message);
            }
        }
    }

    /// Shows what servers have said up to now. What is missing is told by whoever looked for it, and a question
    /// that nothing of the person's asked for is declined.
    pub(super) fn show_waiting_events(&mut self, front: &mut dyn Frontend) {
        while let Some(event) = self.events.as_mut().and_then(|events| events.try_recv().ok()) {
            let is_told_elsewhere = matches!(event, HostEvent::Started { .. });
            if let (Some((level, code, message)), false) = (notice_of(&event), is_told_elsewhere) {
                front.show(&TurnEvent::Notice { level, code, message: &message });
            }
        }
    }

    /// Shows or answers an event of a server. `calls` are those that run.
    pub(super) async fn on_host_event(
        &mut self,
        event: HostEvent,
        calls: &[&NamedCall],
        turn: &mut TurnState,
        (front, cancel): (&mut dyn Frontend, &mut Cancel),
    ) -> Result<(), CancelCause> {
        match event {
            HostEvent::Progress { server, call, progress, total, message } => {
                let is_of = |named: &&&NamedCall| named.call.id == call && named.server.as_ref() == Some(&server);
                if let Some(call) = calls.iter().find(is_of) {
                    let message = message.as_deref();
                    front.show(&TurnEvent::ToolProgress { call, progress, total, message });
                }
            }
            HostEvent::Question(question) => self.on_question(question, turn, (front, cancel)).await?,
            event => {
                if let Some((level, code, message)) = notice_of(&event) {
                    front.show(&TurnEvent::Notice { level, code, message: &message });
                }
            }
        }
        Ok(())
    }

    async fn on_question(
        &mut self,
        question: ServerQuestion,
        turn: &mut TurnState,
        (front, cancel): (&mut dyn Frontend, &mut Cancel),
    ) -> Result<(), CancelCause> {
        if matches!(question, ServerQuestion::Sampling { .. }) && turn.samplings >= SAMPLINGS_MAX {
            let message = format!("a server asks for more than {SAMPLINGS_MAX} answers in one turn: declined");
            front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "sampling_limit", message: &message });
            return Ok(());
        }
        let said = ask(&Question::Server(&question), front, cancel, &mut self.journal, &mut turn.output_error).await?;
        if let (ServerQuestion::Url { url, .. }, Answer::Yes) = (&question, &said)
            && !(self.open_page)(url.clone()).await
        {
            let message = format!("no browser can be opened here: open {url} by hand");
            front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "browser", message: &message });
        }
        match question {
            ServerQuestion::Form { answer, .. } | ServerQuestion::Url { answer, .. } => {
                // A server that waits no longer hears nothing.
                let _ = answer.send(match said {
                    Answer::Yes | Answer::Always => ElicitAnswer::Accept(serde_json::Map::new()),
                    Answer::With(values) => ElicitAnswer::Accept(values),
                    Answer::No => ElicitAnswer::Decline,
                    Answer::StopTurn | Answer::Nobody => ElicitAnswer::Cancel,
                });
            }
            ServerQuestion::Sampling { system, messages, max_tokens, temperature, answer, .. } => {
                if said == Answer::Yes {
                    turn.samplings += 1;
                    let asked = Sampling { system, messages, max_tokens, temperature };
                    let _ = answer.send(self.sample(&asked, front, cancel).await?);
                }
            }
        }
        Ok(())
    }

    /// Lets the model answer a server. Nothing of it is part of the conversation.
    async fn sample(
        &self,
        asked: &Sampling,
        front: &mut dyn Frontend,
        cancel: &mut Cancel,
    ) -> Result<Option<SamplingAnswer>, CancelCause> {
        let mut reply = ReplyBuilder::default();
        let held = match self.hold_aside(&asked.text(), Some(asked.tokens_max())).await {
            Ok(held) => held,
            Err(reason) => {
                tell_failed(&reason, front);
                return Ok(None);
            }
        };
        let asking = tokio::time::timeout(SAMPLING_TIME_MAX, self.receive_sample(asked, &mut reply, front));
        let answered = tokio::select! {
            biased;
            cause = cancel.cancelled() => Err(cause),
            answered = asking => Ok(answered),
        };
        self.price_usage(&mut reply.usage);
        if let Some(held) = held {
            held.settle(&reply, front).await;
        }
        match answered? {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => {
                tell_failed(&reason, front);
                return Ok(None);
            }
            Err(_) => return Ok(None),
        }
        let stop_reason = match reply.stop {
            Some(StopReason::Length) => "maxTokens",
            _ => "endTurn",
        };
        Ok(Some(SamplingAnswer {
            model: self.model.model.clone(),
            text: reply.text,
            stop_reason: Some(stop_reason.to_owned()),
        }))
    }

    async fn receive_sample(
        &self,
        asked: &Sampling,
        reply: &mut ReplyBuilder,
        front: &mut dyn Frontend,
    ) -> Result<(), String> {
        let messages: Vec<Message> = asked.messages.iter().map(message_of).collect();
        let parameters = ModelParameters {
            temperature: asked.temperature.or(self.model.parameters.temperature),
            max_tokens: Some(asked.tokens_max()),
            extra: self.model.parameters.extra.clone(),
        };
        let request = ChatRequest {
            system: asked.system.as_deref(),
            ..ChatRequest::new(&self.model.model, &messages, &parameters)
        };
        let mut stream = self.model.provider.open(&request).await.map_err(|error| error.message)?;
        loop {
            let mut on_event = |event: StreamEvent<'_>| reply.apply(&event);
            let pumped = tokio::select! {
                pumped = stream.pump(&mut on_event) => pumped,
                () = tokio::time::sleep(TICK) => {
                    let _ = front.tick();
                    continue;
                }
            };
            match pumped {
                Err(error) => return Err(error.message),
                Ok(Pumped::End { .. }) => return Ok(()),
                Ok(Pumped::More) if reply.is_too_long() => return Err("its answer is too long".to_owned()),
                Ok(Pumped::More) => {}
            }
        }
    }
}

/// What a server asks of the model.
struct Sampling {
    system: Option<String>,
    messages: Vec<SamplingMessage>,
    max_tokens: u32,
    temperature: Option<f64>,
}

impl Sampling {
    fn tokens_max(&self) -> u64 {
        u64::from(self.max_tokens.min(SAMPLING_TOKENS_MAX))
    }

    /// All that the model is told.
    fn text(&self) -> String {
        let said = self.messages.iter().flat_map(|message| &message.content).filter_map(Content::as_text);
        self.system.as_deref().into_iter().chain(said).collect::<Vec<_>>().join("\n")
    }
}

fn tell_failed(reason: &str, front: &mut dyn Frontend) {
    let message = format!("the model did not answer the server: {reason}");
    front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "sampling_failed", message: &message });
}

fn message_of(message: &SamplingMessage) -> Message {
    let role = if message.role == "assistant" { Role::Assistant } else { Role::User };
    let text: Vec<&str> = message.content.iter().filter_map(Content::as_text).collect();
    Message::new(MessageId(String::new()), None, role, text.join("\n"), now_ms())
}

/// An event that is only told, as level, code and sentence.
#[must_use]
fn notice_of(event: &HostEvent) -> Option<(NoticeLevel, &'static str, String)> {
    match event {
        HostEvent::Log { server, level, text } => {
            let level = if *level <= LogLevel::Notice { NoticeLevel::Info } else { NoticeLevel::Warn };
            Some((level, "mcp_log", format!("{server}: {text}")))
        }
        HostEvent::ToolsChanged { server } => {
            Some((NoticeLevel::Info, "tools_changed", format!("the tools of {server} have changed")))
        }
        HostEvent::Started { server, outcome: Err(reason) } => {
            Some((NoticeLevel::Warn, "mcp_server", format!("the MCP server {server} is not available: {reason}")))
        }
        HostEvent::ResourceUpdated { server, uri } => {
            Some((NoticeLevel::Info, "resource_updated", format!("{server}: {uri} has changed")))
        }
        HostEvent::Started { outcome: Ok(()), .. } | HostEvent::Progress { .. } | HostEvent::Question(_) => None,
    }
}
