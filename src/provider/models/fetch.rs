//! Asks a provider for its models, page by page.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

use super::listing::{next_page, read_models};
use crate::http::{HttpClient, HttpRequest, HttpResponse, Secret};
use crate::provider::error_context::{ErrorContext, is_secret_header};
use crate::provider::http_error::{ErrorResponse, from_response};
use crate::provider::quirks::{KeyHeader, quirks_of};
use crate::provider::{Api, ErrorKind, ModelFacts, ProviderError, ProviderSettings};

const PAGES_MAX: usize = 50;
const PAGE_BYTES_MAX: usize = 16 << 20;
/// A list is no answer of a model: it comes soon or not at all.
const PAGE_LIMIT: Duration = Duration::from_secs(15);

/// A list of models, and how the server was to reach.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub models: Vec<ModelFacts>,
    /// Of HTTP, as in `HTTP/2`.
    pub version: &'static str,
    /// From the send of the first request to the head of its response.
    pub first_answer: Duration,
}

/// All models of the provider. Sends the key as a request for an answer would.
pub async fn fetch_models(settings: &ProviderSettings, client: &HttpClient) -> Result<Fetched, ProviderError> {
    let url = format!("{}/models", settings.base_url);
    let context = ErrorContext::new(settings, &settings.model, &url);
    let fetched = fetch_pages(settings, client, &url).await;
    fetched.map_err(|error| {
        let mut error = context.complete(error);
        error.request = Some(format!("GET {url}"));
        error
    })
}

async fn fetch_pages(settings: &ProviderSettings, client: &HttpClient, url: &str) -> Result<Fetched, ProviderError> {
    let mut fetched = Fetched { models: Vec::new(), version: "", first_answer: Duration::ZERO };
    let mut page_url = first_url(settings.api, url);
    for page in 0..PAGES_MAX {
        let request = request(settings, &page_url)?;
        let started = Instant::now();
        let response = tokio::time::timeout(PAGE_LIMIT, client.get(request)).await.map_err(|_| too_slow())??;
        if page == 0 {
            fetched.version = response.version();
            fetched.first_answer = started.elapsed();
        }
        let answer = read_page(response).await?;
        let models = read_models(&answer)
            .ok_or_else(|| ProviderError::new(ErrorKind::BadResponse, "the answer to /models is no list of models"))?;
        fetched.models.extend(models);
        match next_page(&answer) {
            None => break,
            Some((name, value)) => {
                let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                let first = first_url(settings.api, url);
                let joint = if first.contains('?') { '&' } else { '?' };
                page_url = format!("{first}{joint}{name}={encoded}");
            }
        }
    }
    Ok(fetched)
}

/// Larger pages where the usual ones are small.
fn first_url(api: Api, url: &str) -> String {
    match api {
        Api::Anthropic => format!("{url}?limit=1000"),
        Api::Gemini => format!("{url}?pageSize=1000"),
        Api::OpenaiChat | Api::OpenaiResponses | Api::Demo | Api::Replay => url.to_owned(),
    }
}

fn request(settings: &ProviderSettings, url: &str) -> Result<HttpRequest, ProviderError> {
    let parsed = url::Url::parse(url)
        .map_err(|error| ProviderError::new(ErrorKind::Rejected, format!("base_url is not usable: {error}")))?;
    let host = parsed.host_str().unwrap_or_default();
    let mut headers = settings.headers.clone();
    let key = settings.key.as_ref();
    let is_plain = parsed.scheme() == "http" && !crate::http::is_loopback_host(host);
    if is_plain && (key.is_some() || headers.iter().any(|(name, _)| is_secret_header(name))) {
        let message = format!("the API key is not sent in clear text to {host} (http://)");
        return Err(ProviderError::new(ErrorKind::Auth, message).hint("use https:// in base_url"));
    }
    let header = match settings.api {
        Api::Anthropic => {
            headers.push(("anthropic-version".to_owned(), "2023-06-01".to_owned()));
            Some("x-api-key")
        }
        Api::Gemini => Some("x-goog-api-key"),
        Api::OpenaiChat | Api::OpenaiResponses | Api::Demo | Api::Replay => match quirks_of(host).key_header {
            KeyHeader::Bearer => None,
            KeyHeader::ApiKey => Some("api-key"),
        },
    };
    let bearer = match (header, key) {
        (None, key) => key.cloned(),
        (Some(name), Some(key)) => {
            headers.push((name.to_owned(), Secret::expose(key).to_owned()));
            None
        }
        (Some(_), None) => None,
    };
    Ok(HttpRequest {
        url: url.to_owned(),
        accept: "application/json",
        is_whole: false,
        bearer,
        headers,
        body: Bytes::new(),
        asked: None,
    })
}

async fn read_page(mut response: HttpResponse) -> Result<Value, ProviderError> {
    let mut body = Vec::new();
    let reading = async {
        while let Some(bytes) = response.chunk().await? {
            if body.len() + bytes.len() > PAGE_BYTES_MAX {
                return Err(ProviderError::new(ErrorKind::BadResponse, "the list of models is larger than 16 MiB"));
            }
            body.extend_from_slice(&bytes);
        }
        Ok::<(), ProviderError>(())
    };
    tokio::time::timeout(PAGE_LIMIT, reading).await.map_err(|_| too_slow())??;
    let status = response.status();
    if !(200..300).contains(&status) {
        let header = |name: &str| response.header(name).map(str::to_owned);
        return Err(from_response(&ErrorResponse { status, body: &String::from_utf8_lossy(&body), header: &header }));
    }
    serde_json::from_slice(&body)
        .map_err(|_| ProviderError::new(ErrorKind::BadResponse, "the answer to /models is no JSON"))
}

fn too_slow() -> ProviderError {
    ProviderError::new(ErrorKind::Network, format!("no list of models within {} s", PAGE_LIMIT.as_secs()))
}
