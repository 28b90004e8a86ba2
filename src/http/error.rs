//! Why no answer came, read out of the chain of errors below reqwest.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

const UNRESOLVED_HINT: &str = "is this machine online, and the address right? See the provider's base_url";

/// Sorted by what the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpErrorKind {
    /// The URL or a header cannot be sent.
    BadRequest,
    /// The name has no address.
    Resolve,
    /// Nobody takes the connection.
    Connect,
    /// Nobody answers in time: whoever is silent for so long stays silent, so a retry only costs more of it.
    ConnectTimeout,
    /// The certificate or the handshake; a retry does not help.
    Tls,
    /// A setting or a file of this machine, as `ca_file`: no connection was tried.
    Unusable,
    /// The server hung up before the head of its response.
    Closed,
    /// No head of a response in time.
    FirstByteTimeout,
    /// No answer in time from a server that was to send it whole.
    AnswerTimeout,
    /// The connection broke in the body.
    Interrupted,
    /// The server has not looked at the request: safe to send it again.
    Refused,
}

impl HttpErrorKind {
    pub(super) const ALL: [Self; 11] = [
        Self::BadRequest,
        Self::Resolve,
        Self::Connect,
        Self::ConnectTimeout,
        Self::Tls,
        Self::Unusable,
        Self::Closed,
        Self::FirstByteTimeout,
        Self::AnswerTimeout,
        Self::Interrupted,
        Self::Refused,
    ];

    /// The name in a record.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::Unusable => "unusable",
            Self::Closed => "closed",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::AnswerTimeout => "answer_timeout",
            Self::Interrupted => "interrupted",
            Self::Refused => "refused",
        }
    }
}

/// No URL query and no header ever stands in the text.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct HttpError {
    pub kind: HttpErrorKind,
    /// One line, as in `cannot resolve api.example.com`.
    pub message: String,
    pub hint: Option<String>,
    /// The connection had been kept from before, and its server had left: a fresh one may do.
    pub is_stale_connection: bool,
}

/// Host and port, for the text.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_loopback: bool,
}

impl Target {
    pub(super) fn of(url: &reqwest::Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        Self {
            host: host.to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
            is_loopback: super::is_loopback_host(host),
        }
    }
}

impl HttpError {
    pub(super) fn new(kind: HttpErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, is_stale_connection: false }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn first_byte_timeout(target: &Target, limit: Duration) -> Self {
        let Target { host, port, .. } = target;
        Self::new(HttpErrorKind::FirstByteTimeout, format!("no response from {host}:{port} within {}", seconds(limit)))
            .hint("raise llm.http.first_byte_timeout_ms where the model needs longer to load")
    }

    /// A server that does not stream has worked all that time, and would work as long again.
    pub(super) fn answer_timeout(target: &Target, limit: Duration) -> Self {
        let Target { host, port, .. } = target;
        Self::new(HttpErrorKind::AnswerTimeout, format!("no answer from {host}:{port} within {}", seconds(limit)))
            .hint("raise llm.http.first_token_timeout_ms, or let the answer stream")
    }

    /// The time for the connection ended before its server had an address. A name server that is silent for so long
    /// stays silent.
    pub(super) fn resolve_timeout(target: &Target, limit: Duration) -> Self {
        let message = format!("cannot resolve {} (no answer within {})", target.host, seconds(limit));
        Self::new(HttpErrorKind::ConnectTimeout, message).hint(UNRESOLVED_HINT)
    }

    /// An error before the head of the response.
    /// `connect_timeout`: what the connection was given, where that is known.
    pub(super) fn before_response(error: &reqwest::Error, target: &Target, connect_timeout: Option<Duration>) -> Self {
        let Target { host, port, is_loopback } = target;
        let chain = Chain::of(error);
        if let Some(error) = chain.tls() {
            return tls_error(error, target);
        }
        if chain.says("dns error") {
            return Self::new(HttpErrorKind::Resolve, format!("cannot resolve {host}")).hint(UNRESOLVED_HINT);
        }
        if error.is_connect() {
            let reason = match chain.io() {
                _ if error.is_timeout() => match connect_timeout {
                    Some(limit) => format!("no answer within {}", seconds(limit)),
                    None => "no answer in time".to_owned(),
                },
                Some(io::ErrorKind::ConnectionRefused) => "refused".to_owned(),
                Some(io::ErrorKind::UnexpectedEof) => "closed during the handshake".to_owned(),
                Some(kind) => kind.to_string(),
                None => chain.last(),
            };
            let kind = if error.is_timeout() { HttpErrorKind::ConnectTimeout } else { HttpErrorKind::Connect };
            let error = Self::new(kind, format!("cannot connect to {host}:{port} ({reason})"));
            return match is_loopback {
                true => error.hint("is the server running? See the provider's base_url"),
                false => error,
            };
        }
        if chain.is_refused_stream() {
            return Self::new(HttpErrorKind::Refused, format!("{host}:{port} refused the request for now"));
        }
        if error.is_builder() || error.is_request() && chain.says("invalid") && chain.io().is_none() {
            return Self::new(HttpErrorKind::BadRequest, format!("the request cannot be sent: {}", chain.last()));
        }
        Self::new(HttpErrorKind::Closed, format!("{host}:{port} closed the connection before it answered"))
    }

    /// An error of [`bare_client`](super::bare_client), which anybody may use. It has no hint: those here are about
    /// providers.
    #[must_use]
    pub fn of_bare_client(error: &reqwest::Error) -> Self {
        let chain = || Chain::of(error).last();
        let Some(url) = error.url() else { return Self::new(HttpErrorKind::Closed, chain()) };
        let target = Target::of(url);
        let found = if error.is_body() || error.is_decode() {
            Self::in_body(error, &target)
        } else {
            Self::before_response(error, &target, None)
        };
        Self { hint: None, ..found }
    }

    /// An error in the body of the response.
    pub(super) fn in_body(error: &reqwest::Error, target: &Target) -> Self {
        let Target { host, port, .. } = target;
        let chain = Chain::of(error);
        let reason = match chain.io() {
            Some(io::ErrorKind::UnexpectedEof) => "it ended early".to_owned(),
            Some(kind) => kind.to_string(),
            None => chain.last(),
        };
        Self::new(HttpErrorKind::Interrupted, format!("the connection to {host}:{port} broke ({reason})"))
    }
}

/// The errors below an error, the outermost first.
struct Chain<'a>(Vec<&'a (dyn Error + 'static)>);

impl<'a> Chain<'a> {
    /// No real chain is longer; a loop must not hang us.
    const LENGTH_MAX: usize = 16;

    fn of(error: &'a (dyn Error + 'static)) -> Self {
        Self(std::iter::successors(Some(error), |error| below(*error)).take(Self::LENGTH_MAX).collect())
    }

    fn tls(&self) -> Option<&'a rustls::Error> {
        self.0.iter().find_map(|error| error.downcast_ref())
    }

    fn io(&self) -> Option<io::ErrorKind> {
        let is_named = |kind: &io::ErrorKind| !matches!(kind, io::ErrorKind::Other);
        self.0.iter().rev().filter_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind).find(is_named)
    }

    /// The types below reqwest cannot be named here, so their text has to do; tests hold it fast.
    fn says(&self, text: &str) -> bool {
        self.0.iter().any(|error| error.to_string().contains(text))
    }

    fn is_refused_stream(&self) -> bool {
        self.says("refused stream before processing")
    }

    fn last(&self) -> String {
        self.0.last().map(ToString::to_string).unwrap_or_default()
    }
}

fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    // An io::Error that wraps another one leaves that out of its own `source`.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn tls_error(error: &rustls::Error, target: &Target) -> HttpError {
    let Target { host, port, .. } = target;
    let (reason, hint) = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate_problem(certificate, host),
        rustls::Error::InvalidMessage(_) => {
            ("it does not speak TLS".to_owned(), "should base_url start with http:// instead of https://?")
        }
        other => (other.to_string(), "see the server's TLS settings, or set llm.http.ca_file for a private authority"),
    };
    HttpError::new(HttpErrorKind::Tls, format!("no trusted connection to {host}:{port}: {reason}")).hint(hint)
}

fn certificate_problem(problem: &CertificateError, host: &str) -> (String, &'static str) {
    const CA_FILE: &str = "for a private or company authority set llm.http.ca_file to its PEM file";
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "the certificate has expired".to_owned(),
            "see this machine's clock; the server needs a new certificate, ca_file does not help",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("the certificate is not valid yet".to_owned(), "see this machine's clock; ca_file does not help")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            format!("the certificate is for another name than {host}"),
            "use the name the certificate is for in base_url; ca_file does not help",
        ),
        CertificateError::UnknownIssuer => {
            ("the certificate is self-signed or from an unknown authority".to_owned(), CA_FILE)
        }
        // What `openssl req -x509` makes where it is told nothing else.
        other if other.to_string().contains("CaUsedAsEndEntity") => (
            "the certificate is self-signed as one of an authority, which no server may use".to_owned(),
            "make it again with `-addext basicConstraints=critical,CA:FALSE`, then set llm.http.ca_file to it",
        ),
        other => (format!("the certificate is not accepted ({other})"), CA_FILE),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
