//! The section `budget`: what may be spent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What all runs together may spend; a request that could go beyond it is not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// US dollars a day (UTC).
    #[schemars(range(min = 0.0, max = 1_000_000_000.0))]
    pub per_day_usd: Option<f64>,
    /// Tokens a day (UTC), input and output together.
    #[schemars(range(min = 1))]
    pub per_day_tokens: Option<u64>,
    /// US dollars in one conversation.
    #[schemars(range(min = 0.0, max = 1_000_000_000.0))]
    pub per_conversation_usd: Option<f64>,
}
