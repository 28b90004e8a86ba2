//! What can go wrong with a server, by what the caller can do about it.

use std::time::Duration;

#[derive(Clone, Debug, thiserror::Error)]
pub enum McpError {
    #[error("no MCP server is named {0}")]
    UnknownServer(String),
    /// It did not start, or not in time. `reason` ends with its last words on stderr.
    #[error("the MCP server {server} is not available: {reason}")]
    Unavailable { server: String, reason: String },
    /// It was there and has gone.
    #[error("the MCP server {server} ended in the middle of it{reason}")]
    Disconnected { server: String, reason: String },
    #[error("the MCP server {server} did not answer within {after:?}")]
    TimedOut { server: String, after: Duration },
    /// The server answered with an error of the protocol.
    #[error("the MCP server {server} refused: {message} ({code})")]
    Refused { server: String, code: i64, message: String },
    /// `sayso mcp login SERVER` is needed first.
    #[error("the MCP server {server} wants you to sign in")]
    SignInNeeded { server: String },
    #[error("cannot sign in to the MCP server {server}: {reason}")]
    SignInFailed { server: String, reason: String },
    #[error("the MCP server {server} broke the protocol: {reason}")]
    Protocol { server: String, reason: String },
}
