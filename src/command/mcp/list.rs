//! `mcp list`: the servers that are set up, and their state.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpListOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub async fn run(options: &McpListOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("list"))
}
