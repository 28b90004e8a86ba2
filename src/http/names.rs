//! Names of servers, looked up as the system does it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Knows which names have no answer: a connection that is given up then tells that, and does not blame the server.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Arc<Mutex<BTreeSet<String>>>);

impl Names {
    /// No answer has come since it was last asked for, also where nobody waits any more.
    pub(super) fn is_unanswered(&self, host: &str) -> bool {
        self.unanswered().contains(host)
    }

    /// There are never more than the configuration has servers.
    fn unanswered(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            names.unanswered().insert(name.as_str().to_owned());
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map(Vec::<SocketAddr>::from_iter);
            names.unanswered().remove(name.as_str());
            Ok(Box::new(found?.into_iter()) as Addrs)
        })
    }
}
