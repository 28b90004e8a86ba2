//! What the configuration says about the history, resolved to absolute paths.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The section `chat.service.streaming.persistence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeltaPersistence {
    /// Save an answer while it arrives; false: when it ends.
    pub persist_deltas: bool,
    /// At the latest this many milliseconds after text came, it is saved.
    #[schemars(range(min = 1, max = 60_000))]
    pub interval_ms: u64,
    /// Or as soon as this many characters have come.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub min_chars: usize,
}

impl Default for DeltaPersistence {
    fn default() -> Self {
        Self { persist_deltas: false, interval_ms: 200, min_chars: 1024 }
    }
}

impl DeltaPersistence {
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }
}

/// How long conversations are kept. Nothing is deleted where no limit is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionLimits {
    pub age_max: Option<Duration>,
    pub messages_max: Option<u64>,
    pub conversations_max: Option<u64>,
}

impl RetentionLimits {
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

/// What is done to the history beside writing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpkeepSettings {
    /// Mask what looks like a key before it is written.
    pub redact: bool,
    /// Store finished messages longer than this compressed; 0 compresses nothing.
    pub compress_over_bytes: u64,
    /// For conversations without a name.
    pub unnamed: RetentionLimits,
    /// For those that were given one.
    pub named: RetentionLimits,
    /// Between two looks at the limits.
    pub interval: Duration,
}

impl UpkeepSettings {
    /// Whether there is anything to do behind the scenes.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.compress_over_bytes > 0 || self.unnamed.is_set() || self.named.is_set()
    }
}

/// Where and how the history is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistorySettings {
    /// `None`: nothing is written (`storage.type: memory`, `--no-save`).
    pub path: Option<PathBuf>,
    pub deltas: DeltaPersistence,
    /// MiB of the file to map into memory; 0 maps nothing.
    pub mmap_mb: u64,
    pub upkeep: UpkeepSettings,
}
