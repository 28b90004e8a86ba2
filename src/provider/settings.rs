//! What the configuration says about one provider.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::http::{Pace, Secret};

/// The dialect a provider speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    #[default]
    OpenaiChat,
    OpenaiResponses,
    Anthropic,
    Gemini,
    Demo,
    Replay,
}

/// What is sent beside the messages. Only what is set is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelParameters {
    pub temperature: Option<f64>,
    /// Tokens of the answer.
    pub max_tokens: Option<u64>,
    /// `-o key=value` and `extra_body`: JSON values by name, sent as they are.
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// The source of a key that was sent when a record was made: a record has none.
pub const KEY_LEFT_OUT: &str = "left out of the record";

/// One provider, resolved: the key is at hand or known to be missing.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// The name in the configuration, as in `openrouter`.
    pub name: String,
    pub api: Api,
    /// Without a slash at the end.
    pub base_url: String,
    pub model: String,
    pub key: Option<Secret>,
    /// Where the key came from, as in `OPENROUTER_API_KEY (environment)`, or where it was looked for.
    pub key_source: String,
    pub headers: Vec<(String, String)>,
    pub parameters: ModelParameters,
    /// What `api: replay` plays.
    pub record: Option<RecordSettings>,
}

/// A record to be played instead of asking a server.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordSettings {
    pub path: PathBuf,
    pub pace: Pace,
}

impl Api {
    const ALL: [Self; 6] =
        [Self::OpenaiChat, Self::OpenaiResponses, Self::Anthropic, Self::Gemini, Self::Demo, Self::Replay];

    /// The dialect that has this name in the configuration.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.name() == name)
    }

    /// The name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai_chat",
            Self::OpenaiResponses => "openai_responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Demo => "demo",
            Self::Replay => "replay",
        }
    }
}
