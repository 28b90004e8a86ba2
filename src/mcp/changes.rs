//! What a server said has changed, kept until somebody looks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Resources whose updates are remembered one by one; beyond it all count as changed.
const UPDATED_MAX: usize = 1024;

/// Of an address that a server names.
const URI_BYTES_MAX: usize = 8 * 1024;

#[derive(Clone, Debug, Default)]
pub(super) struct Changes(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    changed: Mutex<Changed>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Changed {
    tools: bool,
    resources: bool,
    updated: BTreeSet<String>,
    /// Updates that nobody has been told of.
    untold: BTreeSet<String>,
}

impl Changes {
    pub(super) fn tools_changed(&self) {
        self.lock().tools = true;
        self.0.news.notify_one();
    }

    pub(super) fn resources_changed(&self) {
        self.lock().resources = true;
    }

    pub(super) fn resource_updated(&self, uri: &str) {
        if uri.len() > URI_BYTES_MAX {
            return;
        }
        let mut changed = self.lock();
        if changed.updated.len() >= UPDATED_MAX || changed.untold.len() >= UPDATED_MAX {
            changed.resources = true;
            changed.updated.clear();
            changed.untold.clear();
        }
        changed.updated.insert(uri.to_owned());
        changed.untold.insert(uri.to_owned());
        drop(changed);
        self.0.news.notify_one();
    }

    /// Waits until something has changed that is told.
    pub(super) async fn news(&self) {
        self.0.news.notified().await;
    }

    pub(super) fn tools_have_changed(&self) -> bool {
        self.lock().tools
    }

    pub(super) fn take_tools(&self) -> bool {
        std::mem::take(&mut self.lock().tools)
    }

    /// Whether all resources may have changed, and those that have for sure.
    pub(super) fn take_resources(&self) -> (bool, BTreeSet<String>) {
        let mut changed = self.lock();
        (std::mem::take(&mut changed.resources), std::mem::take(&mut changed.updated))
    }

    pub(super) fn take_untold(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.lock().untold)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Changed> {
        self.0.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_kept_until_it_is_looked_at() {
        let changes = Changes::default();
        changes.tools_changed();
        assert!(changes.tools_have_changed() && changes.take_tools() && !changes.take_tools());
        changes.resource_updated("a:b");
        changes.resource_updated(&"x".repeat(URI_BYTES_MAX + 1));
        assert_eq!(changes.take_resources(), (false, ["a:b".to_owned()].into()));
        assert_eq!(changes.take_untold(), ["a:b".to_owned()].into());
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
