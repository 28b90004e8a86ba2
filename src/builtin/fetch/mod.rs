//! The server `fetch`: pages of the internet as text, and nothing of the network that this machine is in.
//!
//! A model names the address, and a page can have told it to. So a name is looked up once, what it
//! stands for is looked at, and the connection goes there and nowhere else; a redirect is a new name.

mod get;
mod guard;
mod html;
mod layout;
mod page;
mod server;
#[cfg(test)]
mod tests;

use get::{Fetcher, Wanted};
use guard::{Lookup, system_lookup};
pub use server::Fetch;

use std::time::Duration;

use crate::http::HttpSettings;

/// From the first look-up to the last byte, redirects included.
const TIME_MAX: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct FetchSettings {
    /// Authorities and time limits. Proxies of the environment do not count here.
    pub http: HttpSettings,
    /// Hosts that may be inside: names or addresses, as a URL has them.
    pub allow_hosts: Vec<String>,
    pub time_max: Duration,
    pub lookup: Lookup,
}

impl FetchSettings {
    #[must_use]
    pub fn new(http: HttpSettings, allow_hosts: Vec<String>) -> Self {
        Self { http, allow_hosts, time_max: TIME_MAX, lookup: system_lookup() }
    }
}

/// A page or file that a person has named, for a model to read: a page of HTML as text, everything else byte for byte.
pub async fn load(settings: &FetchSettings, url: &str) -> Result<Vec<u8>, String> {
    let page = Fetcher::new(settings).get(url, Wanted::Everything).await?;
    // A large page takes the processor for a while.
    let content = tokio::task::spawn_blocking(move || page.content()).await;
    content.unwrap_or_else(|_| Err("the page could not be turned into text".to_owned()))
}

#[must_use]
pub fn new(settings: &FetchSettings) -> Fetch {
    Fetch::new(settings)
}
