//! One page, through at most a few redirects, each of them checked as the first address was.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use url::Url;

use super::FetchSettings;
use super::guard::Guard;
use super::page::{Body, Kind, Page};
use crate::http::{HttpSettings, visiting_client};

const REDIRECTS_MAX: usize = 5;
/// Of a body, after it was decompressed.
pub const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
const URL_BYTES_MAX: usize = 8192;
const ACCEPTED: &str = "text/html,application/xhtml+xml,text/plain;q=0.9,application/json;q=0.9,*/*;q=0.5";

/// Of what a body is worth reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Text,
    Everything,
}

/// One way to fetch, for all pages.
#[derive(Clone)]
pub struct Fetcher {
    pub http: Arc<HttpSettings>,
    pub guard: Guard,
    pub time_max: Duration,
}

impl Fetcher {
    #[must_use]
    pub fn new(settings: &FetchSettings) -> Self {
        let guard = Guard { allow_hosts: settings.allow_hosts.clone().into(), lookup: settings.lookup.clone() };
        Self { http: Arc::new(settings.http.clone()), guard, time_max: settings.time_max }
    }

    pub async fn get(&self, url: &str, wanted: Wanted) -> Result<Page, String> {
        let late = |_| format!("there was no complete answer within {} seconds", self.time_max.as_secs());
        tokio::time::timeout(self.time_max, self.follow(url, wanted)).await.map_err(late)?
    }

    async fn follow(&self, url: &str, wanted: Wanted) -> Result<Page, String> {
        let mut url = parse(url)?;
        for _ in 0..=REDIRECTS_MAX {
            self.guard.check(&url)?;
            let client = visiting_client(&self.http, &url, Arc::new(self.guard.clone()))?;
            let sent = client.get(url.clone()).header(ACCEPT, ACCEPTED).send().await;
            let response = sent.map_err(|error| unreachable(&url, &error))?;
            match redirect(&url, &response)? {
                Some(next) => url = next,
                None => return page(url, response, wanted).await,
            }
        }
        Err(format!("there are more than {REDIRECTS_MAX} redirects"))
    }
}

fn parse(url: &str) -> Result<Url, String> {
    if url.len() > URL_BYTES_MAX {
        return Err(format!("an address of more than {URL_BYTES_MAX} bytes is not fetched"));
    }
    Url::parse(url.trim()).map_err(|error| format!("that is no address of a page: {error}"))
}

/// Where the answer sends on to.
fn redirect(url: &Url, response: &Response) -> Result<Option<Url>, String> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let next = location.to_str().ok().and_then(|location| url.join(location).ok());
    next.map(Some).ok_or_else(|| "the page redirects to something that is no address".to_owned())
}

async fn page(url: Url, mut response: Response, wanted: Wanted) -> Result<Page, String> {
    let header = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = header.unwrap_or_default().to_owned();
    let status = response.status().as_u16();
    let kind = Kind::of(&content_type);
    let body = match kind {
        Kind::Binary if wanted == Wanted::Text => {
            Body { bytes: Vec::new(), is_cut: false, total: response.content_length() }
        }
        Kind::Binary | Kind::Html | Kind::Text | Kind::Unknown => read(&url, &mut response).await?,
    };
    Ok(Page { url, status, content_type, kind, body })
}

async fn read(url: &Url, response: &mut Response) -> Result<Body, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(url, &error))? {
        let room = BODY_BYTES_MAX - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Ok(Body { bytes, is_cut: true, total: None });
        }
    }
    Ok(Body { total: Some(bytes.len() as u64), bytes, is_cut: false })
}

/// The last error of the chain says what happened.
fn unreachable(url: &Url, error: &reqwest::Error) -> String {
    let mut deepest: &dyn Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    format!("{} cannot be reached: {deepest}", url.host_str().unwrap_or_default())
}
