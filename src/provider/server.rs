//! A server of a model API, whatever its dialect: sends the request, makes an error of a bad answer.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::marker::PhantomData;
use std::time::Duration;

use super::accepted::{ANSWER_FORMAT, Accepted};
use super::dialect::{Asked, Dialect, KeyPlace};
use super::error_context::{ErrorContext, is_secret_header, key_hint};
use super::http_error::{BODY_BYTES_MAX, CUT_MARK, ErrorResponse, from_response, request_id, without_query};
use super::quirks::{KeyHeader, quirks_of};
use super::{
    ChatRequest, ErrorKind, EventStream, Opening, Provider, ProviderError, ProviderNote, ProviderSettings, content,
    learnt,
};
use crate::conversation::ToolSpec;
use crate::http::{Asked as AskedOf, HttpClient, HttpRequest, HttpResponse, Player, is_loopback_host};

/// A server that answers with an error has this long to say which.
const ERROR_BODY_MAX: Duration = Duration::from_secs(5);
/// One try for each parameter that can be refused, and the first.
const OPENINGS_MAX: usize = 5;

/// One account with a server that speaks the dialect `D`.
pub struct Server<D> {
    settings: ProviderSettings,
    client: HttpClient,
    host: String,
    key_place: KeyPlace,
    notes: RefCell<Vec<ProviderNote>>,
    /// See [`Accepted::refused_tools`].
    refused_tools: RefCell<BTreeSet<String>>,
    dialect: PhantomData<D>,
}

impl<D: Dialect> Server<D> {
    /// Needs no network and no key; both are asked for by [`Provider::open`].
    #[must_use]
    pub fn new(settings: ProviderSettings, client: HttpClient) -> Self {
        let host = host_of(&settings.base_url).to_owned();
        // Azure wants the key of every API of OpenAI in a header of its own.
        let key_place = match (D::KEY, quirks_of(&host).key_header) {
            (KeyPlace::Bearer, KeyHeader::ApiKey) => KeyPlace::Header("api-key"),
            (place, KeyHeader::Bearer | KeyHeader::ApiKey) => place,
        };
        Self {
            settings,
            client,
            host,
            key_place,
            notes: RefCell::default(),
            refused_tools: RefCell::default(),
            dialect: PhantomData,
        }
    }

    async fn open_learning(&self, request: &ChatRequest<'_>) -> Result<EventStream, ProviderError> {
        let url = D::url(&self.settings.base_url, request);
        let mut context = ErrorContext::new(&self.settings, request.model, &url).ending(D::BASE_URL_ENDING);
        self.check_key().map_err(|error| context.complete(error))?;
        let known = self.accepted(request.model);
        let mut accepted = known.clone();
        let mut openings = 0;
        loop {
            openings += 1;
            let system = Self::worded(request, &accepted);
            let tools = offered(request.tools, &accepted);
            let asked = adapted(request, system.as_deref(), &tools);
            let sent = self.client.post(self.http_request(&url, &asked, &accepted)?).await;
            let response = sent.map_err(|error| context.complete(error.into()))?;
            if (200..300).contains(&response.status()) {
                self.notes.replace(accepted.notes(&known, &self.settings.name, request));
                context.request_id = request_id(&|name| response.header(name).map(str::to_owned));
                return Ok(EventStream::from_http(response, D::decoder(), context));
            }
            let (error, body) = read_error(response).await;
            let error = content::explain_refusal(error, request.messages, &self.host);
            let changed = match error.status {
                Some(400 | 422) if openings < OPENINGS_MAX => accepted.after_refusal(&body, D::OPTIONAL, &asked),
                Some(_) | None => None,
            };
            let Some(changed) = changed else { return Err(context.complete(error)) };
            // A record answers as the server did then: what it teaches is not for the server of today.
            if self.client.player().is_none() && changed.is_lasting(&accepted, &body) {
                learnt::learn(&self.learnt_key(request.model), &changed);
            }
            self.refused_tools.replace(changed.refused_tools.clone());
            accepted = changed;
        }
    }

    /// The system prompt with the schema of the answer in words, where the server has no mode for that.
    fn worded(request: &ChatRequest<'_>, accepted: &Accepted) -> Option<String> {
        let format = request.answer?;
        if !accepted.leaves_out(ANSWER_FORMAT) && (format.is_object || !D::OBJECTS_ONLY) {
            return None;
        }
        let instructions = format.instructions();
        Some(request.system.map_or_else(|| instructions.clone(), |system| format!("{system}\n\n{instructions}")))
    }

    fn http_request(
        &self,
        url: &str,
        request: &ChatRequest<'_>,
        accepted: &Accepted,
    ) -> Result<HttpRequest, ProviderError> {
        let origin = self.replay_origin(request.model);
        let body = D::body(Asked { request, origin: &origin, accepted });
        let mut written = Vec::with_capacity(content::bytes_of(request.messages));
        serde_json::to_writer(&mut written, &body).map_err(|error| {
            ProviderError::new(ErrorKind::Rejected, format!("the request cannot be written: {error}"))
        })?;
        let key = self.settings.key.as_ref();
        let own = D::HEADERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let own = own.chain(key.and_then(|key| self.key_place.header(key)));
        Ok(HttpRequest {
            url: url.to_owned(),
            accept: accept(request),
            is_whole: !request.stream,
            bearer: key.filter(|_| self.key_place == KeyPlace::Bearer).cloned(),
            // The user's come last, because the last one of a name counts.
            headers: own.chain(self.settings.headers.iter().cloned()).collect(),
            body: written.into(),
            asked: Some(AskedOf {
                provider: self.settings.name.clone(),
                api: D::API.name().to_owned(),
                base_url: without_query(&self.settings.base_url).to_owned(),
                model: request.model.to_owned(),
            }),
        })
    }

    /// A key is needed but on this machine, and never sent where others can read it: so a server elsewhere without
    /// TLS is one that wants none.
    fn check_key(&self) -> Result<(), ProviderError> {
        let Self { settings, host, client, .. } = self;
        if client.player().is_some() {
            return Ok(());
        }
        let is_local = is_loopback_host(host);
        let has_own_header = settings.headers.iter().any(|(name, _)| is_secret_header(name));
        let is_plain = settings.base_url.trim_start().to_ascii_lowercase().starts_with("http://");
        if settings.key.is_none() && !has_own_header && !is_local && !is_plain {
            let message = format!("no API key (looked for {})", settings.key_source);
            return Err(
                ProviderError::new(ErrorKind::Auth, message).hint(key_hint(&settings.name, &settings.key_source))
            );
        }
        if is_plain && !is_local && (settings.key.is_some() || has_own_header) {
            let message = format!("the API key is not sent in clear text to {host} (http://)");
            return Err(ProviderError::new(ErrorKind::Auth, message)
                .hint("use https:// in base_url, or set no key for a server that needs none"));
        }
        Ok(())
    }

    fn accepted(&self, model: &str) -> Accepted {
        let recalled = || learnt::recall(&self.learnt_key(model));
        let recalled = if self.client.player().is_some() { None } else { recalled() };
        let refused_tools = self.refused_tools.borrow().clone();
        Accepted { refused_tools, ..recalled.unwrap_or_else(|| D::known(&self.host, model)) }
    }

    /// What a server takes can differ from model to model.
    fn learnt_key(&self, model: &str) -> String {
        format!("{} {} {model}", D::API.name(), self.settings.base_url)
    }
}

impl<D: Dialect> Provider for Server<D> {
    fn describe(&self, request: &ChatRequest<'_>) -> String {
        let origin = self.replay_origin(request.model);
        let accepted = self.accepted(request.model);
        let system = Self::worded(request, &accepted);
        let tools = offered(request.tools, &accepted);
        let request = &adapted(request, system.as_deref(), &tools);
        let body = D::body(Asked { request, origin: &origin, accepted: &accepted });
        let body = serde_json::to_string_pretty(&body).unwrap_or_else(|error| error.to_string());
        let body = content::shortened(body, request.messages);
        let url = D::url(&self.settings.base_url, request);
        let mut text = format!("POST {url}\naccept: {}\ncontent-type: application/json\n", accept(request));
        let mut add = |name: &str, value: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name}: {value}");
        };
        match (&self.settings.key, self.key_place) {
            (Some(_), KeyPlace::Bearer) => add("Authorization", "Bearer [redacted]"),
            (Some(_), KeyPlace::Header(name)) => add(name, "[redacted]"),
            (None, _) => {}
        }
        let own = D::HEADERS.iter().copied();
        for (name, value) in own.chain(self.settings.headers.iter().map(|(name, value)| (&**name, &**value))) {
            add(name, if is_secret_header(name) { "[redacted]" } else { value });
        }
        format!("{text}\n{body}\n")
    }

    fn open<'a>(&'a self, request: &'a ChatRequest<'a>) -> Opening<'a> {
        Box::pin(self.open_learning(request))
    }

    fn prewarm(&self) {
        if self.check_key().is_ok() {
            self.client.prewarm(&self.settings.base_url);
        }
    }

    fn take_notes(&self) -> Vec<ProviderNote> {
        self.notes.take()
    }

    fn waits_between_tries(&self) -> bool {
        !self.client.player().is_some_and(Player::is_at_once)
    }

    fn replay_origin(&self, model: &str) -> String {
        self.learnt_key(model)
    }
}

/// The same request with these tools, and with this system prompt in the place of a schema.
fn adapted<'a>(request: &ChatRequest<'a>, system: Option<&'a str>, tools: &'a [ToolSpec]) -> ChatRequest<'a> {
    match system {
        Some(_) => ChatRequest { system, tools, answer: None, ..request.clone() },
        None => ChatRequest { tools, ..request.clone() },
    }
}

/// Without those whose schemas the server refuses.
fn offered<'a>(tools: &'a [ToolSpec], accepted: &Accepted) -> Cow<'a, [ToolSpec]> {
    if accepted.refused_tools.is_empty() {
        return Cow::Borrowed(tools);
    }
    tools.iter().filter(|tool| !accepted.refused_tools.contains(&tool.name)).cloned().collect()
}

fn accept(request: &ChatRequest<'_>) -> &'static str {
    if request.stream { "text/event-stream" } else { "application/json" }
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
            if bytes.len() >= room {
                body.extend_from_slice(CUT_MARK.as_bytes());
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
