//! The same question to one server or to all at once; one that fails costs only its own part of the list.

use super::open::{Opened, Stop};
use crate::mcp::{McpError, McpHost};

/// What each server answered, in the order of their names. A server that was named has to answer;
/// of all others a failure is told and left out.
pub async fn ask_each<T>(
    server: Option<&str>,
    opened: &mut Opened<'_>,
    ask: impl AsyncFn(&McpHost, &str) -> Result<T, McpError>,
) -> Result<Vec<(String, T)>, Stop> {
    let names = opened.chosen(server)?;
    let host = opened.host.clone();
    let asked = names.iter().map(async |name| ask(&host, name).await);
    let label = server.unwrap_or("all servers").to_owned();
    let answers = opened.wait(&label, futures::future::join_all(asked)).await?;
    let mut kept = Vec::new();
    for (name, answer) in names.into_iter().zip(answers) {
        match answer {
            Ok(answer) => kept.push((name, answer)),
            Err(error) if server.is_some() => return Err(error.into()),
            Err(error) => opened.context.warn(&error.to_string()),
        }
    }
    if server.is_none() {
        for (name, error) in &opened.servers.unusable {
            opened.context.warn(&format!("the MCP server {name} is left out: {error}"));
        }
    }
    Ok(kept)
}
