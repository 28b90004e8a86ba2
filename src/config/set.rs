//! Changes one setting in the text of the configuration file; every other byte stays (pure).
//!
//! Each way to write the change is tried until one reads as the old file with this one setting changed.

use serde_json::{Map, Value};

use super::edit::{self, EditError};
use super::env::Environment;
use super::loaded::load_source;
use super::problem::KeyPath;
use super::setting;
use super::source::Source;
use super::tree::{self, Entry, Node, NodeKind};
use super::value::plain_scalar;

/// The text with `key` set to `value`, which is written as it would stand in the file.
pub fn with_setting(
    source: &Source,
    key: &KeyPath,
    value: &str,
    environment: &Environment,
) -> Result<String, EditError> {
    // A file with mistakes is mended first.
    load_source(source, environment)?;
    let root = tree::parse(&source.text).ok().and_then(|tree| tree.root);
    let mut mistake = None;
    for (written, new) in readings(value) {
        let expected = with_value(root.as_ref(), &key.0, &new);
        for text in edits(&source.text, root.as_ref(), key, &written) {
            let text = edit::with_line_ends_of(&source.text, text);
            let edited = Source { path: source.path.clone(), text, mode: source.mode };
            let read = tree::parse(&edited.text).ok().and_then(|tree| tree.root);
            if read.map(|root| meaning(&root)).as_ref() != Some(&expected) {
                continue;
            }
            match load_source(&edited, environment) {
                Ok(_) => return Ok(edited.text),
                Err(error) => mistake = mistake.or(Some(error)),
            }
        }
    }
    Err(mistake.map_or(EditError::ByHand, EditError::Config))
}

/// The first secret that `value` would set: `key` itself, or a setting below it.
#[must_use]
pub fn secret_within(key: &KeyPath, value: &str) -> Option<KeyPath> {
    readings(value).first().and_then(|(_, meant)| secret_below(key, meant))
}

fn secret_below(key: &KeyPath, value: &Value) -> Option<KeyPath> {
    // An unknown name is told with the other mistakes.
    if setting::known(key).unwrap_or(false) {
        return Some(key.clone());
    }
    match value {
        Value::Object(inner) => inner.iter().find_map(|(name, value)| secret_below(&key.join(name), value)),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, value)| secret_below(&key.join(&index.to_string()), value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The value as it was typed, then as text in quotes, each with what it means.
fn readings(value: &str) -> Vec<(String, Value)> {
    let typed = value.trim();
    let is_whole = !typed.is_empty()
        && !typed.contains('\n')
        && !typed.contains(" #")
        && !typed.starts_with(['#', '|', '>', '&', '*', '!']);
    let plain = is_whole.then(|| tree::parse(typed).ok()?.root).flatten();
    let plain = plain.filter(|node| is_in_one_line(node, typed)).map(|node| (typed.to_owned(), meaning(&node)));
    let quoted = (edit::quoted(value), Value::String(value.to_owned()));
    plain.into_iter().chain([quoted]).collect()
}

/// `a: b` would be a mapping of its own lines.
fn is_in_one_line(node: &Node, typed: &str) -> bool {
    match &node.kind {
        NodeKind::Scalar { .. } => true,
        NodeKind::Sequence(_) => typed.starts_with('['),
        NodeKind::Mapping(_) => typed.starts_with('{'),
    }
}

/// What a tree says, without places and ways of writing.
fn meaning(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar { text, is_plain: true } => serde_json::to_value(plain_scalar(text)).unwrap_or_default(),
        NodeKind::Scalar { text, is_plain: false } => Value::String(text.clone()),
        NodeKind::Sequence(items) => items.iter().map(meaning).collect(),
        NodeKind::Mapping(entries) => {
            Value::Object(entries.iter().map(|entry| (entry.key.clone(), meaning(&entry.value))).collect())
        }
    }
}

fn with_value(root: Option<&Node>, path: &[String], new: &Value) -> Value {
    let mut whole = root.map(meaning).filter(Value::is_object).unwrap_or_else(|| Value::Object(Map::new()));
    let mut place = &mut whole;
    for name in path {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name.as_str()];
    }
    *place = new.clone();
    whole
}

fn edits(text: &str, root: Option<&Node>, key: &KeyPath, written: &str) -> Vec<String> {
    let Some(root) = root.filter(|root| !root.is_null()) else {
        return vec![edit::appended_raw(text, &key.0, written)];
    };
    let mut node = root;
    let mut parent: Option<&Entry> = None;
    for (depth, name) in key.0.iter().enumerate() {
        let Some(entry) = node.entries().iter().find(|entry| entry.key == *name) else {
            return insertions(text, (root, parent), &key.0[depth..], written);
        };
        (parent, node) = (Some(entry), &entry.value);
    }
    parent.map(|entry| replacements(text, entry, written)).unwrap_or_default()
}

/// Names that are not there yet go into the innermost mapping that is.
fn insertions(text: &str, (root, parent): (&Node, Option<&Entry>), names: &[String], written: &str) -> Vec<String> {
    // A mark, so that the value is written as it was typed.
    const MARK: &str = "sayso_new_value";
    let mut value = Value::String(MARK.to_owned());
    for name in names.iter().rev() {
        value = Value::Object(Map::from_iter([(name.clone(), value)]));
    }
    let Value::Object(new) = value else { return Vec::new() };
    let texts = match parent {
        Some(parent) => edit::into_mapping(text, parent, &new),
        None => edit::into_root(text, root, &new),
    };
    texts.into_iter().map(|text| text.replacen(MARK, written, 1)).collect()
}

/// The value of an entry, where its end can be told.
fn replacements(text: &str, entry: &Entry, written: &str) -> Vec<String> {
    let node = &entry.value;
    let after_key = || {
        let key = edit::offset(text, entry.position)?;
        let line = &text[key..key + text[key..].find('\n').unwrap_or(text.len() - key)];
        line.find(':').map(|colon| key + colon + 1)
    };
    if node.is_null() && matches!(&node.kind, NodeKind::Scalar { text, .. } if text.is_empty()) {
        let Some(at) = after_key() else { return Vec::new() };
        return vec![format!("{} {written}{}", &text[..at], &text[at..])];
    }
    let Some(start) = edit::offset(text, node.position) else { return Vec::new() };
    let Some(length) = length_of(&text[start..], node) else { return Vec::new() };
    vec![format!("{}{written}{}", &text[..start], &text[start + length..])]
}

/// Bytes of a value that ends in its line; `None` where it is written over several.
fn length_of(text: &str, node: &Node) -> Option<usize> {
    let line = text.lines().next()?;
    let first = line.chars().next()?;
    match (&node.kind, first) {
        (NodeKind::Scalar { .. }, quote @ ('"' | '\'')) => end_of_quoted(line, quote),
        (NodeKind::Scalar { text: written, .. }, _) => line.starts_with(written.as_str()).then_some(written.len()),
        (NodeKind::Sequence(_) | NodeKind::Mapping(_), '[' | '{') => end_of_flow(line),
        (NodeKind::Sequence(_) | NodeKind::Mapping(_), _) => None,
    }
}

fn end_of_quoted(line: &str, quote: char) -> Option<usize> {
    let mut letters = line.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quote == '"' => drop(letters.next()),
            letter if letter == quote && quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == '\'') => {
                letters.next();
            }
            letter if letter == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn end_of_flow(line: &str) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    while let Some(letter) = line[at..].chars().next() {
        match letter {
            '[' | '{' => depth += 1,
            ']' | '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            quote @ ('"' | '\'') => {
                at += end_of_quoted(&line[at..], quote)?;
                continue;
            }
            _ => {}
        }
        at += letter.len_utf8();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, key: &str, value: &str) -> String {
        let source = Source { path: "c.yaml".into(), text: text.to_owned(), mode: Some(0o600) };
        with_setting(&source, &KeyPath::parse(key).unwrap(), value, &Environment::default())
            .unwrap_or_else(|error| format!("{error:?}"))
    }

    #[test]
    fn a_value_is_changed_and_nothing_else_moves() {
        for (text, key, value, expected) in [
            ("ui:\n  theme: dark # mine\n", "ui.theme", "light", "ui:\n  theme: light # mine\n"),
            (
                "# top\nui: {theme: 'dark', color: auto}\n",
                "ui.theme",
                "light",
                "# top\nui: {theme: light, color: auto}\n",
            ),
            ("llm:\n  fallback: [\"a:b\", c:d] # two\n", "llm.fallback", "[e:f]", "llm:\n  fallback: [e:f] # two\n"),
            ("llm:\n  fallback:\n", "llm.fallback", "[e:f]", "llm:\n  fallback: [e:f]\n"),
            (
                "chat:\n  service:\n    max_tool_hops: 8\n",
                "chat.service.max_tool_hops",
                "3",
                "chat:\n  service:\n    max_tool_hops: 3\n",
            ),
            (
                "ui:\n  theme: dark\n",
                "llm.models.fast",
                "groq:x",
                "ui:\n  theme: dark\n\nllm:\n  models:\n    fast: groq:x\n",
            ),
            ("ui:\n  theme: dark\n# end\n", "ui.color", "never", "ui:\n  theme: dark\n  color: never\n# end\n"),
            ("", "ui.color", "never", "ui:\n  color: never\n"),
            ("# only\n", "ui.color", "never", "# only\n\nui:\n  color: never\n"),
            ("llm: {models: {a: b}}\n", "llm.models.c", "4", "llm: {models: {c: \"4\", a: b}}\n"),
            (
                "chat: {service: {system_prompt: x}}\n",
                "chat.service.system_prompt",
                "Be: brief # now",
                "chat: {service: {system_prompt: \"Be: brief # now\"}}\n",
            ),
        ] {
            assert_eq!(set(text, key, value), expected, "{text:?} {key}");
        }
    }

    #[test]
    fn a_wrong_value_and_what_cannot_be_done_safely_are_refused() {
        assert!(set("ui:\n  color: auto\n", "ui.color", "sometimes").contains("has to be one of"));
        assert!(
            set("chat: {service: {max_tool_hops: 8}}", "chat.service.max_tool_hops", "many").contains("whole number")
        );
        assert_eq!(
            set("chat:\n  service:\n    system_prompt: |\n      a\n      b\n", "chat.service.system_prompt", "x"),
            "ByHand"
        );
        assert!(set("ui: [\n", "ui.color", "auto").starts_with("Config"));
    }

    proptest::proptest! {
        /// Whatever text is set: it is read back as it was.
        #[test]
        fn any_text_goes_in(value in proptest::prelude::any::<String>()) {
            let text = "chat:\n  service:\n    system_prompt: old # kept\nui: {} # kept\n";
            let source = Source { path: "c.yaml".into(), text: text.to_owned(), mode: Some(0o600) };
            let key = KeyPath::of("chat.service.system_prompt");
            if !value.contains('$') && let Ok(edited) = with_setting(&source, &key, &value, &Environment::default()) {
                let is_kept = edited.ends_with(" # kept\nui: {} # kept\n");
                proptest::prop_assert!(is_kept, "{}", edited);
                let read = tree::parse(&edited).unwrap().root.unwrap();
                let found = meaning(&read)["chat"]["service"]["system_prompt"].clone();
                proptest::prop_assert!(readings(&value).iter().any(|(_, meant)| *meant == found));
            }
        }
    }
}
