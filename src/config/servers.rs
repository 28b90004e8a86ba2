//! The servers of the configuration, ready to be started: variables replaced, paths made whole.
//!
//! One that cannot be used costs only itself, so each has its own outcome.

use std::path::Path;
use std::time::Duration;

use super::env::{Environment, NO_TEXT};
use super::file::{
    Mcp, Oauth, OauthGrantName, ServerLogLevel, ServerProtocol, ServerSection, ServerType, is_secret_header,
};
use super::paths::Paths;
use super::problem::ConfigError;
use super::rules::check_url;
use super::source::read_regular_file;
use super::variables;
use crate::http::{Secret, is_loopback_url};
use crate::mcp::{Consent, Launch, LogLevel, OauthGrant, OauthSettings, Protocol, ServerSettings};
use crate::platform::mode_of;

/// An RSA key of 16384 bits has 13 KiB.
const PRIVATE_KEY_BYTES_MAX: u64 = 64 * 1024;

/// What is known beside the section of a server.
#[derive(Clone, Copy, Debug)]
pub struct ServerPlace<'a> {
    pub environment: &'a Environment,
    pub paths: &'a Paths,
    /// Relative folders start here.
    pub folder: Option<&'a Path>,
    /// For one request to a server whose section says nothing of it.
    pub request_timeout: Duration,
}

/// One server of the file, and what can be made of it.
#[derive(Debug)]
pub struct ConfiguredServer {
    pub name: String,
    pub required: bool,
    pub state: ConfiguredState,
}

#[derive(Debug)]
pub enum ConfiguredState {
    /// A command or a URL.
    External(ServerSettings),
    /// One of our own: [`super::wanted_builtins`] tells which.
    Builtin,
    Disabled,
    Unusable(ConfigError),
}

/// All servers of the section, in the order of their names.
#[must_use]
pub fn resolve_servers(section: &Mcp, place: ServerPlace<'_>) -> Vec<ConfiguredServer> {
    let resolved = |(name, server): (&String, &ServerSection)| ConfiguredServer {
        name: name.clone(),
        required: server.required && server.is_enabled(),
        state: state(name, server, place),
    };
    section.servers.iter().map(resolved).collect()
}

fn state(name: &str, server: &ServerSection, place: ServerPlace<'_>) -> ConfiguredState {
    if !server.is_enabled() {
        return ConfiguredState::Disabled;
    }
    if server.builtin.is_some() {
        return ConfiguredState::Builtin;
    }
    let place = at_its_project(server, place);
    match launch(name, server, place).and_then(|launch| server_settings(name, server, launch, place)) {
        Ok(settings) => ConfiguredState::External(settings),
        Err(error) => ConfiguredState::Unusable(error),
    }
}

/// Relative paths of a server that comes from a project start there.
fn at_its_project<'a>(server: &'a ServerSection, place: ServerPlace<'a>) -> ServerPlace<'a> {
    ServerPlace { folder: server.project.as_deref().or(place.folder), ..place }
}

/// Where one signs in to a remote server, and how; `None` where there is nothing to sign in to. What its headers want
/// does not matter for it.
pub fn sign_in_place(
    name: &str,
    server: &ServerSection,
    place: ServerPlace<'_>,
) -> Result<Option<(String, OauthSettings)>, ConfigError> {
    let Some(url) = &server.url else { return Ok(None) };
    let field = Field { server: name, place: at_its_project(server, place) };
    Ok(Some((field.address(url, server)?, field.sign_in(server)?)))
}

/// The header that everybody on the way to this address could read, where one of them may hold a secret.
#[must_use]
pub fn readable_header<'a>(url: &str, mut headers: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let is_open = url.starts_with("http://") && !is_loopback_url(url);
    headers.find(|name| is_open && is_secret_header(name))
}

/// What is the same for all servers, however they are started.
pub fn server_settings(
    name: &str,
    server: &ServerSection,
    launch: Launch,
    place: ServerPlace<'_>,
) -> Result<ServerSettings, ConfigError> {
    let field = Field { server: name, place };
    let roots = server.roots.iter().map(|root| {
        let written = field.expand("roots", root)?;
        let path = place.paths.expand(Path::new(&written), place.folder);
        path.ok_or_else(|| {
            field.unusable("roots", format!("{written:?} is relative, and there is no folder it starts from"))
        })
    });
    Ok(ServerSettings {
        name: name.to_owned(),
        launch,
        required: server.required,
        request_timeout: server.timeout.map_or(place.request_timeout, Duration::from_secs),
        connect_timeout: Duration::from_secs(server.connect_timeout),
        allow: server.tools.allow.clone(),
        deny: server.tools.deny.clone(),
        roots: roots.collect::<Result<_, _>>()?,
        protocol: match server.protocol {
            ServerProtocol::Auto => Protocol::Auto,
            ServerProtocol::Legacy => Protocol::Legacy,
            ServerProtocol::Modern => Protocol::Modern,
        },
        log_level: server.log_level.map(log_level),
    })
}

fn log_level(written: ServerLogLevel) -> LogLevel {
    match written {
        ServerLogLevel::Debug => LogLevel::Debug,
        ServerLogLevel::Info => LogLevel::Info,
        ServerLogLevel::Notice => LogLevel::Notice,
        ServerLogLevel::Warning => LogLevel::Warning,
        ServerLogLevel::Error => LogLevel::Error,
        ServerLogLevel::Critical => LogLevel::Critical,
        ServerLogLevel::Alert => LogLevel::Alert,
        ServerLogLevel::Emergency => LogLevel::Emergency,
    }
}

/// How to reach it. The rules have seen to it that there is one way.
fn launch(name: &str, server: &ServerSection, place: ServerPlace<'_>) -> Result<Launch, ConfigError> {
    let field = Field { server: name, place };
    match (&server.command, &server.url) {
        (Some(program), _) => {
            let expand_env = |(variable, value): (&String, &String)| {
                Ok((variable.clone(), field.expand(&format!("env.{variable}"), value)?))
            };
            Ok(Launch::Command {
                program: field.program(program)?,
                args: server.args.iter().map(|argument| field.expand("args", argument)).collect::<Result<_, _>>()?,
                env: server.env.iter().map(expand_env).collect::<Result<_, ConfigError>>()?,
                cwd: match &server.cwd {
                    Some(folder) => Some(field.folder("cwd", folder)?),
                    None => server.project.clone(),
                },
            })
        }
        (None, Some(url)) => remote(url, server, field),
        (None, None) => Err(field.unusable("command", "is missing: a server needs a command, a url or a builtin")),
    }
}

fn remote(url: &str, server: &ServerSection, field: Field<'_>) -> Result<Launch, ConfigError> {
    let url = field.address(url, server)?;
    let mut headers = Vec::new();
    for (name, value) in &server.headers {
        let setting = format!("headers.{name}");
        let value = field.expand(&setting, value)?;
        if reqwest::header::HeaderValue::from_str(&value).is_err() {
            return Err(field.unusable(&setting, "has letters that a header cannot hold"));
        }
        headers.push((name.clone(), Secret::new(value)));
    }
    if let Some(name) = readable_header(&url, server.headers.keys().map(String::as_str)) {
        return Err(field.unusable("url", everybody_could_read(name)).with_hint("use https, or leave the header out"));
    }
    Ok(Launch::Http { url, headers, oauth: Box::new(field.sign_in(server)?) })
}

/// Why such a header is not sent.
#[must_use]
pub fn everybody_could_read(header: &str) -> String {
    format!("is plain http, so everybody on the way could read the header {header}")
}

/// Says where in the file a mistake is.
#[derive(Clone, Copy)]
struct Field<'a> {
    server: &'a str,
    place: ServerPlace<'a>,
}

impl Field<'_> {
    fn unusable(self, field: &str, reason: impl Into<String>) -> ConfigError {
        ConfigError::unusable(format!("mcp.servers.{}.{field}", self.server), reason)
    }

    fn expand(self, field: &str, written: &str) -> Result<String, ConfigError> {
        variables::replace(written, self.place.environment).map_err(|error| self.unusable(field, error.to_string()))
    }

    fn address(self, written: &str, server: &ServerSection) -> Result<String, ConfigError> {
        if server.kind == Some(ServerType::Sse) {
            return Err(self
                .unusable("type", "is the transport of 2024, which sayso does not speak")
                .with_hint("ask for the server's streamable HTTP address and set `type: http`"));
        }
        let url = self.expand("url", written)?;
        check_url(&url).map_err(|reason| self.unusable("url", reason))?;
        Ok(url)
    }

    fn folder(self, field: &str, written: &Path) -> Result<std::path::PathBuf, ConfigError> {
        let text = self.expand(field, &written.to_string_lossy())?;
        let path = self.place.paths.expand(Path::new(&text), self.place.folder);
        path.ok_or_else(|| self.unusable(field, "is relative, and there is no folder it starts from"))
    }

    /// A bare name is looked up in `PATH`, a path with `/` is made whole.
    fn program(self, written: &str) -> Result<String, ConfigError> {
        let text = self.expand("command", written)?;
        if text.trim().is_empty() {
            return Err(self.unusable("command", "is empty"));
        }
        let is_path = text.contains('/') || text.starts_with('~');
        let whole = is_path.then(|| self.place.paths.expand(Path::new(&text), self.place.folder)).flatten();
        Ok(whole.map_or(text, |path| path.to_string_lossy().into_owned()))
    }

    fn sign_in(self, server: &ServerSection) -> Result<OauthSettings, ConfigError> {
        Ok(server.oauth.as_ref().map(|oauth| self.oauth(oauth)).transpose()?.unwrap_or_default())
    }

    fn oauth(self, oauth: &Oauth) -> Result<OauthSettings, ConfigError> {
        let expand = |field: &str, text: &Option<String>| {
            text.as_ref().map(|text| self.expand(&format!("oauth.{field}"), text)).transpose()
        };
        let client_secret = match (&oauth.client_secret, &oauth.client_secret_env) {
            (Some(secret), _) => Some(self.expand("oauth.client_secret", secret.written())?),
            (None, Some(variable)) => {
                let value = self.place.environment.text(variable);
                let what = if self.place.environment.raw(variable).is_some() { NO_TEXT } else { "is not set" };
                let missing = || self.unusable("oauth.client_secret_env", format!("{variable} {what}"));
                Some(value.ok_or_else(missing)?.to_owned())
            }
            (None, None) => None,
        };
        Ok(OauthSettings {
            client_id: expand("client_id", &oauth.client_id)?,
            client_secret: client_secret.map(Secret::new),
            private_key: oauth.private_key_file.as_deref().map(|file| self.private_key(file)).transpose()?,
            client_metadata_url: expand("client_metadata_url", &oauth.client_metadata_url)?,
            issuer: expand("issuer", &oauth.issuer)?,
            grant: oauth.grant.map(|grant| match grant {
                OauthGrantName::AuthorizationCode => OauthGrant::AuthorizationCode,
                OauthGrantName::ClientCredentials => OauthGrant::ClientCredentials,
            }),
            scopes: oauth.scopes.clone(),
            redirect_port: oauth.redirect_port,
            allow_private_addresses: oauth.allow_private_addresses,
            consent: Consent::Nobody,
        })
    }

    fn private_key(self, written: &Path) -> Result<Secret, ConfigError> {
        const SETTING: &str = "oauth.private_key_file";
        let path = self.folder(SETTING, written)?;
        let unusable = |reason: &str| self.unusable(SETTING, format!("{} {reason}", path.display()));
        let found = read_regular_file(&path, PRIVATE_KEY_BYTES_MAX).map_err(|reason| unusable(&reason))?;
        let (bytes, metadata) = found.ok_or_else(|| unusable("does not exist"))?;
        if mode_of(&metadata).is_some_and(|mode| mode & 0o077 != 0) {
            return Err(unusable("can be read or changed by others; run `chmod 600` on it"));
        }
        String::from_utf8(bytes).map(Secret::new).map_err(|_| unusable("is not text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLES: [(&str, &str); 4] = [("HOME", "/h"), ("TOKEN", "t"), ("SECRET", "s3cret"), ("DIR", "data")];

    fn resolved(text: &str) -> Vec<(String, String)> {
        resolved_from(text, None)
    }

    fn resolved_from(text: &str, project: Option<&str>) -> Vec<(String, String)> {
        let mut section: Mcp = serde_yaml::from_str(text).unwrap();
        section.servers.values_mut().for_each(|server| server.project = project.map(std::path::PathBuf::from));
        let environment = Environment::from_pairs(VARIABLES);
        let paths = Paths::new(&environment);
        let place = ServerPlace {
            environment: &environment,
            paths: &paths,
            folder: Some(Path::new("/c")),
            request_timeout: Duration::from_secs(60),
        };
        let told = |server: ConfiguredServer| {
            let text = match server.state {
                ConfiguredState::External(settings) => match settings.launch {
                    Launch::Command { program, args, env, cwd } => format!("{program} {args:?} {env:?} {cwd:?}"),
                    Launch::Http { url, headers, oauth } => {
                        let headers: Vec<_> = headers.iter().map(|(name, value)| (name, value.expose())).collect();
                        format!("{url} {headers:?} {:?}", oauth.client_secret.as_ref().map(Secret::expose))
                    }
                    Launch::Builtin(_) => "builtin".to_owned(),
                },
                ConfiguredState::Builtin => "builtin".to_owned(),
                ConfiguredState::Disabled => "disabled".to_owned(),
                ConfiguredState::Unusable(error) => error.to_string(),
            };
            (server.name, text)
        };
        resolve_servers(&section, place).into_iter().map(told).collect()
    }

    #[test]
    fn every_server_has_its_own_outcome() {
        let text = "
servers:
  a: { command: npx, args: [-y, 'x-${TOKEN}'], env: { KEY: '${TOKEN}' }, cwd: '${DIR}' }
  b: { command: ./run, cwd: ~/work }
  c: { url: 'https://c.example/mcp', headers: { Authorization: 'Bearer ${TOKEN}' }, oauth: { client_secret_env: SECRET } }
  d: { url: 'https://d.example/sse', type: sse }
  e: { command: x, env: { A: '${NONE}' } }
  f: { command: x, disabled: true }
  g: { builtin: time }
  h: { url: 'http://h.example/mcp', headers: { Authorization: x } }
  i: { url: 'http://localhost:1/mcp', headers: { Authorization: x } }
  j: { url: '${TOKEN}' }
  k: { url: 'https://k', oauth: { client_secret_env: NONE } }
";
        let expected = [
            ("a", r#"npx ["-y", "x-t"] {"KEY": "t"} Some("/c/data")"#),
            ("b", r#"/c/./run [] {} Some("/h/work")"#),
            ("c", r#"https://c.example/mcp [("Authorization", "Bearer t")] Some("s3cret")"#),
            ("d", "mcp.servers.d.type: is the transport of 2024, which sayso does not speak"),
            (
                "e",
                "mcp.servers.e.env.A: the environment variable NONE is not set (`${NONE:-…}` gives a default, `$${` stands for `${`)",
            ),
            ("f", "disabled"),
            ("g", "builtin"),
            ("h", "mcp.servers.h.url: is plain http, so everybody on the way could read the header Authorization"),
            ("i", r#"http://localhost:1/mcp [("Authorization", "x")] None"#),
            ("j", "mcp.servers.j.url: has to begin with https:// or http://"),
            ("k", "mcp.servers.k.oauth.client_secret_env: NONE is not set"),
        ];
        let expected: Vec<_> = expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(resolved(text), expected);
    }

    #[test]
    fn paths_of_a_project_start_there_once_their_variables_are_replaced() {
        let text = "
servers:
  a: { command: ./run, args: [./x] }
  b: { command: npx, cwd: '${DIR}' }
  c: { command: bin/run, cwd: '${HOME}/there' }
  d: { command: '${HOME}/run', cwd: ~/work }
";
        let expected = [
            ("a", r#"/p ${X}/./run ["./x"] {} Some("/p ${X}")"#),
            ("b", r#"npx [] {} Some("/p ${X}/data")"#),
            ("c", r#"/p ${X}/bin/run [] {} Some("/h/there")"#),
            ("d", r#"/h/run [] {} Some("/h/work")"#),
        ];
        let expected: Vec<_> = expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(resolved_from(text, Some("/p ${X}")), expected);
    }
}
