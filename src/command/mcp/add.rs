//! `mcp add`: a new server in the configuration file.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpAddOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub fn run(options: &McpAddOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("add"))
}
