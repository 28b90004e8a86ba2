//! What came of each request of an exercise, for people and for scripts.

use std::time::Duration;

use serde_json::json;

use super::super::super::listing::{Listing, pretty};
use crate::cli::ListFormat;
use crate::mcp::McpError;

/// Letters of an answer that are told.
const DETAIL_CHARS_MAX: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// The tool failed, and said so as it should.
    ToolError,
    /// An error of the protocol, as for arguments that do not suit.
    Refused,
    /// No answer, or none that can be understood.
    Failed,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ToolError => "tool_error",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    #[must_use]
    pub fn of(error: &McpError) -> Self {
        match error {
            McpError::Refused { .. } => Self::Refused,
            McpError::UnknownServer(_)
            | McpError::Unavailable { .. }
            | McpError::Disconnected { .. }
            | McpError::TimedOut { .. }
            | McpError::SignInNeeded { .. }
            | McpError::SignInFailed { .. }
            | McpError::Protocol { .. } => Self::Failed,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Row {
    /// As in `tools/call`.
    pub request: &'static str,
    pub name: String,
    pub outcome: Outcome,
    pub took: Duration,
    pub detail: String,
}

/// The rows in the order of the requests.
#[derive(Debug, Default)]
pub struct Report {
    pub protocol: Option<String>,
    pub rows: Vec<Row>,
}

impl Report {
    pub fn add(&mut self, row: Row) {
        let detail = row.detail.chars().take(DETAIL_CHARS_MAX).collect();
        self.rows.push(Row { detail, ..row });
    }

    /// Whether there was an answer to everything. An error is one where arguments were made up.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.rows.iter().all(|row| match row.outcome {
            Outcome::Ok | Outcome::ToolError => true,
            Outcome::Refused => matches!(row.request, "tools/call" | "prompts/get" | "resources/read"),
            Outcome::Failed => false,
        })
    }

    #[must_use]
    pub fn render(&self, format: ListFormat) -> String {
        let milliseconds = |row: &Row| u64::try_from(row.took.as_millis()).unwrap_or(u64::MAX);
        let values = self.rows.iter().map(|row| {
            json!({
                "request": row.request, "name": row.name, "outcome": row.outcome.name(),
                "ms": milliseconds(row), "detail": row.detail,
            })
        });
        if format == ListFormat::Json {
            let value = json!({
                "protocol": self.protocol, "answered": self.is_answered(), "requests": values.collect::<Vec<_>>(),
            });
            return pretty(&value);
        }
        let row = |row: &Row| {
            let outcome = row.outcome.name().to_owned();
            let cells = [row.request.to_owned(), row.name.clone(), outcome, milliseconds(row).to_string()];
            let [request, name, outcome, ms] = cells;
            [request, name, outcome, ms, row.detail.clone()]
        };
        let names = ["request", "name", "outcome", "ms", "detail"];
        Listing { names, rows: self.rows.iter().map(row).collect(), values: values.collect() }.render(format)
    }
}
