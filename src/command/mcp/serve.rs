//! `mcp serve`: built-in tools for other programs.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpServeOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub async fn run(options: &McpServeOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("serve"))
}
