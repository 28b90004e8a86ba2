//! The host side of MCP: servers by name, and everything they offer, in types of our own.
//!
//! The SDK (`rmcp`) is used in this folder, and on the server's side in `builtin/`; nobody else sees it.

mod data;
mod error;
mod event;
mod host;
mod http_transport;
mod in_process;
mod oauth;
mod settings;

pub use data::{
    CallResult, Completion, Content, PromptArgument, PromptInfo, PromptMessage, ResourceContent, ResourceInfo,
    ResourceTemplate, ServerState, ServerStatus, ToolInfo,
};
pub use error::McpError;
pub use event::{ElicitAnswer, HostEvent, HostEvents, SamplingAnswer, SamplingMessage, ServerQuestion};
pub use host::McpHost;
pub use in_process::{InProcess, ServerEnd};
pub use oauth::{OauthServer, SignIn, SignInStart};
pub use settings::{
    ClientAbilities, Consent, HostSettings, Launch, OauthGrant, OauthSettings, Protocol, ServerSettings,
};
