//! The lines of `--format json|jsonl`, version 1. Fields are only ever added.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error_report::ErrorReport;
use crate::conversation;
use crate::history::TurnMetrics;
use crate::provider::{ErrorKind, ProviderError};
use crate::session::NotTaken;

pub const VERSION: u8 = 1;

/// The first line of a turn.
#[derive(Serialize, JsonSchema)]
pub struct StartLine<'a> {
    #[schemars(extend("const" = 1))]
    pub v: u8,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "start"))]
    pub kind: &'static str,
    pub conversation: &'a str,
    pub turn: u64,
    /// `provider:model`.
    pub model: &'a str,
    /// RFC 3339, UTC.
    pub time: &'a str,
    /// What goes along with the prompt; absent where there is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentItem<'a>>,
}

#[derive(Serialize, JsonSchema)]
pub struct AttachmentItem<'a> {
    pub name: &'a str,
    /// As in `image/png`.
    pub mime: &'a str,
    pub bytes: u64,
    /// Of the content, in hexadecimal digits.
    pub sha256: &'a str,
}

impl<'a> AttachmentItem<'a> {
    pub fn of(attachment: &'a conversation::Attachment) -> Self {
        Self {
            name: attachment.name(),
            mime: attachment.mime(),
            bytes: attachment.content().len() as u64,
            sha256: attachment.hash(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub struct NoticeLine<'a> {
    #[schemars(extend("const" = 1))]
    pub v: u8,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "notice"))]
    pub kind: &'static str,
    /// `info` or `warn`.
    pub level: &'static str,
    pub code: &'a str,
    pub message: &'a str,
}

#[derive(Serialize, JsonSchema)]
pub struct RetryLine<'a> {
    #[schemars(extend("const" = 1))]
    pub v: u8,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "retry"))]
    pub kind: &'static str,
    /// The class of the error that made it necessary.
    pub code: &'a str,
    /// The try that failed.
    pub attempt: u32,
    pub of: u32,
    pub wait_ms: u64,
}

#[derive(Serialize, JsonSchema)]
pub struct ReasoningLine<'a> {
    #[schemars(extend("const" = 1))]
    pub v: u8,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "reasoning"))]
    pub kind: &'static str,
    pub text: &'a str,
}

#[derive(Serialize, JsonSchema)]
pub struct DeltaLine<'a> {
    #[schemars(extend("const" = 1))]
    pub v: u8,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "delta"))]
    pub kind: &'static str,
    /// Counts the deltas of the turn from 0.
    pub seq: u64,
    /// Since the start of the turn.
    pub t_ms: u64,
    pub text: &'a str,
}

#[derive(Serialize, JsonSchema)]
pub struct ToolCallLine<'a> {
    #[schemars(extend("const" = 1))]
    pub v: u8,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "tool_call"))]
    pub kind: &'static str,
    pub id: &'a str,
    /// Null for a tool of no server.
    pub server: Option<&'a str>,
    pub name: &'a str,
    /// A string where the model did not write JSON.
    pub arguments: Value,
}

#[derive(Serialize, JsonSchema)]
pub struct ApprovalLine<'a> {
    #[schemars(extend("const" = 1))]
    pub v: u8,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "approval"))]
    pub kind: &'static str,
    /// Of the call.
    pub id: &'a str,
    #[schemars(extend("enum" = ["allowed", "denied"]))]
    pub decision: &'static str,
    /// `policy`, `option` or `person`.
    pub by: &'a str,
    pub reason: &'a str,
}

#[derive(Serialize, JsonSchema)]
pub struct ToolResultLine<'a> {
    #[schemars(extend("const" = 1))]
    pub v: u8,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "tool_result"))]
    pub kind: &'static str,
    pub id: &'a str,
    pub ok: bool,
    pub ms: u64,
    /// As MCP writes it: objects with `type` and what belongs to it.
    pub content: Vec<Value>,
    /// What the model gets is shorter than the result.
    pub truncated: bool,
}

/// Counts are tokens; null where the provider does not tell.
#[derive(Serialize, JsonSchema)]
pub struct UsageLine {
    #[schemars(extend("const" = 1))]
    pub v: u8,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "usage"))]
    pub kind: &'static str,
    pub input: Option<u64>,
    pub output: Option<u64>,
    pub cached: Option<u64>,
    pub reasoning: Option<u64>,
    pub cost_usd: Option<f64>,
}

/// Always the last line, and always one.
#[derive(Serialize, JsonSchema)]
pub struct ResultLine<'a> {
    #[schemars(extend("const" = 1))]
    pub v: u8,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "result"))]
    pub kind: &'static str,
    #[schemars(extend("enum" = ["ok", "error", "interrupted", "incomplete"]))]
    pub status: &'static str,
    /// The exit code of the process.
    pub exit: u8,
    pub text: &'a str,
    /// Why the model stopped, as it says.
    pub finish: Option<&'a str>,
    pub usage: Option<Usage>,
    pub timing: Option<Timing>,
    pub error: Option<Error<'a>>,
    /// Why the answer is not whole.
    pub interrupted: Option<&'static str>,
    /// Null where the turn never began.
    pub conversation: Option<&'a str>,
    /// `provider:model` that was asked last; null where nobody was.
    pub model: Option<&'a str>,
    /// With `--schema`: the value, with its numbers as the model wrote them.
    #[schemars(with = "Option<Value>")]
    pub value: Option<Box<RawValue>>,
    /// With `--code` and its like: the part of the text.
    pub part: Option<&'a str>,
    /// The answer was stored before (`--once`, `--cache`): nobody was asked.
    pub cached: bool,
}

/// How a run went, for `--meta`: the result without what stdout has.
#[derive(Serialize)]
pub struct MetaLine<'a> {
    pub v: u8,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub status: &'static str,
    pub exit: u8,
    pub model: Option<&'a str>,
    pub conversation: Option<&'a str>,
    /// The provider's name for the last reply.
    pub response_id: Option<&'a str>,
    pub finish: Option<&'a str>,
    pub interrupted: Option<&'static str>,
    pub usage: Option<Usage>,
    pub timing: Option<Timing>,
    pub cached: bool,
    pub error: Option<Error<'a>>,
}

#[derive(Serialize, JsonSchema)]
pub struct Usage {
    pub input: Option<u64>,
    pub output: Option<u64>,
    pub cached: Option<u64>,
    pub reasoning: Option<u64>,
    pub cost_usd: Option<f64>,
}

impl From<&conversation::Usage> for Usage {
    fn from(usage: &conversation::Usage) -> Self {
        let conversation::Usage { input, output, cached, reasoning, cost_usd, .. } = *usage;
        Self { input, output, cached, reasoning, cost_usd }
    }
}

/// Times in milliseconds, from the send of the request.
#[derive(Serialize, JsonSchema)]
pub struct Timing {
    pub first_token_ms: Option<f64>,
    pub total_ms: f64,
    pub gap_p50_ms: Option<f64>,
    pub gap_p99_ms: Option<f64>,
    pub tokens_per_second: Option<f64>,
    pub chunks: u64,
    pub flushes: u64,
    pub commits: u64,
    pub delta_buffer_peak_bytes: u64,
    pub retries: u32,
}

impl From<&TurnMetrics> for Timing {
    fn from(metrics: &TurnMetrics) -> Self {
        Self {
            first_token_ms: metrics.first_token_ms.map(to_micros),
            total_ms: to_micros(metrics.total_ms),
            gap_p50_ms: metrics.gap_p50_ms.map(to_micros),
            gap_p99_ms: metrics.gap_p99_ms.map(to_micros),
            tokens_per_second: metrics.tokens_per_second.map(to_micros),
            chunks: metrics.chunks,
            flushes: metrics.flushes,
            commits: metrics.commits,
            delta_buffer_peak_bytes: metrics.delta_buffer_peak_bytes,
            retries: metrics.retries,
        }
    }
}

/// Three decimals say all there is to know.
fn to_micros(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[derive(Serialize, JsonSchema)]
pub struct Error<'a> {
    /// As in `auth`, `rate_limit`, `network`, `config`.
    pub class: &'a str,
    pub message: &'a str,
    /// Of HTTP.
    pub status: Option<u16>,
    pub request_id: Option<&'a str>,
    /// Whether the same command can go better later; null where nobody knows.
    pub retryable: Option<bool>,
    pub hint: Option<&'a str>,
}

impl<'a> From<&'a ProviderError> for Error<'a> {
    fn from(error: &'a ProviderError) -> Self {
        Self {
            class: error.kind.name(),
            message: &error.message,
            status: error.status,
            request_id: error.request_id.as_deref(),
            retryable: Some(is_retryable(error.kind)),
            hint: error.hint.as_deref(),
        }
    }
}

impl<'a> From<&'a NotTaken> for Error<'a> {
    fn from(problem: &'a NotTaken) -> Self {
        let NotTaken { class, message, .. } = problem;
        // Models do not say the same twice.
        Self { class, message, status: None, request_id: None, retryable: Some(true), hint: None }
    }
}

impl<'a> From<&'a ErrorReport> for Error<'a> {
    fn from(report: &'a ErrorReport) -> Self {
        Self {
            class: &report.class,
            message: &report.message,
            status: None,
            request_id: None,
            retryable: None,
            hint: report.hint.as_deref(),
        }
    }
}

fn is_retryable(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::RateLimited
        | ErrorKind::TryAgain
        | ErrorKind::Failed
        | ErrorKind::Network
        | ErrorKind::BadResponse
        | ErrorKind::Disconnected => true,
        ErrorKind::Auth
        | ErrorKind::Quota
        | ErrorKind::Budget
        | ErrorKind::LocalFile
        | ErrorKind::Rejected
        | ErrorKind::ContextTooLong
        | ErrorKind::Tls => false,
    }
}

/// The JSON Schema of every line, for `sayso help events --schema`.
#[must_use]
pub fn events_schema() -> String {
    let mut generator: SchemaGenerator = SchemaSettings::draft2020_12().into_generator();
    let index = json!({"type": "integer", "minimum": 0, "description": "With several models: of which one, from 0."});
    let lines = [
        generator.subschema_for::<StartLine<'_>>(),
        generator.subschema_for::<NoticeLine<'_>>(),
        generator.subschema_for::<RetryLine<'_>>(),
        generator.subschema_for::<ReasoningLine<'_>>(),
        generator.subschema_for::<DeltaLine<'_>>(),
        generator.subschema_for::<ToolCallLine<'_>>(),
        generator.subschema_for::<ApprovalLine<'_>>(),
        generator.subschema_for::<ToolResultLine<'_>>(),
        generator.subschema_for::<UsageLine>(),
        generator.subschema_for::<ResultLine<'_>>(),
    ];
    let mut definitions = generator.take_definitions(true);
    for (_, line) in definitions.iter_mut().filter(|(name, _)| name.ends_with("Line")) {
        line["properties"]["index"] = index.clone();
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of sayso --format jsonl",
        "description": "Exactly one `result`, always the last line. New types and fields can be added.",
        "oneOf": lines,
        "$defs": definitions,
    });
    format!("{schema:#}\n")
}
