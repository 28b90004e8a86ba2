//! One thing that was looked at: how it is, and what to do about it. Pure.

use serde_json::{Map, Value};

use crate::conversation::without_error_numbers;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Good,
    /// Works, but not as it could.
    Doubtful,
    Broken,
    /// Not looked at.
    Skipped,
}

impl Level {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "doubt",
            Self::Broken => "BROKEN",
            Self::Skipped => "-",
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "doubtful",
            Self::Broken => "broken",
            Self::Skipped => "skipped",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What was looked at, as in `provider openrouter`.
    pub area: String,
    pub level: Level,
    /// One line.
    pub message: String,
    /// The one thing to do.
    pub fix: Option<String>,
    /// The code the process ends with where this is the first that is broken.
    pub exit: u8,
    /// Numbers for scripts.
    pub facts: Map<String, Value>,
}

impl Finding {
    fn new(area: impl Into<String>, level: Level, message: impl Into<String>) -> Self {
        let message = without_error_numbers(message.into());
        Self { area: area.into(), level, message, fix: None, exit: 0, facts: Map::new() }
    }

    #[must_use]
    pub fn good(area: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(area, Level::Good, message)
    }

    #[must_use]
    pub fn skipped(area: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(area, Level::Skipped, message)
    }

    #[must_use]
    pub fn doubtful(area: impl Into<String>, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(area, Level::Doubtful, message) }
    }

    #[must_use]
    pub fn broken(area: impl Into<String>, message: impl Into<String>, exit: u8, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), exit, ..Self::new(area, Level::Broken, message) }
    }

    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// Without the name of the person, which is part of the home folder.
    #[must_use]
    pub fn anonymous(mut self, home: Option<&str>) -> Self {
        if let Some(home) = home.map(|home| home.trim_end_matches('/')).filter(|home| home.len() > 1) {
            self.message = self.message.replace(home, "~");
            self.fix = self.fix.map(|fix| fix.replace(home, "~"));
        }
        self
    }
}
