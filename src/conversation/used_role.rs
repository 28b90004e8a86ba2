//! The role that a question was put through, as it is kept beside the question.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Replay;

/// What tells it from the replay of a provider, which only answers have.
const ORIGIN: &str = "sayso role";

/// Enough to use it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedRole {
    pub name: String,
    /// Where it was named as a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// As they were given.
    #[serde(default)]
    pub arguments: BTreeMap<String, String>,
}

impl UsedRole {
    /// As a message carries it.
    #[must_use]
    pub fn to_replay(&self) -> Option<Replay> {
        let json = serde_json::to_string(self).ok()?;
        Some(Replay { origin: ORIGIN.to_owned(), json })
    }

    #[must_use]
    pub fn of_replay(replay: &Replay) -> Option<Self> {
        (replay.origin == ORIGIN).then(|| serde_json::from_str(&replay.json).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_nothing_else_is() {
        let arguments = BTreeMap::from([("to".to_owned(), "\"é\"".to_owned())]);
        let used = UsedRole { name: "x".into(), file: Some("/a b".into()), arguments };
        assert_eq!(UsedRole::of_replay(&used.to_replay().unwrap()), Some(used));
        let foreign = Replay { origin: "openai_chat x".into(), json: r#"{"name":"x"}"#.into() };
        assert_eq!(UsedRole::of_replay(&foreign), None);
    }
}
