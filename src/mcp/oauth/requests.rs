//! Every request that signing in needs, with our authorities and proxies, bounded, and to no place further inside.

use std::time::Duration;

use futures::StreamExt as _;
use rmcp::transport::auth::{
    OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRedirectPolicy, OAuthHttpRequest,
};

use crate::http::{BareUse, HttpSettings, Reach, bare_client, is_loopback_host, reach_of};

/// Whatever a server answers about itself is far smaller.
const BODY_BYTES_MAX: usize = 1024 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Requests on behalf of one MCP server, to addresses that it or its authorization server named.
#[derive(Clone, Debug)]
pub(super) struct OauthRequests {
    settings: HttpSettings,
    reach: Reach,
}

impl OauthRequests {
    /// `server`: the MCP server; what it names may be no further inside than it is itself.
    pub(super) fn new(settings: HttpSettings, server: &url::Url, may_be_private: bool) -> Self {
        let host = server.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse();
        let reach = match literal {
            _ if is_loopback_host(host) => Reach::Loopback,
            Ok(address) if reach_of(address) == Reach::Private => Reach::Private,
            _ if may_be_private => Reach::Private,
            _ => Reach::Public,
        };
        Self { settings, reach }
    }

    /// Sends one request; the answer, whatever its status is.
    pub(super) async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        redirects: OAuthHttpRedirectPolicy,
    ) -> Result<http::Response<Vec<u8>>, OAuthHttpClientError> {
        let url: url::Url = request.uri().to_string().parse()?;
        let is_safe = url.scheme() == "https" || url.host_str().is_some_and(is_loopback_host);
        if !is_safe {
            return Err(format!("{url} is not https").into());
        }
        let purpose = match redirects {
            OAuthHttpRedirectPolicy::Follow => BareUse::NamedFollowing(self.reach),
            _ => BareUse::Named(self.reach),
        };
        let client = bare_client(&self.settings, &url, &purpose)?;
        let sending = async {
            let response = client.execute(reqwest::Request::try_from(request)?).await?;
            let mut answer = http::Response::builder().status(response.status());
            for (name, value) in response.headers() {
                answer = answer.header(name, value);
            }
            let mut body = Vec::new();
            let mut chunks = response.bytes_stream();
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk?;
                if body.len() + chunk.len() > BODY_BYTES_MAX {
                    return Err(format!("the answer is larger than {BODY_BYTES_MAX} bytes").into());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(answer.body(body)?)
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, sending).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("no answer within {REQUEST_TIMEOUT:?}").into()),
        }
    }
}

impl OAuthHttpClient for OauthRequests {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(self.send(request.request, request.redirect_policy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_names_no_place_further_inside() {
        let reach = |server: &str, may_be_private| {
            OauthRequests::new(HttpSettings::default(), &server.parse().unwrap(), may_be_private).reach
        };
        assert_eq!(reach("https://mcp.example.com/mcp", false), Reach::Public);
        assert_eq!(reach("https://mcp.corp/mcp", true), Reach::Private);
        assert_eq!(reach("https://10.1.2.3/mcp", false), Reach::Private);
        assert_eq!(reach("http://localhost:3000/mcp", false), Reach::Loopback);
        assert_eq!(reach("http://[::1]:3000/mcp", true), Reach::Loopback);
    }
}
