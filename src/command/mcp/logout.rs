//! `mcp logout`: forgets how to sign in to a remote server.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpLogoutOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub async fn run(options: &McpLogoutOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("logout"))
}
