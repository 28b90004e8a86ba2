//! A provider by name → [`ProviderSettings`]: address, key, headers and parameters put together.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use super::choice::{Origin, Wanted};
use super::env::{Environment, NO_TEXT};
use super::file::{ConfigFile, ModelPatch, ProviderSection};
use super::key::{self, FoundKey, Surroundings};
use super::problem::{ConfigError, Warning};
use super::rules::check_base_url;
use super::{presets, variables};
use crate::http::Pace;
use crate::provider::{Api, ModelParameters, ProviderSettings, RecordSettings};
use crate::tool::fits;

/// Who is asked.
#[derive(Clone, Debug)]
pub enum Choice {
    Provider(Box<Chosen>),
    /// Nothing is configured and no key is in the environment: demo for a person, exit 4 for a script.
    NoProvider,
}

/// A provider that can be connected to.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub settings: ProviderSettings,
    pub origin: Origin,
    /// Why the provider is going to refuse: the place where its key should be is empty.
    /// The request is not worth sending; the process ends with 4.
    pub missing_key: Option<String>,
    pub warning: Option<Warning>,
    /// Tokens of prompt and answer together, as the file says.
    pub context_window: Option<u64>,
}

impl Chosen {
    /// `using openrouter (OPENROUTER_API_KEY)`, where nobody but the environment decided.
    #[must_use]
    pub fn announcement(&self) -> Option<String> {
        match self.origin {
            Origin::Key(variable) => Some(format!("using {} ({variable})", self.settings.name)),
            Origin::StoredKey => Some(format!("using {} (its stored key)", self.settings.name)),
            Origin::Option | Origin::Variable(_) | Origin::File => None,
        }
    }
}

/// Puts the settings of the provider together. Its key command runs here, and only here.
pub fn settle(
    wanted: &Wanted,
    file: &ConfigFile,
    options: &[(String, Json)],
    around: Surroundings<'_>,
) -> Result<Chosen, ConfigError> {
    let name = wanted.provider.as_str();
    let written = file.llm.providers.get(name);
    let default = ProviderSection::default();
    let section = written.unwrap_or(&default);
    let api = api_of(name, written);
    let model = model_of(wanted, section, api, around.environment)?;
    let patches: Vec<&ModelPatch> = section.patches.iter().filter(|patch| fits(&patch.models, &model)).collect();
    let parameters = parameters(name, (section, &patches), options, around.environment)?;
    let (address, found) = match api {
        Api::Demo | Api::Replay => (Address::default(), offline_key()),
        Api::OpenaiChat | Api::OpenaiResponses | Api::Anthropic | Api::Gemini => {
            (address_of(name, section, around.environment)?, found_key(name, section, around)?)
        }
    };
    refuse_key_in_the_open(&address, &found)?;
    let missing_key = (found.key.is_none() && found.is_expected && address.wants_key).then(|| found.source.clone());
    let settings = ProviderSettings {
        name: name.to_owned(),
        api,
        base_url: address.url,
        model,
        key: found.key,
        key_source: found.source,
        headers: headers(name, (section, &patches), around.environment)?,
        parameters,
        record: record(name, section, around)?,
    };
    let context_window = patches.iter().rev().find_map(|patch| patch.context_window).or(section.context_window);
    Ok(Chosen { settings, origin: wanted.origin, missing_key, warning: found.warning, context_window })
}

/// The key of a provider. Who only looks at the configuration goes without one that cannot be had: a file of a key that
/// is gone shuts nobody out of the history.
fn found_key(name: &str, section: &ProviderSection, around: Surroundings<'_>) -> Result<FoundKey, ConfigError> {
    let unusable = match key::find(name, section, around) {
        Err(error) if !around.runs_commands => error,
        found => return found,
    };
    let source = match unusable {
        ConfigError::Key { source, reason, .. } => format!("{source}: {reason}"),
        other => other.to_string(),
    };
    Ok(FoundKey { key: None, source, is_expected: true, is_stored: false, warning: None })
}

/// The dialect of a provider: as it is written, or as its name is known for.
fn api_of(name: &str, written: Option<&ProviderSection>) -> Api {
    match (written, presets::find(name)) {
        (None, _) if name == presets::DEMO => Api::Demo,
        (Some(ProviderSection { api: Some(api), .. }), _) => *api,
        // An address of one's own speaks what most speak.
        (Some(ProviderSection { base_url: Some(_), .. }), _) | (_, None) => Api::OpenaiChat,
        (_, Some(preset)) => preset.api,
    }
}

/// What `api: replay` plays; relative to the folder of the file.
fn record(
    name: &str,
    section: &ProviderSection,
    around: Surroundings<'_>,
) -> Result<Option<RecordSettings>, ConfigError> {
    let Some(written) = &section.record else { return Ok(None) };
    let setting = || format!("llm.providers.{name}.record");
    let text = expanded(&written.to_string_lossy(), &setting, around.environment)?;
    let path = around.paths.expand(Path::new(&text), around.config_folder).unwrap_or_else(|| text.into());
    Ok(Some(RecordSettings { path, pace: section.replay_speed.map_or(Pace::AtOnce, Pace::Times) }))
}

fn offline_key() -> FoundKey {
    FoundKey { key: None, source: "none needed".into(), is_expected: false, is_stored: false, warning: None }
}

fn model_of(
    wanted: &Wanted,
    section: &ProviderSection,
    api: Api,
    environment: &Environment,
) -> Result<String, ConfigError> {
    let name = wanted.provider.as_str();
    if let Some(model) = &wanted.model {
        return Ok(model.clone());
    }
    if let Some(model) = &section.model {
        return expanded(model, &|| format!("llm.providers.{name}.model"), environment);
    }
    match api {
        Api::Demo => return Ok(presets::DEMO_MODEL.into()),
        // The record says which.
        Api::Replay => return Ok(String::new()),
        Api::OpenaiChat | Api::OpenaiResponses | Api::Anthropic | Api::Gemini => {}
    }
    let preset = presets::find(name).and_then(|preset| preset.model);
    preset.map(str::to_owned).ok_or_else(|| {
        let error =
            ConfigError::unusable(format!("llm.providers.{name}.model"), "is missing: which model is to be asked?");
        error.with_hint(format!("set it, or ask with `-m {name}:MODEL`"))
    })
}

/// Where requests go.
#[derive(Debug, Default)]
struct Address {
    /// Without a slash at the end.
    url: String,
    /// The setting or variable it came from.
    source: String,
    /// Whether others could read along.
    is_open: bool,
    /// Whether a server there is known to refuse without a key: not this machine, and not a
    /// server of the user's own that only borrows the name of a well-known provider.
    wants_key: bool,
}

/// The file wins over `OPENAI_BASE_URL` and its like, which are variables of other programs too.
fn address_of(name: &str, section: &ProviderSection, environment: &Environment) -> Result<Address, ConfigError> {
    let setting = || format!("llm.providers.{name}.base_url");
    let (written, source, is_preset) = if let Some(url) = &section.base_url {
        (expanded(url, &setting, environment)?, setting(), false)
    } else if let Some(variable) =
        environment.first_without_text(presets::find(name).and_then(|preset| preset.url_variable))
    {
        return Err(ConfigError::unusable(variable, NO_TEXT));
    } else if let Some((url, variable)) = presets::url_in_environment(name, environment) {
        (url, variable.to_owned(), false)
    } else {
        let preset = presets::find(name);
        let url = preset.map_or("", |preset| preset.base_url);
        if let (true, Some(variable)) = (url.is_empty(), preset.and_then(|preset| preset.url_variable)) {
            let error = ConfigError::unusable(setting(), "is missing: every account has an address of its own");
            return Err(error.with_hint(format!("set it, or the environment variable {variable}")));
        }
        (url.to_owned(), setting(), true)
    };
    let parsed = check_base_url(&written).map_err(|reason| ConfigError::unusable(&source, reason))?;
    let is_local = is_loopback(&parsed);
    let names_key = section.api_key.is_some() || section.api_key_env.is_some();
    Ok(Address {
        url: written.trim_end_matches('/').to_owned(),
        source,
        is_open: parsed.scheme() == "http" && !is_local,
        wants_key: !is_local && (is_preset || names_key),
    })
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or("").trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn refuse_key_in_the_open(address: &Address, found: &FoundKey) -> Result<(), ConfigError> {
    if !address.is_open || found.key.is_none() {
        return Ok(());
    }
    let reason = format!("is plain http, so everybody on the way could read the key from {}", found.source);
    Err(ConfigError::unusable(&address.source, reason)
        .with_hint("use https, or leave the key out where the server wants none"))
}

fn headers(
    name: &str,
    (section, patches): (&ProviderSection, &[&ModelPatch]),
    environment: &Environment,
) -> Result<Vec<(String, String)>, ConfigError> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (header, value) in section.headers.iter().chain(patches.iter().flat_map(|patch| &patch.headers)) {
        let setting = || format!("llm.providers.{name}.headers.{header}");
        let value = expanded(value, &setting, environment)?;
        if reqwest::header::HeaderValue::from_str(&value).is_err() {
            return Err(ConfigError::unusable(setting(), "has letters that a header cannot hold"));
        }
        headers.retain(|(other, _)| !other.eq_ignore_ascii_case(header));
        headers.push((header.clone(), value));
    }
    if let Some(organization) = &section.organization {
        let value = expanded(organization, &|| format!("llm.providers.{name}.organization"), environment)?;
        headers.push(("OpenAI-Organization".into(), value));
    }
    Ok(headers)
}

fn expanded(text: &str, setting: &dyn Fn() -> String, environment: &Environment) -> Result<String, ConfigError> {
    variables::replace(text, environment).map_err(|error| ConfigError::unusable(setting(), error.to_string()))
}

/// What the file says, with `-o key=value` over it. `-o key=null` takes a field of the file away.
fn parameters(
    name: &str,
    (section, patches): (&ProviderSection, &[&ModelPatch]),
    options: &[(String, Json)],
    environment: &Environment,
) -> Result<ModelParameters, ConfigError> {
    let mut extra = BTreeMap::new();
    for (field, value) in section.extra_body.iter().chain(patches.iter().flat_map(|patch| &patch.extra_body)) {
        let value = expand_json(value, &|text| {
            expanded(text, &|| format!("llm.providers.{name}.extra_body.{field}"), environment)
        })?;
        extra.insert(field.clone(), value);
    }
    let patched = patches.iter().rev();
    let temperature = patched.clone().find_map(|patch| patch.temperature).or(section.temperature);
    let max_tokens = patched.clone().find_map(|patch| patch.max_tokens).or(section.max_tokens);
    let mut parameters = ModelParameters { temperature, max_tokens, extra };
    for (field, value) in options {
        set_parameter(&mut parameters, field, value)?;
    }
    Ok(parameters)
}

fn expand_json(value: &Json, expand: &dyn Fn(&str) -> Result<String, ConfigError>) -> Result<Json, ConfigError> {
    Ok(match value {
        Json::String(text) => Json::String(expand(text)?),
        Json::Array(items) => {
            Json::Array(items.iter().map(|item| expand_json(item, expand)).collect::<Result<_, _>>()?)
        }
        Json::Object(map) => {
            let entries = map.iter().map(|(name, value)| Ok((name.clone(), expand_json(value, expand)?)));
            Json::Object(entries.collect::<Result<_, ConfigError>>()?)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
    })
}

fn set_parameter(parameters: &mut ModelParameters, field: &str, value: &Json) -> Result<(), ConfigError> {
    let wrong = |reason: &str| Err(ConfigError::Usage { option: format!("-o {field}"), reason: reason.to_owned() });
    match (field, value) {
        ("temperature", Json::Null) => parameters.temperature = None,
        ("max_tokens", Json::Null) => parameters.max_tokens = None,
        ("temperature", _) => match value.as_f64() {
            Some(temperature) if temperature >= 0.0 => parameters.temperature = Some(temperature),
            Some(_) | None => return wrong("has to be a number of 0 or more, as in temperature=0.2"),
        },
        ("max_tokens", _) => match value.as_u64() {
            Some(tokens) if tokens > 0 => parameters.max_tokens = Some(tokens),
            Some(_) | None => return wrong("has to be a whole number above 0, as in max_tokens=4096"),
        },
        ("model" | "messages" | "stream" | "tools", _) => return wrong("is always set by sayso itself"),
        (_, Json::Null) => {
            parameters.extra.remove(field);
        }
        (_, value) => {
            parameters.extra.insert(field.to_owned(), value.clone());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::choice;
    use crate::config::paths::Paths;

    fn chosen(
        asked: Option<&str>,
        file: &str,
        variables: &[(&str, &str)],
        options: &[(&str, Json)],
    ) -> Result<Chosen, String> {
        let file: ConfigFile = serde_yaml::from_str(file).unwrap();
        let environment = Environment::from_pairs(variables.iter().copied());
        let options: Vec<_> = options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let paths = Paths::new(&environment);
        let around =
            Surroundings { environment: &environment, paths: &paths, config_folder: None, runs_commands: true };
        let wanted = choice::choose(asked, &file, &environment, &|_| false).unwrap().unwrap();
        settle(&wanted, &file, &options, around).map_err(|error| error.to_string())
    }

    fn summary(chosen: &Chosen) -> String {
        let ProviderSettings { base_url, model, key_source, .. } = &chosen.settings;
        format!("{base_url} {model} {key_source} {:?}", chosen.missing_key)
    }

    #[test]
    fn well_known_providers_need_only_a_key() {
        for (asked, file, variables, expected) in [
            (
                None,
                "{}",
                &[("OPENROUTER_API_KEY", "k")][..],
                "https://openrouter.ai/api/v1 openai/gpt-4o-mini OPENROUTER_API_KEY (environment) None",
            ),
            (
                Some("ttft"),
                "{}",
                &[("OPENAI_BASE_URL", "http://127.0.0.1:9/v1/")],
                "http://127.0.0.1:9/v1 ttft OPENAI_API_KEY (environment, not set) None",
            ),
            (
                Some("m"),
                "{}",
                &[("OPENAI_BASE_URL", "http://lan:9/v1")],
                "http://lan:9/v1 m OPENAI_API_KEY (environment, not set) None",
            ),
            (Some("ollama:llama3:8b"), "{}", &[], "http://localhost:11434/v1 llama3:8b none needed None"),
            (
                Some("groq:x"),
                "{}",
                &[],
                "https://api.groq.com/openai/v1 x GROQ_API_KEY (environment, not set) Some(\"GROQ_API_KEY (environment, not set)\")",
            ),
            (
                None,
                "llm: {providers: {mine: {base_url: 'https://${H}/v1', model: '${M:-m}', api_key_env: MINE}}}",
                &[("H", "host")],
                "https://host/v1 m MINE (environment, not set) Some(\"MINE (environment, not set)\")",
            ),
            (
                None,
                "llm: {providers: {openai: {base_url: 'https://file/v1', model: m}}}",
                &[("OPENAI_BASE_URL", "https://env/v1")],
                "https://file/v1 m OPENAI_API_KEY (environment, not set) None",
            ),
            (Some("demo:tour"), "{}", &[], " tour none needed None"),
            (None, "llm: {providers: {demo: {api: demo}}}", &[], " tour none needed None"),
            (None, "llm: {providers: {tape: {api: replay, record: r.jsonl}}}", &[], "  none needed None"),
        ] {
            assert_eq!(summary(&chosen(asked, file, variables, &[]).unwrap()), expected, "{asked:?} {file}");
        }
    }

    #[test]
    fn a_dialect_is_known_by_the_name_of_its_provider() {
        for (file, expected) in [
            ("{}", Api::Anthropic),
            ("llm: {providers: {anthropic: {temperature: 0.5}}}", Api::Anthropic),
            ("llm: {providers: {anthropic: {base_url: 'https://mine/v1'}}}", Api::OpenaiChat),
            ("llm: {providers: {anthropic: {base_url: 'https://mine/v1', api: anthropic}}}", Api::Anthropic),
            ("llm: {providers: {anthropic: {api: openai_chat}}}", Api::OpenaiChat),
        ] {
            let variables = [("ANTHROPIC_API_KEY", "k")];
            let chosen = chosen(Some("anthropic:m"), file, &variables, &[]).unwrap();
            assert_eq!((chosen.settings.api, chosen.missing_key), (expected, None), "{file}");
        }
        let gemini = chosen(None, "{}", &[("GEMINI_API_KEY", "k")], &[]).unwrap().settings;
        assert_eq!((gemini.api, gemini.base_url.ends_with("/v1beta")), (Api::Gemini, true));
    }

    #[test]
    fn what_cannot_be_used_is_told_when_it_is() {
        let refused = |asked, file, variables| chosen(asked, file, variables, &[]).unwrap_err();
        assert_eq!(
            refused(Some("ollama:"), "{}", &[]),
            "llm.providers.ollama.model: is missing: which model is to be asked?"
        );
        assert_eq!(
            refused(Some("openai:m"), "{}", &[("OPENAI_BASE_URL", "http://lan/v1"), ("OPENAI_API_KEY", "k")]),
            "OPENAI_BASE_URL: is plain http, so everybody on the way could read the key from OPENAI_API_KEY (environment)"
        );
        assert!(
            refused(None, "llm: {providers: {c: {base_url: '${NONE}', model: m}}}", &[])
                .starts_with("llm.providers.c.base_url: the environment variable NONE is not set")
        );
    }

    #[test]
    fn options_win_over_the_file() {
        let file = "llm: {providers: {c: {base_url: 'https://c', model: m, temperature: 0.7, max_tokens: 5, organization: o, headers: {X-Title: '${T}'}, extra_body: {top_p: 0.5, user: '${T}', stop: [a]}}}}";
        let options = [("temperature", 0.into()), ("top_p", Json::Null), ("seed", 7.into())];
        let settings = chosen(None, file, &[("T", "t")], &options).unwrap().settings;
        let extra = serde_json::json!({ "seed": 7, "user": "t", "stop": ["a"] });
        let expected = ModelParameters {
            temperature: Some(0.0),
            max_tokens: Some(5),
            extra: serde_json::from_value(extra).unwrap(),
        };
        assert_eq!(settings.parameters, expected);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(settings.headers, [pair("X-Title", "t"), pair("OpenAI-Organization", "o")]);
        for (field, value) in [("temperature", "hot".into()), ("max_tokens", Json::from(0)), ("model", "x".into())] {
            assert!(chosen(None, file, &[("T", "t")], &[(field, value)]).unwrap_err().starts_with("-o "));
        }
    }
}
