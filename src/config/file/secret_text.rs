//! Text of the file that must not be shown: keys, headers, variables.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::http::Secret;

pub const REDACTED: &str = "[redacted]";

/// A secret as it stands in the file: the secret itself, or `${VARIABLE}`. Neither `Debug` nor
/// `Serialize` give it away.
#[derive(Clone, Debug)]
pub struct SecretText(Secret);

impl SecretText {
    /// The text as it is written, with variables in it not yet replaced.
    #[must_use]
    pub fn written(&self) -> &str {
        self.0.expose()
    }

    /// Whether the file holds the secret itself, and not only the name of a variable.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        !is_reference(self.written())
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.written() == other.written()
    }
}

impl Eq for SecretText {}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_literal() { REDACTED } else { self.written() })
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

impl JsonSchema for SecretText {
    fn schema_name() -> Cow<'static, str> {
        "SecretText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

/// Whether the text is nothing but a `${VARIABLE}` without a default, perhaps after `Bearer`.
pub fn is_reference(text: &str) -> bool {
    let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
    })
}

/// Headers that say who asks, not who may.
const HARMLESS_HEADERS: [&str; 6] =
    ["http-referer", "x-title", "user-agent", "accept", "content-type", "anthropic-version"];

/// Whether the value of this header could be a secret.
pub fn is_secret_header(name: &str) -> bool {
    !HARMLESS_HEADERS.contains(&name.to_ascii_lowercase().as_str())
}

pub fn hide_secret_headers<S: Serializer>(map: &BTreeMap<String, String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer
        .collect_map(map.iter().map(|(name, value)| (name, if is_secret_header(name) { shown(value) } else { value })))
}

pub fn hide_variables<S: Serializer>(map: &BTreeMap<String, String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(map.iter().map(|(name, value)| (name, shown(value))))
}

fn shown(value: &str) -> &str {
    if is_reference(value) { value } else { REDACTED }
}

/// A URL without its user, password and query, which can hold keys.
pub fn hide_query<S: Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_deref().map(public_part).serialize(serializer)
}

fn public_part(url: &str) -> String {
    let (front, query) = url.split_once('?').map_or((url, ""), |(front, _)| (front, "?[redacted]"));
    let start = front.find("://").map_or(0, |at| at + 3);
    let end = front[start..].find('/').map_or(front.len(), |at| start + at);
    match front[start..end].rfind('@') {
        Some(at) => format!("{}{REDACTED}{}{query}", &front[..start], &front[start + at..]),
        None => format!("{front}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_show_only_where_they_come_from() {
        let shown = |text: &str| serde_json::to_string(&SecretText(Secret::new(text.into()))).unwrap();
        assert_eq!(shown("sk-abc"), r#""[redacted]""#);
        assert_eq!(shown("${OPENAI_API_KEY}"), r#""${OPENAI_API_KEY}""#);
        assert_eq!(shown("${KEY:-sk-abc}"), r#""[redacted]""#);
        assert_eq!(shown("${A}sk-abc}"), r#""[redacted]""#);
        assert_eq!(public_part("https://me:pw@host/mcp?token=x"), "https://[redacted]@host/mcp?[redacted]");
        assert_eq!(public_part("http://localhost:1/mcp"), "http://localhost:1/mcp");
    }
}
