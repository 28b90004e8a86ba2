//! Signing out: what is kept is forgotten first, and then the authorization server is told (RFC 7009).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oauth2::TokenResponse as _;
use rmcp::transport::auth::{AuthorizationMetadata, OAuthHttpRedirectPolicy};
use serde_json::Value;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::machine::ASSERTION_TYPE;
use super::store::Entry;
use super::{OauthServer, assertion, with_causes};
use crate::conversation::now_ms;
use crate::mcp::McpError;

/// For all that is asked of the authorization server.
const REVOKE_WAIT_MAX: Duration = Duration::from_secs(10);

/// What signing out has come to.
#[derive(Debug, PartialEq, Eq)]
pub enum SignedOut {
    /// There was nothing to forget.
    WasNot,
    /// Forgotten here, and the authorization server counts the token no longer.
    Revoked,
    /// Forgotten here; the authorization server has no way to be told.
    Forgotten,
    /// Forgotten here. It could not be told, so the token counts until it ends by itself; with the reason.
    NotRevoked(String),
}

impl OauthServer {
    /// Forgets the server, whatever the authorization server says to it.
    pub async fn sign_out(&self) -> Result<SignedOut, McpError> {
        let entry = self.credentials.of(self.key()).map_err(|error| self.failed(error))?;
        if !self.credentials.remove(self.key()).map_err(|error| self.failed(error))? {
            return Ok(SignedOut::WasNot);
        }
        let Some(entry) = entry.filter(|entry| !tokens(entry).is_empty()) else { return Ok(SignedOut::Forgotten) };
        match tokio::time::timeout(REVOKE_WAIT_MAX, self.revoke(&entry)).await {
            Ok(Ok(true)) => Ok(SignedOut::Revoked),
            Ok(Ok(false)) => Ok(SignedOut::Forgotten),
            Ok(Err(reason)) => Ok(SignedOut::NotRevoked(reason)),
            Err(_) => Ok(SignedOut::NotRevoked(format!("no answer within {REVOKE_WAIT_MAX:?}"))),
        }
    }

    /// Tells the authorization server that gave the tokens, and no other; whether it can be told at all.
    async fn revoke(&self, entry: &Entry) -> Result<bool, String> {
        let (_, metadata) = self.discover(None).await.map_err(|error| with_causes(&error))?;
        if metadata.issuer != entry.issuer {
            return Err("the server has another authorization server by now".to_owned());
        }
        let named = metadata.additional_fields.get("revocation_endpoint");
        let Some(endpoint) = named.and_then(Value::as_str) else { return Ok(false) };
        for (token, hint) in tokens(entry) {
            let request = self.request(endpoint, &metadata, entry, (&token, hint))?;
            let sent = self.requests.send(request, OAuthHttpRedirectPolicy::Stop).await;
            let status = sent.map_err(|error| error.to_string())?.status();
            if !status.is_success() {
                return Err(format!("the authorization server answered {status}"));
            }
        }
        Ok(true)
    }

    /// Says which token, and who we are in the way that this client has.
    fn request(
        &self,
        endpoint: &str,
        metadata: &AuthorizationMetadata,
        entry: &Entry,
        (token, hint): (&str, &str),
    ) -> Result<http::Request<Vec<u8>>, String> {
        let (id, configured) = (&entry.client.id, &self.settings);
        let is_configured = configured.client_id.as_ref() == Some(id);
        let key = configured.private_key.as_ref().filter(|_| is_configured);
        let secret =
            configured.client_secret.as_ref().filter(|_| is_configured).map(|secret| secret.expose().to_owned());
        let mut form = Serializer::new(String::new());
        form.append_pair("token", token).append_pair("token_type_hint", hint);
        let mut request = http::Request::post(endpoint).header("content-type", "application/x-www-form-urlencoded");
        match (key, entry.client.secret.clone().or(secret)) {
            (Some(key), _) => {
                let audience = metadata.issuer.as_deref().unwrap_or_default();
                let assertion = assertion::sign(id, audience, key.expose(), now_ms() / 1000)?;
                form.append_pair("client_assertion_type", ASSERTION_TYPE).append_pair("client_assertion", &assertion);
            }
            (None, Some(secret)) if wants_basic(metadata) => {
                request = request.header("authorization", basic(id, &secret));
            }
            (None, Some(secret)) => {
                form.append_pair("client_id", id).append_pair("client_secret", &secret);
            }
            (None, None) => {
                form.append_pair("client_id", id);
            }
        }
        request.body(form.finish().into_bytes()).map_err(|error| error.to_string())
    }
}

/// The refresh token first: with it, others could be had.
fn tokens(entry: &Entry) -> Vec<(String, &'static str)> {
    let Some(response) = entry.credentials.as_ref().and_then(|stored| stored.token_response.as_ref()) else {
        return Vec::new();
    };
    let refresh = response.refresh_token().map(|token| (token.secret().clone(), "refresh_token"));
    refresh.into_iter().chain([(response.access_token().secret().clone(), "access_token")]).collect()
}

/// RFC 8414: what is not said means basic.
fn wants_basic(metadata: &AuthorizationMetadata) -> bool {
    let field = |name: &str| metadata.additional_fields.get(name).and_then(Value::as_array);
    let methods = field("revocation_endpoint_auth_methods_supported");
    let methods = methods.or_else(|| field("token_endpoint_auth_methods_supported"));
    methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
}

/// RFC 6749, section 2.3.1: each part is written as in a form.
fn basic(id: &str, secret: &str) -> String {
    let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", part(id), part(secret))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_sent_as_the_authorization_server_takes_it() {
        let metadata = |json: Value| -> AuthorizationMetadata {
            let mut whole = serde_json::json!({"authorization_endpoint": "a", "token_endpoint": "b"});
            whole.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
            serde_json::from_value(whole).unwrap()
        };
        for (json, expected) in [
            (serde_json::json!({}), true),
            (serde_json::json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}), false),
            (
                serde_json::json!({
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                    "revocation_endpoint_auth_methods_supported": ["client_secret_basic"],
                }),
                true,
            ),
        ] {
            assert_eq!(wants_basic(&metadata(json.clone())), expected, "{json}");
        }
        assert_eq!(basic("a b", "c:d"), format!("Basic {}", STANDARD.encode("a+b:c%3Ad")));
    }
}
