//! `mcp rm`: takes a server out of the configuration file.

use super::change::{Target, agreed, exit_of};
use super::open::Stop;
use crate::cli::McpRmOptions;
use crate::command::context::Context;
use crate::config::nearest;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::mcp::BUILTIN_SERVERS;

/// Runs the command; the exit code.
pub async fn run(options: &McpRmOptions, context: &mut Context) -> Result<u8, Failure> {
    exit_of(remove(options, context).await)
}

async fn remove(options: &McpRmOptions, context: &mut Context) -> Result<u8, Stop> {
    let mut target = Target::open(context)?;
    let name = &options.name;
    let servers = &target.file.mcp.servers;
    if !servers.contains_key(name) {
        let failure = Failure::config(format!("{} has no server {name:?}", target.source.path.display()));
        return Err(match nearest(name, servers.keys().map(String::as_str)) {
            _ if BUILTIN_SERVERS.contains(&name.as_str()) => failure.hint(format!(
                "it is built in: `sayso config set mcp.servers.{name} '{{builtin: {name}, enabled: false}}'` switches it off"
            )),
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint("`sayso mcp list` shows what is set up"),
        }
        .into());
    }
    let question = format!("Take {name} out of {}?", target.source.path.display());
    if !agreed(&question, options.yes, context).await? {
        context.note("nothing has been changed");
        return Ok(exit_code::REFUSED);
    }
    target.remove(name, context)?;
    context.note(&format!("{name} is no longer set up"));
    Ok(exit_code::OK)
}
