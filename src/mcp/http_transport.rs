//! Streamable HTTP: the SDK's transport over a client of ours.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::common::client_side_sse::ExponentialBackoff;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;

use super::oauth::{OauthServer, SignedClient, Tokens};
use super::streams::Streams;
use super::{HostSettings, McpError, OauthSettings};
use crate::http::{BareUse, Secret, bare_client, is_loopback_host};

const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;
const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;
const ERROR_BYTES_MAX: usize = 64 * 1024;
const REQUESTS_MAX: usize = 16;
/// How often a stream that broke is opened again; each time from where it was.
const RESUMES_MAX: usize = 8;
const RESUME_WAIT: Duration = Duration::from_millis(500);
const RESUME_WAIT_MAX: Duration = Duration::from_secs(15);

pub(super) type HttpTransport = StreamableHttpClientTransport<SignedClient>;

/// Where a server is and who we are to it. Transports to it share the count of attempts to sign in.
pub(super) struct HttpPlace {
    address: url::Url,
    headers: HashMap<HeaderName, HeaderValue>,
    client: SignedClient,
}

impl HttpPlace {
    /// Must be called inside a runtime.
    pub(super) fn new(
        server: &str,
        url: &str,
        headers: &[(String, Secret)],
        oauth: &OauthSettings,
        host: &HostSettings,
    ) -> Result<Self, McpError> {
        let unusable = |reason: String| McpError::Unavailable { server: server.to_owned(), reason };
        let address = url::Url::parse(url).map_err(|error| unusable(format!("its url is not usable: {error}")))?;
        let is_safe = match (address.scheme(), address.host_str()) {
            ("https", Some(_)) => true,
            ("http", Some(host)) => is_loopback_host(host),
            _ => return Err(unusable("its url has to begin with https:// or http://".to_owned())),
        };
        let headers = headers_of(headers).map_err(unusable)?;
        if !is_safe && headers.values().any(HeaderValue::is_sensitive) {
            return Err(unusable(
                "its headers can hold keys, which are sent with https only, or to this machine".to_owned(),
            ));
        }
        let client = bare_client(&host.http, &address, &BareUse::Origin).map_err(unusable)?;
        let has_own_key = headers.contains_key(&http::header::AUTHORIZATION);
        let tokens = if is_safe && !has_own_key {
            Some(Tokens::new(OauthServer::new(server, url, oauth, &host.http, host.state_folder.as_deref())?))
        } else {
            None
        };
        Ok(Self { address, headers, client: SignedClient::new(client, tokens) })
    }

    pub(super) fn streams(&self) -> Arc<Streams> {
        self.client.streams()
    }

    /// Nothing is sent before the SDK does.
    pub(super) fn transport(&self) -> HttpTransport {
        let config = StreamableHttpClientTransportConfig::with_uri(self.address.as_str())
            .custom_headers(self.headers.clone())
            .max_concurrent_requests(REQUESTS_MAX)
            .max_sse_event_size(EVENT_BYTES_MAX)
            .max_json_response_size(RESPONSE_BYTES_MAX)
            .max_error_response_size(ERROR_BYTES_MAX)
            .reinit_on_expired_session(true);
        let mut config = config;
        let mut backoff = ExponentialBackoff::default();
        backoff.max_times = Some(RESUMES_MAX);
        backoff.base_duration = RESUME_WAIT;
        backoff.max_delay = Some(RESUME_WAIT_MAX);
        config.retry_config = Arc::new(backoff);
        StreamableHttpClientTransport::with_client(self.client.clone(), config)
    }
}

fn headers_of(headers: &[(String, Secret)]) -> Result<HashMap<HeaderName, HeaderValue>, String> {
    let mut result = HashMap::with_capacity(headers.len());
    for (name, value) in headers {
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no header name"))?;
        let mut value = HeaderValue::from_str(value.expose())
            .map_err(|_| format!("the header {name} holds characters that it cannot"))?;
        value.set_sensitive(true);
        result.insert(header, value);
    }
    Ok(result)
}
