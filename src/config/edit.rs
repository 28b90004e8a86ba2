//! Puts a server or provider into the text of the configuration file, or takes one out; every other byte stays (pure).
//!
//! The tree says where things stand. What comes out is read again and must be the old
//! configuration with this one change, or nothing is changed at all.

use serde_json::{Map, Value};

use super::env::Environment;
use super::file::ConfigFile;
use super::loaded::load_source;
use super::problem::{ConfigError, Position};
use super::source::Source;
use super::tree::{self, Entry, Node, NodeKind};

/// Why the text is left alone.
#[derive(Debug)]
pub enum EditError {
    /// The file is wrong already, or would be.
    Config(ConfigError),
    /// It is written in a way that is better changed by hand.
    ByHand,
}

impl From<ConfigError> for EditError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// The text with a server more. `section` is the section as other hosts write it.
pub fn with_server(
    source: &Source,
    name: &str,
    section: &Map<String, Value>,
    environment: &Environment,
) -> Result<String, EditError> {
    let mut expected = load_source(source, environment)?.file;
    expected.mcp.servers.insert(name.to_owned(), typed(section)?);
    with_entry(source, ("mcp", "servers"), (name, section), (&expected, environment))
}

/// The text with a provider more. `section` is what stands below its name.
pub fn with_provider(
    source: &Source,
    name: &str,
    section: &Map<String, Value>,
    environment: &Environment,
) -> Result<String, EditError> {
    let mut expected = load_source(source, environment)?.file;
    expected.llm.providers.insert(name.to_owned(), typed(section)?);
    with_entry(source, ("llm", "providers"), (name, section), (&expected, environment))
}

fn typed<T: serde::de::DeserializeOwned>(section: &Map<String, Value>) -> Result<T, EditError> {
    serde_yaml::to_value(section).and_then(serde_yaml::from_value).map_err(|_| EditError::ByHand)
}

fn with_entry(
    source: &Source,
    place: (&str, &str),
    (name, section): (&str, &Map<String, Value>),
    (expected, environment): (&ConfigFile, &Environment),
) -> Result<String, EditError> {
    let entry = Map::from_iter([(name.to_owned(), Value::Object(section.clone()))]);
    let root = tree::parse(&source.text).ok().and_then(|tree| tree.root);
    let edits = insertions(&source.text, root.as_ref(), place, &entry);
    first_right(edits, expected, source, environment)
}

/// The text with this provider as the active one, where none is.
pub fn with_active(source: &Source, name: &str, environment: &Environment) -> Result<String, EditError> {
    let mut expected = load_source(source, environment)?.file;
    expected.llm.active = Some(name.to_owned());
    let entry = Map::from_iter([("active".to_owned(), Value::String(name.to_owned()))]);
    let root = tree::parse(&source.text).ok().and_then(|tree| tree.root);
    let llm = root.as_ref().and_then(|root| find(root, "llm"));
    // Above the providers is where it is looked for.
    let edits = llm.map(|llm| into_mapping(&source.text, llm, &entry).into_iter().rev().collect()).unwrap_or_default();
    first_right(edits, &expected, source, environment)
}

/// The text with a server less.
pub fn without_server(source: &Source, name: &str, environment: &Environment) -> Result<String, EditError> {
    let mut expected = load_source(source, environment)?.file;
    expected.mcp.servers.remove(name);
    let root = tree::parse(&source.text).ok().and_then(|tree| tree.root);
    let edits = root.as_ref().map(|root| removals(&source.text, root, name)).unwrap_or_default();
    first_right(edits, &expected, source, environment)
}

/// The first text that means what it should.
fn first_right(
    edits: Vec<String>,
    expected: &ConfigFile,
    source: &Source,
    environment: &Environment,
) -> Result<String, EditError> {
    let mut mistake = None;
    for text in edits.into_iter().map(|text| with_line_ends_of(&source.text, text)) {
        // What is no YAML any more is no mistake of the user's, but a place that cannot be written to in this way.
        if tree::parse(&text).is_err() {
            continue;
        }
        let edited = Source { path: source.path.clone(), text, mode: source.mode };
        match load_source(&edited, environment) {
            Ok(loaded) if loaded.file == *expected => return Ok(edited.text),
            Ok(_) => {}
            Err(error) => mistake = mistake.or(Some(error)),
        }
    }
    Err(mistake.map_or(EditError::ByHand, EditError::Config))
}

/// Where all lines end as on Windows, those that are new do, too.
pub(super) fn with_line_ends_of(old: &str, new: String) -> String {
    let (all, of_windows) = (old.matches('\n').count(), old.matches("\r\n").count());
    if of_windows == 0 || of_windows < all { new } else { new.replace("\r\n", "\n").replace('\n', "\r\n") }
}

/// The ways to put an entry into a section such as `mcp.servers`, the best one first.
fn insertions(
    text: &str,
    root: Option<&Node>,
    (outer, inner): (&str, &str),
    entry: &Map<String, Value>,
) -> Vec<String> {
    let within = Map::from_iter([(inner.to_owned(), Value::Object(entry.clone()))]);
    let whole = Map::from_iter([(outer.to_owned(), Value::Object(within.clone()))]);
    let Some(root) = root.filter(|root| !root.is_null()) else { return vec![appended(text, &whole)] };
    let Some(outer_entry) = find(root, outer) else {
        return if is_flow(text, root) { vec![into_flow(text, root, &whole)] } else { vec![appended(text, &whole)] };
    };
    match find(&outer_entry.value, inner) {
        Some(inner_entry) => into_mapping(text, inner_entry, entry),
        None => into_mapping(text, outer_entry, &within),
    }
}

fn find<'a>(node: &'a Node, key: &str) -> Option<&'a Entry> {
    node.entries().iter().find(|entry| entry.key == key)
}

/// Puts `new` beside the sections of the file.
pub(super) fn into_root(text: &str, root: &Node, new: &Map<String, Value>) -> Vec<String> {
    vec![if is_flow(text, root) { into_flow(text, root, new) } else { appended(text, new) }]
}

/// A text without any setting, with the first one.
pub(super) fn appended_raw(text: &str, path: &[String], written: &str) -> String {
    let lines: String =
        path.iter().enumerate().map(|(depth, name)| format!("{:1$}{2}:\n", "", depth * 2, scalar(name))).collect();
    let gap = if text.trim().is_empty() { "" } else { "\n" };
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}{gap}{} {written}\n", lines.trim_end())
}

/// Puts `new` into the mapping that is the value of `parent`.
pub(super) fn into_mapping(text: &str, parent: &Entry, new: &Map<String, Value>) -> Vec<String> {
    let line = parent.position.line;
    let node = &parent.value;
    if node.is_null() {
        let lines = block(new, indent_of(parent.position) + 2);
        return vec![insert_after_line(&without_null(text, node), line, &lines)];
    }
    if is_flow(text, node) {
        if node.entries().is_empty() {
            let lines = block(new, indent_of(parent.position) + 2);
            let below = without_empty_braces(text, node).map(|text| insert_after_line(&text, line, &lines));
            // Inside of other braces there is no room below.
            return below.into_iter().chain([into_flow(text, node, new)]).collect();
        }
        return vec![into_flow(text, node, new)];
    }
    let Some(last) = node.entries().iter().max_by_key(|entry| entry.position) else { return Vec::new() };
    let lines = block(new, indent_of(last.position));
    let at_the_end = insert_after_line(text, last_line_of(text, last), &lines);
    vec![at_the_end, insert_after_line(text, line, &lines)]
}

/// The ways to take an entry out of `mcp.servers`.
fn removals(text: &str, root: &Node, name: &str) -> Vec<String> {
    let servers = find(root, "mcp").and_then(|mcp| find(&mcp.value, "servers"));
    let Some(servers) = servers else { return Vec::new() };
    let Some(entry) = find(&servers.value, name) else { return Vec::new() };
    if !is_flow(text, &servers.value) {
        let (first, last) = (entry.position.line, last_line_of(text, entry));
        let lines = text.split_inclusive('\n').enumerate();
        return vec![
            lines.filter(|(index, _)| *index + 1 < first || *index + 1 > last).map(|(_, line)| line).collect(),
        ];
    }
    let next = servers.value.entries().iter().filter(|other| other.position > entry.position);
    let Some(next) = next.min_by_key(|other| other.position) else { return Vec::new() };
    let (Some(from), Some(to)) = (offset(text, entry.position), offset(text, next.position)) else { return Vec::new() };
    vec![format!("{}{}", &text[..from], &text[to..])]
}

/// The last line with something of this entry in it: what follows is deeper, until it is not.
fn last_line_of(text: &str, entry: &Entry) -> usize {
    let indent = indent_of(entry.position);
    let mut last = entry.position.line;
    for (index, line) in text.lines().enumerate().skip(entry.position.line) {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if line.len() - content.len() <= indent {
            break;
        }
        last = index + 1;
    }
    last
}

fn indent_of(position: Position) -> usize {
    position.column - 1
}

pub(super) fn offset(text: &str, position: Position) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(position.line - 1).map(str::len).sum();
    let line = text.get(start..)?;
    let within = line.char_indices().nth(position.column - 1).map_or(line.len(), |(at, _)| at);
    Some(start + within)
}

fn is_flow(text: &str, node: &Node) -> bool {
    matches!(node.kind, NodeKind::Mapping(_))
        && offset(text, node.position).is_some_and(|at| text[at..].starts_with('{'))
}

fn into_flow(text: &str, node: &Node, new: &Map<String, Value>) -> String {
    let Some(at) = offset(text, node.position) else { return text.to_owned() };
    let entries: Vec<String> = new.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value))).collect();
    let comma = if node.entries().is_empty() { "" } else { ", " };
    format!("{}{{{}{comma}{}", &text[..at], entries.join(", "), &text[at + 1..])
}

/// `{}` makes room for a block below.
fn without_empty_braces(text: &str, node: &Node) -> Option<String> {
    let at = offset(text, node.position)?;
    let inside = text[at + 1..].find('}')?;
    text[at + 1..at + 1 + inside].trim().is_empty().then(|| {
        let before = text[..at].strip_suffix(' ').unwrap_or(&text[..at]);
        format!("{before}{}", &text[at + 1 + inside + 1..])
    })
}

/// A written `~` or `null` makes room for a block below.
fn without_null(text: &str, node: &Node) -> String {
    let NodeKind::Scalar { text: written, .. } = &node.kind else { return text.to_owned() };
    match offset(text, node.position) {
        Some(at) if !written.is_empty() && text[at..].starts_with(written.as_str()) => {
            let before = text[..at].strip_suffix(' ').unwrap_or(&text[..at]);
            format!("{before}{}", &text[at + written.len()..])
        }
        Some(_) | None => text.to_owned(),
    }
}

fn insert_after_line(text: &str, line: usize, lines: &str) -> String {
    let at: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let (before, after) = text.split_at(at);
    let end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    format!("{before}{end}{lines}{after}")
}

fn appended(text: &str, new: &Map<String, Value>) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let gap = if text.trim().is_empty() { "" } else { "\n" };
    format!("{text}{end}{gap}{}", block(new, 0))
}

/// As a person would write it: what the server is comes first.
fn ordered(mapping: &Map<String, Value>) -> Vec<(&String, &Value)> {
    const FIRST: [&str; 4] = ["type", "command", "url", "args"];
    let mut entries: Vec<_> = mapping.iter().collect();
    entries.sort_by_key(|(key, _)| FIRST.iter().position(|first| key == first).unwrap_or(FIRST.len()));
    entries
}

/// A mapping as indented lines; lists stand in one line.
fn block(mapping: &Map<String, Value>, indent: usize) -> String {
    let mut lines = String::new();
    for (key, value) in ordered(mapping) {
        let key = scalar(key);
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                lines.push_str(&format!("{:indent$}{key}:\n{}", "", block(inner, indent + 2)));
            }
            value => lines.push_str(&format!("{:indent$}{key}: {}\n", "", flow(value))),
        }
    }
    lines
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(mapping) => {
            let entries: Vec<_> =
                ordered(mapping).into_iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A text without quotes where nothing can take it for something else.
fn scalar(text: &str) -> String {
    const TAKEN: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./@".contains(&byte))
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// A JSON string is one of YAML's too; what it lets stand and no configuration may hold is escaped.
pub(super) fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source(text: &str) -> Source {
        Source { path: "c.yaml".into(), text: text.to_owned(), mode: Some(0o600) }
    }

    fn added(text: &str) -> String {
        let section = json!({ "command": "npx", "args": ["-y", "a b", "7"], "env": { "KEY": "${K}" } });
        let added = with_server(&source(text), "new", section.as_object().unwrap(), &Environment::default());
        added.unwrap_or_else(|error| format!("{error:?}"))
    }

    #[test]
    fn a_provider_is_put_beside_the_others_and_one_is_the_active_one() {
        let section = json!({ "model": "m" });
        let with = |text: &str| {
            let added = with_provider(&source(text), "new", section.as_object().unwrap(), &Environment::default());
            added.unwrap_or_else(|error| format!("{error:?}"))
        };
        let base = "{base_url: 'https://a', model: m} # mine";
        let known = with_provider(
            &source(&format!("llm:\n  providers:\n    a: {base}\nui: {{}}\n")),
            "groq",
            section.as_object().unwrap(),
            &Environment::default(),
        );
        let known = known.unwrap();
        assert_eq!(known, format!("llm:\n  providers:\n    a: {base}\n    groq:\n      model: m\nui: {{}}\n"));
        let active = with_active(&source(&known), "a", &Environment::default()).unwrap();
        assert_eq!(active, format!("llm:\n  active: a\n{}", known.trim_start_matches("llm:\n")));
        assert!(with("llm: {}\n").starts_with("Config"), "a name that nobody knows needs an address");
    }

    const AT_4: &str =
        "    new:\n      command: npx\n      args: [\"-y\", \"a b\", \"7\"]\n      env:\n        KEY: \"${K}\"\n";

    #[test]
    fn a_server_is_put_where_it_belongs_and_nothing_else_moves() {
        let whole = format!("mcp:\n  servers:\n{AT_4}");
        for (text, expected) in [
            ("", whole.clone()),
            ("# mine\n", format!("# mine\n\n{whole}")),
            ("ui: {theme: dark}  # x", format!("ui: {{theme: dark}}  # x\n\n{whole}")),
            ("mcp:\nui: {}\n", format!("{whole}ui: {{}}\n")),
            ("mcp: ~ # none\nui:\n", format!("mcp: # none\n  servers:\n{AT_4}ui:\n")),
            ("mcp:\n  servers: {}   # none yet\n\nui:\n", format!("mcp:\n  servers:   # none yet\n{AT_4}\nui:\n")),
            (
                "mcp:\n  servers:\n    # first\n    a:\n      command: x # c\n\n    # the end\n\nui: {} # u\n",
                format!("mcp:\n  servers:\n    # first\n    a:\n      command: x # c\n{AT_4}\n    # the end\n\nui: {{}} # u\n"),
            ),
            (
                "mcp:\n  servers:\n    a: { command: x,\n         args: [b] }",
                format!("mcp:\n  servers:\n    a: {{ command: x,\n         args: [b] }}\n{AT_4}"),
            ),
            (
                "mcp: {servers: {a: {command: ü}}}\n",
                "mcp: {servers: {new: {command: npx, args: [\"-y\", \"a b\", \"7\"], env: {KEY: \"${K}\"}}, a: {command: ü}}}\n".to_owned(),
            ),
            (
                "mcp: { servers: {} }\n",
                "mcp: { servers: {new: {command: npx, args: [\"-y\", \"a b\", \"7\"], env: {KEY: \"${K}\"}}} }\n".to_owned(),
            ),
            (
                "{ui: {}}\n",
                "{mcp: {servers: {new: {command: npx, args: [\"-y\", \"a b\", \"7\"], env: {KEY: \"${K}\"}}}}, ui: {}}\n".to_owned(),
            ),
        ] {
            assert_eq!(added(text), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_done_safely_is_left_to_hands() {
        assert!(added("mcp: { servers: { a: {} } }").starts_with("Config"), "a file with mistakes");
        assert_eq!(added("ui: {}\n...\n"), "ByHand", "a second document");
        let section = json!({ "command": "x", "url": "https://x" });
        let both = with_server(&source(""), "s", section.as_object().unwrap(), &Environment::default());
        assert!(matches!(both, Err(EditError::Config(_))), "{both:?}");
    }

    #[test]
    fn a_server_is_taken_out_with_its_lines_only() {
        let removed = |text: &str, name: &str| {
            without_server(&source(text), name, &Environment::default()).map_err(|error| format!("{error:?}"))
        };
        let text = "# top\nmcp:\n  servers:\n    # of a\n    a:\n      command: x\n      # inner\n      args: [y]\n    # of b\n    b: { command: z }\n  # end\nui: {}\n";
        assert_eq!(
            removed(text, "a").unwrap(),
            "# top\nmcp:\n  servers:\n    # of a\n    # of b\n    b: { command: z }\n  # end\nui: {}\n"
        );
        assert_eq!(removed("mcp:\n  servers:\n    a: {command: x}\n", "a").unwrap(), "mcp:\n  servers:\n");
        assert_eq!(
            removed("mcp: {servers: {a: {command: x}, b: {command: y}}}", "a").unwrap(),
            "mcp: {servers: {b: {command: y}}}"
        );
        assert_eq!(removed("mcp: {servers: {a: {command: x}}}", "a"), Err("ByHand".to_owned()));
    }

    proptest::proptest! {
        /// Whatever a server is called and given: it is read back as it was, and taken out again without a trace.
        #[test]
        fn any_server_goes_in_and_out(name in "[a-z\"'#: -]{1,12}", argument in proptest::prelude::any::<String>()) {
            let text = "mcp:\n  servers:\n    other: { command: x } # kept\nui: {} # kept\n";
            let section = json!({ "command": "run", "args": [argument.clone()] });
            if name != "other" && let Ok(added) = with_server(&source(text), &name, section.as_object().unwrap(), &Environment::default()) {
                let read = load_source(&source(&added), &Environment::default()).unwrap().file;
                proptest::prop_assert_eq!(&read.mcp.servers[&name].args, &[argument]);
                proptest::prop_assert_eq!(without_server(&source(&added), &name, &Environment::default()).unwrap(), text);
            }
        }
    }
}
