//! `mcp import`: servers from the files of other programs.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpImportOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub fn run(options: &McpImportOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("import"))
}
