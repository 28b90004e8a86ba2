//! From the configuration to the built-in servers: what each of them is handed, and what none of them may touch.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::context::Context;
use super::wiring_mcp::Servers;
use crate::builtin::fetch::FetchSettings;
use crate::builtin::files::{self, FilesSettings};
use crate::builtin::shell;
use crate::builtin::{self, BuiltinSettings, ConfiguredModel, Served};
use crate::config::{Config, ConfigError, Environment, WantedBuiltin, server_settings, wanted_builtins};
use crate::conversation::SharedSettings;
use crate::exit::Failure;
use crate::mcp::{BUILTIN_SERVERS, HARMLESS_SERVERS, Launch, ServerSettings, TRUSTED_SERVERS, ToolFilter};
use crate::session::Preview;

/// What a session has to know of the servers that were added.
#[derive(Default)]
pub struct Added {
    /// The names of those whose results are ours alone.
    pub trusted: Vec<String>,
    /// Those that change files, by name: a question about one of their calls shows what it would change.
    pub files: Vec<(String, FilesSettings)>,
    /// The names of those that reach other machines.
    pub fetching: Vec<String>,
}

impl Added {
    /// What a call would change, as a diff.
    #[must_use]
    pub fn preview(self) -> Preview {
        let files = self.files;
        Box::new(move |server, tool, arguments| {
            let (_, settings) = files.iter().find(|(name, _)| name == server)?;
            files::preview(settings, tool, arguments)
        })
    }
}

/// Adds the built-in servers to those of the file: those it sets up, the harmless ones, and those `asked` for by name.
pub fn add(
    servers: &mut Servers,
    config: &Config,
    environment: &Environment,
    asked: &[String],
    session: SharedSettings,
) -> Result<Added, Failure> {
    let mut added = Added::default();
    let settings = settings(config, environment, session);
    for wanted in wanted_builtins(&config.file.mcp, asked) {
        match server(&wanted, &settings, config, environment) {
            Ok((server, settings)) => {
                servers.usable.push(server);
                if wanted.builtin == "files" {
                    let files = FilesSettings { roots: settings.roots, denied: settings.denied };
                    added.files.push((wanted.name.clone(), files));
                }
                if wanted.builtin == "fetch" {
                    added.fetching.push(wanted.name.clone());
                }
                added.trusted.extend(TRUSTED_SERVERS.contains(&wanted.builtin.as_str()).then_some(wanted.name));
            }
            Err(error) if wanted.section.required => return Err(error.into()),
            Err(error) => servers.unusable.push((wanted.name, error)),
        }
    }
    servers.usable.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(added)
}

fn server(
    wanted: &WantedBuiltin,
    settings: &BuiltinSettings,
    config: &Config,
    environment: &Environment,
) -> Result<(ServerSettings, BuiltinSettings), ConfigError> {
    let (server, settings) = resolved(wanted, settings, config, environment)?;
    let launch = builtin::server(&wanted.builtin, &settings).ok_or_else(|| unknown(wanted))?;
    Ok((ServerSettings { launch: Launch::Builtin(launch), ..server }, settings))
}

/// The servers of these names, for another program; the harmless ones where none is named.
pub fn served(config: &Config, environment: &Environment, names: &[String]) -> Result<Vec<Served>, Failure> {
    let settings = settings(config, environment, SharedSettings::default());
    let there = wanted_builtins(&config.file.mcp, names);
    let wanted: Vec<_> = match names {
        // Without a session there is nothing to set.
        [] => there.iter().filter(|wanted| is_harmless(wanted) && wanted.builtin != "settings").collect(),
        names => names.iter().map(|name| named(name, &there)).collect::<Result<_, _>>()?,
    };
    let serve = |wanted: &WantedBuiltin| {
        let (server, settings) = resolved(wanted, &settings, config, environment)?;
        let filter = ToolFilter::new(&server.allow, &server.deny);
        let served = Served::new(wanted.name.clone(), &wanted.builtin, &settings, filter);
        served.ok_or_else(|| unknown(wanted))
    };
    wanted.into_iter().map(|wanted| serve(wanted).map_err(Failure::from)).collect()
}

fn is_harmless(wanted: &WantedBuiltin) -> bool {
    HARMLESS_SERVERS.contains(&wanted.builtin.as_str())
}

fn named<'a>(name: &str, there: &'a [WantedBuiltin]) -> Result<&'a WantedBuiltin, Failure> {
    there.iter().find(|wanted| wanted.name == name).ok_or_else(|| {
        let failure = Failure::usage(format!("no built-in server is called {name}"));
        failure.hint(format!("there are {}", BUILTIN_SERVERS.join(", ")))
    })
}

/// What the file says of a server, and what the server itself is handed: the same with its own folders.
fn resolved(
    wanted: &WantedBuiltin,
    settings: &BuiltinSettings,
    config: &Config,
    environment: &Environment,
) -> Result<(ServerSettings, BuiltinSettings), ConfigError> {
    // How to start it is known once the rest of the section is understood; nothing is started before that.
    let unlaunched = Launch::Command { program: String::new(), args: Vec::new(), env: [].into(), cwd: None };
    let mut server = server_settings(&wanted.name, &wanted.section, unlaunched, config.server_place(environment))?;
    let command_limit = server.request_timeout;
    if wanted.builtin == "shell" {
        // A command that takes too long is ended by the server, which tells what came of it until then.
        server.request_timeout = shell::answer_max(command_limit);
    }
    let roots = if server.roots.is_empty() { settings.roots.clone() } else { server.roots.clone() };
    let allow_hosts = wanted.section.allow_hosts.clone();
    Ok((server, BuiltinSettings { roots, allow_hosts, command_limit, ..settings.clone() }))
}

fn unknown(wanted: &WantedBuiltin) -> ConfigError {
    let key = format!("mcp.servers.{}.builtin", wanted.name);
    let reason = if BUILTIN_SERVERS.contains(&wanted.builtin.as_str()) {
        format!("the built-in server {:?} needs Linux, macOS or another Unix", wanted.builtin)
    } else {
        format!("there is no built-in server {:?}", wanted.builtin)
    };
    ConfigError::Unusable { key, reason, hint: None }
}

/// What all of them are handed. Where nothing is saved there is no history to look at either.
#[must_use]
pub fn settings(config: &Config, environment: &Environment, session: SharedSettings) -> BuiltinSettings {
    BuiltinSettings {
        roots: std::env::current_dir().into_iter().collect(),
        denied: denied(config, environment),
        history: config.history.path.is_some().then(|| config.history.clone()),
        models: models(config),
        session,
        http: config.http.clone(),
        allow_hosts: Vec::new(),
        command_limit: Duration::from_secs(config.chat.tools.timeout_seconds),
        child_environment: environment.for_children(),
        guard: std::env::current_exe().ok(),
    }
}

/// What pages are fetched with that a person attaches: as the server `fetch` does it, with the hosts that are allowed
/// to it. `None` where nothing but this machine may be reached.
#[must_use]
pub fn pages(config: &Config, context: &Context) -> Option<FetchSettings> {
    let fetch = config.file.mcp.servers.get("fetch");
    let allow_hosts = fetch.map(|section| section.allow_hosts.clone()).unwrap_or_default();
    (!context.global.offline).then(|| FetchSettings::new(config.http.clone(), allow_hosts))
}

/// The models that the file names: those of the providers, and those with a short name.
fn models(config: &Config) -> Vec<ConfiguredModel> {
    let llm = &config.file.llm;
    let of_providers = llm.providers.iter().filter_map(|(provider, section)| {
        Some(ConfiguredModel { provider: provider.clone(), id: section.model.clone()?, alias: None })
    });
    let with_alias = llm.models.iter().filter_map(|(alias, target)| {
        let (provider, id) = target.split_once(':')?;
        Some(ConfiguredModel { provider: provider.to_owned(), id: id.to_owned(), alias: Some(alias.clone()) })
    });
    of_providers.chain(with_alias).collect()
}

/// Our own files: no tool reads or changes them.
fn denied(config: &Config, environment: &Environment) -> Vec<PathBuf> {
    let paths = &config.paths;
    let folders = [&paths.config, &paths.data, &paths.state, &paths.cache];
    let database = config.stored.path.as_deref();
    // SQLite keeps the newest messages in files beside the database.
    let beside = ["", "-wal", "-shm", "-journal"].map(|end| database.map(|path| with_end(path, end)));
    let own = folders.into_iter().flatten().cloned().chain(config.file_path.clone());
    own.chain(beside.into_iter().flatten()).chain(config.key_files(environment)).collect()
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin::server;
    use crate::mcp::{BUILTIN_SERVERS, HostSettings, Launch, McpHost, Protocol};
    use crate::tool::{Admitted, admit};

    fn settings_of(name: &str) -> ServerSettings {
        ServerSettings {
            name: name.to_owned(),
            launch: Launch::Builtin(server(name, &BuiltinSettings::default()).unwrap()),
            required: false,
            request_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(20),
            allow: Vec::new(),
            deny: Vec::new(),
            roots: Vec::new(),
            protocol: Protocol::Auto,
            log_level: None,
        }
    }

    #[test]
    fn what_is_built_in_would_be_admitted_like_any_other_tool() {
        let servers = BUILTIN_SERVERS.into_iter().map(settings_of).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default());
        runtime.unwrap().block_on(async {
            let (host, _events) = McpHost::new(HostSettings { servers, ..HostSettings::default() });
            for name in BUILTIN_SERVERS {
                let tools = host.tools(name).await.unwrap();
                let (ours, nobodys) = (admit(&tools, true).0, admit(&tools, false));
                assert!(!ours.is_empty() && nobodys.1.is_empty(), "{name}: {:?}", nobodys.1);
                let parameters =
                    |tools: &[Admitted]| tools.iter().map(|tool| tool.parameters.clone()).collect::<Vec<_>>();
                assert_eq!(parameters(&ours), parameters(&nobodys.0), "{name}");
            }
        });
    }

    #[test]
    fn the_files_of_sayso_are_nobodys_business() {
        assert_eq!(with_end(Path::new("/a/b.db"), "-wal"), Path::new("/a/b.db-wal"));
    }
}
