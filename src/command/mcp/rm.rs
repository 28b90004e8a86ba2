//! `mcp rm`: takes a server out of the configuration file.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpRmOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub fn run(options: &McpRmOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("rm"))
}
