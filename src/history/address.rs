//! What a person types to name a conversation, or one message in it (pure).

/// So long a name can be.
const NAME_CHARS_MAX: usize = 200;
/// Fewer letters are no beginning of a message's id.
const ID_CHARS_MIN: usize = 4;
/// The length of an id.
const ID_CHARS: usize = 26;

/// `CONVERSATION` or `CONVERSATION@MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// All of it: a name can hold an `@` as well.
    pub whole: String,
    pub conversation: Target,
    pub message: Option<MessageTarget>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `@N`: the N-th latest, from 1.
    Latest(u32),
    /// A name, an id, or the beginning of an id.
    Named(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageTarget {
    /// The N-th of the active branch, from 1; system prompts and empty answers do not count.
    FromStart(usize),
    /// `-N`: the N-th from its end, from 1.
    FromEnd(usize),
    /// An id or its beginning.
    Id(String),
}

impl Address {
    /// Understands any text; whether there is such a conversation is another question.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let whole = text.trim().to_owned();
        let (conversation, message) = split(&whole);
        Self { conversation, message, whole }
    }
}

fn split(whole: &str) -> (Target, Option<MessageTarget>) {
    let named = |text: &str| Target::Named(text.to_owned());
    let start = usize::from(whole.starts_with('@'));
    let Some((before, after)) =
        whole[start..].rsplit_once('@').map(|(_, after)| (&whole[..whole.len() - after.len() - 1], after))
    else {
        return (target(whole), None);
    };
    match message_target(after) {
        Some(message) if !before.is_empty() => (target(before), Some(message)),
        Some(_) | None => (named(whole), None),
    }
}

fn target(text: &str) -> Target {
    let latest = text.strip_prefix('@').and_then(|digits| digits.parse().ok());
    latest.map_or_else(|| Target::Named(text.to_owned()), Target::Latest)
}

/// A place in the branch is a number without a zero before it, so that it is never an id: these begin with one.
fn message_target(text: &str) -> Option<MessageTarget> {
    let number = |digits: &str| digits.parse::<usize>().ok().filter(|_| !digits.starts_with(['0', '+']));
    if let Some(digits) = text.strip_prefix('-') {
        return number(digits).map(MessageTarget::FromEnd);
    }
    number(text).map(MessageTarget::FromStart).or_else(|| is_id_start(text).then(|| MessageTarget::Id(text.to_owned())))
}

/// Whether this can be the beginning of an id.
#[must_use]
pub fn is_id_start(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() && !b"ILOU".contains(&byte.to_ascii_uppercase());
    (ID_CHARS_MIN..=ID_CHARS).contains(&text.len())
        && text.starts_with(|first: char| matches!(first, '0'..='7'))
        && text.bytes().all(is_letter)
}

/// Why a conversation cannot have this name; `None` where it can.
#[must_use]
pub fn why_no_name(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("a name has to hold a letter")
    } else if name.trim() != name || name.contains(char::is_control) {
        Some("a name is one line, without blanks around it")
    } else if name.starts_with('@') {
        Some("a name cannot begin with `@`: `@1` is the conversation used last")
    } else if name.strip_prefix('#').is_some_and(|rest| rest.parse::<usize>().is_ok()) {
        Some("a name cannot be `#` and a number: `#1` is what a search has found first")
    } else if Address::parse(name).message.is_some() {
        Some("a name cannot end like that: behind an `@` stands a message")
    } else if name.chars().nth(NAME_CHARS_MAX).is_some() {
        Some("a name has at most 200 characters")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, MessageTarget, Target, why_no_name};

    #[test]
    fn a_conversation_and_perhaps_a_message() {
        let named = |name: &str| Target::Named(name.to_owned());
        let id = |id: &str| Some(MessageTarget::Id(id.to_owned()));
        for (text, conversation, message) in [
            (" trip ", named("trip"), None),
            ("01ARZ", named("01ARZ"), None),
            ("@2", Target::Latest(2), None),
            ("@0", Target::Latest(0), None),
            ("@2@3", Target::Latest(2), Some(MessageTarget::FromStart(3))),
            ("@1@-1", Target::Latest(1), Some(MessageTarget::FromEnd(1))),
            ("trip@3", named("trip"), Some(MessageTarget::FromStart(3))),
            ("trip@01arz3ndek", named("trip"), id("01arz3ndek")),
            ("two words@-2", named("two words"), Some(MessageTarget::FromEnd(2))),
            ("me@home@3", named("me@home"), Some(MessageTarget::FromStart(3))),
            ("me@home", named("me@home"), None),
            ("me@mars", named("me@mars"), None),
            ("me@", named("me@"), None),
            ("@", named("@"), None),
            ("@x", named("@x"), None),
            ("@@3", named("@"), Some(MessageTarget::FromStart(3))),
            ("", named(""), None),
            ("@99999999999", named("@99999999999"), None),
        ] {
            let read = Address::parse(text);
            assert_eq!(
                (read.conversation, read.message, read.whole.as_str()),
                (conversation, message, text.trim()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_name_can_be_typed_again() {
        for name in ["trip", "two words", "me@home", "5"] {
            assert_eq!(why_no_name(name), None, "{name}");
        }
        for name in ["", "  ", " a", "a\nb", "@1", "trip@3", "#1", &"x".repeat(201)] {
            assert!(why_no_name(name).is_some(), "{name:?}");
        }
    }
}
