//! One live connection to a server, and what it can say of its end.
#![expect(deprecated, reason = "older servers are told how much to log; newer ones hear it with each request")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{ClientRequest, ServerCapabilities, ServerResult, SetLevelRequestParams};
use rmcp::service::ServiceError;
use tokio::sync::OnceCell;
use tokio::task::AbortHandle;

use super::McpError;
use super::child::Child;
use super::connect::{Connected, Era};
use super::log_level::LogWish;
use super::request::{self, Client, RequestError, Round, Terms};
use super::stdio::Signs;
use super::streams::Streams;
use super::translate::shortened;

/// Of what a server tells the model about itself.
const INSTRUCTIONS_CHARS_MAX: usize = 16 * 1024;

/// How often it is looked whether a connection is closed.
const CLOSE_POLL: Duration = Duration::from_millis(2);

pub(super) struct Connection {
    pub client: Client,
    child: Option<(Child, Signs)>,
    streams: Option<Arc<Streams>>,
    /// The streams have come, or were waited for long enough.
    is_settled: OnceCell<()>,
    server: String,
    timeout: Duration,
    log: LogWish,
    /// Its tools have been asked for since it stands.
    pub is_listed: Cell<bool>,
    /// Resources whose updates it tells us of.
    pub subscribed: RefCell<BTreeSet<String>>,
    /// What goes on beside it, as long as it stands.
    tasks: RefCell<Vec<AbortHandle>>,
}

impl Connection {
    pub(super) fn new(connected: Connected, server: &str, timeout: Duration, log: LogWish) -> Self {
        let Connected { client, child, streams } = connected;
        Self {
            client,
            child,
            streams,
            is_settled: OnceCell::new(),
            server: server.to_owned(),
            timeout,
            log,
            is_listed: Cell::new(false),
            subscribed: RefCell::default(),
            tasks: RefCell::default(),
        }
    }

    /// Ends this task with the connection.
    pub(super) fn keep(&self, task: AbortHandle) {
        self.tasks.borrow_mut().push(task);
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.client.is_transport_closed()
    }

    pub(super) fn protocol(&self) -> Option<String> {
        self.client.peer_info().map(|info| info.protocol_version.to_string())
    }

    /// How to begin the next time.
    pub(super) fn next_era(&self) -> Option<Era> {
        match &self.child {
            Some((_, signs)) if signs.answered_late() => Some(Era::Modern),
            Some(_) | None => self.era(),
        }
    }

    /// How it began.
    pub(super) fn era(&self) -> Option<Era> {
        self.client.peer_info().map(|info| Era::of(&info.protocol_version))
    }

    pub(super) fn instructions(&self) -> Option<String> {
        let instructions = self.client.peer_info()?.instructions.clone()?;
        Some(shortened(instructions, INSTRUCTIONS_CHARS_MAX)).filter(|text| !text.trim().is_empty())
    }

    pub(super) fn capabilities(&self) -> ServerCapabilities {
        self.client.peer_info().map(|info| info.capabilities.clone()).unwrap_or_default()
    }

    /// It wrote something else than messages on its stdout; true once.
    pub(super) fn take_banner(&self) -> bool {
        self.child.as_ref().is_some_and(|(_, signs)| signs.take_banner())
    }

    /// Waits a moment until the server knows its roots. A newer one asks for them with each call.
    pub(super) async fn roots_known(&self) {
        if self.era() != Some(Era::Modern) {
            self.client.service().roots_known().await;
        }
    }

    /// Before the first calls, waits a moment for the stream on which a remote server asks back: what it asks earlier is
    /// lost, and the call waits for the answer.
    pub(super) async fn can_ask_back(&self) {
        if let Some(streams) = &self.streams {
            self.is_settled.get_or_init(|| streams.settled()).await;
        }
    }

    /// Asks, with further rounds where the server asks back.
    pub(super) async fn ask(
        &self,
        call: Option<&str>,
        question: impl Fn(Round) -> ClientRequest,
    ) -> Result<ServerResult, McpError> {
        self.named(request::ask(&self.client, self.terms(), call, question).await).await
    }

    /// A server without a handshake is told with each request how much of its log is wanted.
    fn terms(&self) -> Terms {
        let log_level = self.log.level().filter(|_| self.era() == Some(Era::Modern) && self.keeps_log());
        Terms { timeout: self.timeout, log_level }
    }

    fn keeps_log(&self) -> bool {
        self.capabilities().logging.is_some()
    }

    /// Tells how much of its log is wanted; whether it will do so.
    pub(super) async fn tell_log_level(&self) -> bool {
        match (self.log.level(), self.era()) {
            (Some(level), Some(Era::Legacy)) if self.keeps_log() => {
                let params = SetLevelRequestParams::new(level.to_sdk());
                self.limited(self.client.set_level(params)).await.is_ok()
            }
            (Some(_), Some(Era::Modern)) => self.keeps_log(),
            (Some(_) | None, Some(Era::Legacy) | None) | (None, Some(Era::Modern)) => false,
        }
    }

    /// Gives a request of the SDK its time limit, and its error a name.
    pub(super) async fn limited<T>(
        &self,
        request: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, McpError> {
        let answer = tokio::time::timeout(self.timeout, request).await;
        let answer = answer.map_err(|_| RequestError::TimedOut).and_then(|answer| Ok(answer?));
        self.named(answer).await
    }

    pub(super) async fn named<T>(&self, answer: Result<T, RequestError>) -> Result<T, McpError> {
        let error = match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let error = match (error, &self.child) {
            (RequestError::Disconnected(why), Some((child, signs))) => {
                // Its end and its last words may be still on their way.
                let _ = tokio::time::timeout(Duration::from_millis(300), child.ended()).await;
                let status = || child.exit_status().map_or(why, |status| status.to_string());
                RequestError::Disconnected(signs.fault().unwrap_or_else(status))
            }
            (error, _) => error,
        };
        let last_words = || self.child.as_ref().map(|(child, _)| child.stderr.last_words()).unwrap_or_default();
        Err(error.of(&self.server, self.timeout, last_words))
    }

    pub(super) fn unexpected(&self) -> McpError {
        McpError::Protocol { server: self.server.clone(), reason: "its answer is not one to the question".to_owned() }
    }

    /// Ends it gently, and waits for that; whoever is short of time drops the future and says [`Self::end_now`].
    pub(super) async fn close(&self) {
        while self.is_alive() && self.client.service().has_farewells() {
            tokio::time::sleep(CLOSE_POLL).await;
        }
        self.client.cancellation_token().cancel();
        if let Some((child, _)) = &self.child {
            child.ending().gently();
            child.ended().await;
        }
        while self.is_alive() {
            tokio::time::sleep(CLOSE_POLL).await;
        }
    }

    pub(super) fn end_now(&self) {
        if let Some((child, _)) = &self.child {
            child.ending().now();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for task in self.tasks.take() {
            task.abort();
        }
    }
}
