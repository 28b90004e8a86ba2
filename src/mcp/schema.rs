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
pub struct Schema(Arc<Inner>);

struct Inner {
    /// A JSON object.
    text: Box<RawValue>,
    fields: OnceLock<Map<String, Value>>,
}

impl Schema {
    /// As JSON, with its keys in the order of the alphabet where it came over the protocol.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.text.get()
    }
}

impl From<Map<String, Value>> for Schema {
    fn from(fields: Map<String, Value>) -> Self {
        let text = serde_json::value::to_raw_value(&fields).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self(Arc::new(Inner { text, fields: OnceLock::from(fields) }))
    }
}

impl Default for Schema {
    fn default() -> Self {
        Self::from(Map::new())
    }
}

impl Deref for Schema {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        self.0.fields.get_or_init(|| serde_json::from_str(self.text()).unwrap_or_default())
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schema {
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
        let schema: Schema = serde_json::from_str(r#"{"type":"object","properties":{"a":{}}}"#).unwrap();
        assert!(schema.0.fields.get().is_none());
        assert_eq!(serde_json::to_string(&schema).unwrap(), schema.text());
        assert_eq!(schema["properties"], json!({"a": {}}));
        assert!(schema.0.fields.get().is_some());
    }

    #[test]
    fn what_is_no_object_is_no_schema() {
        for text in ["null", "[]", "1", "\"{\"", "{"] {
            assert!(serde_json::from_str::<Schema>(text).is_err(), "{text}");
        }
        assert_eq!(Schema::default().text(), "{}");
    }
}
