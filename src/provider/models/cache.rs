//! Models as they were when the provider was asked: a file per provider, a line per model, so that one is found
//! without reading all.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::conversation::UnixMillis;
use crate::provider::ModelFacts;

const FILE_BYTES_MAX: u64 = 4 << 20;

/// What a file of the cache holds.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCache {
    /// Another address has other models.
    pub base_url: String,
    pub fetched_ms: UnixMillis,
    pub models: Vec<ModelFacts>,
}

#[derive(Serialize, Deserialize)]
struct FirstLine {
    base_url: String,
    fetched_ms: UnixMillis,
}

impl ModelCache {
    /// The file for a provider; `None` for a name that no file should have.
    #[must_use]
    pub fn path(folder: &Path, provider: &str) -> Option<PathBuf> {
        let is_usable = !provider.is_empty()
            && provider.len() <= 64
            && !provider.starts_with('.')
            && provider.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        is_usable.then(|| folder.join("models").join(format!("{provider}.jsonl")))
    }

    /// What is kept of this address; a file that cannot be understood holds nothing.
    #[must_use]
    pub fn read(path: &Path, base_url: &str) -> Option<Self> {
        let text = text_of(path)?;
        let mut lines = text.lines();
        let first = first_line(&mut lines, base_url)?;
        let models = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
        Some(Self { base_url: first.base_url, fetched_ms: first.fetched_ms, models })
    }

    /// The models of a file, whatever address they are from.
    #[must_use]
    pub fn ids(path: &Path) -> Vec<String> {
        let text = text_of(path).unwrap_or_default();
        let models = text.lines().skip(1).filter_map(|line| serde_json::from_str::<ModelFacts>(line).ok());
        models.map(|facts| facts.id).collect()
    }

    /// The file as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let first = FirstLine { base_url: self.base_url.clone(), fetched_ms: self.fetched_ms };
        let lines = self.models.iter().map(serde_json::to_string);
        let lines = std::iter::once(serde_json::to_string(&first)).chain(lines).flatten();
        lines.map(|line| line + "\n").collect()
    }
}

/// What the cache knows of one model.
#[must_use]
pub fn cached_facts(path: &Path, base_url: &str, model: &str) -> Option<ModelFacts> {
    let text = text_of(path)?;
    let mut lines = text.lines();
    first_line(&mut lines, base_url)?;
    let start = format!("{{\"id\":{}", serde_json::to_string(model).ok()?);
    let line = lines.find(|line| line.strip_prefix(&start).is_some_and(|rest| rest.starts_with([',', '}'])))?;
    serde_json::from_str(line).ok()
}

fn text_of(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

fn first_line<'a>(lines: &mut impl Iterator<Item = &'a str>, base_url: &str) -> Option<FirstLine> {
    let first: FirstLine = serde_json::from_str(lines.next()?).ok()?;
    (first.base_url == base_url).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Ability, Price};

    #[test]
    fn one_model_is_found_among_others() {
        let facts = |id: &str| ModelFacts { id: id.to_owned(), ..ModelFacts::default() };
        let price = Some(Price { input: 0.15, output: 0.6, cached: None });
        let known = ModelFacts { context: Some(10), price, abilities: Some(vec![Ability::Tools]), ..facts("a/b\"c") };
        let models = vec![facts("a/b"), known.clone(), facts("z")];
        let cache = ModelCache { base_url: "https://x/v1".into(), fetched_ms: 7, models };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        std::fs::write(&path, cache.to_text()).unwrap();
        assert_eq!(ModelCache::read(&path, "https://x/v1"), Some(cache));
        assert_eq!(ModelCache::read(&path, "https://y/v1"), None);
        assert_eq!(cached_facts(&path, "https://x/v1", "a/b\"c"), Some(known));
        assert_eq!(cached_facts(&path, "https://x/v1", "z"), Some(facts("z")));
        assert_eq!(cached_facts(&path, "https://x/v1", "a"), None);
        assert_eq!(cached_facts(&path, "https://y/v1", "z"), None);
        std::fs::write(&path, "{broken\n").unwrap();
        assert_eq!(ModelCache::read(&path, "https://x/v1"), None);
        assert_eq!(ModelCache::path(Path::new("/c"), "../x"), None);
    }
}
