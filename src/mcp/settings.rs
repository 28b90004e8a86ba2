//! What the configuration says about servers, resolved and ready to be used.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{InProcess, LogLevel};
use crate::http::Secret;

/// For one request, where nothing else is said.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

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
    /// What it is asked to tell in its log; `None`: what it tells by itself, from notices on.
    pub log_level: Option<LogLevel>,
}

impl ServerSettings {
    /// The same as long as the same program is started, or the same address is asked: a hash, because
    /// both can hold secrets.
    #[must_use]
    pub fn identity(&self) -> String {
        let parts: Vec<&str> = match &self.launch {
            Launch::Builtin(_) => vec!["builtin"],
            Launch::Command { program, args, .. } => {
                ["command", program].into_iter().chain(args.iter().map(String::as_str)).collect()
            }
            Launch::Http { url, .. } => vec!["url", url],
        };
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        format!("{:x}", hasher.finalize())
    }
}

/// How a server is reached.
#[derive(Clone, Debug)]
pub enum Launch {
    Builtin(InProcess),
    Command { program: String, args: Vec<String>, env: BTreeMap<String, String>, cwd: Option<PathBuf> },
    Http { url: String, headers: Vec<(String, Secret)>, oauth: Box<OauthSettings> },
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

/// Signing in to a remote server. All of it can be found out where the server tells.
#[derive(Clone, Debug, Default)]
pub struct OauthSettings {
    /// A client that was registered by hand.
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    /// PKCS#8 in PEM: the client signs who it is instead of having a secret.
    pub private_key: Option<Secret>,
    pub client_metadata_url: Option<String>,
    /// The only authorization server that gets to see the client.
    pub issuer: Option<String>,
    /// `None`: a person agrees, unless the authorization server has nothing for people.
    pub grant: Option<OauthGrant>,
    /// What to ask for; what the server names when empty.
    pub scopes: Vec<String>,
    pub redirect_port: Option<u16>,
    /// Whether the authorization server may be inside a private network though the MCP server is not known to be.
    pub allow_private_addresses: bool,
    pub consent: Consent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OauthGrant {
    /// A person agrees in the browser.
    AuthorizationCode,
    /// The client itself is who signs in.
    ClientCredentials,
}

/// Who agrees when a server wants us to sign in while we talk to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// Nobody: the request fails, and `sayso mcp login` is the way.
    #[default]
    Nobody,
    /// The page itself: it is fetched, and has to answer at once with the way back, as test servers do.
    Page,
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
