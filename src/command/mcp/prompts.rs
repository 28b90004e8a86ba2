//! `mcp prompts`: the prompts that servers have ready.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpServersOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub async fn run(options: &McpServersOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("prompts"))
}
