//! YAML text to a tree in which every key and value knows its place.
//!
//! Mappings that stand twice become one; everything else that stands twice is an error. Aliases
//! are copied, up to a limit.

use std::collections::HashMap;
use std::fmt;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};

use super::problem::{KeyPath, Position, Problem, Warning};

/// Deeper than any setting; a file that is deeper is an attack or an accident.
const DEPTH_MAX: usize = 64;
/// Values in all, copies by aliases counted.
const NODES_MAX: usize = 50_000;
/// Keys of one mapping: they are compared one by one.
const ENTRIES_MAX: usize = 2000;

#[derive(Clone, PartialEq)]
pub struct Node {
    pub position: Position,
    pub kind: NodeKind,
    /// Values in it, itself included: what a copy of it costs.
    size: usize,
}

#[derive(Clone, PartialEq)]
pub enum NodeKind {
    /// `is_plain`: without quotes, so that `true` and `7` are more than text.
    Scalar {
        text: String,
        is_plain: bool,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub position: Position,
    pub value: Node,
}

impl fmt::Debug for Node {
    /// Only the place: the text can be a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({}:{})", self.position.line, self.position.column)
    }
}

impl Node {
    fn new(position: Position, kind: NodeKind) -> Self {
        let size = 1 + match &kind {
            NodeKind::Scalar { .. } => 0,
            NodeKind::Sequence(items) => items.iter().map(|item| item.size).sum(),
            NodeKind::Mapping(entries) => entries.iter().map(|entry| entry.value.size).sum(),
        };
        Self { position, kind, size }
    }

    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            NodeKind::Mapping(entries) => entries,
            NodeKind::Scalar { .. } | NodeKind::Sequence(_) => &[],
        }
    }

    /// Whether it stands for nothing: left empty, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, is_plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The place of the last part of `path` that is there.
    #[must_use]
    pub fn locate(&self, path: &KeyPath) -> Position {
        let mut position = self.position;
        let mut node = self;
        for name in &path.0 {
            if let NodeKind::Sequence(items) = &node.kind {
                let Some(item) = name.parse().ok().and_then(|index: usize| items.get(index)) else { break };
                (position, node) = (item.position, item);
                continue;
            }
            let Some(entry) = node.entries().iter().find(|entry| entry.key == *name) else { break };
            position = entry.position;
            node = &entry.value;
        }
        position
    }
}

/// What the text says.
#[derive(Debug, Default)]
pub struct Tree {
    /// `None`: nothing at all, or comments only.
    pub root: Option<Node>,
    /// Keys that stand twice and were merged.
    pub warnings: Vec<Warning>,
    /// Keys that stand twice and cannot be; the first one is in the tree.
    pub problems: Vec<Problem>,
}

/// Reads the tree, or tells what stops it from being read.
pub fn parse(text: &str) -> Result<Tree, Problem> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| explain(&error, text))?;
        builder.take(event, position_of(span.start))?;
    }
    Ok(builder.tree)
}

fn position_of(marker: Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

/// The parser's own words, unless the reason is the one that nobody can see.
fn explain(error: &ScanError, text: &str) -> Problem {
    let position = position_of(*error.marker());
    let tab = text.lines().enumerate().take(position.line + 1).skip(position.line.saturating_sub(2)).find_map(
        |(index, line)| {
            let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
            indent.find('\t').map(|at| Position { line: index + 1, column: at + 1 })
        },
    );
    match tab {
        _ if error.info().contains("recursion") => too_deep(position),
        Some(position) => {
            Problem::new(position, KeyPath::default(), "a tab in the indentation: YAML takes spaces only")
        }
        None => Problem::new(position, KeyPath::default(), format!("not YAML: {}", error.info())),
    }
}

fn too_deep(position: Position) -> Problem {
    Problem::new(position, KeyPath::default(), format!("more than {DEPTH_MAX} levels deep"))
}

/// A sequence or mapping whose end has not come yet.
struct Open {
    position: Position,
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    Sequence(Vec<Node>),
    /// The key waits for its value.
    Mapping(Vec<Entry>, Option<(String, Position)>),
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    documents: usize,
    tree: Tree,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, position: Position) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = match tag.as_deref() {
                    None => style == ScalarStyle::Plain,
                    Some(tag) => is_plain_by_tag(tag).ok_or_else(|| unknown_tag(position, tag))?,
                };
                let node = Node::new(position, NodeKind::Scalar { text: text.into_owned(), is_plain });
                self.finished(node, anchor)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return Err(Problem::new(position, KeyPath::default(), "an alias inside of what it stands for"));
                };
                self.count(node.size, position)?;
                let node = self.anchors[&anchor].clone();
                self.place(node)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(OpenKind::Sequence(Vec::new()), anchor, tag.as_deref(), position)
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(OpenKind::Mapping(Vec::new(), None), anchor, tag.as_deref(), position)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Problem::new(
                        position,
                        KeyPath::default(),
                        "a second document (`---`); there can be only one",
                    ));
                }
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, kind: OpenKind, anchor: usize, tag: Option<&Tag>, position: Position) -> Result<(), Problem> {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            return Err(unknown_tag(position, tag));
        }
        if self.open.len() == DEPTH_MAX {
            return Err(too_deep(position));
        }
        self.open.push(Open { position, anchor, kind });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(Open { position, anchor, kind }) = self.open.pop() else { return Ok(()) };
        let kind = match kind {
            OpenKind::Sequence(items) => NodeKind::Sequence(items),
            OpenKind::Mapping(entries, _) => NodeKind::Mapping(entries),
        };
        self.finished(Node::new(position, kind), anchor)
    }

    fn finished(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        self.count(1, node.position)?;
        if anchor > 0 {
            self.count(node.size, node.position)?;
            self.anchors.insert(anchor, node.clone());
        }
        self.place(node)
    }

    fn count(&mut self, nodes: usize, position: Position) -> Result<(), Problem> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            let reason = format!("more than {NODES_MAX} values, copies by aliases counted");
            return Err(Problem::new(position, KeyPath::default(), reason));
        }
        Ok(())
    }

    /// Puts a whole value where it belongs: into the list, after its key, or as a key.
    fn place(&mut self, node: Node) -> Result<(), Problem> {
        let Some((innermost, outer)) = self.open.split_last_mut() else {
            self.tree.root = Some(node);
            return Ok(());
        };
        match &mut innermost.kind {
            OpenKind::Sequence(items) => items.push(node),
            OpenKind::Mapping(_, waiting @ None) => *waiting = Some(read_key(node, outer)?),
            OpenKind::Mapping(entries, waiting) => {
                if entries.len() == ENTRIES_MAX {
                    let reason = format!("more than {ENTRIES_MAX} keys in one mapping");
                    return Err(Problem::new(node.position, path_of(outer), reason));
                }
                if let Some((key, position)) = waiting.take() {
                    let entry = Entry { key, position, value: node };
                    add(entries, entry, &|| path_of(outer), &mut self.tree);
                }
            }
        }
        Ok(())
    }
}

/// The keys that wait in the mappings around.
fn path_of(open: &[Open]) -> KeyPath {
    let waiting = open.iter().filter_map(|open| match &open.kind {
        OpenKind::Mapping(_, Some((key, _))) => Some(key.clone()),
        OpenKind::Mapping(_, None) | OpenKind::Sequence(_) => None,
    });
    KeyPath(waiting.collect())
}

/// `Some(true)` where the tag leaves the type to the text, `Some(false)` where it says text.
fn is_plain_by_tag(tag: &Tag) -> Option<bool> {
    match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
        (true, "str") => Some(false),
        (true, "int" | "float" | "bool" | "null") => Some(true),
        _ if tag.handle.is_empty() && tag.suffix == "!" => Some(false),
        _ => None,
    }
}

fn unknown_tag(position: Position, tag: &Tag) -> Problem {
    Problem::new(
        position,
        KeyPath::default(),
        format!("the tag `{tag}` is not known here; use ${{VARIABLE}} for what comes from outside"),
    )
}

fn read_key(node: Node, outer: &[Open]) -> Result<(String, Position), Problem> {
    match node.kind {
        NodeKind::Scalar { text, is_plain: true } if text == "<<" => {
            let reason = "merge keys are not supported; repeat the settings, or use `*name` for a whole section";
            Err(Problem::new(node.position, path_of(outer).join("<<"), reason))
        }
        NodeKind::Scalar { text, is_plain: _ } => Ok((text, node.position)),
        NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
            Err(Problem::new(node.position, path_of(outer), "a key has to be one word, not a list or a mapping"))
        }
    }
}

/// Adds an entry to a mapping. A key that is there already is merged, or told in `tree`.
fn add(entries: &mut Vec<Entry>, new: Entry, path: &dyn Fn() -> KeyPath, tree: &mut Tree) {
    let Some(old) = entries.iter_mut().find(|entry| entry.key == new.key) else {
        entries.push(new);
        return;
    };
    let (first, second) = (old.position.line, new.position.line);
    let key = path().join(&new.key);
    match (&mut old.value.kind, new.value.kind) {
        (NodeKind::Mapping(into), NodeKind::Mapping(more)) => {
            let reason = format!("stands twice, in lines {first} and {second}; both parts count");
            let mut warning = Warning::new("config_key_twice", key.clone(), reason);
            warning.position = Some(new.position);
            tree.warnings.push(warning);
            for entry in more {
                add(into, entry, &|| key.clone(), tree);
            }
            old.value.size += new.value.size;
        }
        (NodeKind::Mapping(_) | NodeKind::Sequence(_) | NodeKind::Scalar { .. }, _) => {
            let reason = format!("stands twice, in lines {first} and {second}; only one can count");
            tree.problems.push(Problem::new(new.position, key, reason));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        match parse(text) {
            Ok(tree) => tree.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn a_mapping_that_stands_twice_is_merged_and_told() {
        let tree = parse("chat:\n  service:\n    a: 1\nllm: {}\nchat:\n  service:\n    b: 2\n").unwrap();
        let warnings: Vec<String> = tree.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "chat: stands twice, in lines 1 and 5; both parts count",
                "chat.service: stands twice, in lines 2 and 6; both parts count"
            ]
        );
        let merged = parse("chat:\n  service:\n    a: 1\n    b: 2\n").unwrap();
        let keys = |tree: &Tree| {
            let service = &tree.root.as_ref().unwrap().entries()[0].value.entries()[0].value;
            service.entries().iter().map(|entry| entry.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&tree), keys(&merged));
    }

    #[test]
    fn a_scalar_that_stands_twice_names_both_lines() {
        assert_eq!(
            problems("llm:\n  active: a\n  active: b\nllm:\n  active: c\nui: {}\nui: []\n"),
            "3:3: llm.active: stands twice, in lines 2 and 3; only one can count\n\
             5:3: llm.active: stands twice, in lines 2 and 5; only one can count\n\
             7:1: ui: stands twice, in lines 6 and 7; only one can count"
        );
    }

    #[test]
    fn what_is_not_yaml_has_its_line() {
        for (text, expected) in [
            ("ui:\n\tcolor: auto\n", "2:1: a tab in the indentation: YAML takes spaces only"),
            ("ui:\n  theme: auto\n\t color: auto\n", "3:1: a tab in the indentation: YAML takes spaces only"),
            ("ui: {}\n---\nui: {}\n", "2:1: a second document (`---`); there can be only one"),
            ("a: &x\n  b: *x\n", "2:6: an alias inside of what it stands for"),
            ("a: !secret b\n", "1:4: the tag `!secret` is not known here; use ${VARIABLE} for what comes from outside"),
            ("llm: *a\n", "1:6: not YAML: while parsing node, found unknown anchor"),
            (
                "x: &a {}\nllm:\n  <<: *a\n",
                "3:3: llm.<<: merge keys are not supported; repeat the settings, or use `*name` for a whole section",
            ),
            ("? [a]\n: b\n", "1:3: a key has to be one word, not a list or a mapping"),
        ] {
            assert_eq!(problems(text), expected, "{text:?}");
        }
        assert!(problems("ui: [a\n").contains("not YAML"));
        assert!(problems("ui: \"a\n").contains("not YAML"));
        assert!(problems("ui: @a\n").contains("1:5: not YAML"));
    }

    #[test]
    fn a_file_cannot_make_itself_huge() {
        let bomb = (1..12).fold(String::from("l0: &l0 [x,x,x,x,x,x,x,x,x]\n"), |text, level| {
            let copies = vec![format!("*l{}", level - 1); 9].join(",");
            text + &format!("l{level}: &l{level} [{copies}]\n")
        });
        assert!(problems(&bomb).contains("more than 50000 values, copies by aliases counted"));
        let started = std::time::Instant::now();
        for (open, reason) in [("[", "levels deep"), ("{a: ", "levels deep"), ("- ", "levels deep"), ("a: [\n", "")] {
            let text = open.repeat(1_000_000 / open.len());
            assert!(problems(&text).contains(reason), "{open} {}", problems(&text));
        }
        let keys: String = (0..100_000).map(|number| format!("k{number}: 1\n")).collect();
        assert!(problems(&keys).contains("more than 2000 keys"));
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }
}
