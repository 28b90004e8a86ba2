//! A JSON Schema as it came: text, until somebody looks into it. Most are only handed on.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A schema of an object, or of what claims to be one. Clones share it.
#[derive(Clone)]
pub struct ToolSchema(Arc<Inner>);

struct Inner {
    /// A JSON object.
    text: Box<RawValue>,
    fields: OnceLock<Map<String, Value>>,
}

impl ToolSchema {
    /// Of a tool of ours: a schema for each argument, and the names of those that a call has to have.
    #[must_use]
    pub fn of_arguments(properties: Value, required: &[&str]) -> Self {
        let fields = [("properties", properties), ("required", required.into()), ("type", "object".into())];
        Self::from(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
    }

    /// As JSON, with its keys in the order of the alphabet where it came over the protocol.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.text.get()
    }
}

impl From<Map<String, Value>> for ToolSchema {
    fn from(fields: Map<String, Value>) -> Self {
        let text = serde_json::value::to_raw_value(&fields).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self(Arc::new(Inner { text, fields: OnceLock::from(fields) }))
    }
}

impl Default for ToolSchema {
    fn default() -> Self {
        Self::from(Map::new())
    }
}

impl Deref for ToolSchema {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        self.0.fields.get_or_init(|| serde_json::from_str(self.text()).unwrap_or_default())
    }
}

impl PartialEq for ToolSchema {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for ToolSchema {}

impl fmt::Debug for ToolSchema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl Serialize for ToolSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ToolSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        if !text.get().starts_with('{') {
            return Err(D::Error::custom("a schema is an object"));
        }
        Ok(Self(Arc::new(Inner { text, fields: OnceLock::new() })))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_text_until_somebody_looks_into_it() {
        let schema: ToolSchema = serde_json::from_str(r#"{"type":"object","properties":{"a":{}}}"#).unwrap();
        assert!(schema.0.fields.get().is_none());
        assert_eq!(serde_json::to_string(&schema).unwrap(), schema.text());
        assert_eq!(schema["properties"], json!({"a": {}}));
        assert!(schema.0.fields.get().is_some());
    }

    #[test]
    fn what_is_no_object_is_no_schema() {
        for text in ["null", "[]", "1", "\"{\"", "{"] {
            assert!(serde_json::from_str::<ToolSchema>(text).is_err(), "{text}");
        }
        assert_eq!(ToolSchema::default().text(), "{}");
    }
}
