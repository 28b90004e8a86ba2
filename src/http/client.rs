//! The one pooled client of the process.
//!
//! Everything that costs time is built on first use: most runs need one of three kinds of client, and
//! a server on this machine needs no certificate store.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, Method, Url, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{HttpError, HttpErrorKind, Target};
use super::names::Names;
use super::prewarm::{Lease, Origin, PURPOSE, PrewarmLayer, Purpose, Reserved, WARM_MAX, WarmConnections};
use super::recording::{Asked, Playback, Played, Player, Recorder, Tape};
use super::{HttpSettings, Secret, tls};

const USER_AGENT: &str = concat!("sayso/", env!("CARGO_PKG_VERSION"));
const PING_TIMEOUT_MAX: Duration = Duration::from_secs(10);
const POOL_IDLE_INTERACTIVE: Duration = Duration::from_secs(600);

/// How long the process is going to use its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// One question and out.
    OneShot,
    /// A REPL: connections are kept alive with pings while a person thinks.
    Interactive,
}

/// A request, with a JSON body where it is a POST.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    pub url: String,
    /// What is expected back, as in `text/event-stream`.
    pub accept: &'static str,
    /// The head comes only with the whole answer: as much time as for a first token.
    pub is_whole: bool,
    pub bearer: Option<Secret>,
    /// Further headers. They can hold keys, so they are treated like one.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// What a record says of it. A request without is not recorded.
    pub asked: Option<Asked>,
}

/// A response whose body is still to come. Dropping it cancels the request.
#[derive(Debug)]
pub struct HttpResponse {
    source: Source,
    tape: Option<Box<Tape>>,
}

#[derive(Debug)]
enum Source {
    Socket(Box<SocketResponse>),
    Record { status: u16, version: &'static str, headers: Vec<(String, String)>, body: Playback },
}

#[derive(Debug)]
struct SocketResponse {
    inner: reqwest::Response,
    target: Target,
    lease: Lease,
    _permit: OwnedSemaphorePermit,
}

#[derive(Clone)]
pub struct HttpClient(Arc<Shared>);

struct Shared {
    settings: HttpSettings,
    lifetime: Lifetime,
    /// http without a proxy: no certificate store.
    plain: OnceLock<Result<Pair, String>>,
    /// https without a proxy.
    tls: OnceLock<Result<Pair, String>>,
    /// Whatever the environment says about proxies.
    proxied: OnceLock<Result<Pair, String>>,
    permits: Arc<Semaphore>,
    warm: WarmConnections,
    names: Names,
    tap: Tap,
}

/// What stands between a client and the network.
#[derive(Clone, Default)]
pub enum Tap {
    #[default]
    Nothing,
    /// Exchanges are written down.
    Recorder(Recorder),
    /// The network is never reached: a record answers.
    Player(Player),
}

impl HttpClient {
    /// The network and nothing else.
    #[cfg(test)]
    #[must_use]
    pub fn new(settings: HttpSettings, lifetime: Lifetime) -> Self {
        Self::with_tap(settings, lifetime, Tap::Nothing)
    }

    /// No network, no certificate store: those come with the first https request.
    #[must_use]
    pub fn with_tap(settings: HttpSettings, lifetime: Lifetime, tap: Tap) -> Self {
        let permits = Arc::new(Semaphore::new(settings.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
        Self(Arc::new(Shared {
            settings,
            lifetime,
            plain: OnceLock::new(),
            tls: OnceLock::new(),
            proxied: OnceLock::new(),
            permits,
            warm: WarmConnections::default(),
            names: Names::default(),
            tap,
        }))
    }

    /// A client like this one that is answered by `player`.
    #[must_use]
    pub fn playing(&self, player: Player) -> Self {
        Self::with_tap(self.0.settings.clone(), self.0.lifetime, Tap::Player(player))
    }

    /// What exchanges are written down by.
    #[must_use]
    pub fn recorder(&self) -> Option<&Recorder> {
        match &self.0.tap {
            Tap::Recorder(recorder) => Some(recorder),
            Tap::Nothing | Tap::Player(_) => None,
        }
    }

    /// The record that answers instead of the network.
    #[must_use]
    pub fn player(&self) -> Option<&Player> {
        match &self.0.tap {
            Tap::Player(player) => Some(player),
            Tap::Nothing | Tap::Recorder(_) => None,
        }
    }

    /// Opens a connection for the next request to the origin of `url`, in the background, unless there
    /// is one, and sends nothing. Must be called inside a runtime. Failures show with the real request.
    pub fn prewarm(&self, url: &str) {
        if !self.0.settings.prewarm || self.player().is_some() {
            return;
        }
        let Ok(url) = parse_url(url) else { return };
        let origin = origin_of(&url);
        let Some(Reserved { number, sender }) = self.0.warm.reserve(&origin) else { return };
        let client = self.clone();
        tokio::spawn(async move {
            let place = Arc::new(Mutex::new(Some(sender)));
            if let Ok(inner) = client.client_for(&url) {
                let request = inner.connecting.head(url).send();
                // Fails in any case: the connector keeps the connection.
                let _ = PURPOSE.scope(Purpose::Prewarm(place.clone()), request).await;
            }
            drop(place);
            tokio::time::sleep(WARM_MAX).await;
            client.0.warm.expire(&origin, number);
        });
    }

    /// Sends `request` once and waits for the head of the response.
    pub async fn post(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.send(Method::POST, request).await
    }

    /// The same without a body.
    pub async fn get(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.send(Method::GET, request).await
    }

    async fn send(&self, method: Method, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        match (&self.0.tap, &request.asked) {
            (Tap::Player(player), asked) => {
                let Played { status, version, headers, body } = player.answer(asked.as_ref()).await?;
                Ok(HttpResponse { source: Source::Record { status, version, headers, body }, tape: None })
            }
            (Tap::Recorder(recorder), Some(asked)) => {
                let mut tape = Box::new(recorder.begin(asked, &request));
                let mut response =
                    self.send_over_network(method, request).await.inspect_err(|error| tape.fail(error))?;
                let header = |name: &str| response.header(name).map(str::to_owned);
                tape.response(response.status(), response.version(), &header);
                response.tape = Some(tape);
                Ok(response)
            }
            (Tap::Nothing | Tap::Recorder(_), _) => self.send_over_network(method, request).await,
        }
    }

    async fn send_over_network(&self, method: Method, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = parse_url(&request.url)?;
        let target = Target::of(&url);
        let settings = &self.0.settings;
        let (limit, too_late): (u64, fn(&Target, Duration) -> HttpError) = if request.is_whole {
            (settings.first_token_timeout_ms, HttpError::answer_timeout)
        } else {
            (settings.first_byte_timeout_ms, HttpError::first_byte_timeout)
        };
        let limit = Duration::from_millis(limit);
        let sending = self.send_to(url, &target, (method, request));
        tokio::time::timeout(limit, sending).await.unwrap_or_else(|_| Err(too_late(&target, limit)))
    }

    async fn send_to(
        &self,
        url: Url,
        target: &Target,
        (method, request): (Method, HttpRequest),
    ) -> Result<HttpResponse, HttpError> {
        let bad = |message: String| HttpError::new(HttpErrorKind::BadRequest, message);
        let permit = self.0.permits.clone().acquire_owned().await.map_err(|error| bad(error.to_string()))?;
        let client = &self.client_for(&url)?.sending;
        let headers = headers_of(&request)?;
        let origin = origin_of(&url);
        let lease = self.0.warm.lease(origin.clone());
        let sending = client.request(method, url.clone()).headers(headers).body(request.body).send();
        let is_fresh = Arc::new(AtomicBool::new(false));
        let purpose = Purpose::Request { origin, is_fresh: is_fresh.clone() };
        match PURPOSE.scope(purpose, sending).await {
            Ok(inner) => {
                if inner.version() == Version::HTTP_2 {
                    lease.is_reusable();
                }
                let socket = SocketResponse { inner, target: target.clone(), lease, _permit: permit };
                Ok(HttpResponse { source: Source::Socket(Box::new(socket)), tape: None })
            }
            Err(error) => {
                let mut error = self.explain(&error, target);
                let was_kept = !is_fresh.load(Ordering::Relaxed);
                error.is_stale_connection = error.kind == HttpErrorKind::Closed && was_kept;
                Err(error)
            }
        }
    }

    fn explain(&self, error: &reqwest::Error, target: &Target) -> HttpError {
        let limit = Duration::from_millis(self.0.settings.connect_timeout_ms);
        if error.is_connect() && error.is_timeout() && self.0.names.is_unanswered(&target.host) {
            return HttpError::resolve_timeout(target, limit);
        }
        let mut error = HttpError::before_response(error, target, Some(limit));
        if self.is_proxied(target) && matches!(error.kind, HttpErrorKind::Connect | HttpErrorKind::ConnectTimeout) {
            error.hint = Some(
                "llm.http.trust_env is on: HTTP_PROXY, HTTPS_PROXY and NO_PROXY say which way the request goes".into(),
            );
        }
        error
    }

    /// Whether the environment says which way a request goes.
    fn is_proxied(&self, target: &Target) -> bool {
        self.0.settings.trust_env && !target.is_loopback
    }

    fn client_for(&self, url: &Url) -> Result<&Pair, HttpError> {
        let shared = &*self.0;
        let client = match (self.is_proxied(&Target::of(url)), url.scheme()) {
            (true, _) => shared.proxied.get_or_init(|| shared.build(&Route::Proxied)),
            (false, "https") => shared.tls.get_or_init(|| shared.build(&Route::Tls)),
            (false, _) => shared.plain.get_or_init(|| shared.build(&Route::Plain)),
        };
        client.as_ref().map_err(|reason| HttpError::new(HttpErrorKind::Unusable, reason.clone()))
    }
}

/// Two clients with the same settings. The second one only connects: its pool stays empty, so that
/// nothing it is asked to send can go out over a connection that is there already.
struct Pair {
    sending: Client,
    connecting: Client,
}

/// Which of the three pairs of clients.
enum Route {
    Plain,
    Tls,
    Proxied,
}

impl Shared {
    fn build(&self, route: &Route) -> Result<Pair, String> {
        let tls = match route {
            Route::Plain => tls::config_without_roots()?,
            Route::Tls | Route::Proxied => tls::config_with_roots(&self.settings)?,
        };
        let build = |tls| {
            let built = self.builder(route).tls_backend_preconfigured(tls).build();
            built.map_err(|error| format!("cannot set up the HTTP client: {error}"))
        };
        Ok(Pair { sending: build(tls.clone())?, connecting: build(tls)? })
    }

    fn builder(&self, route: &Route) -> ClientBuilder {
        let settings = &self.settings;
        let mut builder = Client::builder()
            .connector_layer(PrewarmLayer(self.warm.clone()))
            .dns_resolver(self.names.clone())
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
            .pool_max_idle_per_host(settings.max_keepalive_connections)
            // Read where a server sends it unasked, too; the header below says whether it is asked for.
            .gzip(true);
        if !settings.http2 {
            builder = builder.http1_only();
        }
        if matches!(route, Route::Plain | Route::Tls) {
            builder = builder.no_proxy();
        }
        if self.lifetime == Lifetime::Interactive {
            let interval = Duration::from_millis(settings.ping_interval_ms);
            builder = builder
                .http2_keep_alive_interval(interval)
                .http2_keep_alive_timeout(interval.min(PING_TIMEOUT_MAX))
                .http2_keep_alive_while_idle(true)
                .pool_idle_timeout(POOL_IDLE_INTERACTIVE);
        }
        if !settings.compression {
            builder = builder
                .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]));
        }
        builder
    }
}

impl HttpResponse {
    #[must_use]
    pub fn status(&self) -> u16 {
        match &self.source {
            Source::Socket(socket) => socket.inner.status().as_u16(),
            Source::Record { status, .. } => *status,
        }
    }

    /// As in `HTTP/2`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        match &self.source {
            Source::Socket(socket) => match socket.inner.version() {
                Version::HTTP_2 => "HTTP/2",
                Version::HTTP_10 => "HTTP/1.0",
                _ => "HTTP/1.1",
            },
            Source::Record { version, .. } => version,
        }
    }

    /// The first header of that name, where it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        match &self.source {
            Source::Socket(socket) => socket.inner.headers().get(name)?.to_str().ok(),
            Source::Record { headers, .. } => {
                let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.as_str())
            }
        }
    }

    /// The next part of the body as it came; `None` at its end. Cancel-safe.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        let chunk = match &mut self.source {
            Source::Socket(socket) => socket.chunk().await,
            Source::Record { body, .. } => body.chunk().await,
        };
        if let Some(tape) = &mut self.tape {
            match &chunk {
                Ok(Some(bytes)) => tape.chunk(bytes),
                Ok(None) => tape.end(),
                Err(error) => tape.fail(error),
            }
        }
        chunk
    }
}

impl SocketResponse {
    async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        match self.inner.chunk().await {
            Ok(None) => {
                let connection = self.inner.headers().get("connection").and_then(|value| value.to_str().ok());
                let is_closing = connection.is_some_and(|value| value.eq_ignore_ascii_case("close"));
                if self.inner.version() == Version::HTTP_11 && !is_closing {
                    self.lease.is_reusable();
                }
                Ok(None)
            }
            Ok(chunk) => Ok(chunk),
            Err(error) => Err(HttpError::in_body(&error, &self.target)),
        }
    }
}

fn parse_url(text: &str) -> Result<Url, HttpError> {
    let bad = |reason: &str| HttpError::new(HttpErrorKind::BadRequest, format!("base_url is not usable: {reason}"));
    let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.host_str().is_some() => Ok(url),
        "http" | "https" => Err(bad("it names no host")),
        other => Err(bad(&format!("{other}:// is neither http:// nor https://"))),
    }
}

fn origin_of(url: &Url) -> Origin {
    let Target { host, port, .. } = Target::of(url);
    format!("{}://{host}:{port}", url.scheme())
}

/// Whether `url` is one of this machine.
#[must_use]
pub fn is_loopback_url(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(is_loopback_host))
}

/// Whether `host`, as it stands in a URL, is this machine.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback(),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
        Err(_) => {
            let name = bare.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

fn headers_of(request: &HttpRequest) -> Result<HeaderMap, HttpError> {
    let bad = |message: String| HttpError::new(HttpErrorKind::BadRequest, message);
    let secret_value = |text: &str| {
        let mut value = HeaderValue::from_str(text)?;
        value.set_sensitive(true);
        Ok::<_, reqwest::header::InvalidHeaderValue>(value)
    };
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 4);
    headers.insert(ACCEPT, HeaderValue::from_static(request.accept));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = &request.bearer {
        let value = secret_value(&format!("Bearer {}", key.expose()))
            .map_err(|_| bad("the API key holds characters that no HTTP header can hold".to_owned()))?;
        headers.insert(AUTHORIZATION, value);
    }
    for (name, text) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(format!("`{name}` is no header name")))?;
        let value =
            secret_value(text).map_err(|_| bad(format!("the header {name} holds characters that it cannot")))?;
        headers.insert(name, value);
    }
    Ok(headers)
}
