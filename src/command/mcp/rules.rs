//! Whether a tool may be called by hand: what the configuration denies stays denied.

use serde_json::{Map, Value};

use super::open::Opened;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::mcp::ToolInfo;

/// A failure where a rule of the configuration denies the call.
pub fn check(
    server: &str,
    tool: &ToolInfo,
    arguments: &Map<String, Value>,
    opened: &Opened<'_>,
) -> Result<(), Failure> {
    let _ = arguments;
    let settings = opened.servers.usable.iter().find(|settings| settings.name == server);
    let Some(settings) = settings else { return Ok(()) };
    let is_allowed = settings.allow.is_empty() || settings.allow.iter().any(|pattern| fits(pattern, &tool.name));
    if let Some(pattern) = settings.deny.iter().find(|pattern| fits(pattern, &tool.name)) {
        return Err(denied(server, &tool.name, &format!("mcp.servers.{server}.tools.deny has {pattern:?}")));
    }
    if is_allowed {
        return Ok(());
    }
    Err(denied(server, &tool.name, &format!("it is not in mcp.servers.{server}.tools.allow")))
}

fn denied(server: &str, tool: &str, reason: &str) -> Failure {
    Failure::new("denied", exit_code::REFUSED, format!("{server}/{tool} is denied: {reason}"))
        .hint("change the rule with `sayso config path` at hand, if you mean it")
}

/// `*` stands for any letters.
fn fits(pattern: &str, name: &str) -> bool {
    globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(name))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_letters() {
        assert!(fits("*", "a/b.c") && fits("write_*", "write_file") && fits("a*c", "abac"));
        assert!(!fits("write", "write_file") && !fits("a*c", "acb"));
    }
}
