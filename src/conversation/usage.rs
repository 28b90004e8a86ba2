//! Token counts of one reply, as far as a provider tells them.

/// All counts are tokens. Providers disagree whether `output` holds the reasoning, so sums
/// are never asserted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Those of the prompt cache are among them.
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

    /// Sums with another reply's counts; what neither tells stays unknown.
    pub fn add(&mut self, other: &Self) {
        let add = |total: &mut Option<u64>, count: Option<u64>| {
            if let Some(count) = count {
                *total = Some(total.unwrap_or(0).saturating_add(count));
            }
        };
        add(&mut self.input, other.input);
        add(&mut self.output, other.output);
        add(&mut self.cached, other.cached);
        add(&mut self.cache_write, other.cache_write);
        add(&mut self.reasoning, other.reasoning);
        add(&mut self.total, other.total);
        if let Some(cost) = other.cost_usd {
            self.cost_usd = Some(self.cost_usd.unwrap_or(0.0) + cost);
        }
    }
}
