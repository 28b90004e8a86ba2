//! What the toolbox is told: limits, rules, and what is offered.

use std::path::PathBuf;
use std::time::Duration;

use super::{Folders, Grant, Rule, Selection};

#[derive(Clone, Debug)]
pub struct ToolboxSettings {
    /// Of one result, for the model.
    pub result_bytes_max: usize,
    /// Calls that run at the same time.
    pub parallel_max: usize,
    /// For servers whose tools are not known, all together.
    pub wait_max: Duration,
    /// Descriptions and schemas of more bytes than this are found through a search tool.
    pub spec_bytes_max: usize,
    /// So are more tools than this.
    pub specs_max: usize,
    /// What is offered of all there is.
    pub selection: Selection,
    pub rules: Vec<Rule>,
    /// What the rules say of paths goes for each folder that a path can be meant from.
    pub folders: Folders,
    /// Of the command line.
    pub grants: Vec<Grant>,
    /// Built-in servers in whose results nobody else's words are, by the names they have here.
    pub trusted_servers: Vec<String>,
    /// Where the pins of external tools are kept; without it nothing is remembered.
    pub pins: Option<PathBuf>,
}

impl Default for ToolboxSettings {
    fn default() -> Self {
        Self {
            result_bytes_max: 1024 * 1024,
            parallel_max: 8,
            wait_max: Duration::from_secs(10),
            spec_bytes_max: 24 * 1024,
            specs_max: 40,
            selection: Selection::default(),
            rules: Vec::new(),
            folders: Folders::default(),
            grants: Vec::new(),
            trusted_servers: Vec::new(),
            pins: None,
        }
    }
}
