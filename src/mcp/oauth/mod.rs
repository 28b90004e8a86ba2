//! Signing in to remote servers with OAuth 2.1: who we are to which authorization server, and the token of each request.
//!
//! The SDK knows discovery, registration and exchange. Ours is what surrounds it: where credentials are kept
//! and for whom they count, which addresses may be asked, who agrees, and when to stop trying.

mod assertion;
mod callback;
mod client;
mod flow;
mod machine;
mod requests;
mod revoke;
mod store;
mod tokens;

use std::path::Path;

use url::Url;

use self::requests::OauthRequests;
use self::store::Credentials;
use super::{McpError, OauthSettings};
use crate::http::{HttpSettings, is_loopback_host};

pub(super) use client::SignedClient;
pub use flow::{SignIn, SignInStart};
pub use revoke::SignedOut;
pub(super) use tokens::Tokens;

/// One MCP server, as far as signing in to it goes.
#[derive(Clone, Debug)]
pub struct OauthServer {
    /// As the configuration calls it.
    name: String,
    url: Url,
    settings: OauthSettings,
    requests: OauthRequests,
    credentials: Credentials,
}

impl OauthServer {
    /// `state_folder`: where credentials are kept; without it they end with the process.
    pub fn new(
        name: &str,
        url: &str,
        settings: &OauthSettings,
        http: &HttpSettings,
        state_folder: Option<&Path>,
    ) -> Result<Self, McpError> {
        let failed = |reason: String| McpError::SignInFailed { server: name.to_owned(), reason };
        let url = Url::parse(url).map_err(|error| failed(format!("its url is not usable: {error}")))?;
        if url.scheme() != "https" && !url.host_str().is_some_and(is_loopback_host) {
            return Err(failed("a token is sent with https only, or to this machine".to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            requests: OauthRequests::new(http.clone(), &url, settings.allow_private_addresses),
            url,
            settings: settings.clone(),
            credentials: Credentials::new(state_folder),
        })
    }

    /// Whether a token is there, good or not.
    pub fn is_signed_in(&self) -> bool {
        self.credentials.of(self.key()).is_ok_and(|entry| entry.is_some_and(|entry| entry.credentials.is_some()))
    }

    fn key(&self) -> &str {
        self.url.as_str()
    }

    fn failed(&self, error: impl std::fmt::Display) -> McpError {
        McpError::SignInFailed { server: self.name.clone(), reason: error.to_string() }
    }
}

/// An error with what is behind it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}
