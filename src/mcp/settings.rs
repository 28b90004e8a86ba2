//! What the configuration says about servers, resolved and ready to be used.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::InProcess;
use crate::http::Secret;

/// One server.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    pub name: String,
    pub launch: Launch,
    /// Nothing runs without it.
    pub required: bool,
    pub request_timeout: Duration,
    /// For start and greeting.
    pub connect_timeout: Duration,
    /// Patterns of the tools that are offered; all when empty.
    pub allow: Vec<String>,
    /// Patterns of those that never are.
    pub deny: Vec<String>,
    /// Folders the server is told to work in.
    pub roots: Vec<PathBuf>,
    pub protocol: Protocol,
}

/// How a server is reached.
#[derive(Clone, Debug)]
pub enum Launch {
    Builtin(InProcess),
    Command { program: String, args: Vec<String>, env: BTreeMap<String, String>, cwd: Option<PathBuf> },
    Http { url: String, headers: Vec<(String, Secret)>, oauth: OauthSettings },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Whatever the server speaks; what it turned out to be is remembered.
    #[default]
    Auto,
    /// 2025-11-25 and before, with a handshake.
    Legacy,
    /// 2026-07-28, without.
    Modern,
}

#[derive(Clone, Debug, Default)]
pub struct OauthSettings {
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    pub client_metadata_url: Option<String>,
    pub scopes: Vec<String>,
    pub redirect_port: Option<u16>,
}

/// What this client declares to every server. Fixed before the first connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientAbilities {
    /// A person, or a policy, answers forms.
    pub elicit_form: bool,
    pub elicit_url: bool,
    /// A model answers servers, with the person's say-so.
    pub sampling: bool,
}

#[derive(Clone, Debug, Default)]
pub struct HostSettings {
    pub servers: Vec<ServerSettings>,
    pub abilities: ClientAbilities,
    /// Our own program, to guard children with; without it they are started bare.
    pub guard: Option<PathBuf>,
    /// `PATH`, `HOME` and other harmless variables, which every child gets.
    pub child_environment: Vec<(String, String)>,
    /// For tool lists and agreed protocol revisions; nothing is remembered without it.
    pub cache_folder: Option<PathBuf>,
    /// For tokens and the register of children; 0700.
    pub state_folder: Option<PathBuf>,
    /// Extra certificate authorities, and whether proxies of the environment count.
    pub http: crate::http::HttpSettings,
}
