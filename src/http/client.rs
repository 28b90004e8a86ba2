//! The one pooled client of the process.

use super::HttpSettings;

/// How long the process is going to use its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// One question and out.
    OneShot,
    /// A REPL: connections are kept alive with pings while a person thinks.
    Interactive,
}

#[derive(Clone)]
pub struct HttpClient {}

impl HttpClient {
    /// No network, no certificate store: those come with the first https request.
    #[must_use]
    pub fn new(settings: HttpSettings, lifetime: Lifetime) -> Self {
        let _ = (settings, lifetime);
        Self {}
    }
}
