//! What was read of a server's resources, as long as it may be used again (pure).

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::ResourceContent;

/// Resources that are kept, and their bytes in all. Beyond it nothing more is kept.
const ENTRIES_MAX: usize = 256;
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// However long a server says that something stays as it is.
const FRESH_MAX: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Default)]
pub(super) struct ResourceCache {
    entries: HashMap<String, Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    contents: Vec<ResourceContent>,
    bytes: usize,
    fresh_until: Instant,
}

/// For how long a read may be used again. A server that names no time and tells of updates vouches by that.
pub(super) fn freshness(ttl_ms: Option<u64>, tells_updates: bool) -> Duration {
    match ttl_ms {
        Some(ttl_ms) => Duration::from_millis(ttl_ms).min(FRESH_MAX),
        None if tells_updates => FRESH_MAX,
        None => Duration::ZERO,
    }
}

impl ResourceCache {
    pub(super) fn get(&self, uri: &str, now: Instant) -> Option<Vec<ResourceContent>> {
        self.entries.get(uri).filter(|entry| now < entry.fresh_until).map(|entry| entry.contents.clone())
    }

    pub(super) fn insert(&mut self, uri: &str, contents: &[ResourceContent], fresh: Duration, now: Instant) {
        self.forget(uri);
        let bytes = contents.iter().map(bytes_of).sum();
        if fresh.is_zero() || self.entries.len() >= ENTRIES_MAX || self.bytes + bytes > BYTES_MAX {
            return;
        }
        self.bytes += bytes;
        let entry = Entry { contents: contents.to_vec(), bytes, fresh_until: now + fresh };
        self.entries.insert(uri.to_owned(), entry);
    }

    /// Takes in what a server said has changed.
    pub(super) fn apply(&mut self, (all, updated): (bool, BTreeSet<String>)) {
        if all {
            self.clear();
        }
        for uri in updated {
            self.forget(&uri);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn forget(&mut self, uri: &str) {
        if let Some(entry) = self.entries.remove(uri) {
            self.bytes -= entry.bytes;
        }
    }
}

fn bytes_of(content: &ResourceContent) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    content.uri.len() + length(&content.text) + length(&content.blob)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Vec<ResourceContent> {
        vec![ResourceContent { uri: "a:b".to_owned(), mime: None, text: Some(text.to_owned()), blob: None }]
    }

    #[test]
    fn the_server_says_how_long_and_an_update_ends_it() {
        let (mut cache, now) = (ResourceCache::default(), Instant::now());
        let second = Duration::from_secs(1);
        cache.insert("a:b", &content("x"), second, now);
        assert_eq!(cache.get("a:b", now), Some(content("x")));
        assert_eq!(cache.get("a:b", now + second), None);
        cache.insert("a:b", &content("y"), second, now);
        cache.apply((false, ["a:b".to_owned()].into()));
        assert_eq!(cache.get("a:b", now), None);
        assert_eq!(cache.bytes, 0);
    }

    #[test]
    fn a_time_of_none_is_believed_and_silence_only_with_updates() {
        assert_eq!(freshness(Some(0), true), Duration::ZERO);
        assert_eq!(freshness(Some(u64::MAX), false), FRESH_MAX);
        assert_eq!(freshness(None, false), Duration::ZERO);
        assert_eq!(freshness(None, true), FRESH_MAX);
    }

    #[test]
    fn it_stays_small() {
        let (mut cache, now) = (ResourceCache::default(), Instant::now());
        let big = content(&"x".repeat(BYTES_MAX - 100));
        cache.insert("big", &big, FRESH_MAX, now);
        cache.insert("more", &content(&"x".repeat(200)), FRESH_MAX, now);
        assert!(cache.get("big", now).is_some() && cache.get("more", now).is_none());
        cache.apply((true, BTreeSet::new()));
        for number in 0..300 {
            cache.insert(&number.to_string(), &content(""), FRESH_MAX, now);
        }
        assert_eq!(cache.entries.len(), ENTRIES_MAX);
    }
}
