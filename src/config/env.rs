//! The only reader of environment variables: one snapshot, made at the start.

use std::ffi::{OsStr, OsString};

/// What a program needs in order to run, and no key is in.
#[cfg(not(windows))]
const HARMLESS_NAMES: [&str; 9] = ["PATH", "HOME", "LANG", "TERM", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ"];
#[cfg(windows)]
const HARMLESS_NAMES: [&str; 18] = [
    "PATH",
    "HOME",
    "LANG",
    "TERM",
    "APPDATA",
    "COMSPEC",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "PATHEXT",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMFILES",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERNAME",
    "USERPROFILE",
];

/// All variables of our own.
pub const OWN_VARIABLES: [&str; 6] =
    ["SAYSO_CONFIG", "SAYSO_MODEL", "SAYSO_PROVIDER", "SAYSO_CONVERSATION", "SAYSO_PAGER", "SAYSO_ACCESSIBLE"];
/// The one that is a path, which need not be text.
pub const CONFIG_VARIABLE: &str = "SAYSO_CONFIG";

/// What is wrong with a variable whose value is no text.
pub const NO_TEXT: &str = "is not UTF-8";

/// The environment at one moment. Names and values need not be Unicode.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the reader of the environment")]
        Self(std::env::vars_os().collect())
    }

    /// One that is made up.
    #[must_use]
    pub fn from_pairs<N: Into<OsString>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The bytes of a variable, where it is set and not empty.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.0
            .iter()
            .find(|(key, _)| is_name(key, name))
            .map(|(_, value)| value.as_os_str())
            .filter(|value| !value.is_empty())
    }

    /// The text of a variable, where it is set, not empty, and text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.raw(name).and_then(OsStr::to_str)
    }

    /// The first of these variables that is set to something that is no text.
    #[must_use]
    pub fn first_without_text<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        names.into_iter().find(|name| self.raw(name).is_some_and(|value| value.to_str().is_none()))
    }

    /// What every child that is no part of sayso gets: enough to run, and never a key.
    #[must_use]
    pub fn for_children(&self) -> Vec<(String, String)> {
        let is_harmless =
            |name: &str| HARMLESS_NAMES.contains(&name) || name.starts_with("LC_") || name.starts_with("XDG_");
        let harmless = |(name, value): &(OsString, OsString)| {
            let name = if cfg!(windows) { name.to_str()?.to_uppercase() } else { name.to_str()?.to_owned() };
            is_harmless(&name).then_some((name, value.to_str()?.to_owned()))
        };
        self.0.iter().filter_map(harmless).collect()
    }

    /// The names that are text, for finding typos.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(name, _)| name.to_str())
    }
}

/// Windows makes no difference between `Path` and `PATH`.
fn is_name(key: &OsStr, name: &str) -> bool {
    if cfg!(windows) { key.eq_ignore_ascii_case(name) } else { key == name }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn a_variable_that_is_not_unicode_does_no_harm() {
        let bad = OsString::from_vec(vec![b'a', 0xFF]);
        let environment = Environment::from_pairs([(OsString::from("A"), bad.clone()), (bad.clone(), "x".into())]);
        assert_eq!(environment.text("A"), None);
        assert_eq!(environment.raw("A"), Some(bad.as_os_str()));
        assert_eq!(environment.names().collect::<Vec<_>>(), ["A"]);
    }

    #[test]
    fn children_get_no_keys() {
        let variables = ["PATH", "OPENAI_API_KEY", "LC_ALL", "XDG_RUNTIME_DIR", "SAYSO_CONFIG", "LD_PRELOAD", "HOME"];
        let environment = Environment::from_pairs(variables.map(|name| (name, "x")));
        let names: Vec<String> = environment.for_children().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "XDG_RUNTIME_DIR", "HOME"]);
    }
}
