//! When a conversation waited, answered and worked, as bars of one picture.

use std::fmt::Write as _;

use crate::history::{PortableMessage, TurnMetrics};

const WIDTH: f64 = 800.0;
const LABEL_WIDTH: f64 = 60.0;
const ROW_HEIGHT: usize = 16;
/// A longer conversation shows its last replies.
const ROWS_MAX: usize = 200;

struct Row<'a> {
    id: &'a str,
    wait_ms: f64,
    total_ms: f64,
    /// Of its calls, one after the other.
    tools_ms: f64,
}

/// The picture, or nothing where no times are known.
#[must_use]
pub fn timeline(branch: &[&PortableMessage]) -> String {
    let rows: Vec<Row<'_>> = branch.iter().filter_map(|message| row(message)).collect();
    let rows = &rows[rows.len().saturating_sub(ROWS_MAX)..];
    let longest = rows.iter().map(|row| row.total_ms + row.tools_ms).fold(0.0, f64::max);
    if longest <= 0.0 {
        return String::new();
    }
    let scale = (WIDTH - LABEL_WIDTH) / longest;
    let mut svg = format!(
        "<details><summary>timeline: waiting, answer, tools</summary>\n<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"timeline\">\n",
        rows.len() * ROW_HEIGHT
    );
    for (place, row) in rows.iter().enumerate() {
        let top = place * ROW_HEIGHT;
        // Writing to a string cannot fail.
        let _ = writeln!(svg, "<a href=\"#{}\">", super::html::escape(row.id));
        let _ =
            writeln!(svg, "<text x=\"0\" y=\"{}\">{:.1} s</text>", top + 11, (row.total_ms + row.tools_ms) / 1000.0);
        let parts = [("wait", row.wait_ms), ("answer", row.total_ms - row.wait_ms), ("tool", row.tools_ms)];
        let mut left = LABEL_WIDTH;
        for (class, part) in parts {
            let width = part.max(0.0) * scale;
            if width > 0.0 {
                let _ = writeln!(
                    svg,
                    "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"10\"><title>{class} {part:.0} ms</title></rect>",
                    top + 3
                );
            }
            left += width;
        }
        svg.push_str("</a>\n");
    }
    svg.push_str("</svg></details>\n");
    svg
}

fn row(message: &PortableMessage) -> Option<Row<'_>> {
    let metrics: Option<TurnMetrics> = message.metrics.as_ref().and_then(|json| serde_json::from_str(json.get()).ok());
    let stored_ms = || message.finished.map_or(0, |finished| finished.0.saturating_sub(message.created.0));
    let total_ms = metrics.map_or_else(|| milliseconds(stored_ms()), |metrics| metrics.total_ms);
    let spans = message.tool_calls.iter().filter_map(|call| Some(call.finished?.0.saturating_sub(call.started?.0)));
    let is_reply = message.role == "assistant" && total_ms.is_finite() && total_ms > 0.0;
    is_reply.then(|| Row {
        id: &message.id,
        wait_ms: metrics.and_then(|metrics| metrics.first_token_ms).unwrap_or(0.0).clamp(0.0, total_ms),
        total_ms,
        tools_ms: spans.map(milliseconds).sum(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "times of a picture")]
fn milliseconds(time: i64) -> f64 {
    time.max(0) as f64
}
