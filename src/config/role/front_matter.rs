//! The YAML between the two `---` lines of a role: read key by key, every mistake with its place (pure).

use serde_json::Value as Json;

use crate::config::problem::{KeyPath, Position, Problem, nearest};
use crate::config::tree::{self, Entry, Node, NodeKind};
use crate::config::value::plain_scalar;

const KEYS: [&str; 11] = [
    "description",
    "model",
    "temperature",
    "top_p",
    "max_tokens",
    "options",
    "tools",
    "system",
    "arguments",
    "schema",
    "answer",
];

/// What people know from elsewhere, and what to do here.
const KNOWN_ELSEWHERE: [(&str, &str); 9] = [
    ("use_tools", "is called `tools` here"),
    ("variables", "is called `arguments` here"),
    ("defaults", "is called `arguments` here"),
    ("args", "is called `arguments` here"),
    ("prompt", "is not known here: the prompt is the text below the front matter, with `{{ input }}` in it"),
    ("name", "is not known here: a role is called as its file is"),
    ("system_prompt", "is called `system` here"),
    ("schema_object", "is called `schema` here"),
    ("allow", "cannot stand in a role: what runs without asking is only yours to say, with `--allow` or a rule"),
];

/// Arguments of one role.
const ARGUMENTS_MAX: usize = 50;

/// What the answer of a role is made into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// As the model wrote it.
    #[default]
    Text,
    /// One line without fences and control characters, for a command line.
    Line,
}

/// What fills a gap of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub name: String,
    pub description: Option<String>,
    /// `None`: it has to be given.
    pub default: Option<String>,
    pub position: Position,
}

/// A text with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub text: String,
    pub position: Position,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrontMatter {
    pub description: Option<String>,
    pub model: Option<String>,
    /// As `-o` would give them, in the order of the file.
    pub options: Vec<(String, Json)>,
    /// Servers, as with `-t`; an empty list offers no tools at all.
    pub tools: Option<Vec<String>>,
    pub system: Option<Placed>,
    /// `None`: every gap is an argument.
    pub arguments: Option<Vec<Argument>>,
    pub schema: Option<String>,
    pub answer: Answer,
}

/// Reads the front matter; what is wrong goes to `problems`. Lines are counted as `text` has them.
pub fn read(text: &str, problems: &mut Vec<Problem>) -> FrontMatter {
    let mut reader = Reader { front: FrontMatter::default(), problems };
    match tree::parse(text) {
        Err(problem) => reader.problems.push(problem),
        Ok(tree) => {
            reader.problems.extend(tree.problems);
            reader.problems.extend(tree.warnings.into_iter().map(|warning| {
                let position = warning.position.unwrap_or(Position { line: 1, column: 1 });
                Problem::new(position, warning.key, "stands twice")
            }));
            match tree.root.filter(|root| !root.is_null()) {
                Some(root) if matches!(root.kind, NodeKind::Mapping(_)) => {
                    root.entries().iter().for_each(|entry| reader.entry(entry))
                }
                Some(root) => reader.problems.push(Problem::new(
                    root.position,
                    KeyPath::default(),
                    "has to be `name: value` lines",
                )),
                None => {}
            }
        }
    }
    reader.front
}

struct Reader<'a> {
    front: FrontMatter,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn wrong(&mut self, position: Position, key: &str, reason: impl Into<String>) {
        self.problems.push(Problem::new(position, KeyPath::of(key), reason));
    }

    fn entry(&mut self, entry: &Entry) {
        let (key, value) = (entry.key.as_str(), &entry.value);
        if !KEYS.contains(&key) {
            return self.wrong(entry.position, key, unknown_key(key));
        }
        if value.is_null() {
            return;
        }
        match key {
            "description" => self.front.description = self.text(key, value),
            "model" => self.front.model = self.text(key, value),
            "system" => self.front.system = self.placed(key, value),
            "schema" => self.front.schema = self.text(key, value),
            "temperature" => self.number(key, value, (0.0, 2.0)),
            "top_p" => self.number(key, value, (0.0, 1.0)),
            "max_tokens" => self.whole(key, value),
            "options" => self.options(value),
            "tools" => self.front.tools = self.tools(value),
            "arguments" => self.arguments(value),
            _ => self.answer(value),
        }
    }

    fn text(&mut self, key: &str, value: &Node) -> Option<String> {
        if let NodeKind::Scalar { text, .. } = &value.kind {
            return Some(text.trim().to_owned());
        }
        self.wrong(value.position, key, "has to be text");
        None
    }

    fn placed(&mut self, key: &str, value: &Node) -> Option<Placed> {
        self.text(key, value).map(|text| Placed { text, position: value.position })
    }

    fn number(&mut self, key: &str, value: &Node, (lowest, highest): (f64, f64)) {
        match json(value).as_f64().filter(|number| (lowest..=highest).contains(number)) {
            Some(_) => self.front.options.push((key.to_owned(), json(value))),
            None => self.wrong(value.position, key, format!("has to be a number of {lowest} to {highest}")),
        }
    }

    fn whole(&mut self, key: &str, value: &Node) {
        match json(value).as_u64().filter(|number| *number > 0) {
            Some(_) => self.front.options.push((key.to_owned(), json(value))),
            None => self.wrong(value.position, key, "has to be a whole number of 1 or more"),
        }
    }

    fn options(&mut self, value: &Node) {
        if !matches!(value.kind, NodeKind::Mapping(_)) {
            return self.wrong(value.position, "options", "has to be a mapping, as in `options: { top_p: 0.9 }`");
        }
        let options = value.entries().iter().map(|entry| (entry.key.clone(), json(&entry.value)));
        self.front.options.extend(options);
    }

    /// A list of servers, or one.
    fn tools(&mut self, value: &Node) -> Option<Vec<String>> {
        match &value.kind {
            NodeKind::Sequence(items) => Some(items.iter().filter_map(|item| self.text("tools", item)).collect()),
            NodeKind::Scalar { .. } => self.text("tools", value).map(|name| vec![name]),
            NodeKind::Mapping(_) => {
                self.wrong(value.position, "tools", "has to be a list of servers, as in `[files]`; `[]` offers none");
                None
            }
        }
    }

    fn arguments(&mut self, value: &Node) {
        if !matches!(value.kind, NodeKind::Mapping(_)) {
            return self.wrong(
                value.position,
                "arguments",
                "has to be a mapping: `NAME: DEFAULT`, or `NAME:` for one that has to be given",
            );
        }
        if value.entries().len() > ARGUMENTS_MAX {
            return self.wrong(value.position, "arguments", format!("are more than {ARGUMENTS_MAX}"));
        }
        let arguments = value.entries().iter().filter_map(|entry| self.argument(entry)).collect();
        self.front.arguments = Some(arguments);
    }

    fn argument(&mut self, entry: &Entry) -> Option<Argument> {
        let key = format!("arguments.{}", entry.key);
        if !is_name(&entry.key) {
            self.wrong(
                entry.position,
                "arguments",
                format!("{:?} cannot be a name: letters, digits and `_` can", entry.key),
            );
            return None;
        }
        let mut argument =
            Argument { name: entry.key.clone(), description: None, default: None, position: entry.position };
        match &entry.value.kind {
            _ if entry.value.is_null() => {}
            NodeKind::Scalar { text, .. } => argument.default = Some(text.clone()),
            NodeKind::Sequence(_) => {
                self.wrong(entry.value.position, &key, "has to be a default, or `{ description, default }`")
            }
            NodeKind::Mapping(parts) => {
                for part in parts {
                    let is_null = part.value.is_null();
                    match part.key.as_str() {
                        "description" => argument.description = self.text(&key, &part.value).filter(|_| !is_null),
                        "default" => argument.default = self.text(&key, &part.value).filter(|_| !is_null),
                        other => self.wrong(
                            part.position,
                            &format!("{key}.{other}"),
                            "is not known here; known are description, default",
                        ),
                    }
                }
            }
        }
        Some(argument)
    }

    fn answer(&mut self, value: &Node) {
        match self.text("answer", value).as_deref() {
            Some("text") => self.front.answer = Answer::Text,
            Some("line") => self.front.answer = Answer::Line,
            Some(_) => self.wrong(value.position, "answer", "has to be one of text, line"),
            None => {}
        }
    }
}

fn unknown_key(key: &str) -> String {
    if let Some((_, advice)) = KNOWN_ELSEWHERE.iter().find(|(theirs, _)| *theirs == key) {
        return (*advice).to_owned();
    }
    match nearest(key, KEYS) {
        Some(name) => format!("is not known here; did you mean `{name}`?"),
        None => format!("is not known here; known are {}", KEYS.join(", ")),
    }
}

/// As a template can name it.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn json(node: &Node) -> Json {
    match &node.kind {
        NodeKind::Scalar { text, is_plain: true } => serde_json::to_value(plain_scalar(text)).unwrap_or_default(),
        NodeKind::Scalar { text, is_plain: false } => Json::String(text.clone()),
        NodeKind::Sequence(items) => Json::Array(items.iter().map(json).collect()),
        NodeKind::Mapping(entries) => {
            Json::Object(entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect())
        }
    }
}
