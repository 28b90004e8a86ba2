//! From the configuration to the one host of a command: external servers, and those that are built in.

use std::path::PathBuf;

use super::context::Context;
use super::mcp::project::{Project, Trust};
use crate::config::{Config, ConfigError, ConfiguredState, Environment};
use crate::exit::Failure;
use crate::http::is_loopback_url;
use crate::mcp::{ClientAbilities, HostEvents, HostSettings, Launch, McpHost, ServerSettings};

/// What a command gets to know of the servers that are set up.
pub struct Servers {
    /// Those that can be tried.
    pub usable: Vec<ServerSettings>,
    /// By name; switched off in the configuration.
    pub disabled: Vec<String>,
    /// By name, with what is wrong with their settings.
    pub unusable: Vec<(String, ConfigError)>,
}

impl Servers {
    /// `--offline`: servers elsewhere are left out, and so are those of our own that fetch from elsewhere. A program
    /// that is started here is on this machine; what it reaches is its own.
    pub fn keep_to_this_machine(&mut self, fetching: &[String]) -> Result<(), Failure> {
        let is_elsewhere = |server: &ServerSettings| match &server.launch {
            Launch::Http { url, .. } => !is_loopback_url(url),
            Launch::Builtin(_) => fetching.contains(&server.name),
            Launch::Command { .. } => false,
        };
        let (elsewhere, here): (Vec<_>, Vec<_>) = std::mem::take(&mut self.usable).into_iter().partition(is_elsewhere);
        self.usable = here;
        for server in elsewhere {
            let reason = "is not on this machine, and `--offline` reaches nothing else".to_owned();
            let error = ConfigError::Unusable { key: format!("mcp.servers.{}", server.name), reason, hint: None };
            if server.required {
                return Err(error.into());
            }
            self.unusable.push((server.name, error));
        }
        Ok(())
    }

    /// What is wrong with the one of this name, where something is.
    pub fn failure(&self, name: &str) -> Option<Failure> {
        if self.disabled.iter().any(|disabled| disabled == name) {
            return Some(switched_off(name));
        }
        let (_, error) = self.unusable.iter().find(|(unusable, _)| unusable == name)?;
        let failure = Failure::config(error.to_string());
        Some(match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        })
    }
}

#[must_use]
pub fn switched_off(name: &str) -> Failure {
    let failure = Failure::config(format!("the MCP server {name} is switched off in the configuration"));
    failure.hint(format!("set `enabled: true` in mcp.servers.{name}"))
}

/// Adds the servers of the project in whose folder this runs, where a person has trusted its file as it is.
pub fn join_project(config: &mut Config, context: &mut Context) {
    let Some(state) = config.paths.state.clone() else { return };
    let Ok(folder) = std::env::current_dir() else { return };
    let project = match Project::find(&folder) {
        Ok(Some(project)) => project,
        Ok(None) => return,
        Err(failure) => return context.warn(&failure.message),
    };
    let trust = Trust::load(&state);
    if trust.holds(&project) {
        for notice in project.join(&mut config.file) {
            context.note(&notice);
        }
        return;
    }
    let change = if trust.knows(&project) { " has changed and" } else { "" };
    context
        .note(&format!("{}{change} is ignored; `sayso mcp trust` shows what it would start", project.path.display()));
}

/// Sorts the configured servers. One that is required and cannot be used is a failure of all.
pub fn servers(config: &Config, environment: &Environment) -> Result<Servers, Failure> {
    let mut servers = Servers { usable: Vec::new(), disabled: Vec::new(), unusable: Vec::new() };
    for server in config.servers(environment) {
        match server.state {
            ConfiguredState::External(settings) => servers.usable.push(settings),
            // Added by `wiring_builtin`.
            ConfiguredState::Builtin => {}
            ConfiguredState::Disabled => servers.disabled.push(server.name),
            ConfiguredState::Unusable(error) if server.required => return Err(error.into()),
            ConfiguredState::Unusable(error) => servers.unusable.push((server.name, error)),
        }
    }
    Ok(servers)
}

/// The host of this process. Nothing is started yet.
#[must_use]
pub fn host(
    servers: &Servers,
    config: &Config,
    environment: &Environment,
    abilities: ClientAbilities,
) -> (McpHost, HostEvents) {
    McpHost::new(settings(servers, config, environment, abilities))
}

/// The same for servers that are only tried: nothing of them is kept.
#[must_use]
pub fn fleeting_host(
    servers: &Servers,
    config: &Config,
    environment: &Environment,
    abilities: ClientAbilities,
) -> (McpHost, HostEvents) {
    let kept = settings(servers, config, environment, abilities);
    McpHost::new(HostSettings { cache_folder: None, state_folder: None, ..kept })
}

fn settings(servers: &Servers, config: &Config, environment: &Environment, abilities: ClientAbilities) -> HostSettings {
    HostSettings {
        servers: servers.usable.clone(),
        abilities,
        guard: std::env::current_exe().ok(),
        child_environment: environment.for_children(),
        cache_folder: config.paths.cache.as_ref().map(|folder| folder.join("mcp")),
        state_folder: state_folder(config),
        http: config.http.clone(),
    }
}

/// Where tokens and the register of children are.
#[must_use]
pub fn state_folder(config: &Config) -> Option<PathBuf> {
    config.paths.state.as_ref().map(|folder| folder.join("mcp"))
}
