//! Built-in servers for other hosts, over stdin and stdout: nothing but the protocol is written there.

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use rmcp::transport::stdio_pipes;

use super::Served;
use super::served::Merged;

/// Serves until stdin ends. `Err`: what came was not the protocol.
pub async fn serve_stdio(servers: Vec<Served>) -> Result<(), String> {
    let running = match Merged::new(servers).serve(stdio_pipes()).await {
        Ok(running) => running,
        // Nobody said anything at all.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    running.waiting().await.map(|_| ()).map_err(|error| error.to_string())
}
