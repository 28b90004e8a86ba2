//! One setting by its path, for people and scripts: what it is, and which there are.

use serde_json::Value;

use super::file::ConfigFile;
use super::problem::{ConfigError, KeyPath, nearest};
use super::schema::{self, View};

/// What stands in a schema path for a name of the user's own.
const ANY_NAME: &str = "NAME";

impl KeyPath {
    /// Reads `llm.providers."my.host".model`: a name with dots stands in double quotes.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let wrong = || ConfigError::Usage {
            option: text.to_owned(),
            reason: "is no key: write it with dots, as in llm.active".to_owned(),
        };
        let mut names = vec![String::new()];
        let mut is_quoted = false;
        for letter in text.chars() {
            match letter {
                '"' => is_quoted = !is_quoted,
                '.' if !is_quoted => names.push(String::new()),
                letter => names.last_mut().ok_or_else(wrong)?.push(letter),
            }
        }
        if is_quoted || names.iter().any(String::is_empty) { Err(wrong()) } else { Ok(Self(names)) }
    }
}

/// A setting as it counts: as the file says, else its default. Secrets are hidden.
pub fn value_of(file: &ConfigFile, key: &KeyPath) -> Result<Value, ConfigError> {
    known(key)?;
    let whole =
        serde_json::to_value(file).map_err(|error| ConfigError::unusable(key.to_string(), error.to_string()))?;
    let mut value = &whole;
    for name in &key.0 {
        let inner = match value {
            Value::Array(items) => name.parse().ok().and_then(|index: usize| items.get(index)),
            other => other.get(name),
        };
        value = inner.ok_or_else(|| ConfigError::unusable(key.to_string(), "is not in the file"))?;
    }
    Ok(value.clone())
}

/// Whether there is such a setting, and whether it holds a secret.
pub fn known(key: &KeyPath) -> Result<bool, ConfigError> {
    let schema = schema::of_file();
    let mut view = View::new(&schema);
    for (depth, name) in key.0.iter().enumerate() {
        let of_list = view.node.get("items").is_some() && name.parse::<usize>().is_ok();
        let inner = view.property(name).or_else(|| view.additional()).or_else(|| of_list.then(|| view.items()));
        // Below what can be anything, every name can be.
        let is_free = || view.expected() == schema::Expected::Anything && depth > 0;
        match inner {
            Some(inner) => view = inner,
            None if is_free() => return Ok(view.is_secret),
            None => return Err(unknown(key, view, name)),
        }
    }
    Ok(view.is_secret)
}

fn unknown(key: &KeyPath, view: View<'_>, name: &str) -> ConfigError {
    let here: Vec<&str> = view.properties().map(|(name, _)| name).collect();
    let reason = match nearest(name, here.iter().copied()) {
        Some(near) => format!("there is no setting `{name}`; did you mean `{near}`?"),
        None if here.is_empty() => format!("there is nothing below it, and so no `{name}`"),
        None => format!("there is no setting `{name}`; there are {}", here.join(", ")),
    };
    ConfigError::Usage { option: key.to_string(), reason }
}

/// All keys, for completion. Names of the user's own are taken from the file.
#[must_use]
pub fn all_keys(file: &ConfigFile) -> Vec<String> {
    let schema = schema::of_file();
    let mut keys = Vec::new();
    for (path, _) in schema::all_settings(&schema) {
        let names: Vec<&String> = match path.iter().position(|name| name == ANY_NAME) {
            None => {
                keys.push(KeyPath(path).to_string());
                continue;
            }
            Some(2) if path[..2] == ["llm", "providers"] => file.llm.providers.keys().collect(),
            Some(2) if path[..2] == ["mcp", "servers"] => file.mcp.servers.keys().collect(),
            Some(2) if path[..2] == ["llm", "models"] => file.llm.models.keys().collect(),
            Some(_) => continue,
        };
        for name in names {
            let mut path = path.clone();
            path[2].clone_from(name);
            if !path.iter().any(|name| name == ANY_NAME) {
                keys.push(KeyPath(path).to_string());
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(key: &str) -> Result<Value, String> {
        let mut file = ConfigFile::default();
        file.llm.active = Some("my.host".into());
        file.llm.providers.entry("my.host".into()).or_default().model = Some("m".into());
        KeyPath::parse(key).and_then(|key| value_of(&file, &key)).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_found_by_their_path() {
        assert_eq!(get("llm.active"), Ok("my.host".into()));
        assert_eq!(get("llm.providers.\"my.host\".model"), Ok("m".into()));
        assert_eq!(get("chat.service.max_tool_hops"), Ok(8.into()));
        assert!(get("chat.service").unwrap().is_object());
        assert_eq!(get("llm.activ"), Err("llm.activ: there is no setting `activ`; did you mean `active`?".into()));
        assert_eq!(get("llm.providers.none.model"), Err("llm.providers.none.model: is not in the file".into()));
        assert_eq!(get("llm..x"), Err("llm..x: is no key: write it with dots, as in llm.active".into()));
        assert!(get("llm.active.x").unwrap_err().contains("there is nothing below it"));
    }

    #[test]
    fn keys_of_secrets_are_known_as_such() {
        let is_secret = |key: &str| known(&KeyPath::parse(key).unwrap()).unwrap();
        assert!(is_secret("llm.providers.x.api_key"));
        assert!(is_secret("llm.providers.x.headers.Authorization"));
        assert!(!is_secret("llm.providers.x.api_key_env") && !is_secret("llm.providers.x.extra_body.a.b"));
    }

    #[test]
    fn completion_names_what_is_in_the_file() {
        let mut file = ConfigFile::default();
        file.llm.providers.entry("work".into()).or_default();
        let keys = all_keys(&file);
        for key in ["llm.active", "llm.providers.work.model", "chat.storage.persistence.retention.max_age_hours"] {
            assert!(keys.iter().any(|known| known == key), "{key}");
        }
        assert!(!keys.iter().any(|key| key.contains(ANY_NAME)), "{keys:?}");
    }
}
