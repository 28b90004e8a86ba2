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

/// Where and how the history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistorySettings {
    /// `None`: nothing is written (`storage.type: memory`, `--no-save`).
    pub path: Option<PathBuf>,
    pub deltas: DeltaPersistence,
    /// MiB of the file to map into memory; 0 maps nothing.
    pub mmap_mb: u64,
}
