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
pub struct InProcess(Arc<dyn Fn(ServerEnd) + Send + Sync>);

impl InProcess {
    #[must_use]
    pub fn new(start: impl Fn(ServerEnd) + Send + Sync + 'static) -> Self {
        Self(Arc::new(start))
    }

    /// Starts the server; our end of its connection.
    #[must_use]
    pub fn connect(&self) -> ClientEnd {
        let (to_client, from_server) = mpsc::channel(MESSAGES_MAX);
        let (to_server, from_client) = mpsc::channel(MESSAGES_MAX);
        (self.0)((to_client, from_client));
        (to_server, from_server)
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InProcess")
    }
}
