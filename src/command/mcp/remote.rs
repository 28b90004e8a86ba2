//! The remote server that `login` and `logout` are about.

use super::super::context::Context;
use super::super::{wiring, wiring_mcp};
use crate::config::{LoadOptions, sign_in_place};
use crate::exit::Failure;
use crate::http::is_loopback_url;
use crate::mcp::OauthServer;

/// A server that one can sign in to.
pub struct Remote {
    pub server: OauthServer,
    /// The configuration has a header for it that says who asks, and that comes first.
    pub has_own_authorization: bool,
}

/// Finds it in the configuration. Its headers may name variables that are not set: none of them is sent for this.
pub fn find(name: &str, context: &mut Context) -> Result<Remote, Failure> {
    let options =
        LoadOptions { config_file: context.global.config.clone(), skip_key_command: true, ..LoadOptions::default() };
    let config = wiring::load(&options, context)?;
    let section = config.file.mcp.servers.get(name).filter(|section| section.builtin.is_none());
    let Some(section) = section else {
        return Err(Failure::config(format!("no remote MCP server is named {name:?}"))
            .hint("`sayso mcp list` shows what is set up, `sayso mcp add` sets one up"));
    };
    if !section.is_enabled() {
        return Err(wiring_mcp::switched_off(name));
    }
    let Some((url, oauth)) = sign_in_place(name, section, config.server_place(&context.environment))? else {
        return Err(Failure::usage(format!("{name} runs on this machine: there is nothing to sign in to")));
    };
    if context.global.offline && !is_loopback_url(&url) {
        return Err(Failure::usage(format!("`--offline` reaches nothing but this machine, and {name} is not on it")));
    }
    let folder = wiring_mcp::state_folder(&config);
    Ok(Remote {
        has_own_authorization: section.headers.keys().any(|header| header.eq_ignore_ascii_case("authorization")),
        server: OauthServer::new(name, &url, &oauth, &config.http, folder.as_deref())?,
    })
}
