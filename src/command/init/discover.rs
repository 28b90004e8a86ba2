//! What there is to set up: keys in the environment, stored keys, model servers on this machine.

use std::time::Duration;

use futures::future::join_all;

use crate::command::context::Context;
use crate::command::{accounts, wiring};
use crate::config::{Config, key_store, presets};
use crate::http::{HttpClient, Lifetime};
use crate::provider::{ErrorKind, ModelFacts, fetch_models};

/// A server on this machine answers at once, or is none.
const LOCAL_LIMIT: Duration = Duration::from_secs(2);

/// A provider that is not in the file yet.
#[derive(Debug)]
pub struct Found {
    pub name: String,
    /// Where it was found, as in `key in GROQ_API_KEY`.
    pub place: String,
    /// What stands in the file beside the model.
    pub key_variable: Option<&'static str>,
    pub base_url: Option<String>,
    pub state: State,
}

/// What came of asking it.
#[derive(Debug)]
pub enum State {
    Answers(Vec<ModelFacts>),
    NotTried,
    Unreachable(String),
    /// The key is not taken.
    Refused(String),
}

impl Found {
    /// Whether it is worth a place in the file.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        match &self.state {
            State::Answers(_) => self.model().is_some(),
            State::NotTried | State::Unreachable(_) => self.model().is_some(),
            State::Refused(_) => false,
        }
    }

    /// The model to begin with: the usual one, or the first that the server has.
    #[must_use]
    pub fn model(&self) -> Option<String> {
        let usual = presets::find(&self.name).and_then(|preset| preset.model).map(str::to_owned);
        match &self.state {
            State::Answers(models) => {
                let is_there = |usual: &String| models.is_empty() || models.iter().any(|model| model.id == *usual);
                usual.clone().filter(is_there).or_else(|| models.first().map(|model| model.id.clone())).or(usual)
            }
            State::NotTried | State::Unreachable(_) | State::Refused(_) => usual,
        }
    }
}

/// Looks everywhere at once. Providers of the file are left out.
pub async fn discover(config: &Config, context: &Context) -> Vec<Found> {
    let client = wiring::http_client(config, Lifetime::OneShot);
    let unknown = presets::all().filter(|preset| !config.file.llm.providers.contains_key(preset.name));
    let tried = unknown.map(|preset| look(preset, config, context, &client));
    join_all(tried).await.into_iter().flatten().collect()
}

async fn look(
    preset: &'static presets::Preset,
    config: &Config,
    context: &Context,
    client: &HttpClient,
) -> Option<Found> {
    let name = preset.name;
    let address = presets::url_in_environment(name, &context.environment);
    let in_environment = preset.key_variable.filter(|variable| context.environment.text(variable).is_some());
    let is_stored = key_store::path_of(&config.paths, name).is_some_and(|path| path.is_file());
    let is_local = preset.key_variable.is_none();
    let place = match (in_environment, is_stored, is_local) {
        (Some(variable), _, _) => format!("key in {variable}"),
        (None, true, _) => "a stored key".to_owned(),
        (None, false, true) => address.as_ref().map_or(preset.base_url, |(url, _)| url).to_owned(),
        (None, false, false) => return None,
    };
    if preset.base_url.is_empty() && address.is_none() {
        return None;
    }
    let mut found = Found {
        name: name.to_owned(),
        place,
        key_variable: in_environment,
        base_url: address.map(|(url, _)| url),
        state: State::NotTried,
    };
    if context.global.offline && !is_local {
        return Some(found);
    }
    let settings = accounts::account(name, config, context).ok()?.settings;
    let asked = fetch_models(&settings, client);
    let answer = if is_local { tokio::time::timeout(LOCAL_LIMIT, asked).await.ok()? } else { asked.await };
    found.state = match answer {
        Ok(fetched) => State::Answers(fetched.models),
        // Whatever is there, it is no model server.
        Err(_) if is_local => return None,
        Err(error) if error.kind == ErrorKind::Auth => State::Refused(error.message),
        Err(error) => State::Unreachable(error.message),
    };
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_model_is_taken_where_it_is_there() {
        let found = |name: &str, state| Found {
            name: name.to_owned(),
            place: String::new(),
            key_variable: None,
            base_url: None,
            state,
        };
        let models = |ids: &[&str]| {
            State::Answers(ids.iter().map(|id| ModelFacts { id: (*id).to_owned(), ..ModelFacts::default() }).collect())
        };
        let model = |name: &str, state| found(name, state).model();
        assert_eq!(model("openai", models(&["a", "gpt-4o-mini"])).as_deref(), Some("gpt-4o-mini"));
        assert_eq!(model("openai", models(&["a", "b"])).as_deref(), Some("a"));
        assert_eq!(model("openai", State::NotTried).as_deref(), Some("gpt-4o-mini"));
        assert_eq!(model("ollama", models(&["llama3.2"])).as_deref(), Some("llama3.2"));
        assert_eq!(model("ollama", models(&[])), None, "nothing is installed");
        assert!(!found("ollama", models(&[])).is_usable());
        assert!(!found("openai", State::Refused(String::new())).is_usable());
    }
}
