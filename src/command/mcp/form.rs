//! The form of a server: its fields, their defaults, and what was typed for them (pure).

use serde_json::{Map, Value};

use super::arguments::typed_value;

/// One field to fill in.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub required: bool,
    schema: Map<String, Value>,
}

/// What became of a line that was typed.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Value(Value),
    LeftOut,
    Wrong(String),
}

/// The fields of a flat schema, in its order.
#[must_use]
pub fn fields(schema: &Map<String, Value>) -> Vec<Field> {
    let required = |name: &str| {
        schema.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|other| other == name))
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    let field = |(name, field): (&String, &Value)| Field {
        name: name.clone(),
        required: required(name),
        schema: field.as_object().cloned().unwrap_or_default(),
    };
    properties.into_iter().flatten().map(field).collect()
}

/// What the server proposes; `None` where a field that it needs has no default.
#[must_use]
pub fn defaults(schema: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut values = Map::new();
    for field in fields(schema) {
        match field.schema.get("default") {
            Some(value) => drop(values.insert(field.name, value.clone())),
            None if field.required => return None,
            None => {}
        }
    }
    Some(values)
}

impl Field {
    /// `age (required, integer, 18): How old are you?`
    #[must_use]
    pub fn question(&self) -> String {
        let text = |key: &str| self.schema.get(key).and_then(Value::as_str);
        let mut notes: Vec<String> = Vec::new();
        notes.push(if self.required { "required" } else { "optional" }.to_owned());
        let choices = self.choices();
        if choices.is_empty() {
            notes.extend(text("type").filter(|kind| *kind != "string").map(str::to_owned));
        } else {
            notes.push(choices.join(" | "));
        }
        notes.extend(self.schema.get("default").map(|value| format!("default {value}")));
        let label =
            text("title").or_else(|| text("description")).map(|label| format!(" — {label}")).unwrap_or_default();
        format!("  {}{label} ({}):", self.name, notes.join(", "))
    }

    fn choices(&self) -> Vec<String> {
        let texts = |list: &Value| -> Vec<String> {
            let values = list.as_array().into_iter().flatten();
            values
                .filter_map(|value| value.as_str().or_else(|| value.get("const")?.as_str()))
                .map(str::to_owned)
                .collect()
        };
        ["enum", "oneOf"].into_iter().find_map(|key| self.schema.get(key)).map(texts).unwrap_or_default()
    }

    #[must_use]
    pub fn read(&self, line: &str) -> Entry {
        if line.is_empty() {
            return match self.schema.get("default") {
                Some(value) => Entry::Value(value.clone()),
                None if self.required => Entry::Wrong("the server needs this one".to_owned()),
                None => Entry::LeftOut,
            };
        }
        let schema = Value::Object(self.schema.clone());
        let value = typed_value(line, &schema);
        match jsonschema::validator_for(&schema) {
            Ok(validator) => match validator.validate(&value) {
                Ok(()) => Entry::Value(value),
                Err(error) => Entry::Wrong(error.to_string()),
            },
            // The server checks by itself what we cannot.
            Err(_) => Entry::Value(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Map<String, Value> {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": { "type": "string", "title": "Your name", "minLength": 2 },
                "age": { "type": "integer", "default": 30, "minimum": 0 },
                "color": { "type": "string", "enum": ["red", "blue"] },
                "sure": { "type": "boolean", "default": true },
            },
            "required": ["name"],
        });
        schema.as_object().unwrap().clone()
    }

    #[test]
    fn lines_become_values_of_the_wanted_type() {
        let fields = fields(&schema());
        let field = |name: &str| fields.iter().find(|field| field.name == name).unwrap();
        assert_eq!(field("name").question(), "  name — Your name (required):");
        assert_eq!(field("age").question(), "  age (optional, integer, default 30):");
        assert_eq!(field("color").question(), "  color (optional, red | blue):");
        assert_eq!(field("name").read("42"), Entry::Value(json!("42")));
        assert!(matches!(field("name").read(""), Entry::Wrong(_)));
        assert!(matches!(field("name").read("x"), Entry::Wrong(_)));
        assert_eq!(field("age").read("7"), Entry::Value(json!(7)));
        assert_eq!(field("age").read(""), Entry::Value(json!(30)));
        assert!(matches!(field("age").read("old"), Entry::Wrong(_)));
        assert_eq!(field("color").read(""), Entry::LeftOut);
        assert!(matches!(field("color").read("green"), Entry::Wrong(_)));
        assert_eq!(field("sure").read("false"), Entry::Value(json!(false)));
    }

    #[test]
    fn defaults_are_taken_where_they_are_enough() {
        assert_eq!(defaults(&schema()), None);
        let mut optional = schema();
        optional.remove("required");
        assert_eq!(defaults(&optional), json!({ "age": 30, "sure": true }).as_object().cloned());
        assert_eq!(defaults(&Map::new()), Some(Map::new()));
    }
}
