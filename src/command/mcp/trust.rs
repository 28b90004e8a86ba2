//! `mcp trust`: the servers of a project, once the person has seen them.

use super::add::show_danger;
use super::change::{agreed, described, exit_of};
use super::open::{Opened, Stop, with_host};
use super::project::{Project, Trust};
use crate::cli::McpTrustOptions;
use crate::command::context::Context;
use crate::command::wiring_tools;
use crate::config::Paths;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::terminal::TermSafeBuf;
use crate::tool::{Selection, Toolbox, ToolboxSettings};

/// Runs the command; the exit code.
pub async fn run(options: &McpTrustOptions, context: &mut Context) -> Result<u8, Failure> {
    if let Some(server) = &options.server {
        return with_host(context, false, async |opened| accept(server, options.yes, opened).await).await;
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
            described(&server.name, &project.made_whole(&server.section)) + &notices
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

/// Shows which tools of a server are held back because they are not what they were, and lets them in again.
async fn accept(server: &str, yes: bool, opened: &mut Opened<'_>) -> Result<u8, Stop> {
    opened.check(server)?;
    let selection = Selection::new(vec![server.to_owned()], &[]).map_err(Failure::usage)?;
    let settings =
        ToolboxSettings { selection, pins: wiring_tools::pins(&opened.config), ..ToolboxSettings::default() };
    let mut toolbox = Toolbox::new(Some(opened.host.clone()), settings);
    let host = opened.host.clone();
    opened.wait(server, host.tools(server)).await??;
    for notice in opened.wait(server, toolbox.refresh()).await? {
        opened.context.warn(&notice);
    }
    let changes: Vec<_> = toolbox.quarantined().into_iter().filter(|change| change.server == server).collect();
    if changes.is_empty() {
        opened.context.note(&format!("no tool of {server} is held back"));
        return Ok(exit_code::OK);
    }
    for change in &changes {
        let mut text = TermSafeBuf::new();
        text.push_prose(&change.shown());
        text.end_line();
        opened.context.screen.lines(text.as_safe());
    }
    if !agreed("Offer them to the model as they are now?", yes, opened.context).await? {
        opened.context.note("they stay held back");
        return Ok(exit_code::REFUSED);
    }
    for change in &changes {
        toolbox.accept(change).map_err(Failure::config)?;
    }
    opened.context.note(&format!("{} accepted", changes.len()));
    Ok(exit_code::OK)
}
