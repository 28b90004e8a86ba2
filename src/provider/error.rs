//! What can go wrong with a provider, sorted by what the caller can do about it.

use std::time::Duration;

/// Decides the exit code, whether a retry helps, and the hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// No key, or one that was refused (401, 403).
    Auth,
    /// Too many requests (429): waiting helps.
    RateLimited,
    /// The account is used up (402, `insufficient_quota`): waiting does not help.
    Quota,
    /// The user's own budget is reached, or cannot be held: nothing was sent.
    Budget,
    /// A file or a setting of this machine cannot be used: nothing was sent.
    LocalFile,
    /// The request itself is wrong (400, 404, 422).
    Rejected,
    /// The request does not fit the model (413, or the server says so).
    ContextTooLong,
    /// The server asks to try again (408, 409).
    TryAgain,
    /// The server failed (5xx, 529).
    Failed,
    /// Nothing came back: name, address, TLS, or silence before the first token.
    Network,
    /// The certificate was not accepted; a retry does not help.
    Tls,
    /// A 200 that holds no answer.
    BadResponse,
    /// The stream ended or fell silent after the first token.
    Disconnected,
}

impl ErrorKind {
    const ALL: [Self; 13] = [
        Self::Auth,
        Self::RateLimited,
        Self::Quota,
        Self::Budget,
        Self::LocalFile,
        Self::Rejected,
        Self::ContextTooLong,
        Self::TryAgain,
        Self::Failed,
        Self::Network,
        Self::Tls,
        Self::BadResponse,
        Self::Disconnected,
    ];

    /// The kind whose [`ErrorKind::name`] this is.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The class in `error[class]`, in JSON and in the history.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::RateLimited => "rate_limit",
            Self::Quota => "quota",
            Self::Budget => "budget",
            Self::LocalFile => "config",
            Self::Rejected => "rejected",
            Self::ContextTooLong => "context_too_long",
            Self::TryAgain => "try_again",
            Self::Failed => "provider",
            Self::Network => "network",
            Self::Tls => "tls",
            Self::BadResponse => "bad_response",
            Self::Disconnected => "disconnected",
        }
    }
}

/// A failed request. Boxed details keep the `Ok` path small.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    pub kind: ErrorKind,
    /// One line, a lower-case fragment such as `cannot connect to localhost:11434 (refused)`.
    /// It can hold text of the server: sanitise before it is shown.
    pub message: String,
    pub status: Option<u16>,
    /// As in `POST https://openrouter.ai/api/v1/chat/completions`.
    pub request: Option<String>,
    /// The server's own id of the request.
    pub request_id: Option<String>,
    /// Where the key came from and its last four characters, as in
    /// `OPENROUTER_API_KEY (environment), ends in …3f9a`.
    pub key_source: Option<String>,
    /// What the server asks for, as a wait from now.
    pub retry_after: Option<Duration>,
    /// The server's `x-should-retry`.
    pub should_retry: Option<bool>,
    /// What to do now, as a sentence.
    pub hint: Option<String>,
}

impl ProviderError {
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            request: None,
            request_id: None,
            key_source: None,
            retry_after: None,
            should_retry: None,
            hint: None,
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
