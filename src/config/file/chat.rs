//! The section `chat`: the service that talks and the storage that remembers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RuleSection;
use crate::history::DeltaPersistence;
use crate::mcp::REQUEST_TIMEOUT;
use crate::session::ContextPolicy;

/// Conversations: what is sent along, what runs, what is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Chat {
    /// How a turn runs.
    pub service: Service,
    /// What is kept of it.
    pub storage: Storage,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Sent ahead of every conversation; none by default.
    pub system_prompt: Option<String>,
    /// Rounds of tool calls in one turn; after them the turn ends as incomplete.
    #[schemars(range(min = 0, max = 1000))]
    pub max_tool_hops: u32,
    /// What becomes of a conversation that no longer fits its model.
    pub context: ContextPolicy,
    /// Answers as they come.
    pub streaming: Streaming,
    /// Limits of the tools that a model may call.
    pub tools: Tools,
    /// Lines on the screen about tools at work.
    pub tool_notifications: ToolNotifications,
    /// What goes into the log file.
    pub logging: Logging,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            system_prompt: None,
            max_tool_hops: 8,
            context: ContextPolicy::Trim,
            streaming: Streaming::default(),
            tools: Tools::default(),
            tool_notifications: ToolNotifications::default(),
            logging: Logging::default(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Streaming {
    /// Show an answer while it arrives; false asks for the whole answer at once.
    pub enabled: bool,
    /// How much of an answer under way survives a kill.
    pub persistence: DeltaPersistence,
}

impl Default for Streaming {
    fn default() -> Self {
        Self { enabled: true, persistence: DeltaPersistence::default() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tools {
    /// Calls that run at the same time.
    #[schemars(range(min = 1, max = 256))]
    pub max_parallel: usize,
    /// Seconds that one call may take.
    #[schemars(range(min = 1, max = 86_400))]
    pub timeout_seconds: u64,
    /// Bytes of one result that the model gets to see; the rest is cut.
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    pub result_bytes_max: usize,
    /// KiB of descriptions; when tools have more, the model searches for what it needs.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub search_over_kb: usize,
    /// The same by number of tools.
    #[schemars(range(min = 1, max = 10_000))]
    pub search_over_tools: usize,
    /// Which tools run, which are asked about, which never run.
    pub rules: Vec<RuleSection>,
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            max_parallel: 8,
            timeout_seconds: REQUEST_TIMEOUT.as_secs(),
            result_bytes_max: 1_048_576,
            search_over_kb: 24,
            search_over_tools: 40,
            rules: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ToolNotifications {
    /// Show a line for every call of a tool.
    pub enabled: bool,
    /// Show the arguments in it.
    pub show_args: bool,
}

impl Default for ToolNotifications {
    fn default() -> Self {
        Self { enabled: true, show_args: true }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Logging {
    /// Log the answers of models.
    pub llm_replies: bool,
    /// Log calls of tools.
    pub tool_execution: bool,
    /// Log the system prompt.
    pub system_prompt: bool,
}

impl Default for Logging {
    fn default() -> Self {
        Self { llm_replies: false, tool_execution: true, system_prompt: false }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Whether conversations are written to disk.
    #[serde(rename = "type")]
    pub kind: StorageType,
    /// The history file.
    pub persistence: Persistence,
    /// How long conversations that were given a name are kept; for ever by default.
    pub saved_sessions: Retention,
    /// Mask what looks like a key before it is written.
    pub redact: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StorageType {
    /// Everything is in the history as soon as it is said.
    #[default]
    AutoPersist,
    /// Nothing is written.
    Memory,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Persistence {
    /// The history file; relative to the data folder ($XDG_DATA_HOME/sayso).
    pub db_path: String,
    /// MiB of the history to map into memory, for very large ones; 0 maps nothing.
    #[schemars(range(min = 0, max = 1_048_576))]
    pub mmap_mb: u64,
    /// Store finished messages longer than this many KiB compressed; 0 compresses nothing.
    #[schemars(range(min = 0, max = 1_048_576))]
    pub compress_over_kb: u64,
    /// What is deleted, and when; nothing by default. Pinned conversations never are.
    pub retention: Retention,
}

impl Default for Persistence {
    fn default() -> Self {
        Self { db_path: "history.db".into(), mmap_mb: 0, compress_over_kb: 0, retention: Retention::default() }
    }
}

/// What is deleted, and when. Nothing is unless a limit is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Delete conversations that were not used for this many hours.
    #[schemars(range(min = 1, max = 8_760_000))]
    pub max_age_hours: Option<u64>,
    /// Keep this many messages in all; the oldest go.
    #[schemars(range(min = 1))]
    pub max_messages: Option<u64>,
    /// Keep this many conversations; the oldest go.
    #[schemars(range(min = 1))]
    pub max_sessions: Option<u64>,
    /// Minutes between two looks at the limits.
    #[schemars(range(min = 1, max = 525_600))]
    pub cleanup_interval_minutes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { max_age_hours: None, max_messages: None, max_sessions: None, cleanup_interval_minutes: 2 }
    }
}
