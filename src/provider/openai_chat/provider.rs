//! A server that speaks chat-completions: sends the request, makes an error of a bad answer.

use std::cell::RefCell;
use std::fmt::Write;
use std::time::Duration;

use super::dialect::Dialect;
use super::request::Body;
use crate::http::{HttpClient, HttpRequest, HttpResponse, is_loopback_host};
use crate::provider::error_context::{ErrorContext, is_secret_header, key_hint};
use crate::provider::http_error::{BODY_BYTES_MAX, ErrorResponse, from_response, request_id};
use crate::provider::quirks::{KeyHeader, Quirks, quirks_of};
use crate::provider::{
    Api, ChatRequest, ErrorKind, EventStream, Opening, Provider, ProviderError, ProviderNote, ProviderSettings, learnt,
};

/// A server that answers with an error has this long to say which.
const ERROR_BODY_MAX: Duration = Duration::from_secs(5);
/// One try for each parameter that is refused, and the first; who refuses more has another reason.
const OPENINGS_MAX: usize = 5;

/// Where Azure wants the key.
const API_KEY_HEADER: &str = "api-key";

pub struct OpenAiChat {
    settings: ProviderSettings,
    client: HttpClient,
    url: String,
    host: String,
    quirks: Quirks,
    notes: RefCell<Vec<ProviderNote>>,
}

impl OpenAiChat {
    /// Needs no network and no key; both are asked for by [`Provider::open`].
    #[must_use]
    pub fn new(settings: ProviderSettings, client: HttpClient) -> Self {
        let url = endpoint(&settings.base_url);
        let host = host_of(&settings.base_url).to_owned();
        let quirks = quirks_of(&host);
        Self { settings, client, url, host, quirks, notes: RefCell::default() }
    }

    async fn open_learning(&self, request: &ChatRequest<'_>) -> Result<EventStream, ProviderError> {
        let mut context = ErrorContext::new(&self.settings, request.model, &self.url);
        self.check_key().map_err(|error| context.complete(error))?;
        let known = self.dialect(request.model);
        let mut dialect = known.clone();
        let mut openings = 0;
        loop {
            openings += 1;
            let sent = self.client.post(self.http_request(request, &dialect)?).await;
            let response = sent.map_err(|error| context.complete(error.into()))?;
            if (200..300).contains(&response.status()) {
                self.notes.replace(dialect.notes(&known, &self.settings.name, request));
                context.request_id = request_id(&|name| response.header(name).map(str::to_owned));
                return Ok(EventStream::from_http(response, context));
            }
            let (error, body) = read_error(response).await;
            let changed = match error.status {
                Some(400 | 422) if openings < OPENINGS_MAX => dialect.after_refusal(&body, request),
                Some(_) | None => None,
            };
            match changed {
                Some(changed) => {
                    learnt::learn(&self.learnt_key(request.model), &changed);
                    dialect = changed;
                }
                None => return Err(context.complete(error)),
            }
        }
    }

    fn http_request(&self, request: &ChatRequest<'_>, dialect: &Dialect) -> Result<HttpRequest, ProviderError> {
        let origin = self.replay_origin(request.model);
        let body = serde_json::to_vec(&Body { request, origin: &origin, dialect }).map_err(|error| {
            ProviderError::new(ErrorKind::Rejected, format!("the request cannot be written: {error}"))
        })?;
        let mut headers = self.settings.headers.clone();
        let bearer = match (self.quirks.key_header, &self.settings.key) {
            (KeyHeader::ApiKey, Some(key)) => {
                headers.push((API_KEY_HEADER.to_owned(), key.expose().to_owned()));
                None
            }
            (KeyHeader::Bearer, key) => key.clone(),
            (KeyHeader::ApiKey, None) => None,
        };
        Ok(HttpRequest { url: self.url.clone(), accept: accept(request), bearer, headers, body: body.into() })
    }

    /// A key is needed but on this machine, and never sent where others can read it: so a server elsewhere without
    /// TLS is one that wants none.
    fn check_key(&self) -> Result<(), ProviderError> {
        let Self { settings, host, .. } = self;
        let is_local = is_loopback_host(host);
        let has_own_header = settings.headers.iter().any(|(name, _)| is_secret_header(name));
        let is_plain = settings.base_url.trim_start().to_ascii_lowercase().starts_with("http://");
        if settings.key.is_none() && !has_own_header && !is_local && !is_plain {
            let message = format!("no API key (looked for {})", settings.key_source);
            return Err(ProviderError::new(ErrorKind::Auth, message).hint(key_hint(&settings.key_source)));
        }
        if is_plain && !is_local && (settings.key.is_some() || has_own_header) {
            let message = format!("the API key is not sent in clear text to {host} (http://)");
            return Err(ProviderError::new(ErrorKind::Auth, message)
                .hint("use https:// in base_url, or set no key for a server that needs none"));
        }
        Ok(())
    }

    fn dialect(&self, model: &str) -> Dialect {
        learnt::recall(&self.learnt_key(model)).unwrap_or_else(|| Dialect::of(&self.quirks))
    }

    /// What a server takes can differ from model to model.
    fn learnt_key(&self, model: &str) -> String {
        format!("{} {} {model}", Api::OpenaiChat.name(), self.settings.base_url)
    }
}

impl Provider for OpenAiChat {
    fn describe(&self, request: &ChatRequest<'_>) -> String {
        let origin = self.replay_origin(request.model);
        let dialect = self.dialect(request.model);
        let body = Body { request, origin: &origin, dialect: &dialect };
        let body = serde_json::to_string_pretty(&body).unwrap_or_else(|error| error.to_string());
        let mut text = format!("POST {}\naccept: {}\ncontent-type: application/json\n", self.url, accept(request));
        if self.settings.key.is_some() {
            text.push_str(match self.quirks.key_header {
                KeyHeader::Bearer => "Authorization: Bearer [redacted]\n",
                KeyHeader::ApiKey => "api-key: [redacted]\n",
            });
        }
        for (name, value) in &self.settings.headers {
            let value = if is_secret_header(name) { "[redacted]" } else { value };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name}: {value}");
        }
        format!("{text}\n{body}\n")
    }

    fn open<'a>(&'a self, request: &'a ChatRequest<'a>) -> Opening<'a> {
        Box::pin(self.open_learning(request))
    }

    fn prewarm(&self) {
        if self.check_key().is_ok() {
            self.client.prewarm(&self.url);
        }
    }

    fn take_notes(&self) -> Vec<ProviderNote> {
        self.notes.take()
    }

    fn replay_origin(&self, model: &str) -> String {
        format!("{} {} {model}", Api::OpenaiChat.name(), self.settings.base_url)
    }
}

fn accept(request: &ChatRequest<'_>) -> &'static str {
    if request.stream { "text/event-stream" } else { "application/json" }
}

/// `/chat/completions` below the base URL, before its query.
fn endpoint(base_url: &str) -> String {
    let (path, query) = match base_url.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (base_url, String::new()),
    };
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix("/chat/completions").unwrap_or(path);
    format!("{path}/chat/completions{query}")
}

/// The host in a URL, without user, port and path.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.find(']') {
        Some(end) => &host[..=end],
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// The error and its body, as far as that comes.
async fn read_error(mut response: HttpResponse) -> (ProviderError, String) {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(bytes)) = response.chunk().await {
            let room = BODY_BYTES_MAX - body.len();
            body.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if body.len() >= BODY_BYTES_MAX {
                break;
            }
        }
    };
    // What came in time is all there is to show.
    let _ = tokio::time::timeout(ERROR_BODY_MAX, reading).await;
    let body = String::from_utf8_lossy(&body).into_owned();
    let header = |name: &str| response.header(name).map(str::to_owned);
    let error = from_response(&ErrorResponse { status: response.status(), body: &body, header: &header });
    (error, body)
}
