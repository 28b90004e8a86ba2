//! The section `mcp`: servers as other hosts write them, with a few settings of our own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretText;
use super::secret_text::{hide_query, hide_secret_headers, hide_variables};

/// Servers of the Model Context Protocol.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mcp {
    /// Servers by name: the `mcpServers` map of other hosts can be pasted here.
    pub servers: BTreeMap<String, ServerSection>,
}

/// One server: a command to start, a URL to reach, or one that is built in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSection {
    /// How to reach it; left out, `command` or `url` tells.
    #[serde(rename = "type")]
    pub kind: Option<ServerType>,
    /// The program to start.
    pub command: Option<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables for it. It gets these and a few harmless ones, never your keys.
    #[serde(serialize_with = "hide_variables")]
    #[schemars(extend("writeOnly" = true))]
    pub env: BTreeMap<String, String>,
    /// The folder to start it in.
    pub cwd: Option<PathBuf>,
    /// The address of a remote server.
    #[serde(serialize_with = "hide_query")]
    #[schemars(extend("writeOnly" = true))]
    pub url: Option<String>,
    /// Headers to send to it.
    #[serde(serialize_with = "hide_secret_headers")]
    #[schemars(extend("writeOnly" = true))]
    pub headers: BTreeMap<String, String>,
    /// The name of a server that is built in.
    pub builtin: Option<String>,
    /// Whether it is used.
    pub enabled: bool,
    /// The same turned round, as other hosts write it.
    pub disabled: Option<bool>,
    /// Whether nothing runs without it.
    pub required: bool,
    /// Seconds that one request may take; left out, `chat.service.tools.timeout_seconds`.
    #[schemars(range(min = 1, max = 86_400))]
    pub timeout: Option<u64>,
    /// Seconds for start and greeting.
    #[schemars(range(min = 1, max = 3600))]
    pub connect_timeout: u64,
    /// Which of its tools the model gets to see.
    pub tools: ToolFilter,
    /// Folders that it is told to work in.
    pub roots: Vec<String>,
    /// Hosts on this machine or in its network that the built-in server `fetch` may reach.
    pub allow_hosts: Vec<String>,
    /// The revision of the protocol to speak.
    pub protocol: Protocol,
    /// How much it tells in its log; left out, what it tells by itself, from `notice` on.
    pub log_level: Option<LogLevel>,
    /// Signing in to a remote server.
    pub oauth: Option<Oauth>,
    /// The folder of the project that it comes from: its relative paths start there, and so does it itself.
    #[serde(skip)]
    pub project: Option<PathBuf>,
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            kind: None,
            command: None,
            args: Vec::new(),
            env: BTreeMap::new(),
            cwd: None,
            url: None,
            headers: BTreeMap::new(),
            builtin: None,
            enabled: true,
            disabled: None,
            required: false,
            timeout: None,
            connect_timeout: 30,
            tools: ToolFilter::default(),
            roots: Vec::new(),
            allow_hosts: Vec::new(),
            protocol: Protocol::Auto,
            log_level: None,
            oauth: None,
            project: None,
        }
    }
}

impl ServerSection {
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled && self.disabled != Some(true)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ServerType {
    #[serde(rename = "stdio")]
    Stdio,
    #[serde(rename = "http")]
    Http,
    #[serde(rename = "streamable-http")]
    StreamableHttp,
    #[serde(rename = "sse")]
    Sse,
}

/// Names of tools; `*` stands for any letters. A tool that both name is denied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ToolFilter {
    /// Only these; all of them when empty.
    pub allow: Vec<String>,
    /// Never these.
    pub deny: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Whatever the server speaks.
    #[default]
    Auto,
    /// The revisions before 2026, with a handshake.
    Legacy,
    /// The revision of 2026, without.
    Modern,
}

/// As in syslog, the least serious first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

/// Signing in to a remote server. All of it can be found out where the server tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Oauth {
    /// The id of a client that was registered by hand.
    pub client_id: Option<String>,
    /// Its secret. Better the variable below.
    #[schemars(extend("writeOnly" = true))]
    pub client_secret: Option<SecretText>,
    /// The environment variable that holds its secret.
    pub client_secret_env: Option<String>,
    /// A private key (PKCS#8, PEM) to sign in with instead of a secret; nobody else may read the file.
    pub private_key_file: Option<PathBuf>,
    /// The address of a document that describes the client.
    pub client_metadata_url: Option<String>,
    /// The only authorization server that gets to see the client, as it calls itself.
    pub issuer: Option<String>,
    /// Who signs in: you in the browser, or the client itself; left out, the server tells.
    pub grant: Option<Grant>,
    /// What to ask for; what the server names when empty.
    pub scopes: Vec<String>,
    /// The port that the browser comes back to; any free one when left out.
    #[schemars(range(min = 1, max = 65_535))]
    pub redirect_port: Option<u16>,
    /// Whether the authorization server may have an address inside a private network.
    pub allow_private_addresses: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// You, in the browser.
    AuthorizationCode,
    /// The client, with its secret or key.
    ClientCredentials,
}
