//! The configuration file, read and checked: the quick way where it is right, the thorough one where not.

use std::path::{Path, PathBuf};

use super::check;
use super::env::Environment;
use super::file::{ConfigFile, SecretText};
use super::limits;
use super::problem::{ConfigError, KeyPath, Position, Problem, Warning};
use super::rules;
use super::source::{self, Source};
use super::tree::{self, Node, Tree};
use super::value;
use super::waiting_variables;

/// Of more the schema is asked: a file that is left empty so often was not written by hand.
const EMPTY_SETTINGS_MAX: usize = 64;

/// A file without mistakes, or the defaults where there is none.
#[derive(Debug, Default)]
pub struct Loaded {
    pub file: ConfigFile,
    /// The file it came from, or would have come from.
    pub path: Option<PathBuf>,
    pub exists: bool,
    pub warnings: Vec<Warning>,
    root: Option<Node>,
}

impl Loaded {
    /// Where a setting stands, or the innermost section around it that is written.
    #[must_use]
    pub fn locate(&self, key: &KeyPath) -> Option<Position> {
        self.root.as_ref().map(|root| root.locate(key))
    }

    /// Whether something is written in a section.
    #[must_use]
    pub fn has_section(&self, name: &str) -> bool {
        self.root
            .as_ref()
            .is_some_and(|root| root.entries().iter().any(|entry| entry.key == name && !entry.value.is_null()))
    }

    /// Variables below providers and servers that cannot be replaced: no mistake until one of these is used.
    #[must_use]
    pub fn unset_variables(&self, environment: &Environment) -> Vec<Problem> {
        self.root.as_ref().map_or_else(Vec::new, |root| waiting_variables::find_unset(root, &self.file, environment))
    }

    /// The error about a variable that cannot be replaced with its place, and with others of the same provider.
    pub fn explained(&self, error: ConfigError, environment: &Environment) -> ConfigError {
        let problems = waiting_variables::placed(&error, self.unset_variables(environment));
        match problems.zip(self.path.clone()) {
            Some((problems, path)) => ConfigError::Invalid { path, problems },
            None => error,
        }
    }

    /// The warning with its file and line.
    #[must_use]
    pub fn placed(&self, mut warning: Warning) -> Warning {
        if self.exists {
            warning.file.clone_from(&self.path);
            warning.position = warning.position.or_else(|| self.locate(&warning.key));
        }
        warning
    }
}

/// Reads the file at `path`. `must_exist`: somebody named it.
pub fn load_file(path: Option<PathBuf>, must_exist: bool, environment: &Environment) -> Result<Loaded, ConfigError> {
    let Some(path) = path else { return Ok(Loaded::default()) };
    match source::read(&path)? {
        Some(source) => load_source(&source, environment),
        None if must_exist => Err(ConfigError::Unreadable { path, reason: "does not exist".into() }),
        None => Ok(Loaded { path: Some(path), ..Loaded::default() }),
    }
}

/// Makes the typed configuration of a text, or tells all that is wrong with it.
pub fn load_source(source: &Source, environment: &Environment) -> Result<Loaded, ConfigError> {
    let invalid = |mut problems: Vec<Problem>| {
        problems.sort();
        problems.dedup();
        ConfigError::Invalid { path: source.path.clone(), problems }
    };
    source::readable(&source.text).map_err(|problem| invalid(vec![problem]))?;
    let tree = tree::parse(&source.text).map_err(|problem| invalid(vec![problem]))?;
    let (file, mut problems) = match read_quickly(&tree, environment) {
        Some(file) if tree.root.as_ref().is_none_or(knows_empty_settings) => (file, Vec::new()),
        Some(_) | None => read_thoroughly(&tree, environment),
    };
    let position_of =
        |key: &KeyPath| tree.root.as_ref().map_or(Position { line: 1, column: 1 }, |root| root.locate(key));
    for (key, reason) in rules::find(&file) {
        // Where a mistake was taken out, a gap is no mistake of its own.
        if !problems.iter().any(|problem| is_around(&problem.key, &key) || is_around(&key, &problem.key)) {
            problems.push(Problem::new(position_of(&key), key, reason));
        }
    }
    let mut warnings = tree.warnings;
    match others_may(source, &file) {
        Some((true, reason, key)) => problems.push(Problem::new(position_of(&key), key, reason)),
        Some((false, reason, key)) => warnings.push(Warning::new("config_mode", key, reason)),
        None => {}
    }
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    let mut loaded =
        Loaded { file, path: Some(source.path.clone()), exists: true, warnings: Vec::new(), root: tree.root };
    loaded.warnings = warnings.into_iter().map(|warning| loaded.placed(warning)).collect();
    Ok(loaded)
}

/// `None` where anything is wrong: this way does not tell what.
fn read_quickly(tree: &Tree, environment: &Environment) -> Option<ConfigFile> {
    let mut problems = Vec::new();
    let value = value::to_value(tree.root.as_ref(), environment, &mut problems);
    if !tree.problems.is_empty() || !problems.is_empty() || tree.root.as_ref().is_some_and(|root| !is_mapping(root)) {
        return None;
    }
    serde_yaml::from_value(value).ok().filter(limits::are_kept)
}

/// Whether all settings that are left empty are known, for sure: they are no part of the value that was read. To ask the
/// schema takes longer than all the rest of the file.
fn knows_empty_settings(root: &Node) -> bool {
    let is_known = |setting: serde_yaml::Value| match serde_yaml::from_value::<ConfigFile>(setting) {
        Ok(_) => true,
        // serde has found the name before it looked at what stands there.
        Err(error) => error.to_string().contains("invalid type: unit value"),
    };
    let settings = value::empty_settings(root);
    settings.len() <= EMPTY_SETTINGS_MAX && settings.into_iter().all(is_known)
}

fn is_mapping(root: &Node) -> bool {
    root.is_null() || matches!(root.kind, tree::NodeKind::Mapping(_))
}

/// All that is wrong, and the rest of the file without it.
fn read_thoroughly(tree: &Tree, environment: &Environment) -> (ConfigFile, Vec<Problem>) {
    let mut problems = tree.problems.clone();
    let Some(mut root) = tree.root.clone() else { return (ConfigFile::default(), problems) };
    problems.extend(check::check(&mut root, environment));
    if root.is_null() {
        return (ConfigFile::default(), problems);
    }
    let value = value::to_value(Some(&root), environment, &mut problems);
    match serde_yaml::from_value(value) {
        Ok(file) => (file, problems),
        Err(error) => {
            if problems.is_empty() {
                // The schema knows no mistake and serde does: its words, unless they could hold a secret.
                let words = error.to_string();
                let reason =
                    if words.contains('`') || words.contains('"') { "cannot be understood".into() } else { words };
                problems.push(Problem::new(root.position, KeyPath::default(), reason));
            }
            (ConfigFile::default(), problems)
        }
    }
}

fn is_around(outer: &KeyPath, inner: &KeyPath) -> bool {
    inner.0.starts_with(&outer.0)
}

/// What others may do with a file that holds a secret: (whether it is unacceptable, how to end it, the secret).
fn others_may(source: &Source, file: &ConfigFile) -> Option<(bool, String, KeyPath)> {
    let mode = source.mode.filter(|mode| mode & 0o077 != 0)?;
    let key = literal_secret(file)?;
    let may = if mode & 0o022 != 0 { "change" } else { "read" };
    let reason = format!(
        "others may {may} this file with a key in it (mode {mode:04o}); run `chmod 600 {}`",
        shell_word(&source.path)
    );
    Some((mode & 0o022 != 0, reason, key))
}

fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c));
    if is_plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// The first secret that stands in the file itself.
fn literal_secret(file: &ConfigFile) -> Option<KeyPath> {
    let is_literal = |secret: &Option<SecretText>| secret.as_ref().is_some_and(SecretText::is_literal);
    let of_provider = file.llm.providers.iter().find(|(_, provider)| is_literal(&provider.api_key));
    let of_server = || {
        file.mcp
            .servers
            .iter()
            .find(|(_, server)| server.oauth.as_ref().is_some_and(|oauth| is_literal(&oauth.client_secret)))
    };
    let path = |names: [&str; 4]| KeyPath(names.map(str::to_owned).to_vec());
    match of_provider {
        Some((name, _)) => Some(path(["llm", "providers", name, "api_key"])),
        None => of_server().map(|(name, _)| path(["mcp", "servers", name, "oauth"]).join("client_secret")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_usually_write_takes_the_quick_way() {
        let environment = Environment::from_pairs([("KEY", "12345")]);
        for text in [
            "",
            include_str!("../../config.example.yaml"),
            include_str!("../../examples/config.reliable.yaml"),
            "llm: {active: a, providers: {a: {base_url: 'https://a', model: 'm', api_key: '${KEY}', temperature: 1}, ollama: }}",
            "x-a: &a {base_url: 'https://a'}\nllm: {providers: {a: *a}}\nui:\nchat: {service: {system_prompt: '${KEY}'}}",
        ] {
            assert!(read_quickly(&tree::parse(text).unwrap(), &environment).is_some(), "{text}");
        }
    }
}
