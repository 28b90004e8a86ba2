//! All transports as one type: for each type that it is given, the SDK makes the code of a whole client.

use std::error::Error;
use std::fmt;

use futures::future::BoxFuture;
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::{IntoTransport, Transport};

/// A transport, whichever it is.
pub(super) struct AnyTransport(Box<dyn Erased>);

impl AnyTransport {
    pub(super) fn new<E, A>(transport: impl IntoTransport<RoleClient, E, A>) -> Self
    where
        E: Error + Send + Sync + 'static,
    {
        Self(Box::new(transport.into_transport()))
    }
}

/// What went wrong in one. The SDK looks for its own errors among the sources.
#[derive(Debug)]
pub(super) struct TransportFault(Box<dyn Error + Send + Sync>);

impl fmt::Display for TransportFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Error for TransportFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

trait Erased: Send {
    fn send(&mut self, message: ClientJsonRpcMessage) -> BoxFuture<'static, Result<(), TransportFault>>;
    fn receive(&mut self) -> BoxFuture<'_, Option<ServerJsonRpcMessage>>;
    fn close(&mut self) -> BoxFuture<'_, Result<(), TransportFault>>;
}

impl<T: Transport<RoleClient>> Erased for T {
    fn send(&mut self, message: ClientJsonRpcMessage) -> BoxFuture<'static, Result<(), TransportFault>> {
        let sent = Transport::send(self, message);
        Box::pin(async { sent.await.map_err(fault) })
    }

    fn receive(&mut self) -> BoxFuture<'_, Option<ServerJsonRpcMessage>> {
        Box::pin(Transport::receive(self))
    }

    fn close(&mut self) -> BoxFuture<'_, Result<(), TransportFault>> {
        Box::pin(async { Transport::close(self).await.map_err(fault) })
    }
}

fn fault(error: impl Error + Send + Sync + 'static) -> TransportFault {
    TransportFault(Box::new(error))
}

impl Transport<RoleClient> for AnyTransport {
    type Error = TransportFault;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = Result<(), TransportFault>> + Send + 'static {
        self.0.send(message)
    }

    fn receive(&mut self) -> impl Future<Output = Option<ServerJsonRpcMessage>> + Send {
        self.0.receive()
    }

    async fn close(&mut self) -> Result<(), TransportFault> {
        self.0.close().await
    }
}
