//! The host side of MCP: servers by name, and everything they offer, in types of our own.
//!
//! The SDK (`rmcp`) is used in this folder, and on the server's side in `builtin/`; nobody else sees it.

mod any_transport;
mod builtin_names;
mod changes;
mod child;
mod client_features;
mod connect;
mod connection;
mod data;
mod error;
mod event;
#[cfg(unix)]
mod guard;
mod host;
#[cfg(test)]
mod host_tests;
mod http_transport;
mod in_process;
mod lines;
mod log_level;
mod oauth;
mod pages;
mod processes;
mod program_path;
mod prompts;
mod register;
mod remembered;
mod request;
mod resource_cache;
mod resources;
mod server;
mod settings;
mod stderr_tail;
mod stdio;
mod streams;
mod subscriptions;
mod task_only;
mod tasks;
mod tool_filter;
mod tools;
mod translate;
mod transport_words;
mod wire;

pub use builtin_names::{BUILTIN_SERVERS, HARMLESS_SERVERS, TRUSTED_SERVERS};
#[cfg(unix)]
pub use child::guarded;
pub use data::{
    CallResult, Completion, CompletionQuestion, CompletionSubject, Content, PromptArgument, PromptInfo, PromptMessage,
    ResourceContent, ResourceInfo, ResourceTemplate, ServerState, ServerStatus, ToolInfo,
};
pub use error::McpError;
pub use event::{ElicitAnswer, HostEvent, HostEvents, SamplingAnswer, SamplingMessage, ServerQuestion};
#[cfg(unix)]
pub use guard::guard;
pub use host::McpHost;
pub use in_process::InProcess;
pub use log_level::LogLevel;
pub use oauth::{OauthServer, SignIn, SignInStart, SignedOut};
#[cfg(unix)]
pub use program_path::find as find_program;
pub use remembered::{KnownNames, remembered_names};
pub use settings::{
    ClientAbilities, Consent, HostSettings, Launch, OauthGrant, OauthSettings, Protocol, REQUEST_TIMEOUT,
    ServerSettings,
};
pub use tool_filter::ToolFilter;
