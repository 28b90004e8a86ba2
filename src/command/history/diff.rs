//! `history diff`: what is different between two messages, branches or conversations.

use similar::{ChangeTag, TextDiff};

use super::rows::label;
use super::text::{Ink, Text};
use crate::cli::{DiffOptions, DiffUnit};
use crate::conversation::Role;
use crate::history::{History, HistoryError, Spot};

/// Lines around a change.
const CONTEXT_LINES: usize = 3;

/// The difference as a text; nothing where there is none.
pub fn diff(history: &History, options: &DiffOptions) -> Result<Text, HistoryError> {
    let sides = [&options.from, &options.to].map(|address| side(history, address));
    let [from, to] = sides;
    let (from, to) = (from?, to?);
    Ok(match options.by {
        DiffUnit::Line => by_line(&from, &to),
        DiffUnit::Word => by_word(&from, &to),
    })
}

struct Side {
    name: String,
    text: String,
}

/// A message is its text, a conversation all that was said on its active branch.
fn side(history: &History, address: &str) -> Result<Side, HistoryError> {
    let Spot { conversation, message } = history.locate(address)?;
    let name = label(&history.conversation(&conversation)?).to_owned();
    if let Some(id) = message {
        let stored = history.message(&id)?;
        let model = stored.message.model.unwrap_or_default();
        return Ok(Side { name: format!("{name} {id} {model}"), text: stored.message.text });
    }
    let mut text = String::new();
    for stored in history.stored_messages(&conversation)?.iter().filter(|stored| stored.message.role != Role::System) {
        text.push_str(&format!("{}:\n{}\n\n", stored.message.role.name(), stored.message.text.trim_end()));
    }
    Ok(Side { name: format!("{name} {conversation}"), text })
}

fn by_line(from: &Side, to: &Side) -> Text {
    let diff = TextDiff::from_lines(&from.text, &to.text);
    let mut text = Text::default();
    for (number, hunk) in diff.unified_diff().context_radius(CONTEXT_LINES).iter_hunks().enumerate() {
        if number == 0 {
            text.line(Ink::Strong, format!("--- {}", one_line(&from.name)));
            text.line(Ink::Strong, format!("+++ {}", one_line(&to.name)));
        }
        text.line(Ink::Faint, hunk.header().to_string());
        for change in hunk.iter_changes() {
            let (ink, sign) = match change.tag() {
                ChangeTag::Delete => (Ink::Removed, '-'),
                ChangeTag::Insert => (Ink::Added, '+'),
                ChangeTag::Equal => (Ink::Plain, ' '),
            };
            text.line(ink, format!("{sign}{}", change.value().trim_end_matches(['\n', '\r'])));
            if change.missing_newline() {
                text.line(Ink::Faint, "\\ No newline at end of file");
            }
        }
    }
    text
}

/// All of it, with what is different in marks that a pipe keeps.
fn by_word(from: &Side, to: &Side) -> Text {
    let diff = TextDiff::from_words(&from.text, &to.text);
    let mut text = Text::default();
    if diff.iter_all_changes().all(|change| change.tag() == ChangeTag::Equal) {
        return text;
    }
    let mut last = ChangeTag::Equal;
    for change in diff.iter_all_changes() {
        if change.tag() != last {
            push_end(&mut text, last);
            match change.tag() {
                ChangeTag::Delete => text.push(Ink::Removed, "[-"),
                ChangeTag::Insert => text.push(Ink::Added, "{+"),
                ChangeTag::Equal => {}
            }
            last = change.tag();
        }
        text.push(ink_of(last), change.value());
    }
    push_end(&mut text, last);
    text.push(Ink::Plain, "\n");
    text
}

fn push_end(text: &mut Text, tag: ChangeTag) {
    match tag {
        ChangeTag::Delete => text.push(Ink::Removed, "-]"),
        ChangeTag::Insert => text.push(Ink::Added, "+}"),
        ChangeTag::Equal => {}
    }
}

fn ink_of(tag: ChangeTag) -> Ink {
    match tag {
        ChangeTag::Delete => Ink::Removed,
        ChangeTag::Insert => Ink::Added,
        ChangeTag::Equal => Ink::Plain,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(text: &str) -> Side {
        Side { name: "trip\n01X".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn lines_are_told_as_a_unified_diff() {
        let told = by_line(&side("one\ntwo\nthree\n"), &side("one\n2\nthree")).raw();
        let expected = "--- trip 01X\n+++ trip 01X\n@@ -1,3 +1,3 @@\n one\n-two\n-three\n+2\n+three\n\\ No newline at end of file\n";
        assert_eq!(told, expected);
        assert_eq!(by_line(&side("same"), &side("same")).raw(), "");
    }

    #[test]
    fn words_are_marked_where_they_stand() {
        let told = by_word(&side("the red fox"), &side("the brown fox jumps")).raw();
        assert_eq!(told, "the [-red-]{+brown+} fox{+ jumps+}\n");
        assert_eq!(by_word(&side("same"), &side("same")).raw(), "");
    }
}
