//! Where a request may go: the internet, and hosts that were allowed by name.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::http::{Reach, reach_of};

type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Looks a name up. Asked once for each connection.
pub type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// As the system does it.
#[must_use]
pub fn system_lookup() -> Lookup {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }))
}

/// Checks addresses in URLs, and what names stand for.
#[derive(Clone)]
pub struct Guard {
    pub allow_hosts: Arc<[String]>,
    pub lookup: Lookup,
}

impl Guard {
    /// Whether a URL may be asked for at all. A name in it is checked when it is looked up.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{} is not fetched: only http and https are", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address with a user name or password in it is not fetched".to_owned());
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err("the address names no host".to_owned()),
        };
        let host = url.host_str().unwrap_or_default();
        if self.is_allowed(host) || is_outside(address) { Ok(()) } else { Err(refusal(host)) }
    }

    fn is_allowed(&self, host: &str) -> bool {
        self.allow_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let mut found = (guard.lookup)(name.clone()).await?;
            if found.is_empty() {
                return Err(format!("{name} has no address").into());
            }
            if !guard.is_allowed(&name) {
                found.retain(|address| is_outside(address.ip()));
            }
            if found.is_empty() {
                return Err(refusal(&name).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn is_outside(address: IpAddr) -> bool {
    Reach::Public.includes(reach_of(address))
}

fn refusal(host: &str) -> String {
    format!("{host} is on this machine or in a network of its own, not on the internet: it is not fetched")
}
