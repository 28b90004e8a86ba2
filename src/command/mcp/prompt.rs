//! `mcp prompt`: a prompt of a server, filled in.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpPromptOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub async fn run(options: &McpPromptOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("prompt"))
}
