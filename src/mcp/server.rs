//! The life of one server: idle, connecting, ready, failed; started again at most once per turn when it died.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};

use super::changes::Changes;
use super::client_features::{ClientFeatures, Listeners};
use super::connect::{self, ConnectError};
use super::connection::Connection;
use super::log_level::LogWish;
use super::register::Register;
use super::remembered::{Memory, Remembered};
use super::resource_cache::ResourceCache;
use super::tool_filter::ToolFilter;
use super::{
    HostEvent, HostSettings, Launch, LogLevel, McpError, ServerSettings, ServerState, ServerStatus, ToolInfo, translate,
};
use crate::conversation::without_error_numbers;

/// What all servers of a host share.
pub(super) struct Shared {
    pub settings: HostSettings,
    pub events: mpsc::Sender<HostEvent>,
    pub register: Register,
}

pub(super) struct Server {
    pub settings: ServerSettings,
    pub filter: ToolFilter,
    pub changes: Changes,
    log: LogWish,
    pub resources: RefCell<ResourceCache>,
    /// Read from the disk when somebody wants to know.
    known: OnceCell<Known>,
    memory: Memory,
    me: Weak<Self>,
    shared: Rc<Shared>,
    state: RefCell<State>,
    /// One connects at a time; the others wait for what comes of it.
    connecting: Mutex<()>,
    /// One asks for the tools at a time.
    pub(super) listing: Mutex<()>,
    restarts_left: Cell<usize>,
}

/// What is known of it without asking.
pub(super) struct Known {
    pub tools: RefCell<Option<Arc<[ToolInfo]>>>,
    remembered: RefCell<Remembered>,
}

enum State {
    Idle,
    Connecting,
    /// Alive, or dead without anybody having noticed.
    Connected(Rc<Connection>),
    Failed(McpError),
}

/// Between a change and a look at it: changes come in swarms.
const NEWS_WAIT: Duration = Duration::from_millis(100);

/// JSON-RPC 2.0, section 5.1.
const METHOD_NOT_FOUND: i64 = -32601;

/// After a server died: in one turn.
const RESTARTS_MAX: usize = 1;

impl Server {
    pub(super) fn new(settings: ServerSettings, shared: Rc<Shared>) -> Rc<Self> {
        let memory = Memory::new(shared.settings.cache_folder.as_deref(), &settings.launch);
        let filter = ToolFilter::new(&settings.allow, &settings.deny);
        Rc::new_cyclic(|me| Self {
            filter,
            log: LogWish::new(settings.log_level),
            settings,
            changes: Changes::default(),
            resources: RefCell::default(),
            known: OnceCell::new(),
            memory,
            me: me.clone(),
            shared,
            state: RefCell::new(State::Idle),
            connecting: Mutex::new(()),
            listing: Mutex::new(()),
            restarts_left: Cell::new(RESTARTS_MAX),
        })
    }

    pub(super) fn known(&self) -> &Known {
        self.known.get_or_init(|| {
            let remembered = self.memory.load();
            let tools = remembered.tools.clone().map(|tools| self.filter.offered(tools).0.into());
            Known { tools: RefCell::new(tools), remembered: RefCell::new(remembered) }
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    pub(super) fn begin_turn(&self) {
        self.restarts_left.set(RESTARTS_MAX);
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(*self.state.borrow(), State::Idle)
    }

    /// The connection, made where there is none.
    pub(super) async fn ready(&self) -> Result<Rc<Connection>, McpError> {
        if let Some(connection) = self.live() {
            return Ok(connection);
        }
        let _turn = self.connecting.lock().await;
        if let Some(connection) = self.live() {
            return Ok(connection);
        }
        self.may_start()?;
        self.state.replace(State::Connecting);
        let given_up = GivenUp(self);
        let connected = self.connect().await;
        std::mem::forget(given_up);
        match connected {
            Ok(connection) => {
                let connection = Rc::new(connection);
                self.look_after(&connection);
                self.state.replace(State::Connected(Rc::clone(&connection)));
                Ok(connection)
            }
            Err(error) => {
                self.state.replace(State::Failed(error.clone()));
                Err(error)
            }
        }
    }

    async fn connect(&self) -> Result<Connection, McpError> {
        self.shared.register.sweep();
        let features = ClientFeatures::new(
            self.name(),
            self.shared.settings.abilities,
            translate::roots(self.settings.roots.iter().map(std::path::PathBuf::as_path)),
            Listeners { events: self.shared.events.clone(), changes: self.changes.clone(), log: self.log.clone() },
        );
        let era = self.known().remembered.borrow().era;
        let connected = connect::connect(&self.settings, &self.shared, features, era).await;
        let connected = connected.map_err(|error| match error {
            ConnectError::Final(error) => error,
            ConnectError::Failed(reason) => self.unavailable(reason),
        })?;
        let connection = Connection::new(connected, self.name(), self.settings.request_timeout, self.log.clone());
        if self.log.level().is_some() {
            connection.tell_log_level().await;
        }
        // What was read over another connection may have changed unheard.
        self.resources.borrow_mut().clear();
        if !matches!(self.settings.launch, Launch::Builtin(_)) {
            connection.roots_known().await;
        }
        Ok(connection)
    }

    /// Hears of changes for as long as the connection stands: lists are asked for anew, and the rest is told.
    fn look_after(&self, connection: &Rc<Connection>) {
        let (me, weak, changes) = (self.me.clone(), Rc::downgrade(connection), self.changes.clone());
        let task = tokio::task::spawn_local(async move {
            if let Some(connection) = weak.upgrade() {
                connection.listen_to_lists(&changes).await;
            }
            loop {
                changes.news().await;
                tokio::time::sleep(NEWS_WAIT).await;
                let (Some(server), Some(connection)) = (me.upgrade(), weak.upgrade()) else { return };
                server.tell_news(&connection).await;
            }
        });
        connection.keep(task.abort_handle());
    }

    async fn tell_news(&self, connection: &Connection) {
        for uri in self.changes.take_untold() {
            self.tell(HostEvent::ResourceUpdated { server: self.name().to_owned(), uri });
        }
        // A list that nobody has asked for yet is not news.
        if self.changes.tools_have_changed() && connection.is_listed.get() && self.listed(connection).await.is_ok() {
            self.tell(HostEvent::ToolsChanged { server: self.name().to_owned() });
        }
    }

    /// Keeps for the next start what the server has turned out to be.
    pub(super) fn remember(&self, connection: &Connection, listed: Vec<ToolInfo>) {
        self.remember_that(|remembered| {
            remembered.era = connection.next_era();
            remembered.tools = Some(listed);
            remembered.has_resources = connection.capabilities().resources.is_some();
        });
    }

    pub(super) fn remember_that(&self, change: impl FnOnce(&mut Remembered)) {
        let before = &self.known().remembered;
        let mut remembered = before.borrow().clone();
        change(&mut remembered);
        if *before.borrow() != remembered {
            self.memory.store(&remembered);
            before.replace(remembered);
        }
    }

    /// Whether it has something to be read, as it said when its tools were listed.
    pub(super) fn has_resources(&self) -> bool {
        self.known().remembered.borrow().has_resources
    }

    /// From now on, and on the connections to come.
    pub(super) async fn set_log_level(&self, level: LogLevel) -> Result<(), McpError> {
        self.log.set(level);
        match self.ready().await?.tell_log_level().await {
            true => Ok(()),
            false => Err(self.refused(METHOD_NOT_FOUND, "it keeps no log that could be asked for".to_owned())),
        }
    }

    /// Whether a start is due: the first, or one after a death that this turn still allows.
    fn may_start(&self) -> Result<(), McpError> {
        match &*self.state.borrow() {
            State::Idle | State::Connecting => Ok(()),
            State::Failed(error) => Err(error.clone()),
            State::Connected(_) => match self.restarts_left.get() {
                0 => Err(self.unavailable("it ended, again, and is started anew with the next turn".to_owned())),
                left => {
                    self.restarts_left.set(left - 1);
                    Ok(())
                }
            },
        }
    }

    pub(super) fn refused(&self, code: i64, message: String) -> McpError {
        McpError::Refused { server: self.name().to_owned(), code, message }
    }

    fn unavailable(&self, reason: String) -> McpError {
        McpError::Unavailable { server: self.name().to_owned(), reason: without_error_numbers(reason) }
    }

    /// The connection, where there is one that lives.
    pub(super) fn live(&self) -> Option<Rc<Connection>> {
        match &*self.state.borrow() {
            State::Connected(connection) if connection.is_alive() => Some(Rc::clone(connection)),
            State::Connected(_) | State::Idle | State::Connecting | State::Failed(_) => None,
        }
    }

    /// Takes the connection away, to be closed; the next use makes a new one.
    pub(super) fn disconnect(&self) -> Option<Rc<Connection>> {
        match self.state.replace(State::Idle) {
            State::Connected(connection) => Some(connection),
            State::Idle | State::Connecting | State::Failed(_) => None,
        }
    }

    /// Tells the person something about this server.
    pub(super) fn warn(&self, text: String) {
        let event = HostEvent::Log { server: self.name().to_owned(), level: LogLevel::Warning, text };
        self.tell(event);
    }

    pub(super) fn tell(&self, event: HostEvent) {
        let _ = self.shared.events.try_send(event);
    }

    pub(super) fn status(&self) -> ServerStatus {
        let live = self.live();
        ServerStatus {
            name: self.name().to_owned(),
            transport: match self.settings.launch {
                Launch::Builtin(_) => "builtin",
                Launch::Command { .. } => "stdio",
                Launch::Http { .. } => "http",
            },
            state: match &*self.state.borrow() {
                State::Idle => ServerState::Idle,
                State::Connecting => ServerState::Connecting,
                State::Connected(connection) if connection.is_alive() => ServerState::Ready,
                State::Connected(_) => ServerState::Failed("it ended".to_owned()),
                State::Failed(error) => ServerState::Failed(error.to_string()),
            },
            protocol: live.as_ref().and_then(|connection| connection.protocol()),
            instructions: live.as_ref().and_then(|connection| connection.instructions()),
            tools: self.known().tools.borrow().as_ref().map(|tools| tools.len()),
        }
    }
}

/// A start that is given up half-way counts as none.
struct GivenUp<'a>(&'a Server);

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        self.0.state.replace(State::Idle);
    }
}
