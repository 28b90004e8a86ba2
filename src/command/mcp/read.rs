//! `mcp read`: the content of a resource.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpReadOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub async fn run(options: &McpReadOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("read"))
}
