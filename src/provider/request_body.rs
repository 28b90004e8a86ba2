//! What the bodies of all dialects have in common.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::ser::{Serialize, SerializeMap};
use serde_json::Value;
use serde_json::value::RawValue;

use super::accepted::Accepted;

/// As OpenAI and Google take them.
const TOOL_NAME_BYTES_MAX: usize = 64;

/// The object of a request: what the user sets wins, `null` leaves a field out, and so does a
/// server that refuses it.
pub struct Fields<'a, M> {
    map: M,
    extra: &'a BTreeMap<String, Value>,
    accepted: &'a Accepted,
}

impl<'a, M: SerializeMap> Fields<'a, M> {
    pub fn new(map: M, extra: &'a BTreeMap<String, Value>, accepted: &'a Accepted) -> Self {
        Self { map, extra, accepted }
    }

    pub fn add(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), M::Error> {
        if self.extra.contains_key(name) || self.accepted.leaves_out(name) {
            return Ok(());
        }
        self.map.serialize_entry(name, value)
    }

    pub fn add_some(&mut self, name: &str, value: Option<&(impl Serialize + ?Sized)>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.add(name, value))
    }

    pub fn end(mut self) -> Result<M::Ok, M::Error> {
        let is_taken = |name: &str, value: &Value| !value.is_null() && !self.accepted.leaves_out(name);
        for (name, value) in self.extra.iter().filter(|(name, value)| is_taken(name, value)) {
            self.map.serialize_entry(name, value)?;
        }
        self.map.end()
    }
}

/// The arguments of a call as JSON text of an object. A model can write arguments that are no JSON;
/// servers refuse the conversation for it ever after.
pub fn sendable(arguments: &str) -> &str {
    let is_object = serde_json::from_str::<&RawValue>(arguments).is_ok_and(|value| value.get().starts_with('{'));
    if is_object { arguments } else { "{}" }
}

/// The name of a tool that a model has called, which can be one that no server takes back.
pub fn sendable_name(name: &str) -> Cow<'_, str> {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !name.is_empty() && name.len() <= TOOL_NAME_BYTES_MAX && name.chars().all(is_allowed) {
        return Cow::Borrowed(name);
    }
    let letters = name.chars().take(TOOL_NAME_BYTES_MAX).map(|letter| if is_allowed(letter) { letter } else { '_' });
    Cow::Owned(std::iter::once('_').chain(letters).take(TOOL_NAME_BYTES_MAX).collect())
}

/// Text that is known to be JSON, to be sent as it is written: a tree of it would be made with every request.
pub fn raw(json: &str) -> &RawValue {
    serde_json::from_str::<&RawValue>(json).unwrap_or(NO_PARAMETERS.get_or_init(no_parameters))
}

/// For a tool whose schema is no JSON.
static NO_PARAMETERS: OnceLock<Box<RawValue>> = OnceLock::new();

fn no_parameters() -> Box<RawValue> {
    RawValue::from_string(r#"{"type":"object","properties":{}}"#.to_owned()).expect("it is JSON")
}

#[cfg(test)]
mod tests {
    use super::{sendable, sendable_name};

    #[test]
    fn what_a_model_made_up_is_sent_in_a_form_that_servers_take() {
        assert_eq!(sendable_name("files__read"), "files__read");
        assert_eq!(sendable_name("files.read é"), "_files_read__");
        assert_eq!(sendable_name(""), "_");
        assert_eq!(sendable_name(&"x".repeat(99)).len(), 64);
        assert_eq!(["{\"a\":1}", "[1]", "{", ""].map(sendable), ["{\"a\":1}", "{}", "{}", "{}"]);
    }
}
