//! What the built-in servers are handed, each layer's part ready to use.

use std::path::PathBuf;
use std::time::Duration;

use super::ConfiguredModel;
use crate::conversation::SharedSettings;
use crate::history::HistorySettings;
use crate::http::HttpSettings;
use crate::mcp::REQUEST_TIMEOUT;

/// Each server takes what it needs from here.
#[cfg_attr(not(unix), expect(dead_code, reason = "nobody has commands to be run"))]
#[derive(Clone, Debug)]
pub struct BuiltinSettings {
    /// Folders that `files` and `shell` work in; absolute.
    pub roots: Vec<PathBuf>,
    /// Files and folders that no tool touches: our own configuration, history and tokens.
    pub denied: Vec<PathBuf>,
    /// Where past conversations are; `None` where nothing is saved.
    pub history: Option<HistorySettings>,
    /// Models that the configuration names, for `models`.
    pub models: Vec<ConfiguredModel>,
    /// The session at work, for `settings`.
    pub session: SharedSettings,
    /// Extra certificate authorities and limits, for `fetch`.
    pub http: HttpSettings,
    /// Hosts inside this network that `fetch` may reach even so.
    pub allow_hosts: Vec<String>,
    /// How long a command of `shell` may take of which the call does not say so.
    pub command_limit: Duration,
    /// `PATH`, `HOME` and other harmless variables, for `shell`.
    pub child_environment: Vec<(String, String)>,
    /// Our own program, to guard commands with; without it they are started bare.
    pub guard: Option<PathBuf>,
}

impl Default for BuiltinSettings {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            denied: Vec::new(),
            history: None,
            models: Vec::new(),
            session: SharedSettings::default(),
            http: HttpSettings::default(),
            allow_hosts: Vec::new(),
            command_limit: REQUEST_TIMEOUT,
            child_environment: Vec::new(),
            guard: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_time_where_nobody_says_how_much() {
        assert_eq!(BuiltinSettings::default().command_limit, Duration::from_secs(60));
    }
}
