//! The server `models`: what is known of language models, and which of them are set up here.

use std::sync::Arc;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::{schemars, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::builtin::any_server::ToolServer;
use crate::provider::{Ability, KnownModel, catalog, known_model};

const LIMIT: usize = 20;
const LIMIT_MAX: usize = 200;

/// A model that the configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredModel {
    pub provider: String,
    pub id: String,
    /// Its short name for `-m`, where it has one.
    pub alias: Option<String>,
}

#[derive(Clone)]
pub struct Models {
    tool_router: Arc<ToolRouter<Self>>,
    configured: Arc<[ConfiguredModel]>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct SearchParameters {
    /// Words that the name of the model or its provider has to hold, as in `openai mini`.
    query: Option<String>,
    /// At least so many tokens of prompt and answer together.
    context_min: Option<u64>,
    /// At most so many US dollars for a million tokens of the prompt.
    input_usd_max: Option<f64>,
    /// What it has to be able to do.
    #[serde(default)]
    abilities: Vec<WantedAbility>,
    /// Only models that are set up here.
    #[serde(default)]
    configured_only: bool,
    /// At most so many; 20 when left out.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WantedAbility {
    Tools,
    Images,
    Reasoning,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Found {
    /// The month that limits and prices are of. They change: the provider's page has the last word.
    as_of: &'static str,
    models: Vec<Row>,
    /// Whether there are more.
    more: bool,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Row {
    /// As `-m` takes it.
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    /// Whether it is set up here.
    configured: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_max: Option<u64>,
    /// US dollars for a million tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    input_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_input_usd: Option<f64>,
    abilities: Vec<&'static str>,
}

#[must_use]
pub fn new(configured: Vec<ConfiguredModel>) -> Models {
    Models { tool_router: Arc::new(Models::tool_router()), configured: configured.into() }
}

#[tool_router]
impl Models {
    /// Searches well-known language models and those set up here: context size, length of answers, prices, abilities.
    #[tool(annotations(
        title = "Search models",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    fn search(&self, Parameters(wanted): Parameters<SearchParameters>) -> Json<Found> {
        let limit = wanted.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
        let mut models: Vec<Row> = rows(&self.configured).into_iter().filter(|row| fits(row, &wanted)).collect();
        let more = models.len() > limit;
        models.truncate(limit);
        Json(Found { as_of: &catalog().as_of, models, more })
    }
}

impl ToolServer for Models {
    const NAME: &str = "sayso-models";

    fn instructions(&self) -> String {
        "A catalogue of language models.".to_owned()
    }

    fn router(&self) -> &ToolRouter<Self> {
        &self.tool_router
    }
}

/// Those that are set up first, then the others as the catalogue has them.
fn rows(configured: &[ConfiguredModel]) -> Vec<Row> {
    let mut rows: Vec<Row> = configured
        .iter()
        .map(|model| {
            let known = known_model(&model.provider, &model.id);
            let label = format!("{}:{}", model.provider, model.id);
            Row { alias: model.alias.clone(), configured: true, ..row(label, known.as_ref()) }
        })
        .collect();
    let is_there =
        |known: &KnownModel| configured.iter().any(|model| model.provider == known.provider && model.id == known.id);
    let others = catalog().models.iter().filter(|known| !is_there(known));
    rows.extend(others.map(|known| row(format!("{}:{}", known.provider, known.id), Some(known))));
    rows
}

fn row(model: String, known: Option<&KnownModel>) -> Row {
    Row {
        model,
        alias: None,
        configured: false,
        context_tokens: known.map(|known| known.context),
        output_tokens_max: known.and_then(|known| known.output),
        input_usd: known.and_then(|known| known.input_usd),
        output_usd: known.and_then(|known| known.output_usd),
        cached_input_usd: known.and_then(|known| known.cached_usd),
        abilities: known.into_iter().flat_map(|known| &known.abilities).map(|ability| ability.name()).collect(),
    }
}

/// What is not known of a model does not fit a wish.
fn fits(row: &Row, wanted: &SearchParameters) -> bool {
    let name = format!("{} {}", row.model, row.alias.as_deref().unwrap_or_default()).to_lowercase();
    let query = wanted.query.as_deref().unwrap_or_default().to_lowercase();
    let has_ability = |wanted: &WantedAbility| {
        let wanted = match wanted {
            WantedAbility::Tools => Ability::Tools,
            WantedAbility::Images => Ability::Images,
            WantedAbility::Reasoning => Ability::Reasoning,
        };
        row.abilities.contains(&wanted.name())
    };
    query.split_whitespace().all(|word| name.contains(word))
        && wanted.context_min.is_none_or(|least| row.context_tokens.is_some_and(|tokens| tokens >= least))
        && wanted.input_usd_max.is_none_or(|most| row.input_usd.is_some_and(|price| price <= most))
        && wanted.abilities.iter().all(has_ability)
        && (row.configured || !wanted.configured_only)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::builtin::tests::answer;
    use crate::builtin::{BuiltinSettings, server};

    fn names(found: &Value) -> Vec<&str> {
        found["models"].as_array().unwrap().iter().map(|row| row["model"].as_str().unwrap()).collect()
    }

    #[test]
    fn models_are_found_by_name_and_wish() {
        let model = |provider: &str, id: &str, alias: Option<&str>| ConfiguredModel {
            provider: provider.into(),
            id: id.into(),
            alias: alias.map(str::to_owned),
        };
        let models = vec![model("ollama", "llama3:8b", None), model("openrouter", "openai/gpt-4o", Some("smart"))];
        let models = server("models", &BuiltinSettings { models, ..BuiltinSettings::default() }).unwrap();
        let found = answer(&models, "search", json!({"query": "GPT-4o mini"}));
        assert_eq!((names(&found), &found["models"][0]["input_usd"]), (vec!["openai:gpt-4o-mini"], &json!(0.15)));
        let mine = answer(&models, "search", json!({"configured_only": true}));
        assert_eq!(names(&mine), ["ollama:llama3:8b", "openrouter:openai/gpt-4o"]);
        assert_eq!(mine["models"][0], json!({"model": "ollama:llama3:8b", "configured": true, "abilities": []}));
        let smart = &mine["models"][1];
        assert_eq!(
            (&smart["context_tokens"], &smart["alias"], smart.get("input_usd")),
            (&json!(128_000), &json!("smart"), None)
        );
        let cheap = json!({"input_usd_max": 0.1, "context_min": 1_000_000, "abilities": ["images", "tools"]});
        let cheap = answer(&models, "search", cheap);
        assert!(names(&cheap).contains(&"openai:gpt-4.1-nano") && !names(&cheap).contains(&"openai:gpt-4o"), "{cheap}");
        let first = answer(&models, "search", json!({"limit": 1}));
        assert_eq!((names(&first).len(), &first["more"], &first["as_of"]), (1, &json!(true), &json!("2025-11")));
    }
}
