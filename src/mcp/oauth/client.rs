//! The SDK's HTTP client with our tokens: one is sent where there is one, and renewed where the server asks for it.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use http::{HeaderName, HeaderValue};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::auth::AuthError;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse, StreamableHttpResponseLimits,
};

use super::super::streams::Streams;
use super::super::task_only;
use super::super::wire::stand_in;
use super::tokens::{Complaint, Tokens};

/// Tokens that one request may be tried with.
const TRIES_MAX: usize = 4;

type Outcome<T> = Result<T, StreamableHttpError<reqwest::Error>>;
type Headers = HashMap<HeaderName, HeaderValue>;
type Events = BoxStream<'static, Result<sse_stream::Sse, SseError>>;

/// Sends no token where `tokens` is `None`.
#[derive(Clone, Debug)]
pub(in crate::mcp) struct SignedClient {
    http: reqwest::Client,
    tokens: Option<Tokens>,
    streams: Arc<Streams>,
}

impl SignedClient {
    pub(in crate::mcp) fn new(http: reqwest::Client, tokens: Option<Tokens>) -> Self {
        Self { http, tokens, streams: Arc::default() }
    }

    pub(in crate::mcp) fn streams(&self) -> Arc<Streams> {
        Arc::clone(&self.streams)
    }

    async fn signed<T, F>(&self, call: impl Fn(Option<String>) -> F) -> Outcome<T>
    where
        F: Future<Output = Outcome<T>>,
    {
        let Some(tokens) = &self.tokens else { return call(None).await };
        let mut token = match tokens.current().await {
            Err(AuthError::AuthorizationRequired) => None,
            outcome => outcome?,
        };
        for _ in 1..TRIES_MAX {
            let failure = match call(token.clone()).await {
                Ok(answer) => {
                    if token.is_some() {
                        tokens.accepted().await;
                    }
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let Some((complaint, challenge)) = complaint(&failure) else { return Err(failure) };
            match tokens.renewed(token.as_deref(), complaint, challenge).await? {
                Some(other) => token = Some(other),
                None => return Err(failure),
            }
        }
        call(token).await
    }
}

fn complaint(failure: &StreamableHttpError<reqwest::Error>) -> Option<(Complaint, &str)> {
    let challenge = failure.auth_challenge()?;
    match failure {
        StreamableHttpError::AuthRequired(_) => Some((Complaint::Token, challenge)),
        // Without these words a 403 is a plain no.
        StreamableHttpError::InsufficientScope(_) if challenge.contains("insufficient_scope") => {
            Some((Complaint::Scope, challenge))
        }
        _ => None,
    }
}

/// The events with what the SDK would not keep of the tools in them, and without answers that it would pass over.
fn marked(events: Events) -> Events {
    let mark = |event: Result<sse_stream::Sse, SseError>| {
        let mut event = event?;
        if let Some(data) = event.data.as_mut() {
            if let Some(message) = task_only::marked(data.as_bytes()) {
                *data = message.to_string();
            }
            if let Some(message) = stand_in(data.as_bytes()) {
                *data = serde_json::to_string(&message).map_err(|error| SseError::Body(error.into()))?;
            }
        }
        Ok(event)
    };
    events.map(mark).boxed()
}

impl StreamableHttpClient for SignedClient {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        _: Option<String>,
        headers: Headers,
    ) -> Outcome<StreamableHttpPostResponse> {
        let limits = StreamableHttpResponseLimits::default();
        self.post_message_with_response_limits(uri, message, session_id, None, headers, limits).await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        _: Option<String>,
        headers: Headers,
        limits: StreamableHttpResponseLimits,
    ) -> Outcome<StreamableHttpPostResponse> {
        self.signed(|token| {
            let (uri, message, session_id) = (uri.clone(), message.clone(), session_id.clone());
            self.http.post_message_with_response_limits(uri, message, session_id, token, headers.clone(), limits)
        })
        .await
        .map(|response| match response {
            StreamableHttpPostResponse::Sse(events, session) => {
                StreamableHttpPostResponse::Sse(marked(events), session)
            }
            other => other,
        })
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        _: Option<String>,
        headers: Headers,
    ) -> Outcome<()> {
        self.signed(|token| self.http.delete_session(uri.clone(), session_id.clone(), token, headers.clone())).await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        _: Option<String>,
        headers: Headers,
    ) -> Outcome<Events> {
        let opening = self.signed(|token| {
            let (uri, session_id, last) = (uri.clone(), session_id.clone(), last_event_id.clone());
            self.http.get_stream(uri, session_id, last, token, headers.clone())
        });
        self.streams.open(opening).await.map(marked)
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        _: Option<String>,
        headers: Headers,
        event_bytes_max: usize,
    ) -> Outcome<Events> {
        let opening = self.signed(|token| {
            let (uri, session_id, last) = (uri.clone(), session_id.clone(), last_event_id.clone());
            let headers = headers.clone();
            self.http.get_stream_with_max_sse_event_size(uri, session_id, last, token, headers, event_bytes_max)
        });
        self.streams.open(opening).await.map(marked)
    }
}
