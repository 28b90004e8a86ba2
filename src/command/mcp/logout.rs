//! `mcp logout`: forgets how to sign in to a remote server.

use super::super::context::Context;
use super::remote;
use crate::cli::McpLogoutOptions;
use crate::conversation::exit_code;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub fn run(options: &McpLogoutOptions, context: &mut Context) -> Result<u8, Failure> {
    let server = remote::find(&options.server, context)?;
    context.note(&match server.sign_out()? {
        true => format!("signed out of {}: its token is gone from this machine", options.server),
        false => format!("you were not signed in to {}", options.server),
    });
    Ok(exit_code::OK)
}
