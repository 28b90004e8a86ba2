//! A turn for scripts: `--format jsonl` prints a line per event, `--format json` the result alone.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::asides::Asides;
use super::error_report::ErrorReport;
use super::json_lines::{
    ApprovalLine, AttachmentItem, DeltaLine, Error, MetaLine, NoticeLine, ReasoningLine, ResultLine, RetryLine,
    StartLine, ToolCallLine, ToolResultLine, UsageLine, VERSION,
};
use super::lines::Retry;
use super::safe_json::{push_json_line, safe_raw};
use super::screen::Screen;
use super::settings::{Thinking, ViewSettings};
use super::term_safe::TermSafeBuf;
use crate::conversation::{InterruptReason, Usage, exit_code, now_ms, rfc3339, without_error_numbers};
use crate::mcp::Content;
use crate::session::{
    Flushed, Frontend, NamedCall, NoticeLevel, OutputError, TurnEvent, TurnResult, TurnStatus, paragraph_break,
};
use crate::tool::ToolOutput;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonFormat {
    /// The result alone; notices are lines on stderr.
    Json,
    /// Every event.
    Jsonl,
}

/// One turn on a screen of its own.
#[derive(Debug)]
pub struct JsonView<'s> {
    screen: &'s mut Screen,
    turn: JsonTurn,
}

impl<'s> JsonView<'s> {
    #[must_use]
    pub fn new(screen: &'s mut Screen, format: JsonFormat, settings: ViewSettings) -> Self {
        Self { screen, turn: JsonTurn::new(format, settings, None) }
    }
}

/// One turn, on a screen that it may share with others.
#[derive(Debug)]
pub struct JsonTurn {
    /// Which one of several: in every line then.
    index: Option<usize>,
    asides: Asides,
    format: JsonFormat,
    started: Instant,
    deltas: u64,
    /// Of the answer; nothing while there is none.
    last_byte: Option<u8>,
    /// Tools ran since: the next text is a paragraph of its own, as in the result.
    has_paused: bool,
    has_ended: bool,
}

impl JsonTurn {
    /// `index` tells lines of several turns apart.
    #[must_use]
    pub fn new(format: JsonFormat, settings: ViewSettings, index: Option<usize>) -> Self {
        // Thoughts are in the events, not on stderr.
        let settings = ViewSettings { thinking: Thinking::Hide, ..settings };
        Self {
            index,
            asides: Asides::new(settings),
            format,
            started: Instant::now(),
            deltas: 0,
            last_byte: None,
            has_paused: false,
            has_ended: false,
        }
    }

    pub fn show(&mut self, event: &TurnEvent<'_>, screen: &mut Screen) {
        match (event, self.format) {
            // The result is the last line, whatever comes after it.
            _ if self.has_ended => {}
            (TurnEvent::Ended(result), _) => self.end(result, screen),
            (event, JsonFormat::Jsonl) => self.event_line(event, screen),
            (event, JsonFormat::Json) => self.aside(event, screen),
        }
    }

    fn line(&self, line: &impl Serialize, screen: &mut Screen) {
        match self.index {
            None => push_json_line(line, screen.out()),
            Some(index) => push_json_line(&Indexed { line, index }, screen.out()),
        }
    }

    fn event_line(&mut self, event: &TurnEvent<'_>, screen: &mut Screen) {
        let v = VERSION;
        match event {
            TurnEvent::Text(text) => {
                if !text.is_empty() && std::mem::take(&mut self.has_paused) {
                    let pause = paragraph_break(self.last_byte);
                    self.delta(pause, screen);
                }
                self.delta(text, screen);
            }
            TurnEvent::Started { conversation, turn, model, attachments } => {
                let (conversation, time) = (conversation.0.as_str(), rfc3339(now_ms()).unwrap_or_default());
                let attachments = attachments.iter().map(AttachmentItem::of).collect();
                let line = StartLine { v, kind: "start", conversation, turn: *turn, model, time: &time, attachments };
                self.line(&line, screen);
            }
            TurnEvent::Notice { level, code, message } => {
                let (level, message) = (level_name(*level), without_error_numbers((*message).to_owned()));
                self.line(&NoticeLine { v, kind: "notice", level, code, message: &message }, screen);
            }
            TurnEvent::Retry { code, attempt, of, wait } => {
                let (attempt, of, wait_ms) = (*attempt, *of, millis(wait.as_millis()));
                self.line(&RetryLine { v, kind: "retry", code, attempt, of, wait_ms }, screen);
            }
            TurnEvent::Reasoning { text, .. } => {
                self.line(&ReasoningLine { v, kind: "reasoning", text }, screen);
            }
            TurnEvent::ToolCall(call) => self.line(&tool_call_line(call), screen),
            TurnEvent::Usage(usage) => self.line(&usage_line(usage), screen),
            TurnEvent::Approval { call, is_allowed, by, reason } => {
                let (id, decision) = (call.call.id.as_str(), if *is_allowed { "allowed" } else { "denied" });
                self.line(&ApprovalLine { v, kind: "approval", id, decision, by, reason }, screen);
            }
            TurnEvent::ToolResult { call, elapsed, output } => {
                self.has_paused = self.last_byte.is_some();
                self.line(&tool_result_line(call, *elapsed, output), screen);
            }
            TurnEvent::Question(_) => self.asides.tool_event(event, screen),
            // A reply that was not good enough is followed by another one.
            TurnEvent::Waiting => self.has_paused = self.last_byte.is_some(),
            TurnEvent::ToolStarted(_) | TurnEvent::ToolProgress { .. } | TurnEvent::Ended(_) => {}
        }
    }

    fn delta(&mut self, text: &str, screen: &mut Screen) {
        self.last_byte = text.bytes().last().or(self.last_byte);
        let (seq, t_ms) = (self.deltas, millis(self.started.elapsed().as_millis()));
        self.deltas += 1;
        self.line(&DeltaLine { v: VERSION, kind: "delta", seq, t_ms, text }, screen);
    }

    /// What a person beside the script sees while the result is made.
    fn aside(&mut self, event: &TurnEvent<'_>, screen: &mut Screen) {
        match event {
            TurnEvent::Notice { level, message, .. } => self.asides.notice(*level, message, screen),
            TurnEvent::Retry { code, attempt, of, wait } => {
                let retry = Retry { code, attempt: *attempt, of: *of, wait: *wait };
                self.asides.retry(&retry, screen);
            }
            TurnEvent::Started { model, .. } => self.asides.started(model),
            TurnEvent::Waiting => self.asides.waiting(screen),
            TurnEvent::ToolCall(_)
            | TurnEvent::Approval { .. }
            | TurnEvent::ToolStarted(_)
            | TurnEvent::ToolProgress { .. }
            | TurnEvent::ToolResult { .. }
            | TurnEvent::Question(_) => self.asides.tool_event(event, screen),
            TurnEvent::Reasoning { .. } | TurnEvent::Text(_) | TurnEvent::Usage(_) | TurnEvent::Ended(_) => {}
        }
    }

    fn end(&mut self, result: &TurnResult, screen: &mut Screen) {
        self.has_ended = true;
        screen.stop_row();
        self.line(&result_line(result), screen);
        self.asides.ended(result, screen);
    }
}

impl Frontend for JsonView<'_> {
    fn show(&mut self, event: &TurnEvent<'_>) {
        self.turn.show(event, self.screen);
    }

    fn flush(&mut self) -> Result<Flushed, OutputError> {
        self.screen.flush()
    }

    fn has_unseen(&self) -> bool {
        self.screen.has_unseen()
    }

    fn has_result(&self) -> bool {
        self.turn.has_ended
    }

    fn tick(&mut self) -> Result<(), OutputError> {
        self.screen.tick()
    }
}

/// A line of one of several turns.
#[derive(Serialize)]
struct Indexed<'a, T> {
    #[serde(flatten)]
    line: &'a T,
    index: usize,
}

/// A warning, with its newline, that belongs to no turn.
#[must_use]
pub fn notice_event(code: &str, message: &str) -> String {
    one_line(&NoticeLine { v: VERSION, kind: "notice", level: "warn", code, message })
}

/// The `result`, with its newline, of a command that failed before its turn began: in the
/// configuration, for want of a key.
#[must_use]
pub fn result_line_for_error(report: &ErrorReport, status: TurnStatus, exit: u8) -> String {
    one_line(&ResultLine { error: Some(report.into()), ..result_without_turn(status, exit) })
}

/// The same of one that was stopped before its turn began, or before it came to its end.
#[must_use]
pub fn result_line_for_stop(reason: InterruptReason, exit: u8) -> String {
    one_line(&ResultLine { interrupted: Some(reason.name()), ..result_without_turn(TurnStatus::Interrupted, exit) })
}

fn result_without_turn<'a>(status: TurnStatus, exit: u8) -> ResultLine<'a> {
    ResultLine {
        v: VERSION,
        kind: "result",
        status: status.name(),
        exit,
        text: "",
        finish: None,
        usage: None,
        timing: None,
        error: None,
        interrupted: None,
        conversation: None,
        model: None,
        value: None,
        part: None,
        cached: false,
    }
}

fn one_line(line: &impl Serialize) -> String {
    let mut out = TermSafeBuf::new();
    push_json_line(line, &mut out);
    out.as_str().to_owned()
}

fn result_line(result: &TurnResult) -> ResultLine<'_> {
    let taken = result.taken.as_ref();
    ResultLine {
        v: VERSION,
        kind: "result",
        status: result.status.name(),
        exit: result.exit,
        text: &result.text,
        finish: result.finish.as_deref(),
        usage: result.usage.as_ref().map(Into::into),
        timing: Some((&result.metrics).into()),
        error: error_of(result),
        interrupted: result.interrupted.map(InterruptReason::name),
        conversation: Some(&result.conversation.0),
        model: Some(&result.model),
        value: taken.and_then(|taken| taken.json.as_deref()).and_then(safe_raw),
        part: taken.filter(|taken| taken.json.is_none()).map(|taken| taken.text.as_str()),
        cached: result.is_stored,
    }
}

fn error_of(result: &TurnResult) -> Option<Error<'_>> {
    result.error.as_ref().map(Into::into).or_else(|| result.not_taken.as_ref().map(Into::into))
}

/// The object of `--meta`, with its newline. `error`: what went wrong beside the turn, or before it; `exit`: what the
/// process ends with.
#[must_use]
pub fn meta_line(result: Option<&TurnResult>, error: Option<&ErrorReport>, exit: u8) -> String {
    let without_turn = || match exit {
        exit_code::OK => TurnStatus::Ok,
        exit_code::TIMEOUT | exit_code::HANG_UP | exit_code::INTERRUPT | exit_code::TERMINATE => {
            TurnStatus::Interrupted
        }
        _ => TurnStatus::Error,
    };
    let line = MetaLine {
        v: VERSION,
        kind: "meta",
        status: result.map_or_else(without_turn, |result| result.status).name(),
        exit,
        model: result.map(|result| result.model.as_str()),
        conversation: result.map(|result| result.conversation.0.as_str()),
        response_id: result.and_then(|result| result.response_id.as_deref()),
        finish: result.and_then(|result| result.finish.as_deref()),
        interrupted: result.and_then(|result| result.interrupted).map(InterruptReason::name),
        usage: result.and_then(|result| result.usage.as_ref()).map(Into::into),
        timing: result.map(|result| (&result.metrics).into()),
        cached: result.is_some_and(|result| result.is_stored),
        error: error.map(Into::into).or_else(|| result.and_then(error_of)),
    };
    one_line(&line)
}

fn tool_call_line(named: &NamedCall) -> ToolCallLine<'_> {
    let call = &named.call;
    let arguments = match call.arguments.trim() {
        "" => Value::Object(serde_json::Map::new()),
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(call.arguments.clone())),
    };
    let server = named.server.as_deref();
    ToolCallLine { v: VERSION, kind: "tool_call", id: &call.id, server, name: &named.tool, arguments }
}

fn tool_result_line<'a>(named: &'a NamedCall, elapsed: Duration, output: &ToolOutput) -> ToolResultLine<'a> {
    // What never ran has no content but what the model is told.
    let content = match output.content.as_slice() {
        [] => vec![Content::Text(output.text.clone()).to_json()],
        content => content.iter().map(Content::to_json).collect(),
    };
    ToolResultLine {
        v: VERSION,
        kind: "tool_result",
        id: &named.call.id,
        ok: !output.is_error,
        ms: millis(elapsed.as_millis()),
        content,
        truncated: output.is_truncated,
    }
}

fn usage_line(usage: &Usage) -> UsageLine {
    let Usage { input, output, cached, reasoning, cost_usd, .. } = *usage;
    UsageLine { v: VERSION, kind: "usage", input, output, cached, reasoning, cost_usd }
}

fn level_name(level: NoticeLevel) -> &'static str {
    match level {
        NoticeLevel::Detail | NoticeLevel::Info => "info",
        NoticeLevel::Warn => "warn",
    }
}

fn millis(millis: u128) -> u64 {
    u64::try_from(millis).unwrap_or(u64::MAX)
}
