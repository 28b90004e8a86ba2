//! The rules of the say-so: which tools run, which are asked about, which never run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One rule: exactly one of `allow`, `ask` and `deny`. A denial is stronger than a question, a question
/// stronger than a permission; the order does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuleSection {
    /// Runs without a question: SERVER/TOOL, where * stands for any letters.
    pub allow: Option<String>,
    /// Runs when you say so.
    pub ask: Option<String>,
    /// Never runs.
    pub deny: Option<String>,
    /// Only calls with such arguments: a JSON pointer, and a pattern for the value there.
    pub when: BTreeMap<String, String>,
    /// With `allow`: you vouch that these tools change nothing and tell nobody.
    pub read_only: bool,
}
