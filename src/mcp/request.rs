//! One question to a server and its answer: with its time limit, its cancellation and its further rounds.

use std::time::Duration;

use futures::future::try_join_all;
use rmcp::model::{
    ClientRequest, ErrorCode, InputRequest, InputRequests, InputResponses, RequestMetaObject, ServerResult,
};
use rmcp::service::{PeerRequestOptions, RequestHandle, RoleClient, RunningService, ServiceError};
use serde::Serialize;
use serde_json::Value;

use super::client_features::ClientFeatures;
use super::transport_words::in_words;
use super::wire::is_unreadable;
use super::{LogLevel, McpError};

/// The SDK's end of a connection, with our side of the protocol in it.
pub(super) type Client = RunningService<RoleClient, ClientFeatures>;

/// Rounds of questions back that one request may take.
const ROUNDS_MAX: usize = 10;

/// Questions back in one round.
const QUESTIONS_MAX: usize = 16;

/// Why a request has no answer; the server's name and last words are added further up.
#[derive(Debug)]
pub(super) enum RequestError {
    TimedOut,
    Disconnected(String),
    SignInNeeded,
    Refused { code: i64, message: String },
    Protocol(String),
}

impl RequestError {
    pub(super) fn of(self, server: &str, after: Duration, last_words: impl FnOnce() -> String) -> McpError {
        let server = server.to_owned();
        match self {
            Self::TimedOut => McpError::TimedOut { server, after },
            Self::Disconnected(why) => {
                let said = last_words();
                let why = if why.is_empty() { why } else { format!(" ({why})") };
                let reason = if said.is_empty() { why } else { format!("{why}; its last words: {said}") };
                McpError::Disconnected { server, reason }
            }
            Self::SignInNeeded => McpError::SignInNeeded { server },
            Self::Refused { code, message } => McpError::Refused { server, code, message },
            Self::Protocol(reason) => McpError::Protocol { server, reason },
        }
    }
}

impl From<ServiceError> for RequestError {
    fn from(error: ServiceError) -> Self {
        if error.is_authorization_required() || error.auth_challenge().is_some() {
            return Self::SignInNeeded;
        }
        match error {
            ServiceError::McpError(data) if is_unreadable(&data) => Self::Protocol(data.message.into_owned()),
            ServiceError::McpError(data) => {
                let code = i64::from(data.code.0);
                // Some SDKs put the code into the text, too.
                let message = data.message.strip_prefix(&format!("MCP error {code}: ")).unwrap_or(&data.message);
                Self::Refused { code, message: message.to_owned() }
            }
            ServiceError::TransportClosed => Self::Disconnected(String::new()),
            ServiceError::TransportSend(error) => Self::Disconnected(in_words(&error)),
            ServiceError::Cancelled { .. } => Self::Disconnected("cancelled".to_owned()),
            ServiceError::Timeout { .. } => Self::TimedOut,
            other => Self::Protocol(other.to_string()),
        }
    }
}

/// Answers to what a server asked back, and the state it wants to be given again.
#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    pub responses: Option<InputResponses>,
    pub state: Option<String>,
}

/// What goes for every round of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub timeout: Duration,
    /// How much the server is to tell of its work on it; `None`: nothing is said of that.
    pub log_level: Option<LogLevel>,
}

impl Terms {
    fn options(self) -> PeerRequestOptions {
        let Some(level) = self.log_level else { return PeerRequestOptions::no_options() };
        let mut meta = RequestMetaObject::new();
        meta.set_log_level(level.to_sdk());
        PeerRequestOptions::no_options().with_meta(meta)
    }
}

/// Asks, and answers what is asked back, until there is a result. `call` comes back with progress.
pub(super) async fn ask(
    client: &Client,
    terms: Terms,
    call: Option<&str>,
    question: impl Fn(Round) -> ClientRequest,
) -> Result<ServerResult, RequestError> {
    let mut round = Round::default();
    for number in 0..ROUNDS_MAX {
        match ask_once(client, terms, call, question(round)).await? {
            ServerResult::InputRequiredResult(asked) => {
                let requests = asked.input_requests.unwrap_or_default();
                if requests.is_empty() {
                    pause(number).await;
                }
                let responses = answer_all(client.service(), requests).await?;
                round = Round { responses: (!responses.is_empty()).then_some(responses), state: asked.request_state };
            }
            result => return Ok(result),
        }
    }
    Err(RequestError::Protocol(format!("it asked back more than {ROUNDS_MAX} times")))
}

/// A server that asks nothing and has no result yet is asked again a little later.
async fn pause(round: usize) {
    let factor = 1 << round.min(3);
    tokio::time::sleep(Duration::from_millis(50) * factor).await;
}

/// Answers what a server asks back, all at once.
pub(super) async fn answer_all(
    features: &ClientFeatures,
    requests: InputRequests,
) -> Result<InputResponses, RequestError> {
    if requests.len() > QUESTIONS_MAX {
        return Err(RequestError::Protocol(format!("it asked more than {QUESTIONS_MAX} things at once")));
    }
    let answers = requests.into_iter().map(|(key, request)| answer(features, key, request));
    Ok(try_join_all(answers).await?.into_iter().collect())
}

async fn answer(
    features: &ClientFeatures,
    key: String,
    request: InputRequest,
) -> Result<(String, Value), RequestError> {
    let answer = match request {
        InputRequest::CreateMessage(request) => json(features.sample(request.params).await)?,
        InputRequest::Elicitation(request) => json(features.elicit(request.params).await)?,
        InputRequest::ListRoots(_) => json(Ok(features.roots()))?,
        _ => return Err(RequestError::Protocol("it asked back for something unknown".to_owned())),
    };
    Ok((key, answer))
}

fn json(answer: Result<impl Serialize, rmcp::ErrorData>) -> Result<Value, RequestError> {
    let answer = answer.map_err(|error| match error.code {
        ErrorCode(code) => RequestError::Refused { code: code.into(), message: error.message.into_owned() },
    })?;
    serde_json::to_value(answer).map_err(|error| RequestError::Protocol(error.to_string()))
}

/// Asks once. Given up, be it by the time limit or by dropping the future, the server is told.
pub(super) async fn ask_once(
    client: &Client,
    terms: Terms,
    call: Option<&str>,
    question: ClientRequest,
) -> Result<ServerResult, RequestError> {
    let Terms { timeout, .. } = terms;
    let sending = client.send_cancellable_request(question, terms.options());
    let handle = tokio::time::timeout(timeout, sending).await.map_err(|_| RequestError::TimedOut)??;
    let _followed = call.map(|call| client.service().follow(&handle.progress_token, call));
    let mut open = OpenRequest { handle: Some(handle), features: client.service().clone() };
    loop {
        let handle = open.handle.as_mut().expect("it is taken only below, and when dropped");
        match tokio::time::timeout(timeout, &mut handle.rx).await {
            Ok(answer) => {
                open.handle.take();
                return Ok(answer.map_err(|_| RequestError::Disconnected(String::new()))??);
            }
            // Time that a person takes over a question of this server is not the server's.
            Err(_) if client.service().is_asking() => {}
            Err(_) => return Err(RequestError::TimedOut),
        }
    }
}

/// A request without an answer. Dropping it cancels it.
struct OpenRequest {
    handle: Option<RequestHandle<RoleClient>>,
    features: ClientFeatures,
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            self.features.send_farewell(handle.cancel(Some("given up".to_owned())));
        }
    }
}
