//! `mcp logout`: forgets how to sign in to a remote server.

use super::super::context::Context;
use super::remote;
use crate::cli::McpLogoutOptions;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::mcp::SignedOut;

/// Runs the command; the exit code.
pub async fn run(options: &McpLogoutOptions, context: &mut Context) -> Result<u8, Failure> {
    let server = remote::find(&options.server, context)?.server;
    let name = &options.server;
    match server.sign_out().await? {
        SignedOut::WasNot => context.note(&format!("you were not signed in to {name}")),
        SignedOut::Forgotten => context.note(&format!("signed out of {name}: its token is gone from this machine")),
        SignedOut::Revoked => {
            context.note(&format!("signed out of {name}: its token is gone from this machine, and revoked"));
        }
        SignedOut::NotRevoked(reason) => {
            context.note(&format!("signed out of {name}: its token is gone from this machine"));
            context.warn(&format!("it could not be revoked, so whoever has a copy can use it until it ends: {reason}"));
        }
    }
    Ok(exit_code::OK)
}
