//! The JSON Schema of the file, and how to find one's way in it. Made only when it is asked for.

use serde_json::Value;

use super::file::ConfigFile;

/// The schema of the whole file.
#[must_use]
pub fn of_file() -> Value {
    let mut schema = schemars::schema_for!(ConfigFile).to_value();
    schema["title"] = "sayso configuration".into();
    allow_comments(&mut schema);
    schema
}

/// The same for editors: what is left empty counts as not written, as it does when the file is read.
#[must_use]
pub fn for_editors() -> Value {
    let mut schema = of_file();
    let root = schema.as_object_mut().into_iter();
    root.for_each(|root| drop(root.insert("type".into(), serde_json::json!(["object", "null"]))));
    // A provider or server under its name alone is one with all its defaults.
    for pointer in ["/$defs/Llm/properties/providers", "/$defs/Mcp/properties/servers"] {
        let of_names = schema.pointer_mut(pointer).and_then(|section| section.get_mut("additionalProperties"));
        of_names.into_iter().for_each(allow_null);
    }
    allow_empty_settings(&mut schema);
    schema
}

fn allow_empty_settings(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(allow_empty_settings);
            let settings = map.get_mut("properties").and_then(Value::as_object_mut);
            settings.into_iter().flat_map(|settings| settings.values_mut()).for_each(allow_null);
        }
        Value::Array(items) => items.iter_mut().for_each(allow_empty_settings),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Nothing can stand where this can.
fn allow_null(schema: &mut Value) {
    let nothing = serde_json::json!({ "type": "null" });
    let types = schema["type"].as_array().into_iter().flatten();
    let choices = schema["anyOf"].as_array().into_iter().flatten();
    if types.chain(choices).any(|choice| *choice == "null" || *choice == nothing) {
        return;
    }
    let Some(map) = schema.as_object_mut() else { return };
    // Words about a setting stay where editors look for them.
    let words = ["description", "default", "writeOnly"].into_iter();
    let words: Vec<_> = words.filter_map(|name| Some((name.to_owned(), map.remove(name)?))).collect();
    if !map.is_empty() {
        *schema = serde_json::json!({ "anyOf": [std::mem::take(schema), nothing] });
    }
    schema.as_object_mut().into_iter().for_each(|map| map.extend(words.clone()));
}

/// Lets `x-` keys stand in every section, as we do ourselves.
fn allow_comments(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(allow_comments);
            if map.get("additionalProperties") == Some(&Value::Bool(false)) {
                map.insert("patternProperties".into(), serde_json::json!({ "^x-": true }));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(allow_comments),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One place in a schema, with what was said on the way to it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    root: &'a Value,
    pub node: &'a Value,
    /// Values here are never shown.
    pub is_secret: bool,
}

/// What a value has to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    Anything,
    Mapping,
    List,
    Text,
    Choice(Vec<String>),
    TrueOrFalse,
    WholeNumber,
    Number,
}

impl<'a> View<'a> {
    #[must_use]
    pub fn new(root: &'a Value) -> Self {
        Self { root, node: root, is_secret: false }
    }

    /// Another place below this one; references and "or nothing" are followed.
    fn at(self, node: &'a Value) -> Self {
        let is_secret = self.is_secret || node["writeOnly"] == true;
        let next = Self { is_secret, node, ..self };
        if let Some(name) = node["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
            return next.at(&self.root["$defs"][name]);
        }
        let choices = node["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
        choices.iter().find(|choice| choice["type"] != "null").map_or(next, |choice| next.at(choice))
    }

    #[must_use]
    pub fn property(self, name: &str) -> Option<Self> {
        self.node["properties"].get(name).map(|node| self.at(node))
    }

    pub fn properties(self) -> impl Iterator<Item = (&'a str, Self)> {
        let map = self.node["properties"].as_object();
        map.into_iter().flatten().map(move |(name, node)| (name.as_str(), self.at(node)))
    }

    /// The schema of values under names that are the user's own.
    #[must_use]
    pub fn additional(self) -> Option<Self> {
        match &self.node["additionalProperties"] {
            Value::Bool(false) | Value::Null => None,
            node => Some(self.at(node)),
        }
    }

    #[must_use]
    pub fn items(self) -> Self {
        self.at(&self.node["items"])
    }

    #[must_use]
    pub fn expected(self) -> Expected {
        if let Some(choices) = self.choices() {
            return Expected::Choice(choices);
        }
        let is = |name: &str| match &self.node["type"] {
            Value::Array(names) => names.iter().any(|other| other == name),
            single => single == name,
        };
        [
            ("object", Expected::Mapping),
            ("array", Expected::List),
            ("string", Expected::Text),
            ("boolean", Expected::TrueOrFalse),
            ("integer", Expected::WholeNumber),
            ("number", Expected::Number),
        ]
        .into_iter()
        .find_map(|(name, expected)| is(name).then_some(expected))
        .unwrap_or(Expected::Anything)
    }

    /// The words of an enumeration: plain ones, and those with a description each.
    fn choices(self) -> Option<Vec<String>> {
        let words = |node: &Value| -> Vec<String> {
            let listed = node["enum"].as_array().into_iter().flatten();
            listed.chain(node.get("const")).filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let mut choices = words(self.node);
        choices.extend(self.node["oneOf"].as_array().into_iter().flatten().flat_map(words));
        (!choices.is_empty()).then_some(choices)
    }

    #[must_use]
    pub fn range(self) -> (Option<f64>, Option<f64>) {
        (self.node["minimum"].as_f64(), self.node["maximum"].as_f64())
    }
}

/// Every setting with its path; names that are the user's own show as `NAME`.
#[must_use]
pub fn all_settings(root: &Value) -> Vec<(Vec<String>, View<'_>)> {
    fn collect<'a>(view: View<'a>, path: &[String], settings: &mut Vec<(Vec<String>, View<'a>)>) {
        let named = view.properties().map(|(name, view)| (name.to_owned(), view));
        for (name, view) in named.chain(view.additional().map(|view| ("NAME".to_owned(), view))) {
            let path = [path, &[name]].concat();
            settings.push((path.clone(), view));
            collect(view, &path, settings);
        }
    }
    let mut settings = Vec::new();
    collect(View::new(root), &[], &mut settings);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Environment;
    use crate::config::loaded::load_source;
    use crate::config::source::Source;
    use crate::config::value;

    #[test]
    fn names_of_the_users_own_are_where_the_schema_has_them() {
        let schema = of_file();
        for (path, view) in all_settings(&schema) {
            if view.expected() == Expected::Mapping {
                assert_eq!(value::is_open(&path), view.additional().is_some(), "{path:?}");
            }
        }
    }

    #[test]
    fn a_file_that_is_read_fits_the_schema_for_editors() {
        let validator = jsonschema::validator_for(&for_editors()).unwrap();
        let environment = Environment::from_pairs([("HOME", "/h")]);
        let fits = |text: &str| {
            let source = Source { path: "c.yaml".into(), text: text.to_owned(), mode: None };
            let is_read = load_source(&source, &environment).is_ok();
            let value: serde_json::Value = serde_yaml::from_str(text).unwrap();
            assert_eq!(validator.is_valid(&value), is_read, "{text}: {:?}", load_source(&source, &environment));
            is_read
        };
        let mut names: Vec<Vec<String>> = all_settings(&of_file()).into_iter().map(|(path, _)| path).collect();
        names.retain(|path| path.iter().all(|name| name != "NAME"));
        assert!(names.len() > 60, "{}", names.len());
        for path in names {
            // `a: {b: {c: }}`
            let text = path.join(": {") + ": " + &"}".repeat(path.len() - 1);
            assert!(fits(&text), "{text}");
        }
        for text in ["", "chat:\nllm: ~\nx-mine: 1", "llm: {providers: {ollama: }}"] {
            assert!(fits(text), "{text}");
        }
        for text in ["chat: 7", "chat: []", "llm: {providers: {ollama: 7}}", "chat: {storage: {type: x}}"] {
            assert!(!fits(text), "{text}");
        }
    }

    #[test]
    fn every_setting_has_a_description_and_a_type() {
        let schema = of_file();
        let without = |path: &[String]| {
            let mut node = &schema;
            let mut view = View::new(&schema);
            for name in path {
                if name == "NAME" {
                    return false;
                }
                node = &view.node["properties"][name];
                view = view.property(name).unwrap();
            }
            node["description"].as_str().is_none_or(str::is_empty)
        };
        let undescribed: Vec<_> = all_settings(&schema)
            .into_iter()
            .filter(|(path, _)| !path.contains(&"NAME".to_owned()) && without(path))
            .map(|(path, _)| path.join("."))
            .collect();
        assert_eq!(undescribed, ["llm.http.roots"]);
    }

    #[test]
    fn the_example_tells_the_range_of_every_number() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.yaml");
        let example = std::fs::read_to_string(path).unwrap();
        // Words of comments, and keys, with or without the mark of an entry that is a proposal.
        let lines: Vec<&str> =
            example.lines().map(|line| line.trim_start().trim_start_matches("#   ").trim()).collect();
        let schema = of_file();
        let mut count = 0;
        for (path, view) in all_settings(&schema) {
            let ((Some(least), Some(most)), Some(name)) = (view.range(), path.last()) else { continue };
            let place = lines.iter().position(|line| line.starts_with(&format!("{name}: "))).unwrap();
            // Two keys can share a comment.
            let above = lines[..place].iter().rev().skip_while(|line| !line.starts_with("# "));
            let comment: Vec<&str> = above.take_while(|line| line.starts_with("# ")).copied().collect();
            assert!(comment.concat().contains(&format!("{least} to {most}")), "{path:?}: {comment:?}");
            count += 1;
        }
        assert!(count > 20, "{count}");
    }
}
