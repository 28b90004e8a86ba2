//! `mcp …`: one file per subcommand, all of them on the one host of the process.

mod add;
mod arguments;
pub mod browser;
mod call;
mod change;
mod each;
mod exercise;
mod foreign;
mod import;
mod list;
mod login;
mod logout;
mod open;
mod output;
pub mod project;
mod prompt;
mod prompts;
mod questions;
mod read;
mod remote;
mod resources;
mod rm;
mod rules;
mod serve;
mod tools;
mod trust;

use super::context::Context;
use super::wiring;
use crate::cli::McpCommand;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub fn run(command: McpCommand, mut context: Context) -> Result<u8, Failure> {
    wiring::block_on(|| async move {
        match dispatch(&command, &mut context).await {
            Ok(exit) => exit,
            Err(failure) => context.fail(&failure),
        }
    })
}

async fn dispatch(command: &McpCommand, context: &mut Context) -> Result<u8, Failure> {
    match command {
        McpCommand::List(options) => list::run(options, context).await,
        McpCommand::Tools(options) => tools::run(options, context).await,
        McpCommand::Resources(options) => resources::run(options, context).await,
        McpCommand::Prompts(options) => prompts::run(options, context).await,
        McpCommand::Call(options) => call::run(options, context).await,
        McpCommand::Read(options) => read::run(options, context).await,
        McpCommand::Prompt(options) => prompt::run(options, context).await,
        McpCommand::Add(options) => add::run(options, context).await,
        McpCommand::Rm(options) => rm::run(options, context).await,
        McpCommand::Import(options) => import::run(options, context).await,
        McpCommand::Login(options) => login::run(options, context).await,
        McpCommand::Logout(options) => logout::run(options, context).await,
        McpCommand::Trust(options) => trust::run(options, context).await,
        McpCommand::Serve(options) => serve::run(options, context).await,
        McpCommand::Exercise(options) => exercise::run(options, context).await,
    }
}
