//! Whether a call may run.

use serde_json::{Map, Value};

use super::ToolDefinition;

/// What the rules say of a call. The order is the order of strength: a denial wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    Allow,
    Ask,
    Deny,
}

impl Decision {
    /// The word that rules use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// What a decision is made from.
#[derive(Clone, Copy, Debug)]
pub struct CallFacts<'a> {
    pub server: &'a str,
    pub tool: &'a str,
    pub arguments: &'a Map<String, Value>,
    pub is_builtin: bool,
    pub is_read_only: bool,
    pub reaches_network: bool,
}

impl<'a> CallFacts<'a> {
    #[must_use]
    pub fn of(definition: &'a ToolDefinition, arguments: &'a Map<String, Value>) -> Self {
        Self {
            server: &definition.server,
            tool: &definition.tool,
            arguments,
            is_builtin: definition.is_builtin,
            is_read_only: definition.is_read_only,
            reaches_network: definition.reaches_network,
        }
    }

    /// It changes nothing and tells nobody: only of our own tools do we know that.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        self.is_builtin && self.is_read_only && !self.reaches_network
    }
}

/// A decision with its reason, in words that a person understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub decision: Decision,
    /// `policy`: rules and defaults. `option`: the command line. `person`: an earlier answer.
    pub by: &'static str,
    /// As in `the rule "deny: shell/*" (config.yaml:12)`.
    pub reason: String,
}
