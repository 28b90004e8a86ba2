//! `mcp call`: one call of a tool, from the shell.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpCallOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub async fn run(options: &McpCallOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("call"))
}
