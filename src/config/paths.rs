//! Where our files are: the XDG folders, on macOS too.

use std::path::{Path, PathBuf};

use super::env::Environment;

/// Our folders and the configuration file. `None`: there is no home folder and no variable that names another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    pub home: Option<PathBuf>,
    /// Holds `config.yaml`.
    pub config: Option<PathBuf>,
    /// Holds the history.
    pub data: Option<PathBuf>,
    /// Holds `sayso.log`.
    pub state: Option<PathBuf>,
    /// Holds what can be made again.
    pub cache: Option<PathBuf>,
}

impl Paths {
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        let home = environment.raw("HOME").map(PathBuf::from).or_else(|| etcetera::home_dir().ok());
        let folder = |variable: &str, below_home: &str| {
            // The XDG specification wants relative paths ignored.
            let named = environment.raw(variable).map(PathBuf::from).filter(|path| path.is_absolute());
            // Of its parts, so that Windows shows its own sign between them.
            let usual = || home.as_ref().map(|home| home.join(below_home).components().collect());
            named.or_else(usual).map(|base: PathBuf| base.join("sayso"))
        };
        Self {
            config: folder("XDG_CONFIG_HOME", ".config"),
            data: folder("XDG_DATA_HOME", ".local/share"),
            state: folder("XDG_STATE_HOME", ".local/state"),
            cache: folder("XDG_CACHE_HOME", ".cache"),
            home,
        }
    }

    /// The configuration file where neither option nor variable names one.
    #[must_use]
    pub fn config_file(&self) -> Option<PathBuf> {
        self.config.as_ref().map(|folder| folder.join("config.yaml"))
    }

    /// A path from a setting: `~/` is the home folder, and what is relative is in `base`.
    #[must_use]
    pub fn expand(&self, written: &Path, base: Option<&Path>) -> Option<PathBuf> {
        if let Ok(rest) = written.strip_prefix("~") {
            return self.home.as_ref().map(|home| home.join(rest));
        }
        if written.is_absolute() {
            return Some(written.to_owned());
        }
        base.map(|base| base.join(written))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_follow_xdg() {
        let environment =
            Environment::from_pairs([("HOME", "/h"), ("XDG_DATA_HOME", "/d"), ("XDG_STATE_HOME", "state")]);
        let paths = Paths::new(&environment);
        assert_eq!(paths.config_file(), Some("/h/.config/sayso/config.yaml".into()));
        assert_eq!(paths.data, Some("/d/sayso".into()));
        assert_eq!(paths.state, Some("/h/.local/state/sayso".into()));
        let expand = |text: &str| paths.expand(Path::new(text), paths.data.as_deref());
        assert_eq!(expand("history.db"), Some("/d/sayso/history.db".into()));
        assert_eq!(expand("~/x.db"), Some("/h/x.db".into()));
        assert_eq!(expand("/x.db"), Some("/x.db".into()));
    }
}
