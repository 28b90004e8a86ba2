//! `mcp trust`: the servers of a project, once the person has seen them.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpTrustOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub fn run(options: &McpTrustOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("trust"))
}
