//! A tree to a [`serde_yaml::Value`], from which serde makes the typed configuration.
//!
//! What is left empty counts as not written, `x-` keys are left out, and variables are replaced,
//! except below a provider or server: there they wait until it is used.

use serde_yaml::{Mapping, Number, Value};

use super::env::Environment;
use super::problem::{KeyPath, Problem};
use super::tree::{Node, NodeKind};
use super::variables;

/// Mappings in which every name is the user's own; `*` stands for one such name. All that is
/// below `extra_body` is the user's own too.
const OPEN_MAPPINGS: [&[&str]; 12] = [
    &["chat", "service", "tools", "rules", "when"],
    &["llm", "providers"],
    &["llm", "models"],
    &["llm", "providers", "*", "headers"],
    &["llm", "providers", "*", "extra_body"],
    &["llm", "providers", "*", "patches", "headers"],
    &["llm", "providers", "*", "patches", "extra_body"],
    &["mcp", "servers"],
    &["mcp", "servers", "*", "headers"],
    &["mcp", "servers", "*", "env"],
    &["ui", "keys"],
    &["ui", "macros"],
];

/// The value of the whole file; what is wrong with variables goes to `problems`.
pub fn to_value(root: Option<&Node>, environment: &Environment, problems: &mut Vec<Problem>) -> Value {
    let mut converter = Converter { environment, problems, path: Vec::new() };
    root.map_or_else(|| Value::Mapping(Mapping::new()), |root| converter.convert(root))
}

struct Converter<'a> {
    environment: &'a Environment,
    problems: &'a mut Vec<Problem>,
    path: Vec<&'a str>,
}

impl<'a> Converter<'a> {
    fn convert(&mut self, node: &'a Node) -> Value {
        match &node.kind {
            NodeKind::Scalar { text, .. } if variables::has_variable(text) => self.replace(node, text),
            NodeKind::Scalar { text, is_plain: true } => plain_scalar(text),
            NodeKind::Scalar { text, is_plain: false } => Value::String(text.clone()),
            NodeKind::Sequence(items) => Value::Sequence(items.iter().map(|item| self.convert(item)).collect()),
            NodeKind::Mapping(_) => self.convert_mapping(node),
        }
    }

    fn convert_mapping(&mut self, node: &'a Node) -> Value {
        let is_open = is_open(&self.path);
        let holds_sections = matches!(self.path.as_slice(), ["llm", "providers"] | ["mcp", "servers"]);
        let mut mapping = Mapping::new();
        for entry in node.entries() {
            if !is_open && (entry.value.is_null() || is_comment(&entry.key)) {
                continue;
            }
            self.path.push(&entry.key);
            let value = if holds_sections && entry.value.is_null() {
                Value::Mapping(Mapping::new())
            } else {
                self.convert(&entry.value)
            };
            self.path.pop();
            mapping.insert(Value::String(entry.key.clone()), value);
        }
        Value::Mapping(mapping)
    }

    /// A text with variables stays text; where a number is wanted, the slow path of the check settles it.
    fn replace(&mut self, node: &Node, text: &str) -> Value {
        if is_lazy(&self.path) {
            return Value::String(text.to_owned());
        }
        match variables::replace(text, self.environment) {
            Ok(text) => Value::String(text),
            Err(error) => {
                let key = KeyPath(self.path.iter().map(|&name| name.to_owned()).collect());
                self.problems.push(Problem::new(node.position, key, error.to_string()));
                Value::Null
            }
        }
    }
}

/// Each setting that is left empty, in a value of its own with nothing beside it: it is left out of the value of the
/// whole, so that serde never sees its name.
pub fn empty_settings(root: &Node) -> Vec<Value> {
    fn below<'a>(node: &'a Node, path: &mut Vec<&'a str>, around: &dyn Fn(Value) -> Value, found: &mut Vec<Value>) {
        let is_open = is_open(path);
        match &node.kind {
            NodeKind::Scalar { .. } => {}
            NodeKind::Sequence(items) => {
                let around = |value| around(Value::Sequence(vec![value]));
                items.iter().for_each(|item| below(item, path, &around, found));
            }
            NodeKind::Mapping(entries) => {
                for entry in entries.iter().filter(|entry| is_open || !is_comment(&entry.key)) {
                    let key = || Value::String(entry.key.clone());
                    let around = |value| around(Value::Mapping(Mapping::from_iter([(key(), value)])));
                    if entry.value.is_null() {
                        found.extend((!is_open).then(|| around(Value::Null)));
                        continue;
                    }
                    path.push(&entry.key);
                    below(&entry.value, path, &around, found);
                    path.pop();
                }
            }
        }
    }
    let mut found = Vec::new();
    below(root, &mut Vec::new(), &|value| value, &mut found);
    found
}

/// Keys that are there for people and anchors, not for us.
pub fn is_comment(key: &str) -> bool {
    key.starts_with("x-")
}

pub fn is_open(path: &[impl AsRef<str>]) -> bool {
    let fits = |pattern: &[&str]| pattern.iter().zip(path).all(|(part, name)| *part == "*" || *part == name.as_ref());
    OPEN_MAPPINGS.iter().any(|pattern| {
        let is_below = path.len() > pattern.len() && pattern.last() == Some(&"extra_body");
        (path.len() == pattern.len() || is_below) && fits(pattern)
    })
}

/// Whether variables wait here until the provider or server is used.
pub fn is_lazy(path: &[impl AsRef<str>]) -> bool {
    let names: Vec<&str> = path.iter().take(2).map(AsRef::as_ref).collect();
    path.len() > 2 && matches!(names.as_slice(), ["llm", "providers"] | ["mcp", "servers"])
}

/// What a text without quotes is (YAML 1.2, core schema). A number with leading zeros stays text.
pub fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" => return Value::Number(f64::INFINITY.into()),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Number(f64::NEG_INFINITY.into()),
        ".nan" | ".NaN" | ".NAN" => return Value::Number(f64::NAN.into()),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return u64::from_str_radix(hexadecimal, 16).ok().map(Number::from);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return u64::from_str_radix(octal, 8).ok().map(Number::from);
    }
    let has_leading_zero = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    let is_number =
        digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    if has_leading_zero || !is_number {
        return None;
    }
    let whole = text.strip_prefix('+').unwrap_or(text);
    whole
        .parse::<u64>()
        .map(Number::from)
        .or_else(|_| whole.parse::<i64>().map(Number::from))
        .ok()
        .or_else(|| text.parse::<f64>().ok().map(Number::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree;

    #[test]
    fn plain_text_is_typed_as_yaml_says() {
        for (text, expected) in [
            ("7", Value::Number(7_u64.into())),
            ("-7", Value::Number((-7_i64).into())),
            ("+7", Value::Number(7_u64.into())),
            ("0x1F", Value::Number(31_u64.into())),
            ("0.7", Value::Number(0.7.into())),
            ("1e3", Value::Number(1000.0.into())),
            ("True", Value::Bool(true)),
            ("~", Value::Null),
        ] {
            assert_eq!(plain_scalar(text), expected, "{text}");
        }
        for text in ["no", "007", "1.2.3", "1_000", "gpt-4", "-", ".", "4o", "127.0.0.1", "12:30", "infinity", "nan"] {
            assert_eq!(plain_scalar(text), Value::String(text.into()), "{text}");
        }
    }

    #[test]
    fn empty_keys_and_comments_are_left_out_and_variables_wait_below_providers() {
        let text = "ui:\nx-note: a\nllm:\n  active: ${A}\n  http: ~\n  providers:\n    p:\n    q:\n      api_key: ${NONE}\n      x-b: 1\n      headers: {x-key: b}\n      extra_body: {a: {x-c: ~}}\n";
        let tree = tree::parse(text).unwrap();
        let mut problems = Vec::new();
        let value = to_value(tree.root.as_ref(), &Environment::from_pairs([("A", "1")]), &mut problems);
        let expected = "llm:\n  active: '1'\n  providers:\n    p: {}\n    q:\n      api_key: ${NONE}\n      headers: {x-key: b}\n      extra_body: {a: {x-c: ~}}\n";
        assert_eq!(value, serde_yaml::from_str::<Value>(expected).unwrap());
        assert_eq!(problems, []);
    }
}
