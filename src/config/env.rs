//! The only reader of environment variables: one snapshot, made at the start.

use std::ffi::{OsStr, OsString};

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
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_os_str()).filter(|value| !value.is_empty())
    }

    /// The text of a variable, where it is set, not empty, and text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.raw(name).and_then(OsStr::to_str)
    }

    /// The names that are text, for finding typos.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(name, _)| name.to_str())
    }
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
}
