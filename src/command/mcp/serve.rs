//! `mcp serve`: built-in tools for other programs.

use std::io::IsTerminal;

use super::super::context::Context;
use super::super::{wiring, wiring_builtin};
use crate::builtin::serve_stdio;
use crate::cli::McpServeOptions;
use crate::config::LoadOptions;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::session::{CancelCause, Signals};

/// Runs the command until stdin ends or a signal comes; the exit code.
pub async fn run(options: &McpServeOptions, context: &mut Context) -> Result<u8, Failure> {
    let mut signals =
        Signals::listen().map_err(|error| Failure::internal(format!("cannot listen to signals: {error}")))?;
    let load =
        LoadOptions { config_file: context.global.config.clone(), skip_key_command: true, ..LoadOptions::default() };
    let config = wiring::load(&load, context)?;
    let servers = wiring_builtin::served(&config, &context.environment, &options.names)?;
    if std::io::stdin().is_terminal() {
        context.note("this is for other programs, which speak MCP here; Ctrl-D ends it");
    }
    tokio::select! {
        ended = serve_stdio(servers) => ended.map(|()| exit_code::OK).map_err(|reason| {
            Failure::new("mcp", exit_code::PROVIDER, format!("the other program does not speak MCP: {reason}"))
        }),
        cause = signals.next() => Ok(match cause {
            CancelCause::UserInterrupt => exit_code::INTERRUPT,
            CancelCause::HangUp => exit_code::HANG_UP,
            CancelCause::Terminate | CancelCause::Timeout | CancelCause::OutputClosed => exit_code::TERMINATE,
        }),
    }
}
