//! Servers linked into the binary: they talk over typed channels, with no JSON in between.

use std::fmt;
use std::sync::Arc;

use futures::channel::mpsc;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};

/// The server's end of a connection: what it writes to, and what it reads from.
pub type ServerEnd = (mpsc::Sender<ServerJsonRpcMessage>, mpsc::Receiver<ClientJsonRpcMessage>);

/// The client's end of a connection.
pub type ClientEnd = (mpsc::Sender<ClientJsonRpcMessage>, mpsc::Receiver<ServerJsonRpcMessage>);

/// Messages under way in one direction.
const MESSAGES_MAX: usize = 64;

/// Starts a server on its end of a connection, as a task of the current runtime.
#[derive(Clone)]
pub struct InProcess {
    start: Arc<dyn Fn(ServerEnd) + Send + Sync>,
    /// Changes whenever its tools can have changed.
    identity: Option<String>,
}

impl InProcess {
    #[must_use]
    pub fn new(start: impl Fn(ServerEnd) + Send + Sync + 'static) -> Self {
        Self { start: Arc::new(start), identity: None }
    }

    /// Its tools may be remembered under this name: then it is connected to only when one of them is called.
    #[must_use]
    pub fn known_as(self, identity: Option<String>) -> Self {
        Self { identity, ..self }
    }

    pub(super) fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Starts the server; our end of its connection.
    #[must_use]
    pub fn connect(&self) -> ClientEnd {
        let (to_client, from_server) = mpsc::channel(MESSAGES_MAX);
        let (to_server, from_client) = mpsc::channel(MESSAGES_MAX);
        (self.start)((to_client, from_client));
        (to_server, from_server)
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InProcess")
    }
}
