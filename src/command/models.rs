//! `models list|info|refresh`: what the providers offer, from them, from the cache, from the catalogue.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures::future::join_all;
use serde_json::{Value, json};

use super::context::Context;
use super::listing::{Listing, pretty};
use super::{accounts, wiring};
use crate::cli::{ModelInfoOptions, ModelsCommand, ModelsListOptions, ModelsRefreshOptions};
use crate::config::{Choice, Chosen, Config, Environment, LoadOptions, Paths, presets, write_private};
use crate::conversation::{UnixMillis, exit_code, now_ms};
use crate::exit::Failure;
use crate::http::{HttpClient, Lifetime};
use crate::provider::{
    Api, ErrorKind, ModelCache, ModelFacts, ProviderError, ProviderSettings, cached_facts, catalog, demo, fetch_models,
    known_model,
};

/// A list of yesterday is asked for again.
const FRESH_MS: UnixMillis = 24 * 60 * 60 * 1000;
const SUGGESTIONS_MAX: usize = 3;

/// Runs the command; the exit code.
pub fn run(command: ModelsCommand, mut context: Context) -> Result<u8, Failure> {
    wiring::block_on(|| async move {
        let ended = match &command {
            ModelsCommand::List(options) => list(options, &mut context).await,
            ModelsCommand::Info(options) => info(options, &mut context).await,
            ModelsCommand::Refresh(options) => refresh(options, &mut context).await,
        };
        ended.unwrap_or_else(|failure| context.fail(&failure))
    })
}

/// How old a list may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Any,
    Fresh,
    New,
}

async fn list(options: &ModelsListOptions, context: &mut Context) -> Result<u8, Failure> {
    let config = load_config(context)?;
    let names = chosen_names(options.provider.as_deref(), &config, context)?;
    let aliases = aliases(&config);
    let mut listing = Listing {
        names: ["model", "context", "output", "usd_in", "usd_out", "abilities", "alias"],
        rows: Vec::new(),
        values: Vec::new(),
    };
    let asked = models_of(&names, &config, context, Age::Fresh);
    let mut lists = context.waiting("asking for models", asked).await;
    if names.is_empty() {
        context.note("no provider is set up: these are well-known models (`sayso init` sets one up)");
        lists = well_known();
    }
    let mut failures = Vec::new();
    for (name, models) in lists {
        let models = match models {
            Ok(models) => models,
            Err(failure) if options.provider.is_some() => return Err(failure),
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        let is_wanted = |facts: &&ModelFacts| {
            options.search.as_deref().is_none_or(|text| facts.id.to_lowercase().contains(&text.to_lowercase()))
        };
        for facts in models.iter().filter(is_wanted) {
            let label = format!("{name}:{}", facts.id);
            let alias = aliases.get(&label).cloned().unwrap_or_default();
            listing.values.push(model_json(&name, facts, &alias));
            listing.rows.push(row(label, facts, alias));
        }
    }
    // Where there is nothing to show, the last one is the error.
    let error = failures.pop_if(|_| listing.rows.is_empty());
    failures.iter().for_each(|failure| context.warn(&failure.message));
    error.map_or_else(|| Ok(context.show(&listing.render(options.format))), Err)
}

fn row(label: String, facts: &ModelFacts, alias: String) -> [String; 7] {
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let price = |of: fn(&crate::provider::Price) -> f64| {
        facts.price.as_ref().map(|price| format!("{}", of(price))).unwrap_or_default()
    };
    [
        label,
        number(facts.context),
        number(facts.output),
        price(|price| price.input),
        price(|price| price.output),
        abilities(facts).join(" "),
        alias,
    ]
}

fn abilities(facts: &ModelFacts) -> Vec<&'static str> {
    facts.abilities.iter().flatten().map(|ability| ability.name()).collect()
}

fn model_json(provider: &str, facts: &ModelFacts, alias: &str) -> Value {
    json!({
        "provider": provider,
        "id": facts.id,
        "alias": (!alias.is_empty()).then_some(alias),
        "context": facts.context,
        "output": facts.output,
        "input_usd_per_million": facts.price.map(|price| price.input),
        "output_usd_per_million": facts.price.map(|price| price.output),
        "cached_usd_per_million": facts.price.and_then(|price| price.cached),
        "abilities": facts.abilities.as_ref().map(|_| abilities(facts)),
    })
}

async fn info(options: &ModelInfoOptions, context: &mut Context) -> Result<u8, Failure> {
    let load = LoadOptions {
        config_file: context.global.config.clone(),
        model: options.model.clone(),
        skip_key_command: context.global.offline,
        ..LoadOptions::default()
    };
    let config = wiring::load(&load, context)?;
    let Choice::Provider(chosen) = config.provider.clone() else {
        return wiring::chosen(config.provider, &context.global).map(|_| exit_code::OK);
    };
    let Chosen { settings, context_window, .. } = *chosen;
    let client = wiring::http_client(&config, Lifetime::OneShot);
    let listed = one_list(&settings.name, &config, context, (&client, Age::Fresh)).await;
    let models = listed.as_deref().unwrap_or_default();
    let in_list = models.iter().find(|facts| facts.id == settings.model).cloned();
    let known = known_model(&settings.name, &settings.model).map(ModelFacts::from);
    if in_list.is_none() && known.is_none() {
        return Err(listed.map_or_else(|failure| failure, |models| not_known(&settings, &models)));
    }
    let own = ModelFacts { id: settings.model.clone(), context: context_window, ..ModelFacts::default() };
    let facts = own.or(in_list.clone().unwrap_or_default()).or(known.unwrap_or_default());
    let alias = aliases(&config).remove(&format!("{}:{}", settings.name, settings.model)).unwrap_or_default();
    if options.json {
        return Ok(context.show(&pretty(&model_json(&settings.name, &facts, &alias))));
    }
    let source = if in_list.is_some() { settings.name.clone() } else { format!("catalogue of {}", catalog().as_of) };
    Ok(context.show(&described(&settings.name, &facts, &alias, &source)))
}

/// The provider has told its models, and this one is not among them.
fn not_known(settings: &ProviderSettings, models: &[ModelFacts]) -> Failure {
    let near = suggestions(&settings.model, models.iter().map(|facts| facts.id.as_str()));
    let failure = Failure::config(format!("nothing is known of {}:{}", settings.name, settings.model));
    match near.as_slice() {
        [] => failure.hint(format!("`sayso models list {}` shows what there is", settings.name)),
        near => failure.hint(format!("did you mean {}?", quoted(near))),
    }
}

fn described(provider: &str, facts: &ModelFacts, alias: &str, source: &str) -> String {
    let tokens = |count: Option<u64>| count.map_or("not known".to_owned(), |count| format!("{count} tokens"));
    let price = facts.price.map_or("not known".to_owned(), |price| {
        let cached = price.cached.map(|cached| format!(", ${cached} from the cache")).unwrap_or_default();
        format!("${} in, ${} out{cached}, for a million tokens", price.input, price.output)
    });
    let able = match &facts.abilities {
        None => "not known".to_owned(),
        Some(list) if list.is_empty() => "text only".to_owned(),
        Some(_) => abilities(facts).join(", "),
    };
    let alias = if alias.is_empty() { String::new() } else { format!("alias      {alias}\n") };
    format!(
        "model      {provider}:{}\n{alias}context    {}\noutput     {}\nprice      {price}\nabilities  {able}\nsource     {source}\n",
        facts.id,
        tokens(facts.context),
        tokens(facts.output),
    )
}

async fn refresh(options: &ModelsRefreshOptions, context: &mut Context) -> Result<u8, Failure> {
    let config = load_config(context)?;
    let names = chosen_names(options.provider.as_deref(), &config, context)?;
    let mut failed = None;
    let lists = context.waiting("asking for models", models_of(&names, &config, context, Age::New)).await;
    for (name, models) in lists {
        match models {
            Ok(models) => context.note(&format!("{name}: {} models", models.len())),
            Err(failure) if names.len() == 1 => return Err(failure),
            Err(failure) => {
                context.warn(&failure.message);
                failed = Some(failure.exit);
            }
        }
    }
    if names.is_empty() {
        context.note("no provider is set up; `sayso init` does that");
    }
    Ok(failed.unwrap_or(exit_code::OK))
}

fn load_config(context: &mut Context) -> Result<Config, Failure> {
    let options = LoadOptions {
        config_file: context.global.config.clone(),
        color: context.config_color(),
        skip_key_command: true,
        ..LoadOptions::default()
    };
    wiring::load(&options, context)
}

fn chosen_names(provider: Option<&str>, config: &Config, context: &Context) -> Result<Vec<String>, Failure> {
    match provider {
        // Nobody sets it up, and it is there all the same.
        Some(presets::DEMO) => Ok(vec![presets::DEMO.to_owned()]),
        Some(name) => accounts::check_name(name, config).map(|()| vec![name.to_owned()]),
        None => Ok(accounts::names(config, context)),
    }
}

/// The models of each provider, all asked at once.
async fn models_of(
    names: &[String],
    config: &Config,
    context: &Context,
    age: Age,
) -> Vec<(String, Result<Vec<ModelFacts>, Failure>)> {
    let client = wiring::http_client(config, Lifetime::OneShot);
    let asked = names.iter().map(async |name| (name.clone(), one_list(name, config, context, (&client, age)).await));
    join_all(asked).await
}

async fn one_list(
    name: &str,
    config: &Config,
    context: &Context,
    (client, age): (&HttpClient, Age),
) -> Result<Vec<ModelFacts>, Failure> {
    if name == presets::DEMO {
        return Ok(demo_models());
    }
    let settings = accounts::account(name, config, context)?.settings;
    if matches!(settings.api, Api::Demo | Api::Replay) {
        return Ok(Vec::new());
    }
    let is_out_of_reach = context.global.offline && !wiring::is_on_this_machine(&settings);
    let age = if is_out_of_reach { Age::Any } else { age };
    let path = config.paths.cache.as_deref().and_then(|folder| ModelCache::path(folder, name));
    let cached = path.as_deref().and_then(|path| ModelCache::read(path, &settings.base_url));
    let is_fresh = |cache: &ModelCache| match age {
        Age::Any => true,
        Age::Fresh => (0..FRESH_MS).contains(&now_ms().saturating_sub(cache.fetched_ms)),
        Age::New => false,
    };
    let models = match cached {
        Some(cache) if is_fresh(&cache) => cache.models,
        cached if age == Age::Any => cached.map(|cache| cache.models).unwrap_or_else(|| known_of(name)),
        cached => match fetch_models(&settings, client).await {
            Ok(fetched) => {
                keep(path.as_deref(), &settings.base_url, &fetched.models);
                fetched.models
            }
            // An old list is better than none, where it was not asked for a new one.
            Err(error) => match cached.filter(|_| age == Age::Fresh) {
                Some(cache) => cache.models,
                None => return Err(error.into()),
            },
        },
    };
    Ok(models.into_iter().map(|facts| with_catalogue(name, facts)).collect())
}

/// Writes the cache. One that cannot be written costs the next run a request.
fn keep(path: Option<&std::path::Path>, base_url: &str, models: &[ModelFacts]) {
    if let Some(path) = path {
        let cache = ModelCache { base_url: base_url.to_owned(), fetched_ms: now_ms(), models: models.to_vec() };
        let _ = write_private(path, &cache.to_text());
    }
}

fn with_catalogue(provider: &str, facts: ModelFacts) -> ModelFacts {
    match known_model(provider, &facts.id) {
        Some(known) => facts.or(known.into()),
        None => facts,
    }
}

fn demo_models() -> Vec<ModelFacts> {
    demo::MODELS.iter().map(|(name, _)| ModelFacts { id: (*name).to_owned(), ..ModelFacts::default() }).collect()
}

fn known_of(provider: &str) -> Vec<ModelFacts> {
    let models = catalog().models.iter().filter(|known| known.provider == provider);
    models.cloned().map(ModelFacts::from).collect()
}

fn well_known() -> Vec<(String, Result<Vec<ModelFacts>, Failure>)> {
    let mut lists: Vec<(String, Result<Vec<ModelFacts>, Failure>)> = Vec::new();
    for known in &catalog().models {
        if lists.last().is_none_or(|(name, _)| *name != known.provider) {
            lists.push((known.provider.clone(), Ok(known_of(&known.provider))));
        }
    }
    lists
}

/// Short names by what they stand for.
fn aliases(config: &Config) -> BTreeMap<String, String> {
    config.file.llm.models.iter().map(|(alias, target)| (target.clone(), alias.clone())).collect()
}

/// Where to look for what is known of a model without asking anybody: the file, the cache of its provider, the
/// catalogue.
pub struct Lookup {
    own: ModelFacts,
    provider: String,
    base_url: String,
    cache: Option<PathBuf>,
}

impl Lookup {
    #[must_use]
    pub fn new(chosen: &Chosen, paths: &Paths) -> Self {
        let settings = &chosen.settings;
        Self {
            own: ModelFacts {
                id: settings.model.clone(),
                context: chosen.context_window,
                // It takes what goes along as a real one would, and says that it does not look into it.
                takes_images: (settings.api == Api::Demo).then_some(true),
                ..ModelFacts::default()
            },
            provider: settings.name.clone(),
            base_url: settings.base_url.clone(),
            cache: paths.cache.as_deref().and_then(|folder| ModelCache::path(folder, &settings.name)),
        }
    }

    /// Reads what there is.
    #[must_use]
    pub fn facts(self) -> ModelFacts {
        let cached = self.cache.and_then(|path| cached_facts(&path, &self.base_url, &self.own.id));
        with_catalogue(&self.provider, self.own.or(cached.unwrap_or_default()))
    }
}

/// What a person may have meant whose request was refused because of the model; from the cache alone.
#[must_use]
pub fn did_you_mean(error: &ProviderError, label: &str, config: &Config, environment: &Environment) -> Option<String> {
    let is_about_model = error.kind == ErrorKind::Rejected && error.message.to_lowercase().contains("model");
    let (provider, model) = label.split_once(':').filter(|_| is_about_model)?;
    let options = LoadOptions { skip_key_command: true, ..LoadOptions::default() };
    let Choice::Provider(chosen) = config.provider_for(label, &options, environment).ok()? else { return None };
    let base_url = &chosen.settings.base_url;
    let path = config.paths.cache.as_deref().and_then(|folder| ModelCache::path(folder, provider));
    let cached = path.and_then(|path| ModelCache::read(&path, base_url)).map(|cache| cache.models);
    let listed = cached.unwrap_or_else(|| known_of(provider));
    if listed.iter().any(|facts| facts.id == model) {
        return None;
    }
    // A short name can be that of the model it stands for, and that is the one which is refused.
    let aliases = config.file.llm.models.keys().map(String::as_str).filter(|name| *name != model);
    let near = suggestions(model, listed.iter().map(|facts| facts.id.as_str()).chain(aliases));
    (!near.is_empty()).then(|| format!("did you mean {}? `sayso models list {provider}` shows all", quoted(&near)))
}

/// The models of a provider as they were when it was asked last, as `-m` takes them.
#[must_use]
pub fn cached_names(provider: &str, paths: &Paths) -> Vec<String> {
    let path = paths.cache.as_deref().and_then(|folder| ModelCache::path(folder, provider));
    let ids = path.map(|path| ModelCache::ids(&path)).unwrap_or_default();
    ids.into_iter().map(|id| format!("{provider}:{id}")).collect()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

/// The names that are nearest to what was typed.
fn suggestions<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    const SIMILARITY_MIN: f64 = 0.86;
    let typed = typed.to_lowercase();
    let similarity = |name: &str| {
        let name = name.to_lowercase();
        // The maker is often left out.
        let short = name.rsplit('/').next().unwrap_or(&name);
        strsim::jaro_winkler(&typed, &name).max(strsim::jaro_winkler(&typed, short))
    };
    let mut near: Vec<(f64, &str)> =
        names.map(|name| (similarity(name), name)).filter(|(similarity, _)| *similarity >= SIMILARITY_MIN).collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().take(SUGGESTIONS_MAX).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_missing_makers_are_understood() {
        let names = ["openai/gpt-4o-mini", "openai/gpt-4o", "meta-llama/llama-3.3-70b-instruct", "other"];
        assert_eq!(suggestions("gpt-4o-mni", names.into_iter()).first(), Some(&"openai/gpt-4o-mini"));
        assert_eq!(suggestions("openai/gpt4o", names.into_iter()).first(), Some(&"openai/gpt-4o"));
        assert_eq!(suggestions("zzz", names.into_iter()), Vec::<&str>::new());
    }

    #[test]
    fn what_is_known_is_told_in_words() {
        let facts = ModelFacts::from(known_model("openai", "gpt-4o-mini").unwrap());
        let told = described("openai", &facts, "fast", "openai");
        assert_eq!(
            told,
            "model      openai:gpt-4o-mini\nalias      fast\ncontext    128000 tokens\noutput     16384 tokens\n\
             price      $0.15 in, $0.6 out, $0.075 from the cache, for a million tokens\nabilities  tools, images\nsource     openai\n"
        );
        let nothing = described("x", &ModelFacts { id: "m".into(), ..ModelFacts::default() }, "", "x");
        assert!(nothing.contains("price      not known\nabilities  not known\n"), "{nothing}");
    }
}
