//! One round of tool calls: decide on each, run what may run, and answer every call exactly once, in their order.

use std::rc::Rc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use serde_json::{Map, Value};

use super::attached::set_images_apart;
use super::log::LogEntry;
use super::output::{OutputStop, drain, drain_until_seen};
use super::receive::TICK;
use super::turn_state::TurnState;
use super::{
    Answer, Approval, Cancel, CancelCause, Frontend, NamedCall, NoticeLevel, OutputError, Question, Session, TurnEvent,
};
use crate::conversation::{MessageId, ToolCall, now_ms};
use crate::history::{Entry, ToolEnd, ToolStart};
use crate::mcp::HostEvent;
use crate::tool::{CallFacts, Decision, Invocation, Tool, ToolDefinition, ToolOutput};

/// The same call so often in one turn leads nowhere.
const SAME_CALL_MAX: usize = 3;

/// Why the turn ends with a round of tools.
#[derive(Debug)]
pub enum ToolStop {
    /// A call needs a say-so that nobody gave.
    Refused,
    /// The model goes round in circles.
    Repeats,
    /// The rounds of one turn are used up.
    HopLimit,
    Cancelled(CancelCause),
    /// Standard output failed.
    OutputFailed,
}

/// What is to become of one call.
enum Plan {
    Run {
        tool: Rc<dyn Tool>,
        invocation: Invocation,
        /// Others may run beside it.
        changes_nothing: bool,
    },
    /// It does not run; this is what the model is told.
    Answered(ToolOutput),
}

impl Plan {
    fn answer_without_run(&self, stop: Option<&ToolStop>) -> ToolOutput {
        match self {
            Self::Run { .. } => not_run(stop),
            Self::Answered(output) => output.clone(),
        }
    }
}

/// A call with what was decided.
struct Planned {
    named: NamedCall,
    plan: Plan,
    /// As stored: `allowed by person`.
    approval: String,
}

type RunningCall = LocalBoxFuture<'static, (usize, ToolOutput, Duration)>;

impl Session {
    /// Answers all calls of the last reply. `None`: the model is to go on.
    pub(super) async fn run_tools(
        &mut self,
        turn: &mut TurnState,
        front: &mut dyn Frontend,
        cancel: &mut Cancel,
    ) -> Option<ToolStop> {
        let last = self.messages.last()?;
        let (reply, calls) = (last.id.clone(), last.tool_calls.clone());
        let mut stop = None;
        let mut planned = Vec::with_capacity(calls.len());
        for call in &calls {
            planned.push(self.plan(call, &mut stop, turn, (front, cancel)).await);
        }
        for call in &planned {
            self.record_start(&reply, call);
        }
        if stop.is_none() && planned.iter().any(|call| matches!(call.plan, Plan::Run { .. })) {
            // On disk before it can have any effect; a history that fails has told so already.
            let _ = self.journal.flush().await;
            turn.has_run_tools = true;
        }
        let mut outputs: Vec<Option<ToolOutput>> = planned.iter().map(|_| None).collect();
        let mut at = 0;
        while at < planned.len() && stop.is_none() {
            let group = group_size(&planned[at..]);
            stop = self.run_group(&planned[at..at + group], &mut outputs[at..], turn, (front, cancel)).await;
            at += group;
        }
        for (call, output) in planned.iter().zip(outputs) {
            let output = output.unwrap_or_else(|| {
                let output = call.plan.answer_without_run(stop.as_ref());
                front.show(&TurnEvent::ToolResult { call: &call.named, elapsed: Duration::ZERO, output: &output });
                output
            });
            self.keep_output(&reply, &call.named.call, output);
        }
        stop
    }

    /// Decides on one call, with the person where it takes one.
    async fn plan(
        &mut self,
        call: &ToolCall,
        stop: &mut Option<ToolStop>,
        turn: &mut TurnState,
        (front, cancel): (&mut dyn Frontend, &mut Cancel),
    ) -> Planned {
        let named = self.named(call);
        let answered = |named, output, approval: &str| Planned {
            named,
            plan: Plan::Answered(output),
            approval: approval.to_owned(),
        };
        if stop.is_some() {
            return answered(named, not_run(stop.as_ref()), "not decided");
        }
        let arguments = match read_arguments(&call.arguments) {
            Ok(arguments) => arguments,
            Err(reason) => return answered(named, failure(reason), "arguments not readable"),
        };
        if turn.count_call(&call.name, &arguments) >= SAME_CALL_MAX {
            let message =
                format!("{} was called {SAME_CALL_MAX} times with the same arguments: the turn ends here", call.name);
            front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "same_call", message: &message });
            *stop = Some(ToolStop::Repeats);
            return answered(named, not_run(stop.as_ref()), "same call");
        }
        let Some(tool) = self.toolbox.find(&call.name) else {
            return answered(named, failure(self.no_such_tool(&call.name)), "no such tool");
        };
        self.decide(named, tool, arguments, stop, turn, (front, cancel)).await
    }

    fn no_such_tool(&self, name: &str) -> String {
        let names: Vec<_> = self.toolbox.specs().iter().map(|spec| spec.name.as_str()).collect();
        match names.as_slice() {
            [] => format!("there is no tool {name}: no tools are offered"),
            names => format!("there is no tool {name}; there are: {}", names.join(", ")),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of `plan`, which has them all at hand")]
    async fn decide(
        &mut self,
        mut named: NamedCall,
        tool: Rc<dyn Tool>,
        arguments: Map<String, Value>,
        stop: &mut Option<ToolStop>,
        turn: &mut TurnState,
        (front, cancel): (&mut dyn Frontend, &mut Cancel),
    ) -> Planned {
        let definition = tool.definition();
        let facts = CallFacts::of(definition, &arguments);
        let verdict = self.toolbox.judge(&facts);
        let preview = (self.preview)(&definition.server, &definition.tool, &arguments);
        let (answer, by) = match verdict.decision {
            Decision::Allow => (Answer::Yes, verdict.by),
            Decision::Deny => (Answer::No, verdict.by),
            Decision::Ask => {
                let approval = Approval {
                    server: &definition.server,
                    tool: &definition.tool,
                    arguments: &arguments,
                    reason: &verdict.reason,
                    always: &self.toolbox.always_means(&facts),
                    preview: preview.as_deref(),
                };
                match ask(&Question::Approval(approval), front, cancel, &mut self.journal, &mut turn.output_error).await
                {
                    Ok(Answer::Nobody) => {
                        tell_way_out(&definition.server, &definition.tool, &verdict.reason, front);
                        (Answer::Nobody, "policy")
                    }
                    // A denial holds for what the person made of the call, too.
                    Ok(Answer::With(changed)) if self.is_denied(definition, &changed) => (Answer::No, "policy"),
                    Ok(answer) => (answer, "person"),
                    Err(cause) => {
                        *stop = Some(ToolStop::Cancelled(cause));
                        (Answer::StopTurn, "person")
                    }
                }
            }
        };
        if answer == Answer::Always {
            self.toolbox.always_allow(&facts);
        }
        let (mut plan, arguments_changed) =
            plan_of(&answer, &verdict.reason, &named, (tool.clone(), arguments.clone()));
        let is_allowed = matches!(plan, Plan::Run { .. });
        turn.was_denied |= !is_allowed;
        if matches!(answer, Answer::StopTurn | Answer::Nobody) && stop.is_none() {
            *stop = Some(ToolStop::Refused);
        }
        let approval = format!("{} by {by}", if is_allowed { "allowed" } else { "denied" });
        if let Plan::Run { invocation, changes_nothing, .. } = &mut plan {
            *changes_nothing = self.toolbox.changes_nothing(&CallFacts::of(definition, &invocation.arguments));
            if arguments_changed {
                named.call.arguments = Value::Object(invocation.arguments.clone()).to_string();
            }
        }
        front.show(&TurnEvent::Approval { call: &named, is_allowed, by, reason: &verdict.reason });
        Planned { named, plan, approval }
    }

    fn is_denied(&self, definition: &ToolDefinition, arguments: &Map<String, Value>) -> bool {
        self.toolbox.judge(&CallFacts::of(definition, arguments)).decision == Decision::Deny
    }

    /// Runs calls side by side: several that change nothing, or one that may.
    async fn run_group(
        &mut self,
        group: &[Planned],
        outputs: &mut [Option<ToolOutput>],
        turn: &mut TurnState,
        (front, cancel): (&mut dyn Frontend, &mut Cancel),
    ) -> Option<ToolStop> {
        let mut waiting = group.iter().enumerate();
        let mut running: FuturesUnordered<RunningCall> = FuturesUnordered::new();
        let parallel_max = self.toolbox.settings.parallel_max.max(1);
        loop {
            while running.len() < parallel_max {
                let Some((index, call)) = waiting.next() else { break };
                match &call.plan {
                    Plan::Answered(output) => {
                        front.show(&TurnEvent::ToolResult { call: &call.named, elapsed: Duration::ZERO, output });
                        outputs[index] = Some(output.clone());
                    }
                    Plan::Run { tool, invocation, .. } => {
                        front.show(&TurnEvent::ToolStarted(&call.named));
                        running.push(start(index, tool.clone(), invocation.clone()));
                    }
                }
            }
            if running.is_empty() {
                return settle(drain(front, &mut self.journal, cancel).await, turn);
            }
            tokio::select! {
                biased;
                cause = cancel.cancelled() => return Some(ToolStop::Cancelled(cause)),
                Some((index, output, elapsed)) = running.next() => {
                    front.show(&TurnEvent::ToolResult { call: &group[index].named, elapsed, output: &output });
                    outputs[index] = Some(output);
                }
                event = next_event(&mut self.events) => {
                    let calls: Vec<&NamedCall> = group.iter().map(|call| &call.named).collect();
                    if let Err(cause) = self.on_host_event(event, &calls, turn, (front, cancel)).await {
                        return Some(ToolStop::Cancelled(cause));
                    }
                }
                () = tokio::time::sleep(TICK) => {
                    if let Some(stop) = settle(front.tick().map_err(OutputStop::from), turn) {
                        return Some(stop);
                    }
                }
            }
            if let Some(stop) = settle(drain(front, &mut self.journal, cancel).await, turn) {
                return Some(stop);
            }
        }
    }

    /// Tells the model `reason` instead of running what it asks for.
    pub(super) fn answer_all_calls(&mut self, front: &mut dyn Frontend, reason: &str) {
        let Some(last) = self.messages.last() else { return };
        let (reply, calls) = (last.id.clone(), last.tool_calls.clone());
        for call in &calls {
            let (named, output) = (self.named(call), failure(reason.to_owned()));
            front.show(&TurnEvent::ToolResult { call: &named, elapsed: Duration::ZERO, output: &output });
            self.keep_output(&reply, call, output);
        }
    }

    fn record_start(&mut self, reply: &MessageId, call: &Planned) {
        let (server, arguments) = match &call.plan {
            Plan::Run { .. } => (call.named.server.clone(), Some(call.named.call.arguments.clone())),
            Plan::Answered(_) => (call.named.server.clone(), None),
        };
        self.journal.record(Entry::ToolStarted(Box::new(ToolStart {
            conversation: self.conversation.clone(),
            reply: reply.clone(),
            call_id: call.named.call.id.clone(),
            server,
            approval: call.approval.clone(),
            arguments,
            started_ms: now_ms(),
        })));
    }

    /// Puts the answer to a call on the branch and into the history.
    fn keep_output(&mut self, reply: &MessageId, call: &ToolCall, output: ToolOutput) {
        if output.is_untrusted {
            self.toolbox.taint();
        }
        let (content, images) = set_images_apart(&output.content, &call.name);
        self.journal.record(Entry::ToolFinished(Box::new(ToolEnd {
            conversation: self.conversation.clone(),
            reply: reply.clone(),
            call_id: call.id.clone(),
            ok: !output.is_error,
            result: Value::Array(content).to_string(),
            finished_ms: now_ms(),
        })));
        let (name, arguments) = (&call.name, &call.arguments);
        let (is_ok, result_bytes) = (!output.is_error, output.text.len());
        self.tell_log(&LogEntry::Tool { name, arguments, is_ok, result_bytes });
        let message = self.record_tool_result(output.text, call.id.clone(), images);
        self.messages.push(message);
    }

    /// A call with the tool it means, as far as there is one.
    pub(super) fn named(&self, call: &ToolCall) -> NamedCall {
        let tool = self.toolbox.find(&call.name);
        let definition = tool.as_ref().map(|tool| tool.definition());
        NamedCall {
            call: call.clone(),
            server: definition.map(|definition| definition.server.clone()),
            tool: definition.map_or_else(|| call.name.clone(), |definition| definition.tool.clone()),
        }
    }
}

/// The next event of a server; waits for ever where there are no servers.
pub(super) async fn next_event(events: &mut Option<crate::mcp::HostEvents>) -> HostEvent {
    match events {
        Some(receiver) => match receiver.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

/// Shows a question and waits for its answer, or for a cancel.
pub(super) async fn ask(
    question: &Question<'_>,
    front: &mut dyn Frontend,
    cancel: &mut Cancel,
    journal: &mut crate::history::Journal,
    output_error: &mut Option<OutputError>,
) -> Result<Answer, CancelCause> {
    front.show(&TurnEvent::Question(question));
    match drain_until_seen(front, journal, cancel).await {
        Ok(()) => {}
        Err(OutputStop::Cancelled(cause)) => return Err(cause),
        // Who cannot read the question cannot answer it.
        Err(OutputStop::Failed(error)) => {
            output_error.get_or_insert(error);
            return Ok(Answer::Nobody);
        }
    }
    tokio::select! {
        biased;
        cause = cancel.cancelled() => Err(cause),
        answer = front.ask(question) => Ok(answer),
    }
}

/// How many of the next calls run side by side: those that change nothing, or a single one.
fn group_size(calls: &[Planned]) -> usize {
    let is_harmless = |call: &&Planned| match &call.plan {
        Plan::Run { changes_nothing, .. } => *changes_nothing,
        Plan::Answered(_) => true,
    };
    calls.iter().take_while(is_harmless).count().max(1)
}

fn start(index: usize, tool: Rc<dyn Tool>, invocation: Invocation) -> RunningCall {
    Box::pin(async move {
        let started = Instant::now();
        let output = tool.call(&invocation).await;
        (index, output, started.elapsed())
    })
}

fn settle(drained: Result<(), OutputStop>, turn: &mut TurnState) -> Option<ToolStop> {
    match drained {
        Ok(()) => None,
        Err(OutputStop::Cancelled(cause)) => Some(ToolStop::Cancelled(cause)),
        Err(OutputStop::Failed(error)) => {
            turn.output_error = Some(error);
            Some(ToolStop::OutputFailed)
        }
    }
}

/// What follows from an answer, and whether the person has changed the arguments.
fn plan_of(
    answer: &Answer,
    reason: &str,
    named: &NamedCall,
    (tool, arguments): (Rc<dyn Tool>, Map<String, Value>),
) -> (Plan, bool) {
    let run = |arguments| Plan::Run {
        tool: tool.clone(),
        invocation: Invocation { id: named.call.id.clone(), arguments },
        changes_nothing: false,
    };
    match answer {
        Answer::Yes | Answer::Always => (run(arguments), false),
        Answer::With(changed) => (run(changed.clone()), true),
        Answer::No => (Plan::Answered(failure(format!("denied: {reason}"))), false),
        Answer::StopTurn => (Plan::Answered(failure("denied by the user, who ended the turn".to_owned())), false),
        Answer::Nobody => {
            (Plan::Answered(failure("denied: it needs approval, and nobody could be asked".to_owned())), false)
        }
    }
}

fn tell_way_out(server: &str, tool: &str, reason: &str, front: &mut dyn Frontend) {
    let message = format!(
        "{server}/{tool} needs a say-so ({reason}), and nobody can be asked here: `--allow {server}/{tool}` gives it for one run"
    );
    front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "approval_needed", message: &message });
}

/// A call that does not come to run is answered too, or the next request would be refused.
fn not_run(stop: Option<&ToolStop>) -> ToolOutput {
    failure(match stop {
        Some(ToolStop::Cancelled(_) | ToolStop::OutputFailed) => "cancelled by the user".to_owned(),
        Some(ToolStop::Repeats) => "not run: the same call was made too often".to_owned(),
        Some(ToolStop::Refused | ToolStop::HopLimit) | None => "not run: the turn was ended before it".to_owned(),
    })
}

pub(super) fn failure(text: String) -> ToolOutput {
    ToolOutput { text, is_error: true, ..ToolOutput::default() }
}

/// The arguments as an object. A model that means none often writes nothing.
fn read_arguments(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err("the arguments have to be a JSON object".to_owned()),
        Err(error) => Err(format!("the arguments are not JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::read_arguments;

    #[test]
    fn arguments_are_an_object_or_a_reason() {
        assert_eq!(read_arguments(" ").unwrap().len(), 0);
        assert_eq!(read_arguments("null").unwrap().len(), 0);
        assert_eq!(read_arguments(r#"{"a": 1}"#).unwrap()["a"], 1);
        assert!(read_arguments("[1]").unwrap_err().contains("object"));
        assert!(read_arguments(r#"{"a": "#).unwrap_err().contains("not JSON"));
    }
}
