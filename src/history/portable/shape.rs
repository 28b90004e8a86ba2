//! What the files of `history export` hold, field by field.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::PortableAttachment;
use crate::conversation::{UnixMillis, rfc3339};

/// A conversation with all of its branches.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PortableConversation {
    pub id: String,
    #[serde(default)]
    pub name: Option<String>,
    /// The first words of the first prompt; made anew where it is missing.
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub created: Time,
    #[serde(default)]
    pub used: Time,
    #[serde(default)]
    pub pinned: bool,
    #[serde(default)]
    pub cwd: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    /// The message that the next one follows.
    #[serde(default, skip_serializing_if = "Head::is_last")]
    pub head: Head,
    #[serde(default)]
    pub messages: Vec<PortableMessage>,
}

impl PortableConversation {
    /// The frame around messages that follow each other.
    #[must_use]
    pub fn of_messages(id: String, name: Option<String>, messages: Vec<PortableMessage>) -> Self {
        Self {
            id,
            name,
            title: String::new(),
            created: messages.first().map_or_else(Time::default, |message| message.created),
            used: messages.iter().map(|message| message.created).max().unwrap_or_default(),
            pinned: false,
            cwd: None,
            model: messages.iter().rev().find_map(|message| message.model.clone()),
            head: Head::At(messages.last().map(|message| message.id.clone())),
            messages,
        }
    }

    /// The id of the message that the next one follows.
    #[must_use]
    pub fn head(&self) -> Option<&str> {
        match &self.head {
            Head::Last => self.messages.last().map(|message| message.id.as_str()),
            Head::At(id) => id.as_deref(),
        }
    }
}

/// Where a conversation goes on.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(untagged)]
pub enum Head {
    /// Where the file does not say it.
    #[default]
    Last,
    /// Behind the message of this id; `None`: with a first message.
    At(Option<String>),
}

impl Head {
    fn is_last(&self) -> bool {
        matches!(self, Self::Last)
    }
}

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::At)
    }
}

/// A message with everything that is stored of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PortableMessage {
    pub id: String,
    #[serde(default)]
    pub parent: Option<String>,
    pub role: String,
    /// `complete` where it is missing.
    #[serde(default = "complete")]
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default)]
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<PortableAttachment>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    #[serde(default)]
    pub created: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<PortableCall>,
    #[serde(default, skip_serializing_if = "PortableUsage::is_empty")]
    pub usage: PortableUsage,
    /// [`crate::history::TurnMetrics`], word for word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<PortableReplay>,
}

impl PortableMessage {
    /// A finished message of plain text.
    #[must_use]
    pub fn new(id: String, role: &str, text: String) -> Self {
        Self {
            id,
            parent: None,
            role: role.to_owned(),
            status: complete(),
            reason: None,
            text,
            attachments: Vec::new(),
            reasoning: String::new(),
            model: None,
            finish: None,
            created: Time::default(),
            finished: None,
            tool_call_id: None,
            tool_calls: Vec::new(),
            usage: PortableUsage::default(),
            metrics: None,
            replay: None,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct PortableCall {
    pub id: String,
    pub name: String,
    /// The text the model sent; not always JSON.
    #[serde(default)]
    pub arguments: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Time>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PortableUsage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl PortableUsage {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PortableReplay {
    pub origin: String,
    pub json: String,
}

fn complete() -> String {
    "complete".to_owned()
}

/// Written as RFC 3339, or as milliseconds since 1970 where no calendar holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub UnixMillis);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match rfc3339(self.0) {
            Some(time) => serializer.serialize_str(&time),
            None => serializer.serialize_i64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

struct TimeVisitor;

impl serde::de::Visitor<'_> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a time as in 2026-01-31T12:00:00Z, or milliseconds since 1970")
    }

    fn visit_i64<E>(self, milliseconds: i64) -> Result<Time, E> {
        Ok(Time(milliseconds))
    }

    fn visit_u64<E: serde::de::Error>(self, milliseconds: u64) -> Result<Time, E> {
        i64::try_from(milliseconds).map(Time).map_err(E::custom)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
        text.parse::<Timestamp>().map(|time| Time(time.as_millisecond())).map_err(E::custom)
    }
}
