//! What is known of one model: how much fits, what it can do, what it costs. Pure.

use serde::{Deserialize, Serialize};

use super::{Ability, KnownModel};
use crate::conversation::Usage;

/// A model as a provider or the catalogue describes it. What nobody says is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelFacts {
    /// As the provider calls it; first, so that a line of the cache is found by it.
    pub id: String,
    /// Tokens of prompt and answer together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// Tokens of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// `None`: nothing is said about abilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abilities: Option<Vec<Ability>>,
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Price {
    pub input: f64,
    pub output: f64,
    /// Of prompt tokens that come from the provider's cache; the full price where it is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
}

/// Who tells of tokens that were written to a cache takes a quarter more for them.
const WRITE_SURCHARGE: f64 = 0.25;

impl Price {
    /// What a reply costs; `None` where the provider counted nothing. Cached tokens are part of the prompt's.
    #[must_use]
    pub fn cost_usd(&self, usage: &Usage) -> Option<f64> {
        let (input, output) = (usage.input?, usage.output?);
        let cached = usage.cached.unwrap_or(0).min(input);
        let written = usage.cache_write.unwrap_or(0).min(input - cached);
        let of = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        let of_cache = of(cached, self.cached.unwrap_or(self.input)) + of(written, self.input * WRITE_SURCHARGE);
        Some(of(input - cached, self.input) + of_cache + of(output, self.output))
    }
}

impl ModelFacts {
    /// Takes over what `other` knows beyond this.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            id: self.id,
            context: self.context.or(other.context),
            output: self.output.or(other.output),
            price: self.price.or(other.price),
            abilities: self.abilities.or(other.abilities),
        }
    }
}

impl From<KnownModel> for ModelFacts {
    fn from(known: KnownModel) -> Self {
        let KnownModel { id, context, output, input_usd, output_usd, cached_usd, abilities, .. } = known;
        let price = input_usd.zip(output_usd).map(|(input, output)| Price { input, output, cached: cached_usd });
        Self { id, context: Some(context), output, price, abilities: Some(abilities) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_costs_what_its_tokens_cost() {
        let price = Price { input: 2.0, output: 10.0, cached: Some(0.5) };
        let usage = |input, output, cached| Usage { input, output, cached, ..Usage::default() };
        let cost = |usage| price.cost_usd(&usage).map(|cost| format!("{cost:.6}"));
        assert_eq!(cost(usage(Some(1_000_000), Some(100_000), None)).as_deref(), Some("3.000000"));
        assert_eq!(cost(usage(Some(1_000_000), Some(0), Some(400_000))).as_deref(), Some("1.400000"));
        assert_eq!(cost(usage(Some(10), Some(0), Some(99))).as_deref(), Some("0.000005"), "more cached than sent");
        assert_eq!(cost(usage(None, Some(1), None)), None);
        let kept = Usage { cache_write: Some(400_000), ..usage(Some(1_000_000), Some(0), Some(500_000)) };
        assert_eq!(cost(kept).as_deref(), Some("1.450000"), "what is kept costs a quarter more");
        let plain = Price { cached: None, ..price };
        assert_eq!(plain.cost_usd(&usage(Some(1_000_000), Some(0), Some(1_000_000))), Some(2.0));
    }
}
