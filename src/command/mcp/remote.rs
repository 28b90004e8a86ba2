//! The remote server that `login` and `logout` are about.

use super::super::context::Context;
use super::super::{wiring, wiring_mcp};
use crate::config::LoadOptions;
use crate::exit::Failure;
use crate::http::is_loopback_url;
use crate::mcp::{Launch, OauthServer};

/// Finds it in the configuration.
pub fn find(name: &str, context: &mut Context) -> Result<OauthServer, Failure> {
    let options =
        LoadOptions { config_file: context.global.config.clone(), skip_key_command: true, ..LoadOptions::default() };
    let config = wiring::load(&options, context)?;
    let servers = wiring_mcp::servers(&config, &context.environment)?;
    if let Some(failure) = servers.failure(name) {
        return Err(failure);
    }
    let Some(server) = servers.usable.iter().find(|server| server.name == name) else {
        return Err(Failure::config(format!("no remote MCP server is named {name:?}"))
            .hint("`sayso mcp list` shows what is set up, `sayso mcp add` sets one up"));
    };
    let Launch::Http { url, headers, oauth } = &server.launch else {
        return Err(Failure::usage(format!("{name} runs on this machine: there is nothing to sign in to")));
    };
    if headers.iter().any(|(header, _)| header.eq_ignore_ascii_case("authorization")) {
        return Err(Failure::usage(format!(
            "{name} has a header Authorization in the configuration, which comes first"
        ))
        .hint("take it out to sign in instead"));
    }
    if context.global.offline && !is_loopback_url(url) {
        return Err(Failure::usage(format!("`--offline` reaches nothing but this machine, and {name} is not on it")));
    }
    let folder = wiring_mcp::state_folder(&config);
    Ok(OauthServer::new(name, url, oauth, &config.http, folder.as_deref())?)
}
