//! `mcp list`: the servers that are set up, and their state.

use serde_json::{Value, json};

use super::open::{Opened, Stop, with_host};
use crate::cli::McpListOptions;
use crate::command::context::Context;
use crate::command::listing::Listing;
use crate::exit::Failure;
use crate::mcp::{ServerState, ServerStatus};

/// Runs the command; the exit code.
pub async fn run(options: &McpListOptions, context: &mut Context) -> Result<u8, Failure> {
    with_host(context, false, async |opened| {
        let silent = if options.connect { connect(opened).await? } else { Vec::new() };
        let mut statuses = statuses(opened);
        for (name, reason) in silent {
            let of_it = |status: &&mut ServerStatus| status.name == name && status.state == ServerState::Ready;
            if let Some(status) = statuses.iter_mut().find(of_it) {
                status.state = ServerState::Failed(reason);
            }
        }
        let text = listing(&statuses).render(options.format);
        Ok(opened.context.show(&text))
    })
    .await
}

/// Tries all of them at once. What fails is part of the list.
/// Some greet, and then do not tell their tools: they are named with the reason.
async fn connect(opened: &mut Opened<'_>) -> Result<Vec<(String, String)>, Stop> {
    let host = opened.host.clone();
    let names = opened.chosen(None)?;
    let tried = names.iter().map(|name| async {
        let failed = host.tools(name).await.err()?;
        Some((name.clone(), failed.to_string()))
    });
    let all = futures::future::join_all(tried);
    Ok(opened.wait("connecting", all).await?.into_iter().flatten().collect())
}

/// All servers by name, with those that are not even tried.
fn statuses(opened: &Opened<'_>) -> Vec<ServerStatus> {
    let without = |name: &str, state: ServerState| ServerStatus {
        name: name.to_owned(),
        transport: opened.transport_of(name),
        state,
        protocol: None,
        instructions: None,
        tools: None,
    };
    let mut statuses = opened.host.servers();
    let servers = &opened.servers;
    statuses.extend(servers.disabled.iter().map(|name| without(name, ServerState::Disabled)));
    statuses.extend(servers.unusable.iter().map(|(name, error)| without(name, ServerState::Failed(error.to_string()))));
    statuses.sort_by(|one, other| one.name.cmp(&other.name));
    statuses
}

/// Servers as a table, or as data.
#[must_use]
pub fn listing(statuses: &[ServerStatus]) -> Listing<6> {
    let row = |status: &ServerStatus| {
        let (state, detail) = state_of(&status.state);
        [
            status.name.clone(),
            status.transport.to_owned(),
            state.to_owned(),
            status.protocol.clone().unwrap_or_default(),
            status.tools.map(|count| count.to_string()).unwrap_or_default(),
            detail.map(|detail| without_name(detail, &status.name)).unwrap_or_default().to_owned(),
        ]
    };
    Listing {
        names: ["name", "transport", "state", "protocol", "tools", "note"],
        rows: statuses.iter().map(row).collect(),
        values: statuses.iter().map(status_json).collect(),
    }
}

/// Why, without whose it is: the name stands in front, and the table has little room.
fn without_name<'a>(detail: &'a str, name: &str) -> &'a str {
    let detail = detail.strip_prefix("the MCP server ").and_then(|rest| rest.strip_prefix(name)).unwrap_or(detail);
    detail.trim_start().strip_prefix("is not available: ").unwrap_or(detail).trim_start()
}

fn status_json(status: &ServerStatus) -> Value {
    let (state, error) = state_of(&status.state);
    json!({
        "name": status.name,
        "transport": status.transport,
        "state": state,
        "error": error,
        "protocol": status.protocol,
        "instructions": status.instructions,
        "tools": status.tools,
    })
}

fn state_of(state: &ServerState) -> (&'static str, Option<&str>) {
    match state {
        ServerState::Idle => ("idle", None),
        ServerState::Connecting => ("connecting", None),
        ServerState::Ready => ("ready", None),
        ServerState::Failed(reason) => ("failed", Some(reason)),
        ServerState::Disabled => ("off", None),
    }
}
