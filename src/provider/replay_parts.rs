//! A reply as the list of parts that its server made it of, to be given back with the next request.
//!
//! Text and calls are stored with the message already, so a part only says how much of the text and which
//! of the calls it is. What a signature covers is kept word for word.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::conversation::{Message, ToolCall};

/// What is larger is not given back at all, because half of it would be refused: 16 MiB.
const RECORDED_BYTES_MAX: usize = 16 << 20;
const PARTS_MAX: usize = 4096;

/// What is kept in [`crate::conversation::Replay::json`].
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    parts: Vec<Part>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Part {
    /// Bytes of the message's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<usize>,
    /// The number of a call of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<usize>,
    /// The whole part, or what it has beside its text or call.
    #[serde(skip_serializing_if = "Map::is_empty")]
    fields: Map<String, Value>,
}

/// Notes the parts of a running reply.
#[derive(Debug, Default)]
pub struct PartsRecorder {
    stored: Stored,
    bytes: usize,
    is_over: bool,
}

impl PartsRecorder {
    /// Text that follows the text before it; the same part as long as nothing else comes between.
    pub fn text(&mut self, bytes: usize) {
        let last = self.stored.parts.last_mut();
        match last.filter(|part| part.fields.is_empty()).and_then(|part| part.text.as_mut()) {
            Some(length) => *length += bytes,
            None => drop(self.add(Part { text: Some(bytes), ..Part::default() })),
        }
    }

    /// Text that is a part of its own.
    pub fn text_part(&mut self, bytes: usize, fields: Map<String, Value>) -> Option<usize> {
        self.add(Part { text: Some(bytes), fields, ..Part::default() })
    }

    pub fn call(&mut self, number: u32, fields: Map<String, Value>) {
        self.add(Part { call: usize::try_from(number).ok(), fields, ..Part::default() });
    }

    /// A part that is kept word for word. The number is for [`Self::fields`].
    pub fn verbatim(&mut self, fields: Map<String, Value>) -> Option<usize> {
        self.add(Part { fields, ..Part::default() })
    }

    /// More text of the part with this number.
    pub fn lengthen(&mut self, part: usize, bytes: usize) {
        if let Some(length) = self.stored.parts.get_mut(part).and_then(|part| part.text.as_mut()) {
            *length += bytes;
        }
    }

    pub fn grow(&mut self, part: usize, name: &str, more: &str) {
        self.count(more.len());
        let Some(part) = self.stored.parts.get_mut(part).filter(|_| !self.is_over) else { return };
        match part.fields.get_mut(name) {
            Some(Value::String(text)) => text.push_str(more),
            Some(_) | None => drop(part.fields.insert(name.to_owned(), more.into())),
        }
    }

    pub fn set(&mut self, part: usize, name: &str, value: Value) {
        self.count(size_of_value(&value));
        if let Some(part) = self.stored.parts.get_mut(part).filter(|_| !self.is_over) {
            part.fields.insert(name.to_owned(), value);
        }
    }

    /// One more item of a list.
    pub fn push(&mut self, part: usize, name: &str, item: Value) {
        self.count(size_of_value(&item));
        let Some(part) = self.stored.parts.get_mut(part).filter(|_| !self.is_over) else { return };
        match part.fields.get_mut(name) {
            Some(Value::Array(items)) => items.push(item),
            Some(_) | None => drop(part.fields.insert(name.to_owned(), vec![item].into())),
        }
    }

    pub fn fields(&self, part: usize) -> Option<&Map<String, Value>> {
        self.stored.parts.get(part).map(|part| &part.fields)
    }

    /// Of all texts so far.
    pub fn text_bytes(&self) -> usize {
        self.stored.parts.iter().filter_map(|part| part.text).sum()
    }

    /// Takes a field off all texts and calls.
    pub fn strip(&mut self, name: &str) {
        for part in self.stored.parts.iter_mut().filter(|part| part.text.is_some() || part.call.is_some()) {
            part.fields.remove(name);
        }
    }

    /// Takes a part back that turned out to be of no use.
    pub fn forget(&mut self, part: usize) {
        if let Some(part) = self.stored.parts.get_mut(part) {
            *part = Part::default();
        }
    }

    /// Nothing, where the reply is text and calls and no more.
    pub fn to_json(&self) -> Option<String> {
        let is_telling = !self.is_over && self.stored.parts.iter().any(|part| !part.fields.is_empty());
        is_telling.then(|| serde_json::to_string(&self.stored).ok()).flatten()
    }

    fn add(&mut self, part: Part) -> Option<usize> {
        let bytes = part.fields.iter().map(|(name, value)| name.len() + size_of_value(value)).sum();
        self.count(bytes);
        self.is_over |= self.stored.parts.len() >= PARTS_MAX;
        if self.is_over {
            return None;
        }
        self.stored.parts.push(part);
        Some(self.stored.parts.len() - 1)
    }

    fn count(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.is_over |= self.bytes > RECORDED_BYTES_MAX;
    }
}

fn size_of_value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size_of_value).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + size_of_value(value)).sum(),
    }
}

/// One part of a message as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece<'a> {
    Text(&'a str, Map<String, Value>),
    Call { number: usize, call: &'a ToolCall, fields: Map<String, Value> },
    Verbatim(Map<String, Value>),
}

/// The parts of `message` in the order its server made them, where it came from `origin`; otherwise its
/// text and its calls.
pub fn pieces_of<'a>(message: &'a Message, origin: &str) -> Vec<Piece<'a>> {
    let replay = message.replay.as_ref().filter(|replay| replay.origin == origin);
    let stored = replay.and_then(|replay| serde_json::from_str::<Stored>(&replay.json).ok());
    stored.and_then(|stored| stored_pieces(message, stored)).unwrap_or_else(|| plain_pieces(message))
}

fn plain_pieces(message: &Message) -> Vec<Piece<'_>> {
    let text = Some(message.text.as_str()).filter(|text| !text.is_empty());
    let text = text.map(|text| Piece::Text(text, Map::new()));
    text.into_iter().chain(calls_from(message, 0)).collect()
}

fn calls_from(message: &Message, first: usize) -> impl Iterator<Item = Piece<'_>> {
    let calls = message.tool_calls.iter().enumerate().skip(first);
    calls.map(|(number, call)| Piece::Call { number, call, fields: Map::new() })
}

/// Nothing, where the parts do not fit the message any more.
fn stored_pieces(message: &Message, stored: Stored) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::with_capacity(stored.parts.len());
    let (mut at, mut calls) = (0_usize, 0_usize);
    for Part { text, call, fields } in stored.parts {
        match (text, call) {
            (Some(length), _) => {
                let text = message.text.get(at..at.checked_add(length)?)?;
                at += length;
                if !text.is_empty() || !fields.is_empty() {
                    pieces.push(Piece::Text(text, fields));
                }
            }
            (None, Some(number)) if number == calls => {
                pieces.push(Piece::Call { number, call: message.tool_calls.get(number)?, fields });
                calls += 1;
            }
            (None, Some(_)) => return None,
            (None, None) if fields.is_empty() => {}
            (None, None) => pieces.push(Piece::Verbatim(fields)),
        }
    }
    let rest = message.text.get(at..)?;
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest, Map::new()));
    }
    pieces.extend(calls_from(message, calls));
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{PartsRecorder, Piece, RECORDED_BYTES_MAX, pieces_of};
    use crate::conversation::{Message, MessageId, Replay, Role, ToolCall};

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn message(text: &str, replay: Option<String>) -> Message {
        let call = ToolCall { id: "c".into(), name: "f".into(), arguments: "{}".into() };
        let message = Message::new(MessageId(String::new()), None, Role::Assistant, text.into(), 0);
        let replay = replay.map(|json| Replay { origin: "o".into(), json });
        Message { tool_calls: vec![call], replay, ..message }
    }

    fn recorded() -> Option<String> {
        let mut parts = PartsRecorder::default();
        let thought = parts.verbatim(map(json!({"type": "thinking", "thinking": ""}))).unwrap();
        parts.grow(thought, "thinking", "hm");
        parts.set(thought, "signature", "s".into());
        parts.text(1);
        parts.text("é".len());
        parts.call(0, Map::new());
        parts.to_json()
    }

    #[test]
    fn a_message_is_put_together_again_as_its_server_made_it() {
        let message = message("aé and more", recorded());
        let thought = Piece::Verbatim(map(json!({"type": "thinking", "thinking": "hm", "signature": "s"})));
        let call = Piece::Call { number: 0, call: &message.tool_calls[0], fields: Map::new() };
        let text = |text| Piece::Text(text, Map::new());
        assert_eq!(pieces_of(&message, "o"), [thought, text("aé"), call.clone(), text(" and more")]);
        assert_eq!(pieces_of(&message, "another"), [text("aé and more"), call]);
    }

    #[test]
    fn what_does_not_fit_any_more_is_not_given_back() {
        for text in ["a", "aaé", ""] {
            let message = message(text, recorded());
            let has_thought = pieces_of(&message, "o").iter().any(|piece| matches!(piece, Piece::Verbatim(_)));
            assert!(!has_thought, "{text:?}");
        }
    }

    #[test]
    fn plain_text_and_calls_need_no_record_and_too_much_is_none() {
        let mut parts = PartsRecorder::default();
        parts.text(3);
        parts.call(0, Map::new());
        assert_eq!(parts.to_json(), None);
        let part = parts.verbatim(map(json!({"data": "x"}))).unwrap();
        assert!(parts.to_json().is_some());
        parts.grow(part, "data", &"x".repeat(RECORDED_BYTES_MAX));
        assert_eq!(parts.to_json(), None);
    }
}
