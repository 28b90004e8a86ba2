//! A key that cannot be printed by accident.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// An API key. `Debug` hides it, dropping it wipes it, and only [`Secret::expose`] gives it out.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    #[must_use]
    pub fn new(key: String) -> Self {
        Self(SecretString::from(key))
    }

    /// The key itself, for the one header it is sent in.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Enough to tell two keys apart: `…` and the last four characters, or only `…` where
    /// the key is so short that these would give it away.
    #[must_use]
    pub fn ending(&self) -> String {
        let key = self.expose();
        let count = key.chars().count();
        let shown = if count >= 16 { 4 } else { 0 };
        key.chars().skip(count - shown).fold(String::from("…"), |text, c| text + c.encode_utf8(&mut [0; 4]))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn only_the_end_of_a_long_key_shows() {
        let key = Secret::new("sk-0123456789abcdef3f9a".into());
        assert_eq!(key.ending(), "…3f9a");
        assert_eq!(Secret::new("short".into()).ending(), "…");
        assert!(!format!("{key:?}").contains("3f9a"));
    }
}
