//! A tool that is not what it was: what a person has to see before it is offered again.

use similar::TextDiff;

use super::pins::Pin;

/// Bytes of a text that are compared line by line.
const SHOWN_BYTES_MAX: usize = 16 * 1024;

/// One tool that is held back. Text in it is as it came: hostile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub server: String,
    pub tool: String,
    pub kind: ChangeKind,
    pub new: Pin,
    pub identity: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// What it was before.
    Changed(Pin),
    Added,
    /// The record of what it was is lost.
    Unpinned,
}

impl Change {
    /// In one line, as in `files/read has changed`.
    #[must_use]
    pub fn title(&self) -> String {
        let what = match self.kind {
            ChangeKind::Changed(_) => "has changed",
            ChangeKind::Added => "is new",
            ChangeKind::Unpinned => "is not known any more",
        };
        format!("{}/{} {what}", self.server, self.tool)
    }

    /// With all that is different, or all that it is where there is nothing to compare with.
    #[must_use]
    pub fn shown(&self) -> String {
        let (old_description, old_schema) = match &self.kind {
            ChangeKind::Changed(old) => (old.description.as_str(), pretty(&old.schema)),
            ChangeKind::Added | ChangeKind::Unpinned => ("", String::new()),
        };
        let mut shown = self.title();
        let pairs = [
            ("description", old_description, self.new.description.as_str()),
            ("arguments", &old_schema, &pretty(&self.new.schema)),
        ];
        for (part, old, new) in pairs {
            if old != new {
                shown.push_str(&format!("\n{part}:\n{}", difference(start(old), start(new))));
            }
        }
        if matches!(&self.kind, ChangeKind::Changed(old) if (&old.description, &old.schema) == (&self.new.description, &self.new.schema))
        {
            shown.push_str("\nwhat it says of its results or of itself is different");
        }
        shown
    }
}

fn difference(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let lines =
        diff.iter_all_changes().map(|change| format!("{}{}", change.tag(), change.value().trim_end_matches('\n')));
    lines.collect::<Vec<_>>().join("\n")
}

fn pretty(schema: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(schema).ok();
    value.map_or_else(|| schema.to_owned(), |value| format!("{value:#}"))
}

fn start(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)]
}
