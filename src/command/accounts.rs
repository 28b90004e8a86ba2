//! The providers that are set up: in the file, by a key in the environment, by a stored key.

use super::context::Context;
use crate::config::{Choice, Chosen, Config, ConfigError, LoadOptions, Paths, key_store, nearest, presets};
use crate::exit::Failure;

/// Their names: those of the file first, each once.
#[must_use]
pub fn names(config: &Config, context: &Context) -> Vec<String> {
    let mut names: Vec<String> = config.file.llm.providers.keys().cloned().collect();
    let stored = key_store::names(&config.paths);
    let has_key = |preset: &&presets::Preset| {
        let variable = preset.key_variable.is_some_and(|variable| context.environment.text(variable).is_some());
        let has_address =
            !preset.base_url.is_empty() || presets::url_in_environment(preset.name, &context.environment).is_some();
        (variable || stored.iter().any(|name| name == preset.name)) && has_address
    };
    names.extend(presets::all().filter(has_key).map(|preset| preset.name.to_owned()));
    if let Choice::Provider(chosen) = &config.provider {
        names.push(chosen.settings.name.clone());
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| name != presets::DEMO && seen.insert(name.clone()));
    names
}

/// A provider by name, with its key where that can be had; which model is meant does not matter.
pub fn account(name: &str, config: &Config, context: &Context) -> Result<Chosen, ConfigError> {
    let options = LoadOptions { skip_key_command: context.global.offline, ..LoadOptions::default() };
    let choice = config.provider_for(&format!("{name}:?"), &options, &context.environment)?;
    match choice {
        Choice::Provider(chosen) => Ok(*chosen),
        Choice::NoProvider => Err(ConfigError::Usage { option: name.to_owned(), reason: "names no provider".into() }),
    }
}

/// A name that no provider has is a mistake.
pub fn check_name(name: &str, config: &Config) -> Result<(), Failure> {
    let configured = || config.file.llm.providers.keys().map(String::as_str);
    let known = || configured().chain(presets::all().map(|preset| preset.name));
    if known().any(|other| other == name) {
        return Ok(());
    }
    let advice = nearest(name, known()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(Failure::usage(format!("no provider has the name {name:?}{advice}")).hint(format!(
        "known without configuration: {}; others are set up below llm.providers (`sayso help config`)",
        presets::all().map(|preset| preset.name).collect::<Vec<_>>().join(", ")
    )))
}

/// The configuration for a command that only looks at accounts.
pub fn load_config(context: &mut Context) -> Result<Config, Failure> {
    let options = LoadOptions {
        config_file: context.global.config.clone(),
        color: context.config_color(),
        skip_key_command: true,
        ..LoadOptions::default()
    };
    super::wiring::load(&options, context)
}

/// Our folders, whether there is a usable configuration or not.
#[must_use]
pub fn paths(context: &Context) -> Paths {
    Paths::new(&context.environment)
}
