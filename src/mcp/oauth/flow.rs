//! One attempt to sign in: find out where, say who we are, send the person there, and take what comes back.

use std::sync::Arc;

use rmcp::transport::AuthorizationManager;
use rmcp::transport::auth::{AuthError, AuthorizationMetadata, OAuthClientConfig, OAuthHttpRedirectPolicy};

use super::callback::{Loopback, redirect_uri, understand};
use super::store::{ClientIdentity, Entry, ServerCredentials, unusable};
use super::{OauthServer, machine, with_causes};
use crate::mcp::McpError;

/// What a registered client is called on the page that asks for consent.
const CLIENT_NAME: &str = "sayso";
/// Scopes of one request; a server that names more of them is not taken at its word.
pub(super) const SCOPES_MAX: usize = 100;
/// Where nobody listens: the page's answer is read, not followed.
const UNUSED_PORT: u16 = 3000;

/// Beginning to sign in.
pub enum SignInStart {
    /// It needed no person.
    Done,
    /// A page has to be visited.
    Visit(Box<SignIn>),
}

/// Signing in, between the page that asks and the redirect that answers.
pub struct SignIn {
    server: OauthServer,
    attempt: Attempt,
    loopback: Loopback,
}

/// An authorization request that has been made.
pub(super) struct Attempt {
    manager: AuthorizationManager,
    page: String,
    state: String,
}

pub(super) enum Begun {
    Done,
    Visit(Box<Attempt>),
}

impl OauthServer {
    /// Begins to sign in, with a port of this machine open for the way back.
    pub async fn begin_sign_in(&self) -> Result<SignInStart, McpError> {
        let port = self.settings.redirect_port;
        let loopback = Loopback::bind(port).await.map_err(|error| match port {
            Some(port) => self.failed(format!("port {port} cannot be opened for the way back: {error}")),
            None => self.failed(error),
        })?;
        let redirect_uri = loopback.redirect_uri().map_err(|error| self.failed(error))?;
        let challenge = self.provoke().await;
        let begun = self.begin(challenge.as_deref(), redirect_uri).await;
        match begun.map_err(|error| self.failed(with_causes(&error)))? {
            Begun::Done => Ok(SignInStart::Done),
            Begun::Visit(attempt) => {
                Ok(SignInStart::Visit(Box::new(SignIn { server: self.clone(), attempt: *attempt, loopback })))
            }
        }
    }

    /// The server's own words on what it wants, where it says them without being signed in to.
    async fn provoke(&self) -> Option<String> {
        let request = http::Request::post(self.url.as_str())
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(br#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#.to_vec())
            .ok()?;
        let response = self.requests.send(request, OAuthHttpRedirectPolicy::Stop).await.ok()?;
        let challenge = response.headers().get("www-authenticate")?;
        (response.status() == 401).then(|| challenge.to_str().ok().map(str::to_owned))?
    }

    /// Signs in at a page that answers with the redirect by itself, as test servers do.
    pub(super) async fn sign_in_at_page(&self, challenge: Option<&str>) -> Result<(), AuthError> {
        let redirect_uri = redirect_uri(self.settings.redirect_port.unwrap_or(UNUSED_PORT));
        let attempt = match self.begin(challenge, redirect_uri).await? {
            Begun::Done => return Ok(()),
            Begun::Visit(attempt) => attempt,
        };
        let failed = |reason: String| AuthError::AuthorizationFailed(reason);
        let request = http::Request::get(&attempt.page).body(Vec::new()).map_err(|error| failed(error.to_string()))?;
        let response = self
            .requests
            .send(request, OAuthHttpRedirectPolicy::Stop)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let redirect = response.headers().get("location").and_then(|value| value.to_str().ok());
        let redirect = redirect.ok_or_else(|| {
            failed(format!("the page answered {} instead of sending us back: a person has to agree", response.status()))
        })?;
        attempt.finish(redirect).await
    }

    /// Finds the authorization server. What is known to another one is not used with it.
    pub(super) async fn discover(
        &self,
        challenge: Option<&str>,
    ) -> Result<(AuthorizationManager, AuthorizationMetadata), AuthError> {
        let requests = Arc::new(self.requests.clone());
        let mut manager = AuthorizationManager::new_with_oauth_http_client(self.url.clone(), requests).await?;
        let found = manager.resolve_metadata_from_challenge(challenge).await?;
        if found.source.is_discovered() && found.metadata.code_challenge_methods_supported.is_none() {
            // Without it, a code that is stolen on the way is worth a token.
            let only_machines = machine::is_only_way(&found.metadata);
            if !only_machines {
                return Err(AuthError::PkceUnsupported);
            }
        }
        manager.set_metadata(found.metadata.clone());
        Ok((manager, found.metadata))
    }

    /// Makes an authorization request, or does without one where no person is needed.
    pub(super) async fn begin(&self, challenge: Option<&str>, redirect_uri: String) -> Result<Begun, AuthError> {
        let (mut manager, metadata) = self.discover(challenge).await?;
        let known = self.credentials.of(self.key()).map_err(unusable)?;
        self.check_issuer(&metadata, known.as_ref())?;
        let known = known.filter(|entry| entry.issuer == metadata.issuer);
        let scopes = self.scopes(&manager, known.as_ref()).await;
        if machine::is_wanted(&self.settings, &metadata) {
            machine::sign_in(self, &metadata, scopes).await?;
            return Ok(Begun::Done);
        }
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let client = self.client(&mut manager, &metadata, known, (redirect_uri, &scopes)).await?;
        configure(&mut manager, &client)?;
        manager.set_credential_store(ServerCredentials {
            all: self.credentials.clone(),
            server: self.key().to_owned(),
            client,
        });
        let page = manager.get_authorization_url(&scopes).await?;
        let state = url::Url::parse(&page)?
            .query_pairs()
            .find(|(name, _)| name == "state")
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default();
        Ok(Begun::Visit(Box::new(Attempt { manager, page, state })))
    }

    /// A secret that was made for one authorization server goes to no other.
    fn check_issuer(&self, metadata: &AuthorizationMetadata, known: Option<&Entry>) -> Result<(), AuthError> {
        let has_secret = self.settings.client_secret.is_some() || self.settings.private_key.is_some();
        let of_before = known.filter(|entry| Some(&entry.client.id) == self.settings.client_id.as_ref());
        let expected = match &self.settings.issuer {
            Some(issuer) => Some(issuer.as_str()),
            None if has_secret => of_before.and_then(|entry| entry.issuer.as_deref()),
            None => None,
        };
        match (expected, metadata.issuer.as_deref()) {
            (Some(expected), found) if Some(expected) != found => Err(AuthError::AuthorizationServerMismatch {
                expected_issuer: expected.to_owned(),
                received_issuer: found.unwrap_or("none").to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// What was granted, what was missed, and what is wanted now: a wider token, never a different one.
    async fn scopes(&self, manager: &AuthorizationManager, known: Option<&Entry>) -> Vec<String> {
        let granted = known.and_then(|entry| entry.credentials.as_ref()).map(|stored| stored.granted_scopes.clone());
        let wanted = manager.select_initial_scopes(&[]).await;
        let mut scopes: Vec<String> = Vec::new();
        let missed = known.map(|entry| entry.missed_scopes.clone()).unwrap_or_default();
        let all = granted.into_iter().flatten().chain(missed).chain(self.settings.scopes.iter().cloned());
        let asked_for = if self.settings.scopes.is_empty() { wanted } else { Vec::new() };
        for scope in all.chain(asked_for) {
            if scopes.len() < SCOPES_MAX && !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }

    /// Who we are: registered by hand, described by a document, known from before, or registered now.
    async fn client(
        &self,
        manager: &mut AuthorizationManager,
        metadata: &AuthorizationMetadata,
        known: Option<Entry>,
        (redirect_uri, scopes): (String, &[&str]),
    ) -> Result<ClientIdentity, AuthError> {
        if let Some(id) = &self.settings.client_id {
            let secret = self.settings.client_secret.as_ref().map(|secret| secret.expose().to_owned());
            return Ok(ClientIdentity { id: id.clone(), secret, redirect_uri });
        }
        let takes_documents = metadata.additional_fields.get("client_id_metadata_document_supported");
        if let Some(document) = &self.settings.client_metadata_url
            && takes_documents.and_then(serde_json::Value::as_bool) == Some(true)
        {
            return Ok(ClientIdentity { id: document.clone(), secret: None, redirect_uri });
        }
        if let Some(known) = known.filter(|entry| entry.issuer.is_some() && entry.client.redirect_uri == redirect_uri) {
            return Ok(known.client);
        }
        let registered = manager.register_client(CLIENT_NAME, &redirect_uri, scopes).await?;
        Ok(ClientIdentity { id: registered.client_id, secret: registered.client_secret, redirect_uri })
    }
}

pub(super) fn configure(manager: &mut AuthorizationManager, client: &ClientIdentity) -> Result<(), AuthError> {
    let config = OAuthClientConfig::new(client.id.clone(), client.redirect_uri.clone());
    manager.configure_client(match &client.secret {
        Some(secret) => config.with_client_secret(secret.clone()),
        None => config,
    })
}

impl Attempt {
    /// Takes the redirect that the page led to, and stores what comes of it.
    async fn finish(self, redirect: &str) -> Result<(), AuthError> {
        let answer = understand(redirect, &self.state).map_err(AuthError::AuthorizationFailed)?;
        self.manager
            .exchange_code_for_token_with_issuer(&answer.code, &answer.csrf_token, answer.issuer.as_deref())
            .await?;
        Ok(())
    }
}

impl SignIn {
    /// The page to visit.
    #[must_use]
    pub fn page(&self) -> &str {
        &self.attempt.page
    }

    /// Waits for the browser to come back; where it was sent.
    pub async fn redirect(&self) -> Option<String> {
        self.loopback.redirect(&self.attempt.state).await
    }

    /// Ends it with the address that the page led to.
    pub async fn finish(self, redirect: &str) -> Result<(), McpError> {
        let server = self.server;
        self.attempt.finish(redirect).await.map_err(|error| server.failed(with_causes(&error)))
    }
}
