//! What a server said has changed, kept until somebody looks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Resources whose updates are remembered one by one; beyond it all count as changed.
const UPDATED_MAX: usize = 1024;

/// Of an address that a server names.
const URI_BYTES_MAX: usize = 8 * 1024;

#[derive(Clone, Debug, Default)]
pub(super) struct Changes(Arc<Mutex<Changed>>);

#[derive(Debug, Default)]
struct Changed {
    tools: bool,
    resources: bool,
    updated: BTreeSet<String>,
}

impl Changes {
    /// True where that is news.
    pub(super) fn tools_changed(&self) -> bool {
        !std::mem::replace(&mut self.lock().tools, true)
    }

    pub(super) fn resources_changed(&self) {
        self.lock().resources = true;
    }

    /// True where that is news, and the address is one.
    pub(super) fn resource_updated(&self, uri: &str) -> bool {
        if uri.len() > URI_BYTES_MAX {
            return false;
        }
        let mut changed = self.lock();
        if changed.updated.len() >= UPDATED_MAX {
            changed.resources = true;
            changed.updated.clear();
        }
        changed.updated.insert(uri.to_owned())
    }

    pub(super) fn take_tools(&self) -> bool {
        std::mem::take(&mut self.lock().tools)
    }

    /// Whether all resources may have changed, and those that have for sure.
    pub(super) fn take_resources(&self) -> (bool, BTreeSet<String>) {
        let mut changed = self.lock();
        (std::mem::take(&mut changed.resources), std::mem::take(&mut changed.updated))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Changed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_news_until_it_is_looked_at() {
        let changes = Changes::default();
        assert!(changes.tools_changed());
        assert!(!changes.tools_changed(), "known already");
        assert!(changes.take_tools());
        assert!(!changes.take_tools());
        assert!(changes.resource_updated("a:b"));
        assert!(!changes.resource_updated(&"x".repeat(URI_BYTES_MAX + 1)));
        assert_eq!(changes.take_resources(), (false, ["a:b".to_owned()].into()));
    }

    #[test]
    fn too_many_updates_are_a_change_of_all() {
        let changes = Changes::default();
        for number in 0..=UPDATED_MAX {
            changes.resource_updated(&number.to_string());
        }
        let (all, updated) = changes.take_resources();
        assert!(all);
        assert_eq!(updated.len(), 1);
    }
}
