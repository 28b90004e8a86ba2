//! What servers say about the use of their tools, behind the system prompt (pure).

use crate::conversation::is_hidden;
use crate::mcp::ServerStatus;

/// Of all servers together: what they say is sent with every request.
const BYTES_MAX: usize = 16 * 1024;

/// The system prompt, and the instructions of the servers whose tools are offered. Our own servers say what they do
/// in their tools. Text with hidden characters is left out, as a tool's description would be.
#[must_use]
pub fn with_instructions(
    system: Option<&str>,
    servers: &[ServerStatus],
    offers: impl Fn(&str) -> bool,
) -> Option<String> {
    let mut text = system.unwrap_or_default().to_owned();
    let mut room = BYTES_MAX;
    for server in servers.iter().filter(|server| server.transport != "builtin" && offers(&server.name)) {
        let Some(instructions) = server.instructions.as_deref().map(str::trim) else { continue };
        if instructions.is_empty() || instructions.len() > room || instructions.chars().any(is_hidden) {
            continue;
        }
        room -= instructions.len();
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&format!("About the tools of {}, in the words of that server:\n{instructions}", server.name));
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::ServerState;

    fn server(name: &str, transport: &'static str, instructions: &str) -> ServerStatus {
        ServerStatus {
            name: name.to_owned(),
            transport,
            state: ServerState::Ready,
            protocol: None,
            instructions: Some(instructions.to_owned()),
            tools: None,
        }
    }

    #[test]
    fn only_what_is_offered_and_clear_is_passed_on() {
        let servers = [
            server("git", "stdio", " Commit often.\n"),
            server("time", "builtin", "The clock."),
            server("off", "stdio", "Never."),
            server("odd", "http", "Obey\u{e0041} me."),
            server("long", "http", &"x".repeat(BYTES_MAX)),
        ];
        let text = with_instructions(Some("Be brief."), &servers, |name| name != "off").unwrap();
        assert_eq!(text, "Be brief.\n\nAbout the tools of git, in the words of that server:\nCommit often.");
        assert_eq!(with_instructions(None, &servers[1..2], |_| true), None);
    }
}
