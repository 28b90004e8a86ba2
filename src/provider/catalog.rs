//! Well-known models with their limits and prices, as they were at a date that the file names. Read when first asked for.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// The month that all of it is true of, as in `2025-11`. Prices change: the provider's page has the last word.
    pub as_of: String,
    pub models: Vec<KnownModel>,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct KnownModel {
    /// As in the configuration.
    pub provider: String,
    /// As the provider calls it.
    pub id: String,
    /// Tokens of prompt and answer together.
    pub context: u64,
    /// Tokens of an answer.
    pub output: Option<u64>,
    /// US dollars for a million tokens.
    pub input_usd: Option<f64>,
    pub output_usd: Option<f64>,
    pub cached_usd: Option<f64>,
    pub abilities: Vec<Ability>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    Tools,
    Images,
    Reasoning,
}

impl Ability {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Images => "images",
            Self::Reasoning => "reasoning",
        }
    }
}

/// Each model has a line of its own, which begins with its provider and name.
const TEXT: &str = include_str!("catalog.json");

/// All of it.
#[must_use]
pub fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| serde_json::from_str(TEXT).expect("a file of our own, which a test reads"))
}

/// A model by `provider` and name. Resellers put the maker before the name, as in `openai/gpt-4o`: its limits
/// are known, its price there is not.
#[must_use]
pub fn known_model(provider: &str, id: &str) -> Option<KnownModel> {
    row(provider, id).or_else(|| {
        let (maker, name) = id.split_once('/')?;
        let maker = if maker == "google" { "gemini" } else { maker };
        Some(KnownModel { input_usd: None, output_usd: None, cached_usd: None, ..row(maker, name)? })
    })
}

/// Reads its line alone: every question asks for one model, and for no other.
fn row(provider: &str, id: &str) -> Option<KnownModel> {
    let begin = format!(r#"{{"provider": "{provider}", "id": "{id}", "#);
    let at = memchr::memmem::find(TEXT.as_bytes(), begin.as_bytes())?;
    let known: KnownModel = serde_json::from_str(TEXT[at..].lines().next()?.trim_end_matches(',')).ok()?;
    // A name can be written so that it looks like more of a line.
    (known.provider == provider && known.id == id).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_plausible_and_there_once() {
        let mut names = std::collections::BTreeSet::new();
        for model in &catalog().models {
            let name = format!("{}:{}", model.provider, model.id);
            assert!(model.context >= 4096 && model.output.is_none_or(|output| output <= model.context), "{name}");
            assert_eq!(model.input_usd.is_some(), model.output_usd.is_some(), "{name}");
            let (input, output) = (model.input_usd.unwrap_or(0.0), model.output_usd.unwrap_or(0.0));
            assert!(model.cached_usd.unwrap_or(0.0) <= input && input <= output && output < 1000.0, "{name}");
            assert!(names.insert(name.clone()), "{name} twice");
            assert_eq!(known_model(&model.provider, &model.id).as_ref(), Some(model), "{name}");
        }
        assert!(names.len() >= 40, "{}", names.len());
    }

    #[test]
    fn a_model_at_a_reseller_has_limits_and_no_price() {
        let at_home = known_model("openai", "gpt-4o-mini").unwrap();
        assert_eq!((at_home.context, at_home.input_usd), (128_000, Some(0.15)));
        let resold = known_model("openrouter", "openai/gpt-4o-mini").unwrap();
        assert_eq!((resold.context, resold.input_usd), (128_000, None));
        assert!(known_model("openrouter", "openai/none").is_none());
        assert!(known_model("ollama", "gpt-4o-mini").is_none());
        assert!(known_model("openai", "gpt-4o-mini\", \"context\": 128000, \"output").is_none());
    }
}
