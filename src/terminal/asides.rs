//! What stands beside an answer, on stderr: thoughts, notices, retries, calls of tools, the lines at the end.

use std::time::{Duration, Instant};

use super::lines::{
    Retry, interrupted_line, notice_line, saved_line, timing_line, tool_name, tool_result_line, usage_line,
};
use super::mode;
use super::question_text::question_text;
use super::sanitize::{Mode, Sanitizer};
use super::screen::{Screen, Stream};
use super::settings::{Thinking, ViewSettings};
use super::status_row::{RowStyle, RowTime};
use super::term_safe::{Style, TermSafeBuf};
use crate::conversation::{InterruptReason, StopReason};
use crate::session::{NamedCall, NoticeLevel, Question, TurnEvent, TurnResult};
use crate::tool::ToolOutput;

#[derive(Debug)]
pub struct Asides {
    settings: ViewSettings,
    /// Who is waited for.
    model: String,
    sanitizer: Sanitizer,
    /// The block of thoughts that is being shown.
    block: Option<u32>,
    is_folding: bool,
    tool_started: Instant,
}

/// How far a tool has come, in units of its own.
#[derive(Clone, Copy, Debug)]
struct Progress<'a> {
    done: f64,
    total: Option<f64>,
    message: Option<&'a str>,
}

impl Asides {
    pub fn new(settings: ViewSettings) -> Self {
        Self {
            settings,
            model: String::new(),
            sanitizer: Sanitizer::new(Mode::Prose),
            block: None,
            is_folding: false,
            tool_started: Instant::now(),
        }
    }

    pub fn started(&mut self, model: &str) {
        model.clone_into(&mut self.model);
    }

    /// A line of its own, dim where there is colour.
    pub fn line(&mut self, text: &TermSafeBuf, screen: &mut Screen) {
        self.end_thoughts(screen);
        if self.settings.quiet {
            return;
        }
        let color = screen.color(Stream::Stderr);
        let mut line = TermSafeBuf::new();
        line.push_style(Style::Dim, color);
        line.push(text.as_safe());
        line.push_style(Style::Reset, color);
        screen.line(line.as_safe());
    }

    pub fn notice(&mut self, level: NoticeLevel, message: &str, screen: &mut Screen) {
        if level != NoticeLevel::Detail || self.settings.verbose {
            self.line(&notice_line(level, message), screen);
        }
    }

    pub fn waiting(&mut self, screen: &mut Screen) {
        self.end_thoughts(screen);
        let mut label = TermSafeBuf::new();
        label.push_literal("waiting for ");
        label.push_line(&self.model);
        screen.start_row(label, RowTime::Since(Instant::now()));
    }

    /// A countdown where there is a row, else a line.
    pub fn retry(&mut self, retry: &Retry<'_>, screen: &mut Screen) {
        self.end_thoughts(screen);
        match screen.row_style() {
            RowStyle::Redrawn { .. } => screen.start_row(retry.label(), RowTime::Until(Instant::now() + retry.wait)),
            RowStyle::Hidden | RowStyle::Heartbeat => self.line(&retry.line(), screen),
        }
    }

    /// Thoughts that are shown stream in dim; a new block begins a paragraph.
    pub fn thought(&mut self, text: &str, block: u32, screen: &mut Screen) {
        if self.settings.thinking == Thinking::Hide || self.settings.quiet {
            return;
        }
        let color = screen.color(Stream::Stderr);
        match self.block.replace(block) {
            None => {
                screen.stop_row();
                mode::styling_begins(color);
                screen.err().push_style(Style::Dim, color);
            }
            Some(last) if last != block => {
                self.sanitizer.finish(screen.err());
                screen.err().push_literal("\n\n");
            }
            Some(_) => {}
        }
        self.sanitizer.push(text, screen.err());
    }

    /// One row for thoughts that are not shown.
    pub fn fold_thought(&mut self, screen: &mut Screen) {
        if self.settings.thinking == Thinking::Hide && !std::mem::replace(&mut self.is_folding, true) {
            let mut label = TermSafeBuf::new();
            label.push_literal("thinking");
            screen.start_row(label, RowTime::Since(Instant::now()));
        }
    }

    /// Ends the thoughts that are shown, with their style and line.
    pub fn end_thoughts(&mut self, screen: &mut Screen) {
        self.is_folding = false;
        if self.block.take().is_some() {
            let color = screen.color(Stream::Stderr);
            let err = screen.err();
            self.sanitizer.finish(err);
            err.push_style(Style::Reset, color);
            if err.is_mid_line() {
                err.end_line();
            }
            mode::styling_ends();
        }
    }

    /// A row while a tool runs.
    fn tool_started(&mut self, named: &NamedCall, screen: &mut Screen) {
        self.end_thoughts(screen);
        self.tool_started = Instant::now();
        let mut label = TermSafeBuf::new();
        label.push_literal("running ");
        label.push(tool_name(named).as_safe());
        screen.start_row(label, RowTime::Since(self.tool_started));
    }

    /// How far it has come, in the row.
    fn tool_progress(&mut self, named: &NamedCall, progress: &Progress<'_>, screen: &mut Screen) {
        let mut label = tool_name(named);
        if let Some(total) = progress.total.filter(|total| *total > 0.0) {
            label.push_line(&format!(" {:.0} %", (progress.done / total * 100.0).clamp(0.0, 100.0)));
        }
        if let Some(message) = progress.message {
            label.push_literal(" ");
            label.push_line(message);
        }
        screen.start_row(label, RowTime::Since(self.tool_started));
    }

    fn tool_result(&mut self, named: &NamedCall, elapsed: Duration, output: &ToolOutput, screen: &mut Screen) {
        screen.stop_row();
        if let Some(line) = tool_result_line(named, elapsed, output, self.settings.tool_notice) {
            self.line(&line, screen);
        }
    }

    /// What is asked, also where little else is said.
    fn question(&mut self, question: &Question<'_>, screen: &mut Screen) {
        self.end_thoughts(screen);
        screen.stop_row();
        let text = question_text(question, screen.color(Stream::Stderr));
        screen.lines(text.as_safe());
    }

    /// Everything about tools that is shown the same in every view for people.
    pub fn tool_event(&mut self, event: &TurnEvent<'_>, screen: &mut Screen) {
        match event {
            TurnEvent::ToolStarted(call) => self.tool_started(call, screen),
            TurnEvent::ToolProgress { call, progress, total, message } => {
                let progress = Progress { done: *progress, total: *total, message: *message };
                self.tool_progress(call, &progress, screen);
            }
            TurnEvent::ToolResult { call, elapsed, output } => self.tool_result(call, *elapsed, output, screen),
            TurnEvent::Question(question) => self.question(question, screen),
            // The line of its result says it all.
            TurnEvent::ToolCall(_)
            | TurnEvent::Approval { .. }
            | TurnEvent::Started { .. }
            | TurnEvent::Waiting
            | TurnEvent::Notice { .. }
            | TurnEvent::Retry { .. }
            | TurnEvent::Reasoning { .. }
            | TurnEvent::Text(_)
            | TurnEvent::Usage(_)
            | TurnEvent::Ended(_) => {}
        }
    }

    pub fn interrupted(&mut self, reason: InterruptReason, screen: &mut Screen) {
        match reason {
            // Nobody is there to read it.
            InterruptReason::OutputClosed => {}
            InterruptReason::UserInterrupt
            | InterruptReason::Signal
            | InterruptReason::Disconnect
            | InterruptReason::IdleTimeout
            | InterruptReason::Timeout
            | InterruptReason::Crash
            | InterruptReason::Length
            | InterruptReason::BadData
            | InterruptReason::ProviderStop => self.line(&interrupted_line(reason), screen),
        }
    }

    /// The lines after the answer, as far as they are wanted.
    pub fn ended(&mut self, result: &TurnResult, screen: &mut Screen) {
        self.end_thoughts(screen);
        screen.stop_row();
        if let Some(line) = usage_line(result, self.settings.usage) {
            self.line(&line, screen);
        }
        if self.settings.timing {
            self.line(&timing_line(&result.metrics), screen);
            if result.finish.as_deref() == Some(StopReason::Enough.name()) {
                self.line(&saved_line(&result.metrics), screen);
            }
        }
    }
}
