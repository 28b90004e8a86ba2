//! What `--schema` asks for: read once, checked, and ready to check answers.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ReferencingError, Validator};
use serde_json::{Map, Value, json};

use super::short_form;
use crate::conversation::AnswerFormat;

/// As long as the longest that providers take, and far beyond what people write.
const BYTES_MAX: usize = 1 << 20;
const NAME_BYTES_MAX: usize = 64;

/// Why a schema cannot be used; names what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(String);

impl SchemaError {
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// A schema for answers.
#[derive(Debug)]
pub struct Schema {
    /// Its title, or the name it was read under.
    pub name: String,
    /// As compact JSON: two schemas that say the same in another layout are one.
    pub json: String,
    /// Answers are lists of values, each by the schema (`--schema-multi`).
    pub is_multi: bool,
    pub(super) validator: Validator,
    format: AnswerFormat,
}

impl Schema {
    /// Reads JSON or the short form. `name`: what it is called where it has no title.
    pub fn read(text: &str, name: Option<&str>, is_multi: bool) -> Result<Self, SchemaError> {
        if text.len() > BYTES_MAX {
            return Err(SchemaError::new(format!("it is longer than {} KiB", BYTES_MAX >> 10)));
        }
        let schema = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| SchemaError::new(format!("it is no JSON: {error}")))?
        } else {
            short_form::schema_of(text)?
        };
        // References to other places are refused: a schema reaches neither the network nor other files.
        let validator = jsonschema::options().offline().build(&schema).map_err(|error| {
            let place = error.instance_path().as_str();
            let place = if place.is_empty() { String::new() } else { format!(" (at {place})") };
            SchemaError::new(match error.kind() {
                ValidationErrorKind::Referencing(ReferencingError::Unretrievable { uri, .. }) => {
                    format!("it refers to {uri}, and nothing is read from other places: put that schema into this one")
                }
                _ => format!("it is no JSON Schema: {error}{place}"),
            })
        })?;
        let name = match (schema.get("title").and_then(Value::as_str), name) {
            (Some(title), _) if !title.trim().is_empty() => title.trim().to_owned(),
            (_, Some(name)) => name.to_owned(),
            (_, None) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        let asked = if is_multi { list_of(&schema) } else { schema.clone() };
        let format = AnswerFormat {
            name: word(&name),
            is_object: asked.get("type").is_some_and(|kind| kind == "object"),
            is_strict: is_strict(&asked),
            schema: asked.to_string(),
        };
        Ok(Self { name, json: schema.to_string(), is_multi, validator, format })
    }

    #[must_use]
    pub fn format(&self) -> &AnswerFormat {
        &self.format
    }
}

/// Most APIs take objects only, so the list stands in one. What the schema refers to stays at the root.
fn list_of(schema: &Value) -> Value {
    let mut items = schema.clone();
    let mut list = json!({"type": "object", "properties": {"items": {"type": "array"}}, "required": ["items"],
        "additionalProperties": false});
    for name in ["$defs", "definitions"] {
        if let Some(definitions) = items.as_object_mut().and_then(|fields| fields.remove(name)) {
            list[name] = definitions;
        }
    }
    if let Some(fields) = items.as_object_mut() {
        fields.remove("$schema");
    }
    list["properties"]["items"]["items"] = items;
    list
}

/// By the rules of OpenAI's strict mode, as far as they can be told from outside.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => is_strict_object(fields) && fields.values().all(is_strict),
        Value::Array(items) => items.iter().all(is_strict),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn is_strict_object(fields: &Map<String, Value>) -> bool {
    let Some(Value::Object(properties)) = fields.get("properties") else {
        return fields.get("type").is_none_or(|kind| kind != "object");
    };
    let required = fields.get("required").and_then(Value::as_array);
    let is_required = |name: &String| required.is_some_and(|names| names.iter().any(|other| other == name.as_str()));
    fields.get("additionalProperties") == Some(&Value::Bool(false)) && properties.keys().all(is_required)
}

/// `name` as the one word that APIs take.
fn word(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let letters = name.chars().map(|letter| if is_plain(letter) { letter } else { '_' });
    let word: String = letters.take(NAME_BYTES_MAX).collect();
    if word.is_empty() { "answer".to_owned() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_a_name_and_a_form_for_providers() {
        let person = Schema::read("name, age int", None, false).unwrap();
        assert_eq!((person.name.as_str(), person.format.name.as_str()), ("name, age int", "name__age_int"));
        assert!(person.format.is_object && person.format.is_strict);
        let titled = Schema::read(r#"{"title": "A dog", "type": "object", "properties": {"a": {}}}"#, Some("x"), false);
        let titled = titled.unwrap();
        assert_eq!((titled.name.as_str(), titled.format.is_strict), ("A dog", false));
        let list = Schema::read(r#"{"type": "array"}"#, Some("list"), false).unwrap();
        assert_eq!((list.name.as_str(), list.format.is_object), ("list", false));
        assert!(!Schema::read("a?", None, false).unwrap().format.is_strict);
    }

    #[test]
    fn a_list_keeps_what_its_schema_refers_to() {
        let text =
            r##"{"$defs": {"n": {"type": "integer"}}, "type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}}"##;
        let schema = Schema::read(text, None, true).unwrap();
        let sent: Value = serde_json::from_str(&schema.format.schema).unwrap();
        assert_eq!(sent["$defs"]["n"]["type"], "integer");
        assert_eq!(sent["properties"]["items"]["items"]["properties"]["a"]["$ref"], "#/$defs/n");
    }

    #[test]
    fn what_is_no_schema_is_told() {
        let told = |text: &str| Schema::read(text, None, false).unwrap_err().to_string();
        assert!(told("{\"a\": }").starts_with("it is no JSON: "), "{}", told("{\"a\": }"));
        assert!(told("{\"type\": \"strin\"}").starts_with("it is no JSON Schema: "));
        assert!(told("{\"$ref\": \"http://127.0.0.1:9/x\"}").starts_with("it refers to http://127.0.0.1:9/x, and "));
        assert!(told("{\"$ref\": \"file:///etc/passwd\"}").starts_with("it refers to file:///etc/passwd, and "));
    }
}
