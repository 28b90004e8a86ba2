//! The section `llm`: providers, models, connections.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretText;
use super::secret_text::hide_secret_headers;
use crate::http::HttpSettings;
use crate::provider::Api;

/// Language models: who is asked, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Llm {
    /// The provider that is asked, by its name below. Without it: the only one below, or the one
    /// whose key is in the environment.
    pub active: Option<String>,
    /// Providers by name. What a well-known one (openai, openrouter, groq, ollama …) leaves out is known.
    pub providers: BTreeMap<String, ProviderSection>,
    /// Connections.
    pub http: HttpSettings,
    /// Asked in this order when the provider fails; each as `[provider:]model`.
    pub fallback: Vec<String>,
    /// Short names for -m: name to `[provider:]model`.
    pub models: BTreeMap<String, String>,
}

/// One account with one provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSection {
    /// The dialect it speaks; `openai_chat` unless the name is known for another one.
    pub api: Option<Api>,
    /// Where its API begins, as in `https://openrouter.ai/api/v1`.
    pub base_url: Option<String>,
    /// The model that is asked unless -m names one.
    pub model: Option<String>,
    /// Randomness of the answers; the model's own default when left out.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub temperature: Option<f64>,
    /// Tokens of an answer; the model's own limit when left out.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub max_tokens: Option<u64>,
    /// The key itself. Better one of the three below: this file is easily shared by accident.
    #[schemars(extend("writeOnly" = true))]
    pub api_key: Option<SecretText>,
    /// The environment variable that holds the key.
    pub api_key_env: Option<String>,
    /// A command that prints the key. It runs without a shell, only when the provider is used.
    pub api_key_command: Option<String>,
    /// A file that holds the key and nothing else; only its owner may read it.
    pub api_key_file: Option<PathBuf>,
    /// The organization that pays, where one account has several (OpenAI).
    pub organization: Option<String>,
    /// Headers to send along.
    #[serde(serialize_with = "hide_secret_headers")]
    #[schemars(extend("writeOnly" = true))]
    pub headers: BTreeMap<String, String>,
    /// Fields to add to the body of every request; `null` leaves one out that sayso would send.
    pub extra_body: BTreeMap<String, serde_json::Value>,
    /// Tokens of prompt and answer together, where the provider does not tell or tells too much.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub context_window: Option<u64>,
    /// With `api: replay`: the record to play, as `--record` has written it.
    pub record: Option<PathBuf>,
    /// With `api: replay`: how many times as fast as it was recorded; at once when left out.
    #[schemars(range(min = 0.01, max = 1000.0))]
    pub replay_speed: Option<f64>,
    /// Changes for some of its models; where several fit, the later one counts.
    pub patches: Vec<ModelPatch>,
}

/// What is different with some models of a provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelPatch {
    /// Which models: `*` stands for any letters, as in `o*` or `*thinking*`.
    pub models: String,
    /// Instead of the provider's.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub temperature: Option<f64>,
    /// Instead of the provider's.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub max_tokens: Option<u64>,
    /// Instead of the provider's.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub context_window: Option<u64>,
    /// Headers to send along, beside the provider's.
    #[serde(serialize_with = "hide_secret_headers")]
    #[schemars(extend("writeOnly" = true))]
    pub headers: BTreeMap<String, String>,
    /// Fields of the body, over the provider's; `null` leaves one out, as in `{temperature: null}`.
    pub extra_body: BTreeMap<String, serde_json::Value>,
}
