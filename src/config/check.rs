//! Everything that is wrong with a tree, each with its place: the way to good messages.
//!
//! A file without mistakes never comes here. What is wrong is taken out of the tree on the way,
//! so that the rest can still be looked at.

use serde_json::Value as Json;
use serde_yaml::Value;

use super::env::Environment;
use super::problem::{KeyPath, Problem, nearest};
use super::schema::{self, Expected, View};
use super::tree::{Entry, Node, NodeKind};
use super::{value, variables};

/// What people know from elsewhere, and its name here.
const KNOWN_ELSEWHERE: [(&str, &str); 9] = [
    ("mcpServers", "mcp.servers"),
    ("mcp_servers", "mcp.servers"),
    ("providers", "llm.providers"),
    ("transport", "type"),
    ("key", "api_key"),
    ("token", "api_key"),
    ("url", "base_url"),
    ("api_base", "base_url"),
    ("environment", "env"),
];

/// Compares the tree with the schema. What is wrong is told and taken out; variables get the
/// type that is wanted where they stand.
pub fn check(root: &mut Node, environment: &Environment) -> Vec<Problem> {
    let schema = schema::of_file();
    let mut checker = Checker { environment, schema: &schema, problems: Vec::new(), path: Vec::new() };
    if root.is_null() {
        return Vec::new();
    }
    checker.walk(View::new(&schema), root);
    checker.problems
}

struct Checker<'a> {
    environment: &'a Environment,
    schema: &'a Json,
    problems: Vec<Problem>,
    path: Vec<String>,
}

impl Checker<'_> {
    fn walk(&mut self, view: View<'_>, node: &mut Node) {
        let expected = view.expected();
        if let Err(reason) = self.settle_variable(&expected, node) {
            return self.report(node, reason);
        }
        let wrong = match (&expected, &mut node.kind) {
            (Expected::Anything, _) => None,
            (Expected::Mapping, NodeKind::Mapping(_)) => {
                self.walk_mapping(view, node);
                None
            }
            (Expected::List, NodeKind::Sequence(items)) => {
                items.iter_mut().for_each(|item| self.walk(view.items(), item));
                items.retain(|item| !item.is_null());
                None
            }
            (_, NodeKind::Scalar { text, is_plain }) => wrong_scalar(&expected, view, text, *is_plain),
            (_, NodeKind::Sequence(_)) => Some(format!("has to be {}, got a list", describe(&expected))),
            (_, NodeKind::Mapping(_)) => Some(format!("has to be {}, got a mapping", describe(&expected))),
        };
        if let Some(reason) = wrong {
            self.report(node, reason);
        }
    }

    /// Notes the mistake and leaves nothing in its place.
    fn report(&mut self, node: &mut Node, reason: String) {
        self.problems.push(Problem::new(node.position, KeyPath(self.path.clone()), reason));
        node.kind = NodeKind::Scalar { text: String::new(), is_plain: true };
    }

    fn walk_mapping(&mut self, view: View<'_>, node: &mut Node) {
        let is_open = value::is_open(&self.path);
        let NodeKind::Mapping(entries) = &mut node.kind else { return };
        entries.retain_mut(|entry| {
            if !is_open && value::is_comment(&entry.key) {
                return true;
            }
            self.path.push(entry.key.clone());
            let is_kept = self.walk_entry(view, is_open, entry);
            self.path.pop();
            is_kept
        });
    }

    /// Whether the entry can stay.
    fn walk_entry(&mut self, view: View<'_>, is_open: bool, entry: &mut Entry) -> bool {
        let Some(inner) = view.property(&entry.key).or_else(|| view.additional()) else {
            let reason = self.unknown_key(view, &entry.key);
            self.problems.push(Problem::new(entry.position, KeyPath(self.path.clone()), reason));
            return false;
        };
        // What is left empty counts as not written; a header or variable cannot be left empty.
        let wants_value = is_open && inner.expected() == Expected::Text;
        if wants_value || !entry.value.is_null() {
            self.walk(inner, &mut entry.value);
        }
        !(wants_value && entry.value.is_null())
    }

    fn unknown_key(&self, view: View<'_>, key: &str) -> String {
        let here: Vec<&str> = view.properties().map(|(name, _)| name).collect();
        if let Some(name) = nearest(key, here.iter().copied()) {
            return format!("is not known here; did you mean `{name}`?");
        }
        let known =
            KNOWN_ELSEWHERE.iter().find(|(theirs, ours)| *theirs == key && (here.contains(ours) || ours.contains('.')));
        if let Some((_, ours)) = known {
            return format!("is not known here; did you mean `{ours}`?");
        }
        let elsewhere: Vec<String> = schema::all_settings(self.schema)
            .into_iter()
            .filter(|(path, _)| path.last().is_some_and(|name| name == key))
            .map(|(path, _)| path.join("."))
            .collect();
        if let [only] = elsewhere.as_slice() {
            return format!("is not known here; did you mean `{only}`?");
        }
        format!("is not known here; known are {}", here.join(", "))
    }

    /// Gives a text with variables the type that is wanted here; text keeps its variables.
    fn settle_variable(&self, expected: &Expected, node: &mut Node) -> Result<(), String> {
        let NodeKind::Scalar { text, is_plain } = &mut node.kind else { return Ok(()) };
        let is_text = matches!(expected, Expected::Text | Expected::Anything);
        if is_text || !variables::has_variable(text) {
            return Ok(());
        }
        match variables::replace(text, self.environment) {
            Ok(replaced) => (*text, *is_plain) = (replaced, true),
            // Outside of providers and servers the conversion tells it.
            Err(_) if !value::is_lazy(&self.path) => {}
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }
}

fn wrong_scalar(expected: &Expected, view: View<'_>, text: &str, is_plain: bool) -> Option<String> {
    if variables::has_variable(text) {
        return None;
    }
    let found = if is_plain { value::plain_scalar(text) } else { Value::String(text.to_owned()) };
    let is_right = match expected {
        Expected::Anything => true,
        Expected::Mapping | Expected::List => false,
        Expected::Text => found.is_string(),
        Expected::Choice(choices) => found.as_str().is_some_and(|text| choices.iter().any(|choice| choice == text)),
        Expected::TrueOrFalse => found.is_bool(),
        Expected::WholeNumber => found.is_u64() || found.is_i64(),
        Expected::Number => found.as_f64().is_some_and(f64::is_finite),
    };
    if !is_right {
        return Some(wrong_type(expected, &found, view.is_secret));
    }
    match (expected, found.as_f64()) {
        (Expected::WholeNumber | Expected::Number, Some(number)) => out_of_range(view, number, text),
        _ => None,
    }
}

fn wrong_type(expected: &Expected, found: &Value, is_secret: bool) -> String {
    let advice = match (expected, found) {
        (Expected::Choice(choices), Value::String(text)) => nearest(text, choices.iter().map(String::as_str))
            .map(|choice| format!("; did you mean `{choice}`?"))
            .unwrap_or_default(),
        (Expected::Text, Value::Number(_) | Value::Bool(_)) => "; put it in quotes".to_owned(),
        _ => String::new(),
    };
    format!("has to be {}, got {}{advice}", describe(expected), show(found, is_secret))
}

fn out_of_range(view: View<'_>, number: f64, text: &str) -> Option<String> {
    let (minimum, maximum) = view.range();
    let is_right = minimum.is_none_or(|minimum| number >= minimum) && maximum.is_none_or(|maximum| number <= maximum);
    let wanted = match (minimum, maximum) {
        (Some(minimum), Some(maximum)) => format!("{minimum} to {maximum}"),
        (Some(minimum), None) => format!("{minimum} or more"),
        (None, Some(maximum)) => format!("{maximum} or less"),
        (None, None) => return None,
    };
    (!is_right).then(|| format!("has to be {wanted}, got {text}"))
}

fn describe(expected: &Expected) -> String {
    match expected {
        Expected::Anything => "anything".into(),
        Expected::Mapping => "a mapping (`name: value` lines)".into(),
        Expected::List => "a list".into(),
        Expected::Text => "text".into(),
        Expected::Choice(choices) => format!("one of {}", choices.join(", ")),
        Expected::TrueOrFalse => "true or false".into(),
        Expected::WholeNumber => "a whole number".into(),
        Expected::Number => "a number".into(),
    }
}

/// What was found; never a secret, nor what could be one that stands in the wrong place.
fn show(found: &Value, is_secret: bool) -> String {
    match found {
        Value::Null => "nothing".into(),
        Value::Bool(_) | Value::Number(_) if is_secret => "something else".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if !is_secret && text.chars().count() <= 20 => format!("{text:?}"),
        Value::String(_) => "text".into(),
        Value::Sequence(_) => "a list".into(),
        Value::Mapping(_) | Value::Tagged(_) => "a mapping".into(),
    }
}
