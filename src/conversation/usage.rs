//! Token counts of one reply, as far as a provider tells them.

/// All counts are tokens. Providers disagree whether `output` holds the reasoning, so sums
/// are never asserted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    pub input: Option<u64>,
    pub output: Option<u64>,
    /// Input tokens read from the provider's prompt cache.
    pub cached: Option<u64>,
    /// Input tokens written to it.
    pub cache_write: Option<u64>,
    pub reasoning: Option<u64>,
    pub total: Option<u64>,
    /// US dollars, where the provider says it.
    pub cost_usd: Option<f64>,
}

impl Usage {
    /// Takes over every value that `newer` has: usage is cumulative, never summed.
    pub fn update(&mut self, newer: &Self) {
        self.input = newer.input.or(self.input);
        self.output = newer.output.or(self.output);
        self.cached = newer.cached.or(self.cached);
        self.cache_write = newer.cache_write.or(self.cache_write);
        self.reasoning = newer.reasoning.or(self.reasoning);
        self.total = newer.total.or(self.total);
        self.cost_usd = newer.cost_usd.or(self.cost_usd);
    }
}
