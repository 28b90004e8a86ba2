//! The line that `batch` writes for each row. Fields are only ever added.

use serde::Serialize;
use serde_json::Value;

use super::json_lines::{Error, Usage};
use super::safe_json::push_json_line;
use super::term_safe::TermSafeBuf;
use crate::conversation::ConversationId;
use crate::session::{TurnResult, TurnStatus};

/// What every line begins with: how a line that a kill has cut is told from the text of somebody else.
pub const BATCH_LINE_START: &str = "{\"id\":";

#[derive(Serialize)]
struct BatchLine<'a> {
    id: &'a Value,
    status: &'static str,
    text: &'a str,
    finish: Option<&'a str>,
    usage: Option<Usage>,
    error: Option<Error<'a>>,
    model: &'a str,
    ms: u64,
    retries: u32,
    hash: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<&'a str>,
}

/// Whose result a line is.
#[derive(Clone, Copy, Debug)]
pub struct BatchRow<'a> {
    pub id: &'a Value,
    /// Tells what was asked.
    pub hash: &'a str,
    /// Where the history has it.
    pub conversation: Option<&'a ConversationId>,
}

/// The result of a row, with its newline. `timed_out` says that and why a row ran out of time.
#[must_use]
pub fn batch_line(row: BatchRow<'_>, result: &TurnResult, timed_out: Option<&str>) -> String {
    let timeout = timed_out.map(|message| Error {
        class: "timeout",
        message,
        status: None,
        request_id: None,
        retryable: Some(true),
        hint: None,
    });
    let status = if timed_out.is_some() { TurnStatus::Error } else { result.status };
    let line = BatchLine {
        id: row.id,
        status: status.name(),
        text: &result.text,
        finish: result.finish.as_deref(),
        usage: result.usage.as_ref().map(Into::into),
        error: timeout.or_else(|| result.error.as_ref().map(Into::into)),
        model: &result.model,
        ms: result.metrics.total_ms.round() as u64,
        retries: result.metrics.retries,
        hash: row.hash,
        conversation: row.conversation.map(|id| id.0.as_str()),
    };
    let mut out = TermSafeBuf::new();
    push_json_line(&line, &mut out);
    out.as_str().to_owned()
}
