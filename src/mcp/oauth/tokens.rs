//! The token of each request to one server: kept, refreshed before it ends, and got anew where somebody agrees.

use std::sync::Arc;

use oauth2::TokenResponse as _;
use rmcp::transport::auth::{AuthError, StoredCredentials, WWWAuthenticateParams};
use tokio::sync::Mutex;

use super::flow::{SCOPES_MAX, configure};
use super::store::{Entry, ServerCredentials, unusable};
use super::{OauthServer, machine};
use crate::conversation::now_ms;
use crate::mcp::Consent;

/// Attempts to sign in without a request having succeeded in between. A server that is never content is left.
const ATTEMPTS_MAX: u32 = 3;
/// The same for scopes that a token lacks: what the second one does not bring, no other will.
const SCOPE_ATTEMPTS_MAX: u32 = 2;
/// A token is refreshed this long before its end.
const MARGIN_SECONDS: u64 = 30;

/// What a server was not content with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    /// There is no token, or it is not good any more.
    Token,
    /// The token does not allow this.
    Scope,
}

/// Clones share the credentials and the count of attempts.
#[derive(Clone, Debug)]
pub(in crate::mcp) struct Tokens {
    server: Arc<OauthServer>,
    attempts: Arc<Mutex<u32>>,
}

impl Tokens {
    pub(in crate::mcp) fn new(server: OauthServer) -> Self {
        Self { server: Arc::new(server), attempts: Arc::default() }
    }

    /// The token to send, where there is one.
    pub(super) async fn current(&self) -> Result<Option<String>, AuthError> {
        let Some(entry) = self.entry()? else { return Ok(None) };
        let Some(stored) = &entry.credentials else { return Ok(None) };
        if is_ending(stored, now_seconds()) {
            let _one_at_a_time = self.attempts.lock().await;
            return match self.refreshed(&token_of(stored).unwrap_or_default()).await {
                Err(AuthError::AuthorizationRequired) => Ok(None),
                outcome => outcome,
            };
        }
        Ok(token_of(stored))
    }

    /// After the server refused `sent`: another token to try once, or `None` where there is none to be had.
    pub(super) async fn renewed(
        &self,
        sent: Option<&str>,
        complaint: Complaint,
        challenge: &str,
    ) -> Result<Option<String>, AuthError> {
        let mut attempts = self.attempts.lock().await;
        let current = self.entry()?.and_then(|entry| entry.credentials.as_ref().and_then(token_of));
        if current.is_some() && current.as_deref() != sent {
            // Another request has been through this meanwhile.
            return Ok(current);
        }
        if let (Some(sent), Complaint::Token) = (sent, complaint) {
            match self.refreshed(sent).await {
                Ok(Some(token)) if token != sent => return Ok(Some(token)),
                Ok(_) | Err(AuthError::AuthorizationRequired) => {}
                Err(error) => return Err(error),
            }
        }
        let may_sign_in = match self.server.settings.consent {
            Consent::Page => true,
            Consent::Nobody => machine::is_possible(&self.server.settings),
        };
        let attempts_max = match complaint {
            Complaint::Token => ATTEMPTS_MAX,
            Complaint::Scope => SCOPE_ATTEMPTS_MAX,
        };
        if !may_sign_in || *attempts >= attempts_max {
            if complaint == Complaint::Scope {
                self.remember_missed(challenge)?;
            }
            return Ok(None);
        }
        *attempts += 1;
        self.server.sign_in_at_page(Some(challenge)).await?;
        Ok(self.entry()?.and_then(|entry| entry.credentials.as_ref().and_then(token_of)))
    }

    /// A request with a token went well.
    pub(super) async fn accepted(&self) {
        *self.attempts.lock().await = 0;
    }

    /// The person signs in again later, and is then asked for what was missing today.
    fn remember_missed(&self, challenge: &str) -> Result<(), AuthError> {
        let scopes = WWWAuthenticateParams::parse(challenge, &self.server.url).scope.unwrap_or_default();
        let missed: Vec<String> = scopes.split_whitespace().take(SCOPES_MAX).map(str::to_owned).collect();
        match self.entry()? {
            Some(entry) if entry.missed_scopes != missed => {
                self.server.credentials.put(Entry { missed_scopes: missed, ..entry }).map_err(unusable)
            }
            _ => Ok(()),
        }
    }

    fn entry(&self) -> Result<Option<Entry>, AuthError> {
        self.server.credentials.of(self.server.key()).map_err(unusable)
    }

    /// Trades the refresh token, at the authorization server that gave it and no other.
    async fn refreshed(&self, sent: &str) -> Result<Option<String>, AuthError> {
        let Some(entry) = self.entry()? else { return Ok(None) };
        let Some(stored) = entry.credentials.as_ref() else { return Ok(None) };
        if token_of(stored).is_some_and(|token| token != sent) && !is_ending(stored, now_seconds()) {
            return Ok(token_of(stored));
        }
        let has_refresh_token =
            stored.token_response.as_ref().is_some_and(|response| response.refresh_token().is_some());
        if !has_refresh_token {
            return Ok(None);
        }
        let (mut manager, metadata) = self.server.discover(None).await?;
        if metadata.issuer != entry.issuer {
            return Ok(None);
        }
        configure(&mut manager, &entry.client)?;
        manager.set_credential_store(ServerCredentials {
            all: self.server.credentials.clone(),
            server: self.server.key().to_owned(),
            client: entry.client.clone(),
        });
        match manager.refresh_token().await {
            Ok(response) => Ok(Some(response.access_token().secret().clone())),
            Err(AuthError::TokenRefreshRejected(_)) => Err(AuthError::AuthorizationRequired),
            Err(error) => Err(error),
        }
    }
}

fn now_seconds() -> u64 {
    u64::try_from(now_ms() / 1000).unwrap_or_default()
}

fn token_of(stored: &StoredCredentials) -> Option<String> {
    stored.token_response.as_ref().map(|response| response.access_token().secret().clone())
}

fn is_ending(stored: &StoredCredentials, now_seconds: u64) -> bool {
    let lifetime = stored.token_response.as_ref().and_then(oauth2::TokenResponse::expires_in);
    let (Some(lifetime), Some(received_at)) = (lifetime, stored.token_received_at) else { return false };
    let lifetime = lifetime.as_secs();
    let left = lifetime.saturating_sub(now_seconds.saturating_sub(received_at));
    left <= MARGIN_SECONDS.min(lifetime / 2)
}
