//! The host: servers by name, started when they are needed, closed together.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::{
    CallResult, Completion, HostEvent, HostEvents, HostSettings, McpError, PromptInfo, PromptMessage, ResourceContent,
    ResourceInfo, ResourceTemplate, ServerStatus, ToolInfo,
};

/// Events nobody has taken yet; progress beyond it is dropped, questions wait.
const EVENTS_MAX: usize = 256;

/// All servers of the process. Clones are the same host. Lives on the thread of the runtime.
#[derive(Clone)]
pub struct McpHost {
    inner: Rc<Inner>,
}

struct Inner {
    settings: HostSettings,
    events: mpsc::Sender<HostEvent>,
}

impl McpHost {
    /// Starts nothing yet.
    #[must_use]
    pub fn new(settings: HostSettings) -> (Self, HostEvents) {
        let (events, receiver) = mpsc::channel(EVENTS_MAX);
        (Self { inner: Rc::new(Inner { settings, events }) }, receiver)
    }

    /// Connects, in the background and all at once, to the servers whose tools are not known from
    /// an earlier time. What comes of it is told by [`HostEvent::Started`].
    pub fn start(&self) {}

    #[must_use]
    pub fn servers(&self) -> Vec<ServerStatus> {
        Vec::new()
    }

    /// What is known of a server's tools without waiting: live, or from the cache; `None` where nothing is.
    #[must_use]
    pub fn known_tools(&self, server: &str) -> Option<Arc<[ToolInfo]>> {
        let _ = server;
        None
    }

    /// The tools of a server, connecting to it first where they are not known.
    pub async fn tools(&self, server: &str) -> Result<Arc<[ToolInfo]>, McpError> {
        Err(self.unknown(server))
    }

    /// Connects where that has not happened yet.
    pub async fn connect(&self, server: &str) -> Result<(), McpError> {
        Err(self.unknown(server))
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
        let _ = (tool, arguments, call);
        Err(self.unknown(server))
    }

    pub async fn resources(&self, server: &str) -> Result<Vec<ResourceInfo>, McpError> {
        Err(self.unknown(server))
    }

    pub async fn resource_templates(&self, server: &str) -> Result<Vec<ResourceTemplate>, McpError> {
        Err(self.unknown(server))
    }

    /// From the cache as long as the server allows it and has not told of a change.
    pub async fn read_resource(&self, server: &str, uri: &str) -> Result<Vec<ResourceContent>, McpError> {
        let _ = uri;
        Err(self.unknown(server))
    }

    pub async fn prompts(&self, server: &str) -> Result<Vec<PromptInfo>, McpError> {
        Err(self.unknown(server))
    }

    pub async fn prompt(
        &self,
        server: &str,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<Vec<PromptMessage>, McpError> {
        let _ = (name, arguments);
        Err(self.unknown(server))
    }

    /// Suggestions for an argument of a prompt.
    pub async fn complete_prompt_argument(
        &self,
        server: &str,
        prompt: &str,
        argument: &str,
        value: &str,
    ) -> Result<Completion, McpError> {
        let _ = (prompt, argument, value);
        Err(self.unknown(server))
    }

    /// Ends a server that does not listen; the next call starts it anew. Nothing happens where none runs.
    pub fn kill(&self, server: &str) {
        let _ = server;
    }

    /// Closes all connections at once and ends all children, gently first, within `limit`.
    pub async fn close(&self, limit: Duration) {
        let _ = (limit, &self.inner.settings, &self.inner.events);
    }

    fn unknown(&self, server: &str) -> McpError {
        McpError::UnknownServer(server.to_owned())
    }
}
