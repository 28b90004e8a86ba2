//! Clients for the MCP SDK, which sends its own requests: our authorities, our proxies, and no credentials elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder, Url};

use super::address::{Reach, reach_of};
use super::client::is_loopback_host;
use super::{HttpSettings, tls};

/// Redirects that one request may follow, none of them to another origin.
const REDIRECTS_MAX: usize = 5;

/// What a client may do on its own.
#[derive(Clone, Debug)]
pub enum BareUse {
    /// Talk to the origin of this address, redirects within it included.
    Origin,
    /// One request to an address that somebody else named: no redirects, and only to machines that this reaches.
    Named(Reach),
    /// The same, with redirects within its origin.
    NamedFollowing(Reach),
}

/// A client for `url`. Headers may hold keys: redirects to another origin are answers, not followed.
pub fn bare_client(settings: &HttpSettings, url: &Url, purpose: &BareUse) -> Result<Client, String> {
    let host = url.host_str().unwrap_or_default();
    let is_proxied = settings.trust_env && !is_loopback_host(host);
    let tls = match (url.scheme(), is_proxied) {
        ("https", _) | (_, true) => tls::config_with_roots(settings)?,
        (_, false) => tls::config_without_roots()?,
    };
    let mut builder = plain_builder(settings)
        .redirect(match purpose {
            BareUse::Origin | BareUse::NamedFollowing(_) => Policy::custom(within_origin),
            BareUse::Named(_) => Policy::none(),
        })
        .tls_backend_preconfigured(tls);
    if !is_proxied {
        builder = builder.no_proxy();
    }
    match purpose {
        BareUse::Named(reach) | BareUse::NamedFollowing(reach) => {
            if let Some(address) = literal_address(host)
                && !reach.includes(reach_of(address))
            {
                return Err(format!("{address} is an address inside a network, which this server may not name"));
            }
            // A proxy resolves the name itself, and its own may be of any kind.
            if !is_proxied {
                builder = builder.dns_resolver(Arc::new(Checked(*reach)));
            }
        }
        BareUse::Origin => {}
    }
    builder.build().map_err(|error| format!("cannot set up the HTTP client: {error}"))
}

/// A client for one request to an address that anybody may have named: no proxy, no redirects, and names
/// are looked up by `resolver` alone. It is asked about names only, not about addresses in a URL.
pub fn visiting_client(settings: &HttpSettings, url: &Url, resolver: Arc<dyn Resolve>) -> Result<Client, String> {
    let tls = match url.scheme() {
        "https" => tls::config_with_roots(settings)?,
        _ => tls::config_without_roots()?,
    };
    let builder = plain_builder(settings).redirect(Policy::none()).tls_backend_preconfigured(tls);
    let built = builder.no_proxy().gzip(true).dns_resolver(resolver).build();
    built.map_err(|error| format!("cannot set up the HTTP client: {error}"))
}

fn plain_builder(settings: &HttpSettings) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(concat!("sayso/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
        .pool_max_idle_per_host(settings.max_keepalive_connections);
    if settings.http2 { builder } else { builder.http1_only() }
}

fn within_origin(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let is_within = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if is_within && attempt.previous().len() <= REDIRECTS_MAX { attempt.follow() } else { attempt.stop() }
}

fn literal_address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Looks names up, and leaves out what is not to be reached: a name cannot be turned round later.
struct Checked(Reach);

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept: Vec<SocketAddr> = found.filter(|address| reach.includes(reach_of(address.ip()))).collect();
            if kept.is_empty() {
                return Err(format!("{} is inside a network, which this server may not name", name.as_str()).into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}
