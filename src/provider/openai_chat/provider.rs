//! A server that speaks chat-completions: sends the request, makes an error of a bad answer.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::request::{Body, Dialect, MaxTokensName};
use crate::http::{HttpClient, HttpRequest, HttpResponse, is_loopback_host};
use crate::provider::error_context::{ErrorContext, is_secret_header, key_hint};
use crate::provider::http_error::{BODY_BYTES_MAX, ErrorResponse, from_response, request_id};
use crate::provider::{Api, ChatRequest, ErrorKind, EventStream, Opening, Provider, ProviderError, ProviderSettings};

/// A server that answers with an error has this long to say which.
const ERROR_BODY_MAX: Duration = Duration::from_secs(5);
/// One try for each parameter that can be refused, and the first.
const OPENINGS_MAX: usize = 3;

/// What servers have refused, by base URL; kept as long as the process lives.
static LEARNT: Mutex<Option<HashMap<String, Dialect>>> = Mutex::new(None);

pub struct OpenAiChat {
    settings: ProviderSettings,
    client: HttpClient,
    url: String,
    host: String,
}

impl OpenAiChat {
    /// Needs no network and no key; both are asked for by [`Provider::open`].
    #[must_use]
    pub fn new(settings: ProviderSettings, client: HttpClient) -> Self {
        let url = endpoint(&settings.base_url);
        let host = host_of(&settings.base_url).to_owned();
        Self { settings, client, url, host }
    }

    async fn open_learning(&self, request: &ChatRequest<'_>) -> Result<EventStream, ProviderError> {
        let mut context = ErrorContext::new(&self.settings, request.model, &self.url);
        self.check_key().map_err(|error| context.complete(error))?;
        let mut dialect = self.dialect(request.model);
        let mut openings = 0;
        loop {
            openings += 1;
            let sent = self.client.post(self.http_request(request, dialect)?).await;
            let response = sent.map_err(|error| context.complete(error.into()))?;
            if (200..300).contains(&response.status()) {
                context.request_id = request_id(&|name| response.header(name).map(str::to_owned));
                return Ok(EventStream::from_http(response, context));
            }
            let (error, body) = read_error(response).await;
            let learnt = match error.status {
                Some(400 | 422) if openings < OPENINGS_MAX => dialect.after_refusal(&body, request),
                Some(_) | None => None,
            };
            match learnt {
                Some(learnt) => dialect = self.learn(learnt, request.model),
                None => return Err(context.complete(error)),
            }
        }
    }

    fn http_request(&self, request: &ChatRequest<'_>, dialect: Dialect) -> Result<HttpRequest, ProviderError> {
        let origin = self.replay_origin(request.model);
        let body = serde_json::to_vec(&Body { request, origin: &origin, dialect }).map_err(|error| {
            ProviderError::new(ErrorKind::Rejected, format!("the request cannot be written: {error}"))
        })?;
        Ok(HttpRequest {
            url: self.url.clone(),
            accept: accept(request),
            bearer: self.settings.key.clone(),
            headers: self.settings.headers.clone(),
            body: body.into(),
        })
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
        let learnt = LEARNT.lock().unwrap_or_else(PoisonError::into_inner);
        let known = learnt.as_ref().and_then(|learnt| learnt.get(&self.learnt_key(model))).copied();
        known.unwrap_or_else(|| match self.host.as_str() {
            "api.openai.com" => Dialect { max_tokens: MaxTokensName::MaxCompletionTokens, ..Dialect::default() },
            _ => Dialect::default(),
        })
    }

    /// What a server takes can differ from model to model.
    fn learnt_key(&self, model: &str) -> String {
        format!("{} {model}", self.settings.base_url)
    }

    fn learn(&self, dialect: Dialect, model: &str) -> Dialect {
        let mut learnt = LEARNT.lock().unwrap_or_else(PoisonError::into_inner);
        learnt.get_or_insert_default().insert(self.learnt_key(model), dialect);
        dialect
    }
}

impl Provider for OpenAiChat {
    fn describe(&self, request: &ChatRequest<'_>) -> String {
        let origin = self.replay_origin(request.model);
        let body = Body { request, origin: &origin, dialect: self.dialect(request.model) };
        let body = serde_json::to_string_pretty(&body).unwrap_or_else(|error| error.to_string());
        let mut text = format!("POST {}\naccept: {}\ncontent-type: application/json\n", self.url, accept(request));
        if self.settings.key.is_some() {
            text.push_str("Authorization: Bearer [redacted]\n");
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
