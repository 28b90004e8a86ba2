//! A whole conversation as one text for an editor, and back (pure).

use crate::conversation::{Message, Role};
use crate::session::{Draft, Piece};

const HEADER: &str = "\
<!-- The conversation, the oldest message first. Change messages, add some, take some out, move them.
     A line like `--- user ---` or `--- assistant ---` begins one; a number means the message that was there.
     What was said before stays in the history. Saved as it is, nothing happens. -->
";

/// Messages under lines that begin them, with the numbers by which [`read`] knows them again.
#[must_use]
pub fn write(messages: &[Message]) -> String {
    let mut text = HEADER.to_owned();
    for (number, message) in (1..).zip(messages) {
        text.push_str(&format!("\n{}\n", beginning(Some(number), message.role)));
        for line in message.text.trim_end().lines() {
            if is_escapable(line) {
                text.push('\\');
            }
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// What was made of it. The mistake in words where it cannot be understood.
pub fn read(text: &str, messages: &[Message]) -> Result<Vec<Piece>, String> {
    let mut sections: Vec<(Option<usize>, Role, String)> = Vec::new();
    for line in text.lines() {
        if let Some((number, role)) = begins(line)? {
            sections.push((number, role, String::new()));
            continue;
        }
        let Some((_, _, section)) = sections.last_mut() else { continue };
        section.push_str(line.strip_prefix('\\').filter(|rest| is_escapable(rest)).unwrap_or(line));
        section.push('\n');
    }
    let pieces = sections.into_iter().map(|(number, role, text)| piece(number, role, &text, messages));
    let pieces: Result<Vec<_>, String> = pieces.collect();
    Ok(pieces?.into_iter().flatten().collect())
}

/// Nothing where a message was emptied.
fn piece(number: Option<usize>, role: Role, text: &str, messages: &[Message]) -> Result<Option<Piece>, String> {
    let original = match number {
        None => None,
        Some(number) => {
            let found = number.checked_sub(1).and_then(|at| messages.get(at));
            let found = found.ok_or_else(|| format!("there was no message {number}"))?;
            (found.role == role).then_some(found)
        }
    };
    let text = without_blank_lines_around(text);
    if let Some(original) = original.filter(|original| without_blank_lines_around(&original.text) == text) {
        return Ok(Some(match original.id.0.as_str() {
            // Made up for the model; the history has no such message.
            "" => return Ok(None),
            _ => Piece::Kept(original.id.clone()),
        }));
    }
    if role == Role::Tool && original.is_none() {
        return Err("a result of a tool belongs to its call: only those that were there can stand here".to_owned());
    }
    let has_calls = original.is_some_and(|original| !original.tool_calls.is_empty());
    if text.is_empty() && !has_calls && role != Role::Tool {
        return Ok(None);
    }
    let original = original.map(|original| original.id.clone());
    Ok(Some(Piece::Changed(Draft { original, role, text: text.to_owned() })))
}

fn without_blank_lines_around(text: &str) -> &str {
    text.trim_end().trim_start_matches(['\n', '\r'])
}

fn beginning(number: Option<usize>, role: Role) -> String {
    match number {
        Some(number) => format!("--- {number} {} ---", role.name()),
        None => format!("--- {} ---", role.name()),
    }
}

/// Whether a line begins a message, or does but for backslashes before it.
fn is_escapable(line: &str) -> bool {
    matches!(begins(line.trim_start_matches('\\')), Ok(Some(_)) | Err(_))
}

/// The number and the role of the message that this line begins.
fn begins(line: &str) -> Result<Option<(Option<usize>, Role)>, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (number, role) = match words.as_slice() {
        ["---", number, role, "---"] if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            (Some(number.parse().map_err(|_| format!("there was no message {number}"))?), role)
        }
        ["---", role, "---"] => (None, role),
        _ => return Ok(None),
    };
    match Role::from_name(role) {
        Some(Role::System) => Err("the system prompt is no message: /system sets it".to_owned()),
        Some(role) => Ok(Some((number, role))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::{MessageId, ToolCall};

    fn message(id: &str, role: Role, text: &str) -> Message {
        Message::new(MessageId(id.into()), None, role, text.into(), 0)
    }

    fn conversation() -> Vec<Message> {
        let mut calling = message("b", Role::Assistant, "");
        calling.tool_calls.push(ToolCall { id: "x".into(), name: "read".into(), arguments: "{}".into() });
        let mut result = message("c", Role::Tool, "the file");
        result.tool_call_id = Some("x".into());
        vec![message("a", Role::User, "read it\n\n  please\n"), calling, result, message("d", Role::Assistant, "done")]
    }

    fn kept(id: &str) -> Piece {
        Piece::Kept(MessageId(id.into()))
    }

    fn changed(original: Option<&str>, role: Role, text: &str) -> Piece {
        let original = original.map(|id| MessageId(id.into()));
        Piece::Changed(Draft { original, role, text: text.into() })
    }

    #[test]
    fn what_is_left_alone_is_kept() {
        let messages = conversation();
        let text = write(&messages);
        assert_eq!(read(&text, &messages).unwrap(), ["a", "b", "c", "d"].map(kept));
        let edited = text.replace("please", "now").replace("done", "done!\n\n--- user ---\nthanks");
        let expected = [
            changed(Some("a"), Role::User, "read it\n\n  now"),
            kept("b"),
            kept("c"),
            changed(Some("d"), Role::Assistant, "done!"),
            changed(None, Role::User, "thanks"),
        ];
        assert_eq!(read(&edited, &messages).unwrap(), expected);
    }

    #[test]
    fn messages_can_go_and_mistakes_are_told() {
        let messages = conversation();
        assert_eq!(read("--- 1 user ---\nread it\n\n  please", &messages).unwrap(), [kept("a")]);
        assert_eq!(read("--- 4 assistant ---\n\n--- user ---\n", &messages).unwrap(), []);
        assert_eq!(read("nothing at all", &messages).unwrap(), []);
        for bad in ["--- 9 user ---", "--- 0 user ---", "--- tool ---\nx", "--- 1 tool ---\nx", "--- system ---"] {
            assert!(read(bad, &messages).is_err(), "{bad}");
        }
    }

    #[test]
    fn any_text_comes_back_as_it_was() {
        let line = prop_oneof![
            "\\PC{0,12}",
            Just("--- user ---".into()),
            Just("\\--- 1 tool ---".into()),
            Just(String::new())
        ];
        let text = prop::collection::vec(line, 0..6).prop_map(|lines| lines.join("\n"));
        let mut runner = proptest::test_runner::TestRunner::default();
        let outcome = runner.run(&prop::collection::vec(text, 0..4), |texts| {
            let messages: Vec<_> =
                (0..).zip(&texts).map(|(n, text): (i32, _)| message(&n.to_string(), Role::User, text)).collect();
            let expected: Vec<_> = messages.iter().map(|message| Piece::Kept(message.id.clone())).collect();
            prop_assert_eq!(read(&write(&messages), &messages).unwrap(), expected);
            Ok(())
        });
        outcome.unwrap();
    }
}
