//! The host: servers by name, started when they are needed, closed together.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::connection::Connection;
use super::register::Register;
use super::server::{Server, Shared};
use super::{
    CallResult, Completion, CompletionQuestion, HostEvent, HostEvents, HostSettings, Launch, LogLevel, McpError,
    PromptInfo, PromptMessage, ResourceContent, ResourceInfo, ResourceTemplate, ServerStatus, ToolInfo,
};

/// Events nobody has taken yet; progress beyond it is dropped, questions wait.
const EVENTS_MAX: usize = 256;

/// Starting many programs is work, and the prompt comes first. Whoever needs a server before that starts it.
const START_DELAY: Duration = Duration::from_millis(100);

/// What a child that is killed may still take.
const KILL_WAIT: Duration = Duration::from_millis(1500);

/// All servers of the process. Clones are the same host. Lives on the thread of the runtime.
#[derive(Clone)]
pub struct McpHost {
    inner: Rc<Inner>,
}

struct Inner {
    servers: Vec<Rc<Server>>,
    /// Starts that go on in the background.
    starts: RefCell<Vec<AbortHandle>>,
}

impl McpHost {
    /// Starts nothing yet.
    #[must_use]
    pub fn new(mut settings: HostSettings) -> (Self, HostEvents) {
        let (events, receiver) = mpsc::channel(EVENTS_MAX);
        let servers = std::mem::take(&mut settings.servers);
        let shared = Rc::new(Shared { register: Register::new(settings.state_folder.as_deref()), settings, events });
        let servers = servers.into_iter().map(|settings| Server::new(settings, Rc::clone(&shared))).collect();
        (Self { inner: Rc::new(Inner { servers, starts: RefCell::default() }) }, receiver)
    }

    /// Connects, in the background and all at once, to the servers whose tools are not known from
    /// an earlier time. What comes of it is told by [`HostEvent::Started`].
    pub fn start(&self) {
        let host = self.clone();
        let start = tokio::task::spawn_local(async move {
            tokio::time::sleep(START_DELAY).await;
            host.start_unknown();
        });
        self.inner.starts.borrow_mut().push(start.abort_handle());
    }

    fn start_unknown(&self) {
        for server in &self.inner.servers {
            if server.is_idle() && server.known().tools.borrow().is_none() {
                let server = Rc::clone(server);
                let start = tokio::task::spawn_local(async move {
                    let outcome = server.tools().await.map(|_| ()).map_err(|error| error.to_string());
                    server.tell(HostEvent::Started { server: server.name().to_owned(), outcome });
                });
                self.inner.starts.borrow_mut().push(start.abort_handle());
            }
        }
    }

    /// A new turn begins: a server that died in an earlier one may be started once more.
    pub fn begin_turn(&self) {
        for server in &self.inner.servers {
            server.begin_turn();
        }
    }

    /// Forgets a connection, or why there is none, and makes a new one.
    pub async fn restart(&self, server: &str) -> Result<(), McpError> {
        let server = self.server(server)?;
        if let Some(connection) = server.disconnect() {
            connection.close().await;
        }
        server.ready().await?;
        Ok(())
    }

    #[must_use]
    pub fn servers(&self) -> Vec<ServerStatus> {
        self.inner.servers.iter().map(|server| server.status()).collect()
    }

    /// In the order of the configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.inner.servers.iter().map(|server| server.name())
    }

    /// Those at work that are not our own.
    #[must_use]
    pub fn ready_external(&self) -> Vec<String> {
        let is_external = |server: &&Rc<Server>| !matches!(server.settings.launch, Launch::Builtin(_));
        let ready = self.inner.servers.iter().filter(|server| is_external(server) && server.live().is_some());
        ready.map(|server| server.name().to_owned()).collect()
    }

    /// What is known of a server's tools without waiting: live, or from the cache; `None` where nothing is.
    #[must_use]
    pub fn known_tools(&self, server: &str) -> Option<Arc<[ToolInfo]>> {
        self.server(server).ok()?.known().tools.borrow().clone()
    }

    /// Whether it says that it has something to be read; as it said the last time where it is not there.
    #[must_use]
    pub fn has_resources(&self, server: &str) -> bool {
        self.server(server).is_ok_and(|server| server.has_resources())
    }

    /// Whether the configuration lets a tool of this name be offered.
    #[must_use]
    pub fn offers_tool(&self, server: &str, tool: &str) -> bool {
        self.server(server).is_ok_and(|server| server.filter.offers(tool))
    }

    /// How much the server is to tell in its log, until sayso ends. Connects where that has not happened yet.
    pub async fn set_log_level(&self, server: &str, level: LogLevel) -> Result<(), McpError> {
        self.server(server)?.set_log_level(level).await
    }

    /// Stands for the program or the address of a server: with another one, it is another server.
    #[must_use]
    pub fn identity(&self, server: &str) -> Option<String> {
        Some(self.server(server).ok()?.settings.identity())
    }

    /// The tools of a server as they are now, connecting to it first where that has not happened yet.
    pub async fn tools(&self, server: &str) -> Result<Arc<[ToolInfo]>, McpError> {
        self.server(server)?.tools().await
    }

    /// The same in a task of its own: whoever stops waiting does not end a server that is slow to start. What comes
    /// of it then is told by [`HostEvent::Started`].
    pub async fn tools_beside(&self, server: &str) -> Result<Arc<[ToolInfo]>, McpError> {
        let server = Rc::clone(self.server(server)?);
        let closed = McpError::Unavailable { server: server.name().to_owned(), reason: "it was closed".to_owned() };
        let (answer, answered) = oneshot::channel();
        let start = tokio::task::spawn_local(async move {
            if let Err(unheard) = answer.send(server.tools().await) {
                let outcome = unheard.map(|_| ()).map_err(|error| error.to_string());
                server.tell(HostEvent::Started { server: server.name().to_owned(), outcome });
            }
        });
        self.inner.starts.borrow_mut().push(start.abort_handle());
        answered.await.unwrap_or(Err(closed))
    }

    /// Connects where that has not happened yet.
    pub async fn connect(&self, server: &str) -> Result<(), McpError> {
        self.server(server)?.ready().await?;
        Ok(())
    }

    /// Runs a tool. `call` comes back in [`HostEvent::Progress`]. Dropping the future tells the server
    /// that the call is cancelled.
    pub async fn call_tool(
        &self,
        server: &str,
        tool: &str,
        arguments: Map<String, Value>,
        call: &str,
    ) -> Result<CallResult, McpError> {
        self.server(server)?.call(tool, arguments, call).await
    }

    pub async fn resources(&self, server: &str) -> Result<Vec<ResourceInfo>, McpError> {
        self.server(server)?.resources().await
    }

    pub async fn resource_templates(&self, server: &str) -> Result<Vec<ResourceTemplate>, McpError> {
        self.server(server)?.resource_templates().await
    }

    /// From the cache as long as the server allows it and has not told of a change.
    pub async fn read_resource(&self, server: &str, uri: &str) -> Result<Vec<ResourceContent>, McpError> {
        self.server(server)?.read_resource(uri).await
    }

    pub async fn prompts(&self, server: &str) -> Result<Vec<PromptInfo>, McpError> {
        self.server(server)?.prompts().await
    }

    pub async fn prompt(
        &self,
        server: &str,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<Vec<PromptMessage>, McpError> {
        self.server(server)?.prompt(name, arguments).await
    }

    /// Suggestions for an argument of a prompt or of a resource template.
    pub async fn complete(&self, server: &str, question: &CompletionQuestion) -> Result<Completion, McpError> {
        self.server(server)?.complete(question).await
    }

    /// The servers that have a prompt of this name, and what kept others from telling. Our own have none.
    pub async fn servers_with_prompt(&self, name: &str) -> (Vec<String>, Vec<McpError>) {
        let external = self.inner.servers.iter().filter(|server| !matches!(server.settings.launch, Launch::Builtin(_)));
        let asked = external.map(|server| async move { (server.name().to_owned(), server.prompts().await) });
        let (mut having, mut failed) = (Vec::new(), Vec::new());
        for (server, prompts) in join_all(asked).await {
            match prompts {
                Ok(prompts) if prompts.iter().any(|prompt| prompt.name == name) => having.push(server),
                Ok(_) => {}
                Err(error) => failed.push(error),
            }
        }
        (having, failed)
    }

    /// Ends a server that does not listen; the next call starts it anew. Nothing happens where none runs.
    pub fn kill(&self, server: &str) {
        let Some(connection) = self.server(server).ok().and_then(|server| server.disconnect()) else { return };
        connection.end_now();
        // Its tasks end beside whatever the person does next.
        tokio::task::spawn_local(async move { connection.close().await });
    }

    /// Closes all connections at once and ends all children, gently first, within `limit`.
    pub async fn close(&self, limit: Duration) {
        for start in self.inner.starts.borrow_mut().drain(..) {
            start.abort();
        }
        let connections: Vec<Rc<Connection>> =
            self.inner.servers.iter().filter_map(|server| server.disconnect()).collect();
        let closing = join_all(connections.iter().map(|connection| connection.close()));
        if tokio::time::timeout(limit, closing).await.is_err() {
            for connection in &connections {
                connection.end_now();
            }
            let _ = tokio::time::timeout(KILL_WAIT, join_all(connections.iter().map(|connection| connection.close())))
                .await;
        }
    }

    fn server(&self, name: &str) -> Result<&Rc<Server>, McpError> {
        let found = self.inner.servers.iter().find(|server| server.name() == name);
        found.ok_or_else(|| McpError::UnknownServer(name.to_owned()))
    }
}
