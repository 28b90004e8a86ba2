//! What can be wrong with a configuration, and how that is told.

use std::fmt;
use std::path::PathBuf;

/// A place in the file, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// The names of the mappings around a value, outermost first, and its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPath(pub Vec<String>);

impl KeyPath {
    /// From text with dots, for names that have none themselves.
    #[must_use]
    pub fn of(dotted: &str) -> Self {
        Self(dotted.split('.').map(str::to_owned).collect())
    }

    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let mut names = self.0.clone();
        names.push(name.to_owned());
        Self(names)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            if name.is_empty() || name.contains(|c: char| c == '.' || c.is_whitespace() || c.is_control()) {
                write!(f, "{dot}{name:?}")?;
            } else {
                write!(f, "{dot}{name}")?;
            }
        }
        Ok(())
    }
}

/// One mistake in the file, without the file's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub position: Position,
    /// Empty where the text is not YAML at all.
    pub key: KeyPath,
    pub reason: String,
}

impl Problem {
    #[must_use]
    pub fn new(position: Position, key: KeyPath, reason: impl Into<String>) -> Self {
        Self { position, key, reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.position.line, self.position.column)?;
        if !self.key.0.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.reason)
    }
}

/// Something to know about the configuration that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// A stable name for scripts.
    pub code: &'static str,
    pub file: Option<PathBuf>,
    pub position: Option<Position>,
    pub key: KeyPath,
    pub reason: String,
}

impl Warning {
    #[must_use]
    pub fn new(code: &'static str, key: KeyPath, reason: impl Into<String>) -> Self {
        Self { code, file: None, position: None, key, reason: reason.into() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", file.display())?;
            match self.position {
                Some(Position { line, column }) => write!(f, "{line}:{column}: ")?,
                None => f.write_str(" ")?,
            }
        }
        if !self.key.0.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.reason)
    }
}

/// Why there is no configuration to work with. `Display` has a line for every mistake.
#[derive(Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// The file cannot be read, or is none.
    Unreadable { path: PathBuf, reason: String },
    /// The file can be read, and this is all that is wrong with it.
    Invalid { path: PathBuf, problems: Vec<Problem> },
    /// What was asked for cannot be done with this configuration. `key` is a setting, a variable or an option.
    Unusable { key: String, reason: String, hint: Option<String> },
    /// An option of the command line has a value that cannot be.
    Usage { option: String, reason: String },
    /// The key of the provider cannot be had from where it should come.
    Key { provider: String, source: String, reason: String },
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    /// The code that the process ends with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreadable { .. } | Self::Invalid { .. } | Self::Unusable { .. } => 3,
            Self::Usage { .. } => 2,
            Self::Key { .. } => 4,
        }
    }

    /// What to do now.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Unusable { hint, .. } => hint.as_deref(),
            Self::Invalid { .. } => {
                Some("`sayso config check` looks at all of it, `config.example.yaml` shows all of it")
            }
            Self::Unreadable { .. } | Self::Usage { .. } | Self::Key { .. } => None,
        }
    }

    pub(super) fn unusable(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unusable { key: key.into(), reason: reason.into(), hint: None }
    }

    pub(super) fn with_hint(self, text: impl Into<String>) -> Self {
        match self {
            Self::Unusable { key, reason, hint: _ } => Self::Unusable { key, reason, hint: Some(text.into()) },
            other @ (Self::Unreadable { .. } | Self::Invalid { .. } | Self::Usage { .. } | Self::Key { .. }) => other,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Invalid { path, problems } => {
                for (index, problem) in problems.iter().enumerate() {
                    let end = if index == 0 { "" } else { "\n" };
                    write!(f, "{end}{}:{problem}", path.display())?;
                }
                Ok(())
            }
            Self::Unusable { key, reason, hint: _ } => write!(f, "{key}: {reason}"),
            Self::Usage { option, reason } => write!(f, "{option}: {reason}"),
            Self::Key { provider, source, reason } => write!(f, "no key for {provider}: {source}: {reason}"),
        }
    }
}

/// `"did you mean …"`-candidates: the name nearest to `wanted`, where one is near enough.
#[must_use]
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(wanted);
    let limit = (wanted.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wanted, &plain(name)), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word() {
        let names = ["temperature", "max_tokens", "model", "api"];
        assert_eq!(nearest("temprature", names), Some("temperature"));
        assert_eq!(nearest("maxTokens", names), Some("max_tokens"));
        assert_eq!(nearest("modle", names), Some("model"));
        assert_eq!(nearest("color", names), None);
    }

    #[test]
    fn every_mistake_has_its_line() {
        let at = |line, column| Position { line, column };
        let error = ConfigError::Invalid {
            path: "c.yaml".into(),
            problems: vec![
                Problem::new(at(1, 2), KeyPath::default(), "not YAML"),
                Problem::new(at(3, 4), KeyPath(vec!["llm".into(), "my.host".into()]), "wrong"),
            ],
        };
        assert_eq!(error.to_string(), "c.yaml:1:2: not YAML\nc.yaml:3:4: llm.\"my.host\": wrong");
    }
}
