//! What is known of a question beside its text, kept with it: the role, what was typed, and whose words they are.

use serde::{Deserialize, Serialize};

use super::{Message, Replay, UsedRole};

/// A longer text is not kept twice.
const TYPED_BYTES_MAX: usize = 256 << 10;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typed: Option<Typed>,
    /// A server has written it: nothing in the text itself tells so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_of_others: bool,
}

/// What the person has typed and attached, where something else was made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    pub text: String,
    /// How many of the attachments are the person's; those of servers stand behind them.
    pub attachments: usize,
}

impl QuestionNote {
    /// As a message carries it; `None`: there is nothing to tell.
    #[must_use]
    pub fn into_replay(mut self) -> Option<Replay> {
        self.typed = self.typed.filter(|typed| typed.text.len() <= TYPED_BYTES_MAX);
        let json = serde_json::to_string(&self).ok().filter(|_| self != Self::default())?;
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
        left.into_replay().map(|replay| replay.json)
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
        let typed = Typed { text: "\"é\"".into(), attachments: 2 };
        let note = QuestionNote { role: Some(role.clone()), typed: Some(typed), is_of_others: true };
        let replay = note.clone().into_replay().unwrap();
        assert_eq!(read(&replay.origin, &replay.json), note);
        assert_eq!(read("openai_chat x", &replay.json), QuestionNote::default());
        assert_eq!(QuestionNote::default().into_replay(), None);
        let typed = Typed { text: "x".repeat(TYPED_BYTES_MAX + 1), attachments: 0 };
        assert_eq!(QuestionNote { typed: Some(typed), ..QuestionNote::default() }.into_replay(), None);
        let of_role = QuestionNote { role: Some(role), ..QuestionNote::default() };
        assert_eq!(read("sayso role", r#"{"name":"x","file":"/a b","arguments":{}}"#), of_role);
    }

    #[test]
    fn whose_words_they_are_stays_known_where_texts_go() {
        assert_eq!(
            QuestionNote::without_texts(r#"{"typed":{"text":"a key","attachments":0},"is_of_others":true}"#).as_deref(),
            Some(r#"{"is_of_others":true}"#)
        );
        assert_eq!(QuestionNote::without_texts(r#"{"typed":{"text":"a key","attachments":0}}"#), None);
        assert_eq!(QuestionNote::without_texts(r#"{"reasoning_details":[1]}"#), None);
        assert_eq!(QuestionNote::without_texts("no JSON"), None);
    }
}
