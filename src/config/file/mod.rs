//! The YAML schema of the configuration file: what can be written, with the defaults.
//!
//! The comments on the fields are the descriptions in `sayso config schema`, and a test holds
//! `config.example.yaml` to the defaults. No `flatten` and no `untagged`: they lose positions.

mod budget;
mod chat;
mod llm;
mod mcp;
mod rules;
mod secret_text;
mod ui;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use budget::Budget;
pub use chat::{Chat, Logging, Retention, Storage, StorageType, Tools};
pub use llm::{Llm, ModelPatch, ProviderSection};
pub use mcp::{
    Grant as OauthGrantName, LogLevel as ServerLogLevel, Mcp, Oauth, Protocol as ServerProtocol, ServerSection,
    ServerType, ToolFilter,
};
pub use rules::RuleSection;
pub use secret_text::{SecretText, is_secret_header};
pub use ui::{Clipboard, ColorChoice, Editing, KeyAction, PromptPart, Thinking, Ui, UsagePart};

/// The configuration of sayso.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigFile {
    /// Conversations: what is sent along, what runs, what is kept.
    pub chat: Chat,
    /// Language models: who is asked, and how.
    pub llm: Llm,
    /// Servers of the Model Context Protocol.
    pub mcp: Mcp,
    /// What may be spent.
    pub budget: Budget,
    /// How things look and feel.
    pub ui: Ui,
}
