//! What a server may ask and tell us: one handler for sampling, forms, roots, progress, log lines and changes.
#![expect(deprecated, reason = "older servers sample, ask for roots and log; newer ones will not")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::ClientHandler;
use rmcp::model::{
    ClientCapabilities, ClientConfig, CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams,
    ElicitResult, ElicitationAction, ElicitationCapability, ErrorCode, ErrorData, FormElicitationCapability,
    Implementation, ListRootsResult, LoggingMessageNotificationParam, ProgressNotificationParam, ProgressToken,
    ProtocolVersion, ResourceUpdatedNotificationParam, Root, RootsCapabilities, SamplingCapability, TASKS_EXTENSION_ID,
    UrlElicitationCapability,
};
use rmcp::service::{NotificationContext, RequestContext, RoleClient};
use serde_json::{Map, Value};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use super::changes::Changes;
use super::log_level::LogWish;
use super::translate::{log_text, sampling_messages, sampling_result, shortened};
use super::{ClientAbilities, ElicitAnswer, HostEvent, LogLevel, ServerQuestion};

/// Questions of one server that are open at the same time; further ones are refused.
const QUESTIONS_MAX: usize = 16;

/// A question that nobody answers is declined after this long.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(600);

/// For a cancellation to be sent: a server that does not read is not waited for.
const FAREWELL_MAX: Duration = Duration::from_millis(300);

/// How long a server may take to ask for its roots, and then to do something with them.
const ROOTS_ASKED_WAIT: Duration = Duration::from_millis(500);
const ROOTS_USED_WAIT: Duration = Duration::from_millis(100);

/// Of a log line or a progress message.
const MESSAGE_CHARS_MAX: usize = 4096;

/// The client's side of one connection. Clones are the same.
#[derive(Clone)]
pub(super) struct ClientFeatures(Arc<Inner>);

struct Inner {
    server: String,
    abilities: ClientAbilities,
    roots: Vec<Root>,
    events: mpsc::Sender<HostEvent>,
    changes: Changes,
    log: LogWish,
    /// Which call of ours a progress token stands for.
    calls: Mutex<HashMap<ProgressToken, String>>,
    places: Semaphore,
    open_questions: AtomicUsize,
    /// Cancellations that are on their way to the server.
    farewells: AtomicUsize,
    roots_asked: Notify,
}

/// Who hears what the server says without having been asked.
pub(super) struct Listeners {
    pub events: mpsc::Sender<HostEvent>,
    pub changes: Changes,
    pub log: LogWish,
}

impl ClientFeatures {
    pub(super) fn new(
        server: &str,
        abilities: ClientAbilities,
        roots: Vec<Root>,
        Listeners { events, changes, log }: Listeners,
    ) -> Self {
        Self(Arc::new(Inner {
            server: server.to_owned(),
            abilities,
            roots,
            events,
            changes,
            log,
            calls: Mutex::default(),
            places: Semaphore::new(QUESTIONS_MAX),
            open_questions: AtomicUsize::new(0),
            farewells: AtomicUsize::new(0),
            roots_asked: Notify::new(),
        }))
    }

    /// Progress under `token` belongs to `call` until the returned value is dropped.
    pub(super) fn follow(&self, token: &ProgressToken, call: &str) -> Followed {
        self.calls().insert(token.clone(), call.to_owned());
        Followed { features: self.clone(), token: token.clone() }
    }

    /// Somebody is being asked on this server's behalf: its calls wait for a person, not for it.
    pub(super) fn is_asking(&self) -> bool {
        self.0.open_questions.load(Ordering::Relaxed) > 0
    }

    /// Sends a cancellation. A connection that is closed waits for it, a little.
    pub(super) fn send_farewell(&self, farewell: impl Future + Send + 'static) {
        // Without a runtime there is no connection left to send it on.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        self.0.farewells.fetch_add(1, Ordering::Relaxed);
        let features = self.clone();
        runtime.spawn(async move {
            let _ = tokio::time::timeout(FAREWELL_MAX, farewell).await;
            features.0.farewells.fetch_sub(1, Ordering::Relaxed);
        });
    }

    pub(super) fn has_farewells(&self) -> bool {
        self.0.farewells.load(Ordering::Relaxed) > 0
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, HashMap<ProgressToken, String>> {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells something that may be lost when nobody keeps up.
    pub(super) fn tell(&self, event: HostEvent) {
        let _ = self.0.events.try_send(event);
    }

    /// Asks the person. `None` where nobody takes the question, or nobody answers it.
    async fn ask<T>(&self, question: impl FnOnce(String, oneshot::Sender<T>) -> ServerQuestion) -> Option<T> {
        let _place = self.0.places.try_acquire().ok()?;
        let _open = Open::count(&self.0.open_questions);
        let (answer, answered) = oneshot::channel();
        let question = HostEvent::Question(question(self.0.server.clone(), answer));
        let asking = async {
            self.0.events.send(question).await.ok()?;
            answered.await.ok()
        };
        tokio::time::timeout(ANSWER_WAIT_MAX, asking).await.ok()?
    }

    /// Asks a model on the server's behalf.
    pub(super) async fn sample(&self, params: CreateMessageRequestParams) -> Result<CreateMessageResult, ErrorData> {
        if !self.0.abilities.sampling {
            return Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "this client offers no sampling", None));
        }
        let messages = sampling_messages(params.messages)
            .ok_or_else(|| ErrorData::invalid_params("this client takes text, images and sound only", None))?;
        let answer = self.ask(|server, answer| ServerQuestion::Sampling {
            server,
            system: params.system_prompt,
            messages,
            max_tokens: params.max_tokens,
            temperature: params.temperature.map(f64::from),
            answer,
        });
        // The code is the one that the specification names for a refusal.
        let refused = || ErrorData::new(ErrorCode(-1), "the person refused it", None);
        answer.await.flatten().map(sampling_result).ok_or_else(refused)
    }

    /// Has a form filled in, or a page opened.
    pub(super) async fn elicit(&self, params: ElicitRequestParams) -> Result<ElicitResult, ErrorData> {
        let unable = |what| Err(ErrorData::invalid_params(format!("this client takes no {what}"), None));
        match params {
            ElicitRequestParams::FormElicitationParams { message, requested_schema, .. } => {
                let schema = serde_json::to_value(requested_schema);
                let (true, Ok(Value::Object(schema))) = (self.0.abilities.elicit_form, schema) else {
                    return unable("such forms");
                };
                let answer = self.ask(|server, answer| ServerQuestion::Form { server, message, schema, answer }).await;
                let (action, values) = elicited(answer);
                let result = ElicitResult::new(action);
                Ok(match values {
                    Some(values) => result.with_content(Value::Object(values)),
                    None => result,
                })
            }
            ElicitRequestParams::UrlElicitationParams { message, url, .. } if self.0.abilities.elicit_url => {
                let answer = self.ask(|server, answer| ServerQuestion::Url { server, message, url, answer }).await;
                // Only the consent goes back: what is typed on the page is not for us.
                Ok(ElicitResult::new(elicited(answer).0))
            }
            _ => unable("such questions"),
        }
    }

    pub(super) fn roots(&self) -> ListRootsResult {
        ListRootsResult::new(self.0.roots.clone())
    }

    /// Waits a moment until the server knows its roots. Servers ask for them behind the greeting, and what
    /// is called before would meet the folders of their command line.
    pub(super) async fn roots_known(&self) {
        if self.0.roots.is_empty() {
            return;
        }
        if tokio::time::timeout(ROOTS_ASKED_WAIT, self.0.roots_asked.notified()).await.is_ok() {
            tokio::time::sleep(ROOTS_USED_WAIT).await;
        }
    }

    fn capabilities(&self) -> ClientCapabilities {
        let abilities = self.0.abilities;
        let mut capabilities = ClientCapabilities::default();
        capabilities.extensions = Some([(TASKS_EXTENSION_ID.to_owned(), Map::new())].into());
        if !self.0.roots.is_empty() {
            capabilities.roots = Some(RootsCapabilities::default());
        }
        if abilities.sampling {
            capabilities.sampling = Some(SamplingCapability::default());
        }
        if abilities.elicit_form || abilities.elicit_url {
            let mut elicitation = ElicitationCapability::new();
            elicitation.form = abilities.elicit_form.then(FormElicitationCapability::new);
            elicitation.url = abilities.elicit_url.then(UrlElicitationCapability::new);
            capabilities.elicitation = Some(elicitation);
        }
        capabilities
    }
}

impl ClientHandler for ClientFeatures {
    async fn create_message(
        &self,
        params: CreateMessageRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        self.sample(params).await
    }

    async fn list_roots(&self, _context: RequestContext<RoleClient>) -> Result<ListRootsResult, ErrorData> {
        self.0.roots_asked.notify_one();
        Ok(self.roots())
    }

    async fn create_elicitation(
        &self,
        params: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        self.elicit(params).await
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _context: NotificationContext<RoleClient>) {
        let call = self.calls().get(&params.progress_token).cloned();
        if let Some(call) = call {
            self.tell(HostEvent::Progress {
                server: self.0.server.clone(),
                call,
                progress: params.progress,
                total: params.total,
                message: params.message.map(|message| shortened(message, MESSAGE_CHARS_MAX)),
            });
        }
    }

    async fn on_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        let level = LogLevel::of(params.level);
        if self.0.log.lets_through(level) {
            let text = shortened(log_text(params.data), MESSAGE_CHARS_MAX);
            self.tell(HostEvent::Log { server: self.0.server.clone(), level, text });
        }
    }

    async fn on_resource_updated(
        &self,
        params: ResourceUpdatedNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.0.changes.resource_updated(&params.uri);
    }

    async fn on_resource_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.0.changes.resources_changed();
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.0.changes.tools_changed();
    }

    fn get_info(&self) -> ClientConfig {
        let implementation = Implementation::new("sayso", env!("CARGO_PKG_VERSION")).with_title("sayso");
        // For a handshake; without one, each request names its own revision.
        ClientConfig::new(self.capabilities(), implementation)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }
}

fn elicited(answer: Option<ElicitAnswer>) -> (ElicitationAction, Option<Map<String, Value>>) {
    match answer.unwrap_or(ElicitAnswer::Decline) {
        ElicitAnswer::Accept(values) => (ElicitationAction::Accept, Some(values)),
        ElicitAnswer::Decline => (ElicitationAction::Decline, None),
        ElicitAnswer::Cancel => (ElicitationAction::Cancel, None),
    }
}

/// See [`ClientFeatures::follow`].
pub(super) struct Followed {
    features: ClientFeatures,
    token: ProgressToken,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.features.calls().remove(&self.token);
    }
}

/// Counts a question as open while it lives.
struct Open<'a>(&'a AtomicUsize);

impl<'a> Open<'a> {
    fn count(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
