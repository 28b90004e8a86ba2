//! `history show --timeline`: how one turn spent its time, as bars (pure).

use serde_json::{Value, json};

use super::text::{Ink, Text};
use crate::command::listing::{aligned, cut, one_line};
use crate::conversation::{MessageId, Role};
use crate::history::{StoredMessage, ToolRun};

const NO_TIMES: &str = "no times were stored for this turn";
const NAME_COLUMNS_MAX: usize = 30;
const BAR_COLUMNS: usize = 48;

/// A part of a turn; times in milliseconds since its beginning.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub name: String,
    pub start_ms: f64,
    pub end_ms: f64,
}

/// The messages of the turn that holds a message; without one, of the last turn.
#[must_use]
pub fn turn_of<'a>(messages: &'a [StoredMessage], wanted: Option<&MessageId>) -> &'a [StoredMessage] {
    let is_wanted = |stored: &StoredMessage| wanted.is_some_and(|id| *id == stored.message.id);
    let at = messages.iter().position(is_wanted).unwrap_or(messages.len().saturating_sub(1));
    let is_prompt = |stored: &StoredMessage| stored.message.role == Role::User;
    let start = messages.iter().take(at + 1).rposition(is_prompt).unwrap_or(0);
    let length = messages[start..].iter().skip(1).position(is_prompt).map_or(messages.len() - start, |next| next + 1);
    &messages[start..start + length]
}

/// What happened one after the other. `runs` are the calls of each reply.
pub fn parts<E>(turn: &[StoredMessage], runs: impl Fn(&MessageId) -> Result<Vec<ToolRun>, E>) -> Result<Vec<Part>, E> {
    let replies = || turn.iter().filter(|stored| stored.message.role == Role::Assistant);
    let Some(start) = replies().next().map(|reply| reply.message.created_ms as f64) else { return Ok(Vec::new()) };
    let mut parts = Vec::new();
    for reply in replies() {
        add_reply(&mut parts, reply, start);
        for run in runs(&reply.message.id)? {
            let (Some(began), Some(ended)) = (run.started_ms, run.finished_ms) else { continue };
            let name = match &run.server {
                Some(server) => format!("{server}: {}", run.name),
                None => run.name.clone(),
            };
            add(&mut parts, &name, began as f64 - start, ended as f64 - start);
        }
    }
    Ok(parts)
}

fn add_reply(parts: &mut Vec<Part>, reply: &StoredMessage, start: f64) {
    let created = reply.message.created_ms as f64 - start;
    let Some(metrics) = reply.metrics else { return };
    let sent = reply.finished_ms.map_or(created, |finished| finished as f64 - start - metrics.total_ms).max(created);
    let end = sent + metrics.total_ms;
    let thought = metrics.first_reasoning_ms.map(|first| sent + first);
    let said = metrics.first_token_ms.map(|first| sent + first);
    add(parts, "wait", created, thought.or(said).unwrap_or(end));
    if let Some(thought) = thought {
        add(parts, "reasoning", thought, said.unwrap_or(end));
    }
    if let Some(said) = said {
        add(parts, "text", said, end);
    }
}

fn add(parts: &mut Vec<Part>, name: &str, start_ms: f64, end_ms: f64) {
    let start_ms = start_ms.max(0.0);
    parts.push(Part { name: name.to_owned(), start_ms, end_ms: end_ms.max(start_ms) });
}

/// The same without a picture: when each part began, and how long it took.
#[must_use]
pub fn words(parts: &[Part]) -> Text {
    let mut text = Text::default();
    if parts.is_empty() {
        text.line(Ink::Plain, NO_TIMES);
    }
    for part in parts {
        let (start, length) = (seconds(part.start_ms), seconds(part.end_ms - part.start_ms));
        text.line(Ink::Plain, format!("{}: after {start}, for {length}", cut(&one_line(&part.name), NAME_COLUMNS_MAX)));
    }
    text
}

#[must_use]
pub fn bars(parts: &[Part]) -> Text {
    let total = parts.iter().map(|part| part.end_ms).fold(0.0, f64::max);
    let mut text = Text::default();
    if total <= 0.0 {
        text.line(Ink::Plain, NO_TIMES);
        return text;
    }
    text.line(Ink::Strong, format!("{} in all", seconds(total)));
    let column = |time_ms: f64| ((time_ms / total) * BAR_COLUMNS as f64).round() as usize;
    let rows: Vec<[String; 3]> = parts
        .iter()
        .map(|part| {
            let start = column(part.start_ms).min(BAR_COLUMNS - 1);
            let length = column(part.end_ms).saturating_sub(start).max(1);
            let bar = format!("{}{}", ".".repeat(start), "#".repeat(length));
            let bar = format!("|{bar:.<BAR_COLUMNS$}|");
            [cut(&one_line(&part.name), NAME_COLUMNS_MAX), bar, seconds(part.end_ms - part.start_ms)]
        })
        .collect();
    text.push(Ink::Plain, aligned(&rows));
    text
}

fn seconds(time_ms: f64) -> String {
    if time_ms < 1_000.0 { format!("{time_ms:.0} ms") } else { format!("{:.2} s", time_ms / 1_000.0) }
}

#[must_use]
pub fn values(parts: &[Part]) -> Vec<Value> {
    let value = |part: &Part| json!({ "part": part.name, "start_ms": part.start_ms, "end_ms": part.end_ms });
    parts.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::{NO_TIMES, Part, bars, words};

    #[test]
    fn bars_stand_where_their_time_was() {
        let part = |name: &str, start_ms, end_ms| Part { name: name.to_owned(), start_ms, end_ms };
        let text = bars(&[part("wait", 0.0, 1_000.0), part("text", 1_000.0, 2_000.0), part("files", 2_000.0, 2_001.0)]);
        let expected = format!(
            "2.00 s in all\nwait   |{}{}|  1.00 s\ntext   |{}{}|  1.00 s\nfiles  |{}#|  1 ms\n",
            "#".repeat(24),
            ".".repeat(24),
            ".".repeat(24),
            "#".repeat(24),
            ".".repeat(47)
        );
        assert_eq!(text.raw(), expected);
        let told = words(&[part("wait", 0.0, 1_000.0), part("text", 1_000.0, 3_500.0)]);
        assert_eq!(told.raw(), "wait: after 0 ms, for 1.00 s\ntext: after 1.00 s, for 2.50 s\n");
        assert_eq!(words(&[]).raw(), format!("{NO_TIMES}\n"));
        assert_eq!(bars(&[]).raw(), "no times were stored for this turn\n");
    }
}
