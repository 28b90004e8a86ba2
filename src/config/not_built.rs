//! Settings that this version reads and checks but does not act on yet.
//!
//! Silence would be a lie: each of them is told once.

use super::file::{ConfigFile, Theme};
use super::problem::{KeyPath, Warning};

/// One warning for every setting in the file that has no effect yet.
#[must_use]
pub fn not_built_yet(file: &ConfigFile) -> Vec<Warning> {
    [(file.ui.theme != Theme::Auto, "ui.theme", "this version shows answers as they come, without styles")]
        .into_iter()
        .filter(|(is_set, _, _)| *is_set)
        .map(|(_, key, reason)| Warning::new("config_not_built_yet", KeyPath::of(key), reason))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_that_are_set_are_told() {
        assert_eq!(not_built_yet(&ConfigFile::default()), []);
        let text = "ui: {theme: dark}";
        let file: ConfigFile = serde_yaml::from_str(text).unwrap();
        let told: Vec<String> = not_built_yet(&file).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["ui.theme: this version shows answers as they come, without styles"]);
    }
}
