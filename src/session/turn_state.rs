//! What one turn adds up over its replies and rounds of tools.

use serde_json::{Map, Value};

use super::wanted::{NotTaken, Taken};
use super::{ActiveModel, OutputError};
use crate::conversation::Usage;
use crate::history::TurnMetrics;

#[derive(Default)]
pub struct TurnState {
    /// Rounds of tool calls so far.
    pub rounds: u32,
    /// From here on a request is not repeated by itself.
    pub has_run_tools: bool,
    /// A call was refused: the turn did less than it was to do.
    pub was_denied: bool,
    /// Answers that servers got from the model.
    pub samplings: u32,
    /// The conversation was cut because the server found it too long; that happens once.
    pub has_cut: bool,
    /// Models of the list of fallbacks that were tried.
    pub fallbacks: usize,
    /// The model that the turn began with, where another one has taken its place.
    pub own_model: Option<ActiveModel>,
    pub output_error: Option<OutputError>,
    /// The text of the replies before the last one.
    pub earlier_text: String,
    pub usage: Option<Usage>,
    pub metrics: Option<TurnMetrics>,
    /// What was taken out of the answer, where that is wanted and there is an answer.
    pub taken: Option<Result<Taken, NotTaken>>,
    /// Answers that did not match and were asked for again.
    pub repairs: u32,
    calls: Vec<(String, String)>,
}

impl TurnState {
    /// How often this very call was made in the turn, with this time.
    pub fn count_call(&mut self, name: &str, arguments: &Map<String, Value>) -> usize {
        let call = (name.to_owned(), sorted(&Value::Object(arguments.clone())).to_string());
        let count = self.calls.iter().filter(|seen| **seen == call).count() + 1;
        self.calls.push(call);
        count
    }

    /// Sets the text of a finished reply before what the next one will say.
    pub fn keep_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.earlier_text.push_str(paragraph_break(self.earlier_text.bytes().last()));
            self.earlier_text.push_str(text);
        }
    }

    pub fn add_usage(&mut self, usage: &Usage) {
        self.usage.get_or_insert_default().add(usage);
    }

    /// Times add up; the first token is that of the first reply, gaps and rate are those of the last.
    pub fn add_metrics(&mut self, metrics: TurnMetrics) {
        self.metrics = Some(match self.metrics.take() {
            None => metrics,
            Some(before) => TurnMetrics {
                first_token_ms: before.first_token_ms.or(metrics.first_token_ms.map(|first| before.total_ms + first)),
                first_reasoning_ms: before
                    .first_reasoning_ms
                    .or(metrics.first_reasoning_ms.map(|first| before.total_ms + first)),
                total_ms: before.total_ms + metrics.total_ms,
                chunks: before.chunks + metrics.chunks,
                flushes: before.flushes + metrics.flushes,
                commits: before.commits + metrics.commits,
                bytes_written: before.bytes_written + metrics.bytes_written,
                delta_buffer_peak_bytes: before.delta_buffer_peak_bytes.max(metrics.delta_buffer_peak_bytes),
                retries: before.retries + metrics.retries,
                ..metrics
            },
        });
    }
}

/// What stands between the texts of two replies of one turn, by the last byte of the first one.
#[must_use]
pub fn paragraph_break(last: Option<u8>) -> &'static str {
    match last {
        None => "",
        Some(b'\n') => "\n",
        Some(_) => "\n\n",
    }
}

/// The same whatever order the model wrote the fields in.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<_> = fields.keys().collect();
            names.sort();
            Value::Array(names.into_iter().flat_map(|name| [name.as_str().into(), sorted(&fields[name])]).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::TurnState;

    fn arguments(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_same_call_is_known_in_any_order_of_its_fields() {
        let mut turn = TurnState::default();
        assert_eq!(turn.count_call("read", &arguments(r#"{"a": 1, "b": {"c": [2], "d": 3}}"#)), 1);
        assert_eq!(turn.count_call("read", &arguments(r#"{"b": {"d": 3, "c": [2]}, "a": 1}"#)), 2);
        assert_eq!(turn.count_call("write", &arguments(r#"{"a": 1, "b": {"c": [2], "d": 3}}"#)), 1);
        assert_eq!(turn.count_call("read", &arguments(r#"{"a": 1, "b": {"c": [3], "d": 2}}"#)), 1);
    }

    #[test]
    fn texts_of_one_turn_are_paragraphs() {
        let mut turn = TurnState::default();
        for text in ["Let me look.", "", "Found it.\n", "Done"] {
            turn.keep_text(text);
        }
        assert_eq!(turn.earlier_text, "Let me look.\n\nFound it.\n\nDone");
    }
}
