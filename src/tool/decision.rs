//! Whether a call may run.

use serde_json::{Map, Value};

/// What the rules say of a call. The order is the order of strength: a denial wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    Allow,
    Ask,
    Deny,
}

/// What a decision is made from.
#[derive(Clone, Copy, Debug)]
pub struct CallFacts<'a> {
    pub server: &'a str,
    pub tool: &'a str,
    pub arguments: &'a Map<String, Value>,
    pub is_builtin: bool,
    pub is_read_only: bool,
}

/// A decision with its reason, in words that a person understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub decision: Decision,
    /// As in `the rule "deny: shell/*" (config.yaml:12)`.
    pub reason: String,
}
