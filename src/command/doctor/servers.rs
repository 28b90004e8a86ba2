//! The MCP servers, as `doctor` sees them: started or reached, asked for their tools, ended.

use std::time::Duration;

use super::finding::Finding;
use crate::command::context::Context;
use crate::command::{wiring_mcp, wiring_tools};
use crate::config::Config;
use crate::conversation::exit_code;
use crate::mcp::{ClientAbilities, McpHost};

/// A server that needs longer is doubtful in any case.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);

/// What becomes of each server that is set up.
pub async fn server_findings(config: &Config, context: &Context) -> Vec<Finding> {
    let mut servers = match wiring_mcp::servers(config, &context.environment) {
        Ok(servers) => servers,
        Err(failure) => {
            let fix = failure.hint.unwrap_or_else(|| "mend it in mcp.servers".to_owned());
            return vec![Finding::broken("mcp", failure.message, exit_code::CONFIG, fix)];
        }
    };
    if context.global.offline
        && let Err(failure) = servers.keep_to_this_machine(&[])
    {
        return vec![Finding::skipped("mcp", failure.message)];
    }
    let mut findings: Vec<Finding> = Vec::new();
    for (name, error) in &servers.unusable {
        let fix = error.hint().unwrap_or("mend its settings in mcp.servers").to_owned();
        findings.push(Finding::doubtful(format!("mcp {name}"), error.to_string(), fix));
    }
    let abilities = ClientAbilities { elicit_form: false, elicit_url: false, sampling: false };
    let (host, events) = wiring_mcp::host(&servers, config, &context.environment, abilities);
    // Nobody listens to what they say meanwhile.
    drop(events);
    let asked = servers.usable.iter().map(|server| look_at(&host, &server.name));
    findings.extend(futures::future::join_all(asked).await);
    wiring_tools::close(Some(host)).await;
    findings
}

async fn look_at(host: &McpHost, name: &str) -> Finding {
    let area = format!("mcp {name}");
    let fix = format!("try it alone: `sayso mcp tools {name}`");
    match tokio::time::timeout(CONNECT_LIMIT, host.tools(name)).await {
        Ok(Ok(tools)) => Finding::good(area, format!("{} tools", tools.len())).fact("tools", tools.len()),
        Ok(Err(error)) => Finding::doubtful(area, error.to_string(), fix),
        Err(_) => Finding::doubtful(area, format!("no answer within {} s", CONNECT_LIMIT.as_secs()), fix),
    }
}
