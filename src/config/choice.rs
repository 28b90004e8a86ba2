//! Which provider and model are asked. Pure: names in, names out.

use super::env::Environment;
use super::file::ConfigFile;
use super::presets;
use super::problem::{ConfigError, nearest};

/// Who decided on the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `-m provider:model`.
    Option,
    /// A variable of ours, by its name.
    Variable(&'static str),
    /// `llm.active`, or the only provider in the file.
    File,
    /// Nobody, but a key is in the environment: its variable.
    Key(&'static str),
    /// Nobody, but a key was stored with `sayso keys set`.
    StoredKey,
}

/// What was asked for, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub provider: String,
    /// `None`: the provider's own.
    pub model: Option<String>,
    pub origin: Origin,
}

/// `[provider:]model`, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ModelName {
    provider: Option<String>,
    model: Option<String>,
}

/// `-m` > `SAYSO_PROVIDER` > `SAYSO_MODEL` > `llm.active` > a key in the environment > a stored key.
/// `None`: there is nothing to ask. `has_stored_key` tells it of a provider.
pub fn choose(
    asked: Option<&str>,
    file: &ConfigFile,
    environment: &Environment,
    has_stored_key: &dyn Fn(&str) -> bool,
) -> Result<Option<Wanted>, ConfigError> {
    if asked.is_some_and(|asked| asked.trim().is_empty()) {
        return Err(ConfigError::Usage { option: "--model".into(), reason: "names no model".into() });
    }
    let option = asked.map(|asked| take_apart(asked, file)).unwrap_or_default();
    let variable = environment.text("SAYSO_MODEL").map(|text| take_apart(text, file)).unwrap_or_default();
    let Some((provider, origin)) = choose_provider(&option, &variable, file, (environment, has_stored_key))? else {
        return match asked.and_then(|asked| asked.split_once(':')) {
            Some((prefix, _)) => Err(unknown_provider("--model", prefix, file)),
            None => Ok(None),
        };
    };
    // A model from SAYSO_MODEL belongs to its own provider, or to whichever the file names.
    let is_meant =
        |named: &Option<String>| named.as_ref().map_or(option.provider.is_none(), |named| *named == provider);
    let model = option.model.or_else(|| if is_meant(&variable.provider) { variable.model } else { None });
    Ok(Some(Wanted { provider, model, origin }))
}

fn choose_provider(
    option: &ModelName,
    variable: &ModelName,
    file: &ConfigFile,
    (environment, has_stored_key): (&Environment, &dyn Fn(&str) -> bool),
) -> Result<Option<(String, Origin)>, ConfigError> {
    if let Some(name) = &option.provider {
        return Ok(Some((name.clone(), Origin::Option)));
    }
    if let Some(name) = environment.text("SAYSO_PROVIDER") {
        if !is_known(name, file) {
            return Err(unknown_provider("SAYSO_PROVIDER", name, file));
        }
        return Ok(Some((name.to_owned(), Origin::Variable("SAYSO_PROVIDER"))));
    }
    if let Some(name) = &variable.provider {
        return Ok(Some((name.clone(), Origin::Variable("SAYSO_MODEL"))));
    }
    if let Some(name) = &file.llm.active {
        return Ok(Some((name.clone(), Origin::File)));
    }
    let mut names = file.llm.providers.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => return Ok(Some((only.clone(), Origin::File))),
        (Some(_), Some(_)) => {
            let names = file.llm.providers.keys().cloned().collect::<Vec<_>>().join(", ");
            let error =
                ConfigError::unusable("llm.active", format!("is not set, and there are several providers: {names}"));
            return Err(error.with_hint("set it to one of them, or ask with `-m PROVIDER:MODEL`"));
        }
        (None, _) => {}
    }
    let by_key = choose_by_key(environment).map(|(name, variable)| (name.to_owned(), Origin::Key(variable)));
    let stored = || askable().find(|preset| has_stored_key(preset.name));
    Ok(by_key.or_else(|| stored().map(|preset| (preset.name.to_owned(), Origin::StoredKey))))
}

/// Presets that can be asked with nothing but a key.
fn askable() -> impl Iterator<Item = &'static presets::Preset> {
    presets::all().filter(|preset| preset.model.is_some())
}

/// A server that somebody points at comes before keys that may lie around for other programs.
fn choose_by_key(environment: &Environment) -> Option<(&'static str, &'static str)> {
    // One that is no text is told where it is read.
    if environment.raw("OPENAI_BASE_URL").is_some() {
        return Some(("openai", "OPENAI_BASE_URL"));
    }
    askable().find_map(|preset| {
        let variable = preset.key_variable?;
        environment.raw(variable).map(|_| (preset.name, variable))
    })
}

pub fn is_known(name: &str, file: &ConfigFile) -> bool {
    file.llm.providers.contains_key(name) || name == presets::DEMO || presets::find(name).is_some()
}

/// A part before `:` is a provider only where one has that name: `llama3:8b` is a model.
fn take_apart(text: &str, file: &ConfigFile) -> ModelName {
    let text = file.llm.models.get(text).map_or(text, String::as_str).trim();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    match text.split_once(':') {
        Some((prefix, model)) if is_known(prefix, file) => ModelName { provider: some(prefix), model: some(model) },
        None if file.llm.providers.contains_key(text) || text == presets::DEMO => {
            ModelName { provider: some(text), model: None }
        }
        Some(_) | None => ModelName { provider: None, model: some(text) },
    }
}

fn unknown_provider(key: &str, name: &str, file: &ConfigFile) -> ConfigError {
    let configured = file.llm.providers.keys().map(String::as_str);
    let advice = nearest(name, configured.chain(presets::names()))
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default();
    let error = ConfigError::unusable(key, format!("no provider has the name {name:?}{advice}"));
    error.with_hint(format!("known without configuration: {}", presets::names().collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `provider:model origin`, or the error.
    fn chosen(asked: Option<&str>, file: &str, variables: &[(&str, &str)]) -> String {
        let file: ConfigFile = serde_yaml::from_str(file).unwrap();
        match choose(asked, &file, &Environment::from_pairs(variables.iter().copied()), &|name| {
            name == "groq" && file.llm.fallback.len() == 1
        }) {
            Ok(Some(wanted)) => format!("{}:{} {:?}", wanted.provider, wanted.model.unwrap_or_default(), wanted.origin),
            Ok(None) => "none".into(),
            Err(error) => error.to_string(),
        }
    }

    const TWO: &str = "llm: {active: work, providers: {work: {}, home: {}}, models: {fast: 'home:small:1b'}}";

    #[test]
    fn the_stronger_voice_decides() {
        let key = ("OPENROUTER_API_KEY", "k");
        for (asked, file, variables, expected) in [
            (Some("home:m"), TWO, &[("SAYSO_MODEL", "work:x")][..], "home:m Option"),
            (Some("m"), TWO, &[("SAYSO_MODEL", "home:x")], "home:m Variable(\"SAYSO_MODEL\")"),
            (None, TWO, &[("SAYSO_MODEL", "home:x")], "home:x Variable(\"SAYSO_MODEL\")"),
            (None, TWO, &[("SAYSO_PROVIDER", "home"), ("SAYSO_MODEL", "x")], "home:x Variable(\"SAYSO_PROVIDER\")"),
            (None, TWO, &[("SAYSO_PROVIDER", "home"), ("SAYSO_MODEL", "work:x")], "home: Variable(\"SAYSO_PROVIDER\")"),
            (Some("home:"), TWO, &[("SAYSO_MODEL", "x")], "home: Option"),
            (None, TWO, &[key], "work: File"),
            (Some("home"), TWO, &[], "home: Option"),
            (Some("fast"), TWO, &[], "home:small:1b Option"),
            (None, "llm: {providers: {only: {}}}", &[key], "only: File"),
            (None, "{}", &[key], "openrouter: Key(\"OPENROUTER_API_KEY\")"),
            (
                Some("ttft"),
                "{}",
                &[("OPENAI_BASE_URL", "http://localhost:1/v1")],
                "openai:ttft Key(\"OPENAI_BASE_URL\")",
            ),
            (None, "{}", &[("OPENAI_BASE_URL", "http://localhost:1/v1"), key], "openai: Key(\"OPENAI_BASE_URL\")"),
            (Some("demo:tour"), "{}", &[], "demo:tour Option"),
            (Some("demo"), "{}", &[key], "demo: Option"),
            (Some("ollama:llama3:8b"), "{}", &[], "ollama:llama3:8b Option"),
            (Some("llama3:8b"), TWO, &[], "work:llama3:8b File"),
            (Some("openai/gpt-4o-mini"), "{}", &[key], "openrouter:openai/gpt-4o-mini Key(\"OPENROUTER_API_KEY\")"),
            (None, "{}", &[("GROQ_API_KEY", "")], "none"),
            (None, "{}", &[("AZURE_OPENAI_API_KEY", "k")], "none"),
            (None, "llm: {fallback: [stored]}", &[], "groq: StoredKey"),
            (None, "llm: {fallback: [stored]}", &[key], "openrouter: Key(\"OPENROUTER_API_KEY\")"),
            (Some("gpt-4o"), "{}", &[], "none"),
        ] {
            assert_eq!(chosen(asked, file, variables), expected, "{asked:?} {variables:?}");
        }
    }

    #[test]
    fn what_nobody_is_called_is_an_error() {
        assert_eq!(
            chosen(None, TWO, &[("SAYSO_PROVIDER", "wrok")]),
            "SAYSO_PROVIDER: no provider has the name \"wrok\"; did you mean `work`?"
        );
        assert_eq!(
            chosen(Some("opnrouter:x"), "{}", &[]),
            "--model: no provider has the name \"opnrouter\"; did you mean `openrouter`?"
        );
        assert_eq!(
            chosen(None, "llm: {providers: {a: {}, b: {}}}", &[]),
            "llm.active: is not set, and there are several providers: a, b"
        );
        assert_eq!(chosen(Some(" "), "{}", &[]), "--model: names no model");
    }
}
