//! Gathers what a server wants back with the next request.

use serde_json::{Map, Value};

use super::wire::Delta;
use crate::provider::tolerant::Scalar;

/// Thoughts and signatures, as the fields of the assistant's message they came in.
#[derive(Debug, Default)]
pub(super) struct ReplayFields {
    reasoning_content: String,
    reasoning_text: String,
    reasoning_opaque: String,
    reasoning_details: Vec<Map<String, Value>>,
}

impl ReplayFields {
    pub(super) fn add(&mut self, delta: &mut Delta<'_>) {
        let add = |to: &mut String, from: &Scalar<'_>| to.push_str(from.text().unwrap_or_default());
        add(&mut self.reasoning_content, &delta.reasoning_content);
        add(&mut self.reasoning_text, &delta.reasoning_text);
        add(&mut self.reasoning_opaque, &delta.reasoning_opaque);
        for detail in delta.reasoning_details.0.drain(..) {
            self.add_detail(detail);
        }
    }

    /// The fields as a JSON object, where there are any. `calls` are the unknown fields of the calls.
    pub(super) fn to_json(&self, calls: Option<Value>) -> Option<String> {
        let mut fields = Map::new();
        let mut add_text = |name: &str, text: &str| {
            if !text.is_empty() {
                fields.insert(name.to_owned(), text.into());
            }
        };
        add_text("reasoning_content", &self.reasoning_content);
        add_text("reasoning_opaque", &self.reasoning_opaque);
        if !self.reasoning_opaque.is_empty() {
            add_text("reasoning_text", &self.reasoning_text);
        }
        if !self.reasoning_details.is_empty() {
            fields.insert("reasoning_details".to_owned(), self.reasoning_details.iter().cloned().collect());
        }
        fields.extend(calls.map(|calls| ("tool_calls".to_owned(), calls)));
        (!fields.is_empty()).then(|| Value::Object(fields).to_string())
    }

    /// Pieces with the same index and type are one detail: text grows, other fields are replaced.
    fn add_detail(&mut self, detail: Map<String, Value>) {
        let is_same = |other: &&mut Map<String, Value>| {
            detail.get("index").is_some_and(|index| !index.is_null())
                && ["index", "type"].iter().all(|key| other.get(*key) == detail.get(*key))
        };
        let Some(known) = self.reasoning_details.iter_mut().rev().find(is_same) else {
            self.reasoning_details.push(detail);
            return;
        };
        for (key, value) in detail {
            match (known.get_mut(&key), value) {
                (_, Value::Null) => {}
                (Some(Value::String(text)), Value::String(more))
                    if matches!(key.as_str(), "text" | "summary" | "data") =>
                {
                    text.push_str(&more);
                }
                (_, value) => {
                    known.insert(key, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeSeed;

    use super::{Delta, ReplayFields};
    use crate::provider::tolerant::Slot;

    fn replay(deltas: &[&str]) -> Option<String> {
        let mut fields = ReplayFields::default();
        for json in deltas {
            let mut delta = Delta::default();
            Slot(&mut delta).deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap();
            fields.add(&mut delta);
        }
        fields.to_json(None)
    }

    #[test]
    fn details_are_merged_by_index_and_keep_their_order() {
        let made = replay(&[
            r#"{"reasoning_details":[{"index":0,"type":"reasoning.text","text":"a","format":"f","signature":null}]}"#,
            r#"{"reasoning_details":[{"index":0,"type":"reasoning.text","text":"b","signature":"s"}]}"#,
            r#"{"reasoning_details":[{"index":1,"type":"reasoning.encrypted","data":"x"}]}"#,
        ]);
        let expected = concat!(
            r#"{"reasoning_details":[{"format":"f","index":0,"signature":"s","text":"ab","type":"reasoning.text"},"#,
            r#"{"data":"x","index":1,"type":"reasoning.encrypted"}]}"#
        );
        assert_eq!(made.as_deref(), Some(expected));
    }

    #[test]
    fn only_fields_that_a_server_wants_back_are_kept() {
        assert_eq!(replay(&[r#"{"reasoning":"a","reasoning_text":"b"}"#]), None);
        assert_eq!(
            replay(&[r#"{"reasoning_content":"a"}"#, r#"{"reasoning_content":"b"}"#]).as_deref(),
            Some(r#"{"reasoning_content":"ab"}"#)
        );
    }
}
