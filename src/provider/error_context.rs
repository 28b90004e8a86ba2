//! Adds to an error what only the caller of the decoders knows: who was asked, with which key.

use super::http_error::without_query;
use super::{ErrorKind, KEY_LEFT_OUT, ProviderError, ProviderSettings};
use std::time::Duration;

use crate::http::{HttpError, HttpErrorKind, Keys, Secret};

#[derive(Clone, Debug, Default)]
pub(super) struct ErrorContext {
    name: String,
    base_url: String,
    model: String,
    request: Option<String>,
    secrets: Vec<Secret>,
    /// The first of the secrets is the provider's key.
    has_key: bool,
    key_source: String,
    /// How a base URL of the dialect usually ends.
    base_url_ending: &'static str,
    pub(super) request_id: Option<String>,
}

impl ErrorContext {
    pub(super) fn new(settings: &ProviderSettings, model: &str, url: &str) -> Self {
        let in_headers = settings.headers.iter().filter(|(name, _)| is_secret_header(name));
        let in_headers = in_headers.map(|(_, value)| Secret::new(value.clone()));
        Self {
            name: settings.name.clone(),
            base_url: settings.base_url.clone(),
            model: model.to_owned(),
            request: Some(format!("POST {}", without_query(url))),
            secrets: settings.key.iter().cloned().chain(in_headers).collect(),
            has_key: settings.key.is_some(),
            key_source: settings.key_source.clone(),
            base_url_ending: "",
            request_id: None,
        }
    }

    /// The same, with a hint for a base URL that does not end like this.
    pub(super) fn ending(self, base_url_ending: &'static str) -> Self {
        Self { base_url_ending, ..self }
    }

    pub(super) fn complete(&self, mut error: ProviderError) -> ProviderError {
        if error.hint.is_none() {
            error.hint = self.hint_for(&error);
        }
        error.message = self.with_name(&error);
        error.request = error.request.or_else(|| self.request.clone());
        error.request_id = error.request_id.or_else(|| self.request_id.clone());
        if error.kind == ErrorKind::Auth && !self.key_source.is_empty() {
            error.key_source = Some(self.described_key());
        }
        error.message = self.without_secrets(error.message);
        error.hint = error.hint.map(|hint| self.without_secrets(hint));
        error.request_id = error.request_id.map(|id| self.without_secrets(id));
        error
    }

    /// Where the key came from, and enough of it to tell two keys apart.
    fn described_key(&self) -> String {
        match self.secrets.first() {
            Some(key) if self.has_key => format!("{}, ends in {}", self.key_source, key.ending()),
            Some(_) | None => self.key_source.clone(),
        }
    }

    fn with_name(&self, error: &ProviderError) -> String {
        let message = &error.message;
        match error.kind {
            _ if self.name.is_empty() => message.clone(),
            ErrorKind::Auth if error.status.is_some() && self.secrets.is_empty() && self.key_source != KEY_LEFT_OUT => {
                format!("{} wants an API key, and none was sent: {message}", self.name)
            }
            ErrorKind::Auth if error.status.is_some() => format!("{} refused the API key: {message}", self.name),
            ErrorKind::Budget
            | ErrorKind::LocalFile
            | ErrorKind::Network
            | ErrorKind::Tls
            | ErrorKind::Disconnected => message.clone(),
            ErrorKind::Auth
            | ErrorKind::RateLimited
            | ErrorKind::Quota
            | ErrorKind::Rejected
            | ErrorKind::ContextTooLong
            | ErrorKind::TryAgain
            | ErrorKind::Failed
            | ErrorKind::BadResponse => format!("{}: {message}", self.name),
        }
    }

    fn hint_for(&self, error: &ProviderError) -> Option<String> {
        match (error.kind, error.status) {
            (ErrorKind::Auth, _) => Some(key_hint(&self.name, &self.key_source)),
            (ErrorKind::Quota, _) => Some("the account is used up: add credit there, or use another provider".into()),
            (ErrorKind::ContextTooLong, _) => {
                Some("shorten the message, leave out files, or start a new conversation".into())
            }
            (ErrorKind::Rejected, Some(300..400)) => Some("set base_url to the address it redirects to".into()),
            (ErrorKind::Rejected, Some(404 | 405)) => Some(self.not_found_hint(&error.message)),
            (ErrorKind::BadResponse, _) => Some(format!("is base_url right? It is {}", without_query(&self.base_url))),
            (
                ErrorKind::Budget
                | ErrorKind::LocalFile
                | ErrorKind::Rejected
                | ErrorKind::RateLimited
                | ErrorKind::TryAgain
                | ErrorKind::Failed
                | ErrorKind::Network
                | ErrorKind::Tls
                | ErrorKind::Disconnected,
                _,
            ) => None,
        }
    }

    fn not_found_hint(&self, message: &str) -> String {
        let base_url = without_query(&self.base_url);
        let is_about_model = message.to_lowercase().contains("model");
        let ending = self.base_url_ending;
        if !is_about_model && !base_url.ends_with(ending) {
            return format!("base_url usually ends in {ending}: try {base_url}{ending}");
        }
        format!("is the model `{}` right, and base_url {base_url}?", self.model)
    }

    /// Servers echo keys in their errors.
    fn without_secrets(&self, text: String) -> String {
        let own = Keys::of(self.secrets.iter().map(Secret::expose));
        Keys::used().clean_cut(&own.clean_cut(&text))
    }
}

/// Whether a header of that name holds a key.
pub(super) fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "auth", "secret", "cookie"].iter().any(|part| name.contains(part))
}

pub(super) fn key_hint(provider: &str, key_source: &str) -> String {
    match key_source.split_once(" (environment") {
        Some((variable, ")")) => format!("set a valid key in the environment variable {variable}"),
        Some((variable, _)) => {
            format!("set the environment variable {variable}, or run `sayso keys set {provider}`")
        }
        None if key_source.starts_with("stored key of ") => format!("`sayso keys set {provider}` keeps another one"),
        None => "set api_key_env, api_key_file or api_key_command of the provider to a valid key".to_owned(),
    }
}

impl From<HttpError> for ProviderError {
    fn from(error: HttpError) -> Self {
        let kind = match error.kind {
            HttpErrorKind::BadRequest => ErrorKind::Rejected,
            HttpErrorKind::Tls => ErrorKind::Tls,
            HttpErrorKind::Unusable => ErrorKind::LocalFile,
            HttpErrorKind::Resolve
            | HttpErrorKind::Connect
            | HttpErrorKind::ConnectTimeout
            | HttpErrorKind::Closed
            | HttpErrorKind::FirstByteTimeout
            | HttpErrorKind::AnswerTimeout
            | HttpErrorKind::Refused => ErrorKind::Network,
            HttpErrorKind::Interrupted => ErrorKind::Disconnected,
        };
        let provider_error = Self::new(kind, error.message);
        // A dead connection tells nothing about the server: there is no reason to wait for it.
        let retry_after = error.is_stale_connection.then_some(Duration::ZERO);
        let is_final = matches!(error.kind, HttpErrorKind::ConnectTimeout | HttpErrorKind::AnswerTimeout);
        let should_retry = is_final.then_some(false);
        Self { hint: error.hint, retry_after, should_retry, ..provider_error }
    }
}
