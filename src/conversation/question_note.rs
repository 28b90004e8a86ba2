//! What is known of a question beside its text, kept with it: its role, and whose words it is.

use serde::{Deserialize, Serialize};

use super::{Message, Replay, UsedRole};

/// What tells it from the replay of a provider, which only answers have.
const ORIGIN: &str = "sayso question";
/// A note that is the role and nothing else.
const ROLE_ORIGIN: &str = "sayso role";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QuestionNote {
    /// The role it was put through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<UsedRole>,
    /// A server has written it: nothing in the text itself tells so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_of_others: bool,
}

impl QuestionNote {
    /// As a message carries it; `None`: there is nothing to tell.
    #[must_use]
    pub fn to_replay(&self) -> Option<Replay> {
        let json = serde_json::to_string(self).ok().filter(|_| *self != Self::default())?;
        Some(Replay { origin: ORIGIN.to_owned(), json })
    }

    /// Of a message without one there is nothing to tell.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        message.replay.as_ref().and_then(Self::of_replay).unwrap_or_default()
    }

    fn of_replay(replay: &Replay) -> Option<Self> {
        match replay.origin.as_str() {
            ORIGIN => serde_json::from_str(&replay.json).ok(),
            ROLE_ORIGIN => Some(Self { role: serde_json::from_str(&replay.json).ok(), ..Self::default() }),
            _ => None,
        }
    }

    /// What is left of a stored note whose texts nobody may keep: whose words the question is.
    #[must_use]
    pub fn without_texts(json: &str) -> Option<String> {
        let note: Self = serde_json::from_str(json).ok()?;
        let left = Self { is_of_others: note.is_of_others, ..Self::default() };
        left.to_replay().map(|replay| replay.json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{MessageId, Role};

    fn read(origin: &str, json: &str) -> QuestionNote {
        let mut message = Message::new(MessageId("m".into()), None, Role::User, "hi".into(), 0);
        message.replay = Some(Replay { origin: origin.into(), json: json.into() });
        QuestionNote::of(&message)
    }

    #[test]
    fn it_is_read_as_it_was_written_and_nothing_else_is() {
        let role = UsedRole { name: "x".into(), file: Some("/a b".into()), ..UsedRole::default() };
        let note = QuestionNote { role: Some(role.clone()), is_of_others: true };
        let replay = note.to_replay().unwrap();
        assert_eq!(read(&replay.origin, &replay.json), note);
        assert_eq!(read("openai_chat x", &replay.json), QuestionNote::default());
        assert_eq!(QuestionNote::default().to_replay(), None);
        let of_role = QuestionNote { role: Some(role), ..QuestionNote::default() };
        assert_eq!(read("sayso role", r#"{"name":"x","file":"/a b","arguments":{}}"#), of_role);
    }

    #[test]
    fn whose_words_they_are_stays_known_where_texts_go() {
        assert_eq!(
            QuestionNote::without_texts(r#"{"role":{"name":"a key"},"is_of_others":true}"#).as_deref(),
            Some(r#"{"is_of_others":true}"#)
        );
        assert_eq!(QuestionNote::without_texts(r#"{"role":{"name":"a key"}}"#), None);
        assert_eq!(QuestionNote::without_texts(r#"{"reasoning_details":[1]}"#), None);
        assert_eq!(QuestionNote::without_texts("no JSON"), None);
    }
}
