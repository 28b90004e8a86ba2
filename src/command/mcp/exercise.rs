//! `mcp exercise`: uses everything that a server offers.

use super::super::context::Context;
use super::not_yet;
use crate::cli::McpExerciseOptions;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub async fn run(options: &McpExerciseOptions, context: &mut Context) -> Result<u8, Failure> {
    let _ = (options, context);
    Err(not_yet("exercise"))
}
