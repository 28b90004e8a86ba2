//! The configuration file and the keys, as `doctor` sees them.

use std::path::Path;

use super::finding::Finding;
use crate::command::context::Context;
use crate::command::{accounts, keys};
use crate::config::{Choice, Config, ConfigError, LoadOptions, load};
use crate::conversation::exit_code;
use crate::platform::can_be_written;

/// The configuration where it can be used, and what is to be said of it.
pub fn config_findings(context: &Context) -> (Option<Config>, Vec<Finding>) {
    let options =
        LoadOptions { config_file: context.global.config.clone(), skip_key_command: true, ..LoadOptions::default() };
    let config = match load(&options, &context.environment) {
        Ok(config) => config,
        Err(error) => return (None, broken(&error)),
    };
    let mut findings = vec![match &config.file_path {
        Some(path) if path.exists() => Finding::good("config", path.display().to_string()),
        Some(path) => Finding::good("config", format!("{} does not exist; the defaults count", path.display())),
        None => Finding::doubtful("config", "there is no place for a configuration file", "set HOME"),
    }];
    let warned = config.warnings.iter();
    findings.extend(warned.map(|warning| {
        Finding::doubtful("config", warning.to_string(), "change that line, then run `sayso config check`")
    }));
    if let Choice::NoProvider = config.provider {
        findings.push(Finding::broken("model", "no model is set up", exit_code::CREDENTIALS, "run `sayso init`"));
    }
    (Some(config), findings)
}

fn broken(error: &ConfigError) -> Vec<Finding> {
    let fix = error.hint().unwrap_or("run `sayso config check`").to_owned();
    let exit = error.exit_code();
    error.to_string().lines().map(|line| Finding::broken("config", line, exit, fix.clone())).collect()
}

/// Where the key of each provider is, and whether others may read it.
pub fn key_findings(config: &Config, context: &Context) -> Vec<Finding> {
    let of = |name: String| {
        let area = format!("key {name}");
        match keys::found(&name, config, context) {
            Err(failure) => Finding::broken(area, failure.message, failure.exit, other_place(&name)),
            Ok(found) => match (&found.key, &found.warning) {
                (_, Some(warning)) => Finding::doubtful(area, warning.reason.clone(), "run `chmod 600` on it"),
                (None, None) if found.is_expected && is_active(&name, config) && wants_key(config) => {
                    Finding::broken(area, format!("missing: {}", found.source), exit_code::CREDENTIALS, set_key(&name))
                }
                (None, None) if found.is_expected && !is_active(&name, config) => {
                    Finding::doubtful(area, format!("missing: {}", found.source), set_key(&name))
                }
                (Some(_) | None, None) => Finding::good(area, found.source),
            },
        }
    };
    accounts::names(config, context).into_iter().map(of).collect()
}

fn is_active(name: &str, config: &Config) -> bool {
    matches!(&config.provider, Choice::Provider(chosen) if chosen.settings.name == name)
}

fn wants_key(config: &Config) -> bool {
    matches!(&config.provider, Choice::Provider(chosen) if chosen.missing_key.is_some())
}

fn set_key(name: &str) -> String {
    format!("run `sayso keys set {name}`")
}

/// The place that is named wins over a key that is kept.
fn other_place(name: &str) -> String {
    format!("mend that place, or take it out of the configuration and run `sayso keys set {name}`")
}

/// Whether a file of ours could be written here, or in the nearest folder that exists.
#[must_use]
pub fn is_writable(folder: &Path) -> bool {
    let existing = folder.ancestors().find(|folder| folder.exists());
    existing.is_some_and(can_be_written)
}
