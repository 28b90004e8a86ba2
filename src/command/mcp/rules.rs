//! Whether a tool may be called by hand: what the configuration denies stays denied.

use serde_json::{Map, Value};

use super::open::Opened;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::mcp::BUILTIN_SERVERS;
use crate::tool::{Approval, CallFacts, Decision, Folders, fits};

/// A failure where the server's own section keeps the tool away.
pub fn check_filter(server: &str, tool: &str, opened: &Opened<'_>) -> Result<(), Failure> {
    let settings = opened.servers.usable.iter().find(|settings| settings.name == server);
    let Some(settings) = settings else { return Ok(()) };
    if let Some(pattern) = settings.deny.iter().find(|pattern| fits(pattern, tool)) {
        return Err(denied(server, tool, &format!("mcp.servers.{server}.tools.deny has {pattern:?}")));
    }
    if settings.allow.is_empty() || settings.allow.iter().any(|pattern| fits(pattern, tool)) {
        return Ok(());
    }
    Err(denied(server, tool, &format!("it is not in mcp.servers.{server}.tools.allow")))
}

/// A failure where a rule denies the call. What the rules would ask about, the person has answered
/// by typing the command.
pub fn check_call(
    server: &str,
    tool: &str,
    arguments: &Map<String, Value>,
    opened: &Opened<'_>,
) -> Result<(), Failure> {
    let folders = Folders::find(&opened.servers.usable);
    let approval = Approval::new(opened.config.chat.rules.clone(), Vec::new()).among(folders);
    let verdict = approval.judge(&CallFacts {
        server,
        tool,
        arguments,
        is_builtin: BUILTIN_SERVERS.contains(&server),
        is_read_only: false,
        reaches_network: true,
    });
    match verdict.decision {
        Decision::Allow | Decision::Ask => Ok(()),
        Decision::Deny => Err(denied(server, tool, &verdict.reason)),
    }
}

fn denied(server: &str, tool: &str, reason: &str) -> Failure {
    Failure::new("denied", exit_code::REFUSED, format!("{server}/{tool} is denied: {reason}"))
        .hint("change that in the configuration, if you mean it; `sayso config path` tells where it is")
}
