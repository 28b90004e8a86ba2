//! What the configuration says about connections.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which certificate authorities are trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Roots {
    /// The store of the operating system; the bundled one where that is empty.
    #[default]
    System,
    /// Mozilla's list, compiled in: 3 ms quicker to load.
    Bundled,
}

/// The section `llm.http`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Offer HTTP/2 to https servers; false: HTTP/1.1 only.
    pub http2: bool,
    /// Requests under way at once, in all.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_connections: usize,
    /// Idle connections kept open per server.
    #[schemars(range(min = 0, max = 10_000))]
    pub max_keepalive_connections: usize,
    /// Obey HTTP_PROXY, HTTPS_PROXY and NO_PROXY; this machine itself is never reached by proxy.
    pub trust_env: bool,
    /// Milliseconds for name, TCP and TLS together.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub connect_timeout_ms: u64,
    /// Milliseconds from the request to the head of the response.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub first_byte_timeout_ms: u64,
    /// Milliseconds from the request to the first token, or to a whole answer; keep-alives are waited through.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub first_token_timeout_ms: u64,
    /// Milliseconds without progress after the first token; keep-alives do not count.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub idle_timeout_ms: u64,
    /// At a prompt, milliseconds between two questions to an HTTP/2 server whether it is still there.
    #[schemars(range(min = 10, max = 3_600_000))]
    pub ping_interval_ms: u64,
    /// Open the connection before the first message is sent.
    pub prewarm: bool,
    /// Ask for gzip: fewer bytes, but some gateways then hold tokens back. Other ways are not offered.
    pub compression: bool,
    /// A PEM file of further certificate authorities.
    pub ca_file: Option<PathBuf>,
    pub roots: Roots,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            http2: true,
            max_connections: 100,
            max_keepalive_connections: 20,
            trust_env: false,
            connect_timeout_ms: 10_000,
            first_byte_timeout_ms: 60_000,
            first_token_timeout_ms: 600_000,
            idle_timeout_ms: 120_000,
            ping_interval_ms: 20_000,
            prewarm: true,
            compression: false,
            ca_file: None,
            roots: Roots::System,
        }
    }
}
