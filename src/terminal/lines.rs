//! The single lines that stand beside an answer on stderr: notices, retries, calls of tools, token counts, times.

use std::fmt::Write as _;
use std::time::Duration;

use super::settings::{ToolNotice, UsageParts};
use super::status_row::cut;
use super::term_safe::TermSafeBuf;
use crate::conversation::{InterruptReason, Usage, without_error_numbers};
use crate::history::TurnMetrics;
use crate::session::{NamedCall, NoticeLevel, TurnResult};
use crate::tool::ToolOutput;

/// Longer arguments are cut; the history has them whole.
const ARGUMENT_COLUMNS_MAX: usize = 200;
/// Of why a call failed.
const REASON_COLUMNS_MAX: usize = 300;

#[must_use]
pub fn notice_line(level: NoticeLevel, message: &str) -> TermSafeBuf {
    let mut out = TermSafeBuf::new();
    out.push_literal(match level {
        NoticeLevel::Detail | NoticeLevel::Info => "note: ",
        NoticeLevel::Warn => "warning: ",
    });
    out.push_line(&without_error_numbers(message.to_owned()));
    out
}

/// A request that failed and is made again after a wait.
#[derive(Clone, Copy, Debug)]
pub struct Retry<'a> {
    pub code: &'a str,
    pub attempt: u32,
    pub of: u32,
    pub wait: Duration,
}

impl Retry<'_> {
    /// As in `rate_limit: try 2 of 4`; the wait follows.
    #[must_use]
    pub fn label(&self) -> TermSafeBuf {
        TermSafeBuf::line(&format!("{}: try {} of {}", self.code, self.attempt.saturating_add(1), self.of))
    }

    #[must_use]
    pub fn line(&self) -> TermSafeBuf {
        let mut out = self.label();
        out.push_line(&format!(" in {:.1} s", self.wait.as_secs_f64()));
        out
    }
}

/// As in `files/read`; the bare name where no such tool is known.
#[must_use]
pub fn tool_name(named: &NamedCall) -> TermSafeBuf {
    TermSafeBuf::line(&match &named.server {
        Some(server) => format!("{server}/{}", named.tool),
        None => named.tool.clone(),
    })
}

/// As in `tool files/read {"path":"notes.md"}: 1.2 kB in 38 ms`; nothing where such lines are off.
#[must_use]
pub fn tool_result_line(
    named: &NamedCall,
    elapsed: Duration,
    output: &ToolOutput,
    notice: ToolNotice,
) -> Option<TermSafeBuf> {
    let mut out = TermSafeBuf::new();
    out.push_literal("tool ");
    out.push(tool_name(named).as_safe());
    match notice {
        ToolNotice::Off => return None,
        ToolNotice::Name => {}
        ToolNotice::NameAndArguments => push_cut(&mut out, named.call.arguments.trim(), ARGUMENT_COLUMNS_MAX),
    }
    out.push_literal(":");
    if output.is_error {
        push_cut(&mut out, output.text.lines().next().unwrap_or("failed"), REASON_COLUMNS_MAX);
    } else {
        out.push_line(&format!(" {} in {}", size(output.text.len()), time(elapsed)));
        if output.is_truncated {
            out.push_literal(" (cut)");
        }
    }
    Some(out)
}

/// A space and the text, cut with a mark.
fn push_cut(out: &mut TermSafeBuf, text: &str, columns_max: usize) {
    let safe = TermSafeBuf::line(text);
    let shown = cut(safe.as_str(), columns_max);
    if !shown.is_empty() {
        out.push_literal(" ");
        out.push_line(shown);
    }
    if shown.len() < safe.as_str().len() {
        out.push_literal(" …");
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn time(elapsed: Duration) -> String {
    if elapsed < Duration::from_secs(1) {
        return format!("{} ms", elapsed.as_millis());
    }
    format!("{:.1} s", elapsed.as_secs_f64())
}

/// Why an answer is not whole, in words.
#[must_use]
pub fn interrupted_line(reason: InterruptReason) -> TermSafeBuf {
    let mut out = TermSafeBuf::new();
    out.push_literal("[interrupted: ");
    out.push_literal(match reason {
        InterruptReason::UserInterrupt => "stopped by you",
        InterruptReason::Signal => "stopped by a signal",
        InterruptReason::Disconnect => "the connection was lost",
        InterruptReason::IdleTimeout => "the model fell silent",
        InterruptReason::Timeout => "the time limit was reached",
        InterruptReason::Crash => "the program died",
        InterruptReason::Length => "the length limit was reached",
        InterruptReason::OutputClosed => "the reader has gone",
        InterruptReason::BadData => "part of the answer could not be read",
        InterruptReason::ProviderStop => "the provider ended the answer early",
    });
    out.push_literal("]");
    out
}

/// As in `usage: 1204 in (300 cached), 312 out (40 reasoning), $0.0031, 3.2 s, 87 tokens/s, context 16 %`; nothing
/// where the server told nothing, or nothing is wanted.
#[must_use]
pub fn usage_line(result: &TurnResult, wanted: UsageParts) -> Option<TermSafeBuf> {
    let usage = result.usage.as_ref()?;
    let mut parts = if wanted.tokens { token_parts(usage) } else { Vec::new() };
    if let Some(cost) = usage.cost_usd.filter(|_| wanted.cost) {
        parts.push(format!("${cost:.4}"));
    }
    if wanted.time {
        parts.push(format!("{:.1} s", result.metrics.total_ms / 1000.0));
    }
    if let Some(rate) = result.metrics.tokens_per_second.filter(|_| wanted.speed) {
        parts.push(format!("{rate:.0} tokens/s"));
    }
    if let Some(percent) = result.context_percent.filter(|_| wanted.context) {
        parts.push(format!("context {percent} %"));
    }
    (!parts.is_empty()).then(|| TermSafeBuf::line(&format!("usage: {}", parts.join(", "))))
}

fn token_parts(usage: &Usage) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(input) = usage.input {
        parts.push(format!("{input} in{}", in_brackets(usage.cached, "cached")));
    }
    if let Some(output) = usage.output {
        parts.push(format!("{output} out{}", in_brackets(usage.reasoning, "reasoning")));
    }
    if let (true, Some(total)) = (parts.is_empty(), usage.total) {
        parts.push(format!("{total} tokens"));
    }
    parts
}

fn in_brackets(count: Option<u64>, what: &str) -> String {
    count.filter(|count| *count > 0).map(|count| format!(" ({count} {what})")).unwrap_or_default()
}

/// The line of `--timing`.
#[must_use]
pub fn timing_line(metrics: &TurnMetrics) -> TermSafeBuf {
    let mut text = String::from("timing: ");
    if let Some(first) = metrics.first_token_ms {
        push(&mut text, format_args!("first token {first:.1} ms, "));
    }
    push(&mut text, format_args!("total {:.1} ms", metrics.total_ms));
    if let Some(rate) = metrics.tokens_per_second {
        push(&mut text, format_args!(", {rate:.1} tokens/s"));
    }
    if let (Some(p50), Some(p99)) = (metrics.gap_p50_ms, metrics.gap_p99_ms) {
        push(&mut text, format_args!(", gaps p50 {p50:.2} ms p99 {p99:.2} ms"));
    }
    let TurnMetrics { chunks, flushes, commits, delta_buffer_peak_bytes: peak, retries, .. } = metrics;
    push(
        &mut text,
        format_args!(", {chunks} chunks, {flushes} flushes, {commits} commits, delta buffer peak {peak} bytes"),
    );
    if *retries > 0 {
        push(&mut text, format_args!(", {retries} retries"));
    }
    TermSafeBuf::line(&text)
}

/// What was saved by ending a request: how long the rest would have been nobody knows.
pub fn saved_line(metrics: &TurnMetrics) -> TermSafeBuf {
    let TurnMetrics { total_ms, chunks, .. } = metrics;
    TermSafeBuf::line(&format!(
        "saved: all that the model would have written after {total_ms:.1} ms and {chunks} chunks; the request ended there"
    ))
}

fn push(text: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::ToolCall;

    fn call_line(arguments: &str, notice: ToolNotice) -> Option<String> {
        let call = ToolCall { id: "c1".into(), name: "f__read".into(), arguments: arguments.into() };
        let named = NamedCall { call, server: Some("f".into()), tool: "re\x1bad".into() };
        let output = ToolOutput { text: "x".repeat(1200), ..ToolOutput::default() };
        tool_result_line(&named, Duration::from_millis(38), &output, notice).map(|line| line.as_str().to_owned())
    }

    #[test]
    fn a_call_is_one_clear_line() {
        let shown = call_line("{\"a\":\n1}", ToolNotice::NameAndArguments);
        assert_eq!(shown.as_deref(), Some("tool f/re^[ad {\"a\":^J1}: 1.2 kB in 38 ms"));
        assert_eq!(call_line("{}", ToolNotice::Name).as_deref(), Some("tool f/re^[ad: 1.2 kB in 38 ms"));
        assert_eq!(call_line("{}", ToolNotice::Off), None);
        let long = call_line(&"x".repeat(500), ToolNotice::NameAndArguments).unwrap();
        assert_eq!(long, format!("tool f/re^[ad {} …: 1.2 kB in 38 ms", "x".repeat(200)));
    }

    #[test]
    fn a_call_that_failed_says_why() {
        let call = ToolCall { id: "c1".into(), name: "read".into(), arguments: String::new() };
        let named = NamedCall { call, server: None, tool: "read".into() };
        let output = ToolOutput { text: "no such\x1b file\nat all".into(), is_error: true, ..ToolOutput::default() };
        let line = tool_result_line(&named, Duration::from_secs(2), &output, ToolNotice::NameAndArguments).unwrap();
        assert_eq!(line.as_str(), "tool read: no such^[ file");
    }

    fn told(usage: Usage, wanted: UsageParts) -> Option<String> {
        let metrics = TurnMetrics { total_ms: 3210.0, tokens_per_second: Some(87.4), ..TurnMetrics::default() };
        let conversation = crate::conversation::ConversationId("c".into());
        let result = TurnResult {
            usage: Some(usage),
            context_percent: Some(16),
            metrics,
            ..TurnResult::empty(conversation, "m".into())
        };
        usage_line(&result, wanted).map(|line| line.as_str().to_owned())
    }

    #[test]
    fn usage_tells_what_is_known_and_wanted() {
        let usage = Usage {
            input: Some(1204),
            cached: Some(300),
            output: Some(312),
            cost_usd: Some(0.0031),
            ..Usage::default()
        };
        let all = "usage: 1204 in (300 cached), 312 out, $0.0031, 3.2 s, 87 tokens/s, context 16 %";
        assert_eq!(told(usage, UsageParts::ALL).as_deref(), Some(all));
        let some = UsageParts { cost: true, context: true, ..UsageParts::NONE };
        assert_eq!(told(usage, some).as_deref(), Some("usage: $0.0031, context 16 %"));
        let total = Usage { total: Some(9), ..Usage::default() };
        let tokens = UsageParts { tokens: true, ..UsageParts::NONE };
        assert_eq!(told(total, tokens).as_deref(), Some("usage: 9 tokens"));
        assert_eq!(told(usage, UsageParts::NONE), None);
        assert_eq!(told(Usage::default(), tokens), None);
    }

    #[test]
    fn timing_tells_all_counts() {
        let metrics = TurnMetrics {
            first_reasoning_ms: None,
            first_token_ms: Some(412.04),
            total_ms: 3200.0,
            gap_p50_ms: Some(11.0),
            gap_p99_ms: Some(48.25),
            tokens_per_second: Some(87.13),
            chunks: 312,
            flushes: 12,
            commits: 11,
            bytes_written: 0,
            delta_buffer_peak_bytes: 4100,
            retries: 0,
        };
        let expected = "timing: first token 412.0 ms, total 3200.0 ms, 87.1 tokens/s, gaps p50 11.00 ms p99 48.25 ms, \
            312 chunks, 12 flushes, 11 commits, delta buffer peak 4100 bytes";
        assert_eq!(timing_line(&metrics).as_str(), expected);
    }
}
