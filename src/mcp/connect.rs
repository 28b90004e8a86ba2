//! From a server's settings to a connection: which transport, and which revision of the protocol.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::ProtocolVersion;
use rmcp::service::{ClientInitializeError, ClientLifecycleMode, ClientServiceExt as _};
use rmcp::transport::streamable_http_client::StreamableHttpError;

use serde::{Deserialize, Serialize};

use super::any_transport::AnyTransport;
use super::child::{Child, Pipes, Start};
use super::client_features::ClientFeatures;
use super::http_transport::HttpPlace;
use super::request::Client;
use super::server::Shared;
use super::stderr_tail::StderrTail;
use super::stdio::{ChildTransport, Signs};
use super::streams::Streams;
use super::translate::shortened;
use super::transport_words::in_words;
use super::wire::is_unreadable;
use super::{InProcess, Launch, McpError, Protocol, ServerSettings};

/// How long a child may think about which revision it speaks, before it is taken for an old one.
/// A cold interpreter on a busy machine needs most of it to start; old servers say at once that they do not know.
/// Less than the 10 s after which the SDK gives up by itself: it must not hear of both.
const SILENCE_MAX: Duration = Duration::from_secs(8);

/// Of the name of a revision that is not known.
const VERSION_CHARS_MAX: usize = 40;

/// A connection that stands.
pub(super) struct Connected {
    pub client: Client,
    /// The process behind it, where there is one, and what it has shown of itself.
    pub child: Option<(Child, Signs)>,
    /// What a remote server sends beside its answers.
    pub streams: Option<Arc<Streams>>,
}

impl Connected {
    /// A server answers with the revision that it speaks. One that is not known here might mean other things by the
    /// same words, so the specification lets the client leave:
    /// <https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle#version-negotiation>.
    fn if_understood(self) -> Result<Self, ConnectError> {
        let spoken = self.client.peer_info().map(|info| info.protocol_version.clone());
        let known = ProtocolVersion::KNOWN_VERSIONS;
        match (spoken, known) {
            (Some(spoken), [oldest, .., newest]) if !known.contains(&spoken) => {
                let spoken = shortened(spoken.to_string(), VERSION_CHARS_MAX);
                Err(ConnectError::Failed(format!(
                    "it speaks revision {spoken} of the protocol; those from {oldest} to {newest} are known here"
                )))
            }
            _ => Ok(self),
        }
    }
}

/// Why there is none.
#[derive(Clone, Debug)]
pub(super) enum ConnectError {
    /// Another way to begin may do better.
    Failed(String),
    /// No other way will.
    Final(McpError),
}

/// The two ways to begin a conversation with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Era {
    /// With a handshake, up to 2025-11-25.
    Legacy,
    /// Without, from 2026-07-28 on.
    Modern,
}

impl Era {
    pub(super) fn of(version: &ProtocolVersion) -> Self {
        if version.has_initialize() { Self::Legacy } else { Self::Modern }
    }
}

/// What the settings say, else what is remembered; `None` where it is to be found out.
fn era(protocol: Protocol, remembered: Option<Era>) -> Option<Era> {
    match protocol {
        Protocol::Auto => remembered,
        Protocol::Legacy => Some(Era::Legacy),
        Protocol::Modern => Some(Era::Modern),
    }
}

fn lifecycle(era: Option<Era>) -> ClientLifecycleMode {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    match era {
        Some(Era::Legacy) => ClientLifecycleMode::Initialize,
        Some(Era::Modern) => ClientLifecycleMode::Discover { preferred_versions },
        None => ClientLifecycleMode::Auto { preferred_versions, legacy_version: None },
    }
}

/// Connects within the server's time limit. Dropped or failed, nothing of it is left.
pub(super) async fn connect(
    server: &ServerSettings,
    host: &Shared,
    features: ClientFeatures,
    remembered: Option<Era>,
) -> Result<Connected, ConnectError> {
    let last_words = RefCell::new(StderrTail::default());
    let attempts = attempts(server, host, features, remembered, &last_words);
    match tokio::time::timeout(server.connect_timeout, attempts).await {
        Ok(ended) => ended.and_then(Connected::if_understood),
        Err(_) => {
            let reason = format!("it did not greet within {:?}", server.connect_timeout);
            Err(ConnectError::Failed(with_last_words(reason, &last_words.borrow())))
        }
    }
}

fn with_last_words(reason: String, tail: &StderrTail) -> String {
    let said = tail.last_words();
    if said.is_empty() { reason } else { format!("{reason}; its last words: {said}") }
}

async fn attempts(
    server: &ServerSettings,
    shared: &Shared,
    features: ClientFeatures,
    remembered: Option<Era>,
    last_words: &RefCell<StderrTail>,
) -> Result<Connected, ConnectError> {
    let first = era(server.protocol, remembered);
    let (host, register) = (&shared.settings, &shared.register);
    let place = match &server.launch {
        Launch::Http { url, headers, oauth } => {
            Some(HttpPlace::new(&server.name, url, headers, oauth, host).map_err(ConnectError::Final)?)
        }
        Launch::Builtin(_) | Launch::Command { .. } => None,
    };
    let attempt = async |era| match &server.launch {
        Launch::Builtin(builtin) => in_process(builtin, features.clone(), era).await,
        Launch::Command { program, args, env, cwd } => {
            let (environment, guard) = (&host.child_environment, host.guard.as_deref());
            let start = Start { program, args, env, cwd: cwd.as_deref(), environment, guard, register };
            let (child, pipes) = Child::start(&start).map_err(|error| ConnectError::Failed(error.to_string()))?;
            last_words.replace(child.stderr.clone());
            let silence_max = SILENCE_MAX.min(server.connect_timeout / 2);
            stdio(child, pipes, silence_max, (features.clone(), era)).await
        }
        Launch::Http { .. } => {
            let place = place.as_ref().expect("it was made above for such servers");
            // Not the SDK's own way to find out: it would sign in again after a failure to sign in.
            let served = features
                .clone()
                .serve_with_lifecycle(AnyTransport::new(place.transport()), lifecycle(era.or(Some(Era::Modern))))
                .await;
            let client = served.map_err(|error| match failure_to_sign_in(&error) {
                _ if error.is_authorization_required() => {
                    ConnectError::Final(McpError::SignInNeeded { server: server.name.clone() })
                }
                Some(reason) => ConnectError::Final(McpError::SignInFailed { server: server.name.clone(), reason }),
                None => ConnectError::Failed(reason(&error)),
            })?;
            Ok(Connected { client, child: None, streams: Some(place.streams()) })
        }
    };
    let failure = match attempt(first).await {
        Err(ConnectError::Failed(reason)) if server.protocol == Protocol::Auto => reason,
        ended => return ended,
    };
    match (first, &server.launch) {
        // Some old servers end, or talk nonsense, when they hear a question that they do not know.
        (None, Launch::Command { .. } | Launch::Http { .. }) | (Some(Era::Modern), Launch::Http { .. }) => {
            // What the first one said tells more.
            attempt(Some(Era::Legacy)).await.map_err(|_| ConnectError::Failed(failure))
        }
        // The server is not what it was.
        (Some(_), _) => attempt(None).await,
        (None, Launch::Builtin(_)) => Err(ConnectError::Failed(failure)),
    }
}

/// Why signing in failed, where that is what failed: another revision of the protocol does not help then.
fn failure_to_sign_in(error: &ClientInitializeError) -> Option<String> {
    let ClientInitializeError::TransportError { error, .. } = error else { return None };
    // What `AnyTransport` wraps.
    match error.error.source()?.downcast_ref::<StreamableHttpError<reqwest::Error>>()? {
        StreamableHttpError::Auth(error) => Some(error.to_string()),
        StreamableHttpError::InsufficientScope(_) => Some("what it gives is not enough for this server".to_owned()),
        _ => None,
    }
}

/// With a handshake, unless it is asked for otherwise: it costs no more, and a server may then ask the person.
async fn in_process(
    builtin: &InProcess,
    features: ClientFeatures,
    era: Option<Era>,
) -> Result<Connected, ConnectError> {
    let served =
        features.serve_with_lifecycle(AnyTransport::new(builtin.connect()), lifecycle(era.or(Some(Era::Legacy)))).await;
    let client = served.map_err(|error| ConnectError::Failed(reason(&error)))?;
    Ok(Connected { client, child: None, streams: None })
}

async fn stdio(
    child: Child,
    pipes: Pipes,
    silence_max: Duration,
    (features, era): (ClientFeatures, Option<Era>),
) -> Result<Connected, ConnectError> {
    let signs = Signs::default();
    let transport = ChildTransport::new(pipes, child.ending(), signs.clone(), silence_max);
    match features.serve_with_lifecycle(AnyTransport::new(transport), lifecycle(era)).await {
        Ok(client) => Ok(Connected { client, child: Some((child, signs)), streams: None }),
        Err(error) => {
            let fault = signs.fault();
            // Whether an end is met while the pipe is written to or read from is a matter of luck.
            let is_end = fault.is_none() && matches!(error, ClientInitializeError::TransportError { .. });
            let reason = fault.unwrap_or_else(|| reason(&error));
            // Its last words are complete once it has ended; one that lives on is not waited for.
            let ended = tokio::time::timeout(Duration::from_millis(300), child.ended()).await;
            let reason = match ended {
                Ok(status) if is_end => format!("{ENDED} ({status})"),
                Ok(status) => format!("{reason} ({status})"),
                Err(_) => reason,
            };
            Err(ConnectError::Failed(with_last_words(reason, &child.stderr)))
        }
    }
}

const ENDED: &str = "it ended before it greeted";

/// What went wrong in the greeting, in a few words.
fn reason(error: &ClientInitializeError) -> String {
    match error {
        ClientInitializeError::ConnectionClosed(_) => ENDED.to_owned(),
        ClientInitializeError::TransportError { error, .. } => in_words(error),
        ClientInitializeError::JsonRpcError(data) if is_unreadable(data) => data.message.clone().into_owned(),
        ClientInitializeError::JsonRpcError(data) => format!("it refused the greeting: {}", data.message),
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => reason(fallback),
        ClientInitializeError::NoCompatibleProtocolVersion { server_supported, .. } => {
            let versions: Vec<&str> = server_supported.iter().map(ProtocolVersion::as_str).collect();
            format!("it speaks other revisions of the protocol: {}", versions.join(", "))
        }
        _ => "its greeting does not follow the protocol".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_stand_above_what_is_remembered() {
        assert_eq!(era(Protocol::Auto, None), None);
        assert_eq!(era(Protocol::Auto, Some(Era::Modern)), Some(Era::Modern));
        assert_eq!(era(Protocol::Legacy, Some(Era::Modern)), Some(Era::Legacy));
        assert_eq!(era(Protocol::Modern, None), Some(Era::Modern));
    }
}
