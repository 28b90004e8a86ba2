//! Signing in without a person: a client that has a secret, or a key, of its own (client credentials).

use rmcp::transport::AuthorizationManager;
use rmcp::transport::auth::{
    AuthError, AuthorizationMetadata, ClientCredentialsConfig, OAuthHttpRedirectPolicy, OAuthTokenResponse,
    StoredCredentials,
};

use super::store::{ClientIdentity, Entry, ServerCredentials, unusable};
use super::{OauthServer, assertion};
use crate::conversation::now_ms;
use crate::mcp::{OauthGrant, OauthSettings};

const GRANT: &str = "client_credentials";
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Whether the authorization server has nothing for people.
pub(super) fn is_only_way(metadata: &AuthorizationMetadata) -> bool {
    grants(metadata).is_some_and(|grants| {
        let has = |wanted: &str| grants.iter().any(|grant| grant.as_str() == Some(wanted));
        has(GRANT) && !has("authorization_code")
    })
}

fn grants(metadata: &AuthorizationMetadata) -> Option<&Vec<serde_json::Value>> {
    metadata.additional_fields.get("grant_types_supported")?.as_array()
}

/// Whether to sign in this way: because it was said, or because there is no other and we can.
pub(super) fn is_wanted(settings: &OauthSettings, metadata: &AuthorizationMetadata) -> bool {
    let is_able = settings.client_id.is_some() && (settings.client_secret.is_some() || settings.private_key.is_some());
    match settings.grant {
        Some(OauthGrant::ClientCredentials) => true,
        Some(OauthGrant::AuthorizationCode) => false,
        None => is_able && (settings.private_key.is_some() || is_only_way(metadata)),
    }
}

/// Whether a new token can be had at any time, without asking anybody.
pub(super) fn is_possible(settings: &OauthSettings) -> bool {
    settings.grant == Some(OauthGrant::ClientCredentials) || settings.private_key.is_some()
}

pub(super) async fn sign_in(
    server: &OauthServer,
    metadata: &AuthorizationMetadata,
    scopes: Vec<String>,
) -> Result<(), AuthError> {
    let failed = |reason: &str| AuthError::ClientCredentialsError(reason.to_owned());
    let settings = &server.settings;
    let id = settings.client_id.clone().ok_or_else(|| failed("client_id is not set"))?;
    let client = ClientIdentity { id: id.clone(), secret: None, redirect_uri: String::new() };
    if let Some(key) = &settings.private_key {
        let audience = metadata.issuer.as_deref().ok_or_else(|| failed("the authorization server has no name"))?;
        let assertion =
            assertion::sign(&id, audience, key.expose(), now_ms() / 1000).map_err(|reason| failed(&reason))?;
        let token = exchange(server, &metadata.token_endpoint, &assertion, &scopes).await?;
        let received_at = u64::try_from(now_ms() / 1000).ok();
        let credentials =
            StoredCredentials::new(id, Some(token), scopes, received_at).with_issuer(metadata.issuer.clone());
        let entry = Entry {
            server: server.key().to_owned(),
            issuer: metadata.issuer.clone(),
            client,
            credentials: Some(credentials),
            missed_scopes: Vec::new(),
        };
        return server.credentials.put(entry).map_err(unusable);
    }
    let secret = settings.client_secret.as_ref().ok_or_else(|| failed("client_secret_env is not set"))?;
    let config = ClientCredentialsConfig::ClientSecret {
        client_id: id,
        client_secret: secret.expose().to_owned(),
        scopes,
        resource: Some(server.key().to_owned()),
    };
    let requests = std::sync::Arc::new(server.requests.clone());
    let mut manager = AuthorizationManager::new_with_oauth_http_client(server.url.clone(), requests).await?;
    manager.set_metadata(metadata.clone());
    manager.set_credential_store(ServerCredentials {
        all: server.credentials.clone(),
        server: server.key().to_owned(),
        client,
    });
    manager.validate_client_credentials_metadata(&config)?;
    manager.configure_client_credentials(&config)?;
    manager.exchange_client_credentials(&config).await.map(|_| ())
}

/// Sends the assertion; the client's id is in it and nowhere else.
async fn exchange(
    server: &OauthServer,
    endpoint: &str,
    assertion: &str,
    scopes: &[String],
) -> Result<OAuthTokenResponse, AuthError> {
    let failed = |reason: String| AuthError::ClientCredentialsError(reason);
    let request = http::Request::post(endpoint)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(form(assertion, server.key(), scopes).into_bytes())
        .map_err(|error| failed(error.to_string()))?;
    let response = server
        .requests
        .send(request, OAuthHttpRedirectPolicy::Stop)
        .await
        .map_err(|error| failed(error.to_string()))?;
    if !response.status().is_success() {
        let said: serde_json::Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let error = said.get("error").and_then(serde_json::Value::as_str).unwrap_or("no reason given");
        return Err(failed(format!("the authorization server answered {}: {error}", response.status())));
    }
    serde_json::from_slice(response.body()).map_err(|_| failed("the answer holds no token".to_owned()))
}

fn form(assertion: &str, resource: &str, scopes: &[String]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", GRANT)
        .append_pair("client_assertion_type", ASSERTION_TYPE)
        .append_pair("client_assertion", assertion)
        .append_pair("resource", resource);
    if !scopes.is_empty() {
        form.append_pair("scope", &scopes.join(" "));
    }
    form.finish()
}
