//! `mcp login`: signs in to a remote server.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpLoginOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub async fn run(options: &McpLoginOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("login"))
}
