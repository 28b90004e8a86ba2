//! `mcp trust`: the servers of a project, once the person has seen them.

use super::add::show_danger;
use super::change::{agreed, described, exit_of};
use super::not_yet;
use super::open::Stop;
use super::project::{Project, Trust};
use crate::cli::McpTrustOptions;
use crate::command::context::Context;
use crate::config::Paths;
use crate::conversation::exit_code;
use crate::exit::Failure;

/// Runs the command; the exit code.
pub async fn run(options: &McpTrustOptions, context: &mut Context) -> Result<u8, Failure> {
    if options.server.is_some() {
        return Err(not_yet("trust SERVER"));
    }
    exit_of(trust(options, context).await)
}

async fn trust(options: &McpTrustOptions, context: &mut Context) -> Result<u8, Stop> {
    let folder =
        std::env::current_dir().map_err(|error| Failure::config(format!("there is no current folder: {error}")))?;
    let project = Project::find(&folder)?.ok_or_else(|| {
        Failure::config("there is no .mcp.json in this folder or above it")
            .hint("`sayso mcp add` sets up a server of your own")
    })?;
    let state = Paths::new(&context.environment)
        .state
        .ok_or_else(|| Failure::config("there is no place to remember it: HOME is not set"))?;
    let mut trust = Trust::load(&state);
    if options.revoke {
        trust.take_back(&project)?;
        context.note(&format!("{} is not trusted any more", project.path.display()));
        return Ok(exit_code::OK);
    }
    if trust.holds(&project) {
        context.note(&format!("{} is trusted already, as it is", project.path.display()));
        return Ok(exit_code::OK);
    }
    let change = if trust.knows(&project) { " has changed since you trusted it" } else { "" };
    context.note(&format!("{}{change}", project.path.display()));
    let servers: String = project
        .servers
        .iter()
        .map(|server| {
            let notices: String = server.notices.iter().map(|notice| format!("    note: {notice}\n")).collect();
            described(&server.name, &server.section) + &notices
        })
        .collect();
    show_danger(context, &servers);
    if !agreed("Trust this file as it is?", options.yes, context).await? {
        context.note("it stays ignored");
        return Ok(exit_code::REFUSED);
    }
    trust.give(&project)?;
    context.note("trusted; a change of the file asks again");
    Ok(exit_code::OK)
}
