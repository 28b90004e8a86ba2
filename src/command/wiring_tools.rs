//! From the configuration and the options to the tools of a session.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use futures::future::join_all;

use super::context::Context;
use super::mcp::browser::{self, Visit};
use super::wiring_mcp::Servers;
use super::{wiring, wiring_builtin, wiring_mcp, wiring_record};
use crate::cli::ToolOptions;
use crate::config::{Config, LoadOptions, nearest};
use crate::conversation::ToolChoice;
use crate::exit::Failure;
use crate::http::HttpClient;
use crate::mcp::{BUILTIN_SERVERS, ClientAbilities, McpHost, ServerSettings};
use crate::session::Session;
use crate::tool::{Folders, Grant, ToolPattern, Toolbox, ToolboxSettings};

/// How long all servers together may take to end.
const CLOSE_LIMIT: Duration = Duration::from_secs(4);

/// Whether somebody is there to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    Present,
    Absent,
}

/// Gives a session its tools. Waits for servers that are required; nothing else is started that is not needed yet.
pub async fn equip(
    session: &mut Session,
    options: &ToolOptions,
    config: &Config,
    context: &mut Context,
    person: Person,
) -> Result<(), Failure> {
    let choice = tool_choice(options.tool_choice.as_deref());
    if options.no_tools {
        return match (&choice, &options.tool_choice) {
            (ToolChoice::Auto | ToolChoice::Never, _) | (_, None) => Ok(()),
            (ToolChoice::Required | ToolChoice::Named(_), Some(written)) => Err(no_tool_offered(written)),
        };
    }
    let mut servers = wiring_mcp::servers(config, &context.environment)?;
    let mut added =
        wiring_builtin::add(&mut servers, config, &context.environment, &options.tools, session.shared.clone())?;
    if context.global.offline {
        servers.keep_to_this_machine(&added.fetching)?;
    }
    for name in &options.tools {
        if !servers.usable.iter().any(|server| server.name == *name) {
            return Err(servers.failure(name).unwrap_or_else(|| unknown_server("-t", name, &known_servers(&servers))));
        }
    }
    let grants = grants(&options.allow, &known_servers(&servers))?;
    for (name, error) in &servers.unusable {
        context.warn(&format!("the MCP server {name} cannot be used: {error}"));
    }
    let is_present = person == Person::Present;
    let abilities = ClientAbilities { elicit_form: is_present, elicit_url: is_present, sampling: is_present };
    let (host, events) = wiring_mcp::host(&servers, config, &context.environment, abilities);
    require(&host, &servers.usable).await?;
    host.start();
    let tools = &config.chat.tools;
    session.toolbox = Toolbox::new(
        Some(host),
        ToolboxSettings {
            result_bytes_max: tools.result_bytes_max,
            parallel_max: tools.max_parallel,
            trusted_servers: std::mem::take(&mut added.trusted),
            spec_bytes_max: tools.search_over_kb * 1024,
            specs_max: tools.search_over_tools,
            rules: config.chat.rules.clone(),
            folders: folders(config, &servers),
            pins: pins(config),
            grants,
            ..ToolboxSettings::default()
        },
    );
    session.preview = added.preview();
    session.open_page = Box::new(|page| Box::pin(open_page(page)));
    session.events = Some(events);
    session.publish_settings();
    session.tool_choice = match checked(choice, &mut session.toolbox, context).await {
        Ok(choice) => choice,
        Err(failure) => {
            close(session.toolbox.host.take()).await;
            return Err(failure);
        }
    };
    Ok(())
}

/// Nothing runs without these.
async fn require(host: &McpHost, servers: &[ServerSettings]) -> Result<(), Failure> {
    let required = servers.iter().filter(|server| server.required);
    let outcomes = join_all(required.map(|server| host.connect(&server.name))).await;
    let Some(error) = outcomes.into_iter().find_map(Result::err) else { return Ok(()) };
    host.close(CLOSE_LIMIT).await;
    Err(Failure::config(format!("{error}, and it is required")).hint("mend it, or set `required: false`"))
}

/// Nothing is looked up where no rule asks for it.
fn folders(config: &Config, servers: &Servers) -> Folders {
    if config.chat.rules.is_empty() { Folders::default() } else { Folders::find(&servers.usable) }
}

/// Where it is kept what external tools were.
#[must_use]
pub fn pins(config: &Config) -> Option<PathBuf> {
    config.paths.state.as_ref().map(|folder| folder.join("mcp/pins.json"))
}

/// All that can be named, each once: those of this run, those that are switched off, those that are built in.
fn known_servers(servers: &Servers) -> Vec<String> {
    let set_up = servers.usable.iter().map(|server| server.name.clone());
    let without = servers.disabled.iter().cloned().chain(servers.unusable.iter().map(|(name, _)| name.clone()));
    let all: BTreeSet<String> = set_up.chain(without).chain(BUILTIN_SERVERS.map(str::to_owned)).collect();
    all.into_iter().collect()
}

fn unknown_server(option: &str, name: &str, known: &[String]) -> Failure {
    let failure = Failure::usage(format!("{option}: no server is named {name}"));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => failure.hint(format!("did you mean {near}? There are {}", known.join(", "))),
        None => failure.hint(format!("there are {}", known.join(", "))),
    }
}

/// What `--allow` says. It has to name the server: nothing allows everything.
fn grants(allowed: &[String], servers: &[String]) -> Result<Vec<Grant>, Failure> {
    let grant = |text: &String| {
        let tool = ToolPattern::parse(text).map_err(|reason| Failure::usage(format!("--allow: {reason}")))?;
        if tool.is_any_server() {
            let failure = Failure::usage(format!("--allow: {text:?} names no server, and nothing allows all of them"));
            return Err(failure.hint("name one, as in `--allow 'files/*'`"));
        }
        // One that is misspelt would be met when the model has been paid for, and the turn ends at its first call.
        if !servers.iter().any(|server| tool.fits(server, &tool.tool)) {
            return Err(unknown_server("--allow", &tool.server, servers));
        }
        Ok(Grant { tool })
    };
    allowed.iter().map(grant).collect()
}

/// Only what a browser is for, as for signing in.
async fn open_page(page: String) -> bool {
    match Visit::to(&page) {
        Ok(visit) => browser::open(&visit).await,
        Err(_) => false,
    }
}

/// Ends all servers of a session, gently first.
pub async fn close(host: Option<McpHost>) {
    if let Some(host) = host {
        host.close(CLOSE_LIMIT).await;
    }
}

/// What `/model` and the server `settings` use to change the model.
pub fn connect_with(
    session: &mut Session,
    config: &Config,
    options: &LoadOptions,
    context: &Context,
    client: &HttpClient,
) {
    let (config, options, client) = (config.clone(), options.clone(), client.clone());
    let (environment, global) = (context.environment.clone(), context.global.clone());
    session.connect = Some(Box::new(move |model| {
        let connected = || {
            let choice = config.provider_for(model, &options, &environment)?;
            wiring::active_model(wiring_record::chosen(choice, &client, &global)?, &client, &config.paths)
        };
        connected().map_err(|failure: Failure| failure.report().message)
    }));
}

fn tool_choice(written: Option<&str>) -> ToolChoice {
    match written {
        None | Some("auto") => ToolChoice::Auto,
        Some("none") => ToolChoice::Never,
        Some("required") => ToolChoice::Required,
        Some(name) => ToolChoice::Named(name.to_owned()),
    }
}

/// The choice in the words of the request. What is not offered cannot be called, and providers say so in words that
/// help nobody.
async fn checked(choice: ToolChoice, toolbox: &mut Toolbox, context: &mut Context) -> Result<ToolChoice, Failure> {
    match &choice {
        ToolChoice::Auto | ToolChoice::Never => return Ok(choice),
        ToolChoice::Required | ToolChoice::Named(_) => {}
    }
    for notice in toolbox.refresh().await {
        context.warn(&notice);
    }
    match choice {
        ToolChoice::Named(written) => match toolbox.find_written(&written) {
            Some(name) => Ok(ToolChoice::Named(name)),
            None => Err(no_such_tool(&written, toolbox)),
        },
        ToolChoice::Required if toolbox.specs().is_empty() => Err(no_tool_offered("required")),
        ToolChoice::Auto | ToolChoice::Never | ToolChoice::Required => Ok(choice),
    }
}

fn no_tool_offered(written: &str) -> Failure {
    let failure = Failure::usage(format!("--tool-choice {written}: no tools are offered"));
    failure.hint("`-t SERVER` offers those of a server, and `--no-tools` none at all")
}

fn no_such_tool(written: &str, toolbox: &Toolbox) -> Failure {
    let failure = Failure::usage(format!("--tool-choice {written}: no tool of this name is offered"));
    let titles = toolbox.titles();
    // The name alone is meant, or a letter is wrong.
    let alone = titles.iter().find(|title| title.split_once('/').is_some_and(|(_, tool)| tool == written));
    let near = alone.map(String::as_str).or_else(|| nearest(written, titles.iter().map(String::as_str)));
    let server = written.split_once('/').map(|(server, _)| server).filter(|server| !toolbox.offers(server));
    match (near, server) {
        (Some(near), _) => failure.hint(format!("did you mean {near}? `sayso mcp tools` lists all")),
        (None, Some(server)) if BUILTIN_SERVERS.contains(&server) => {
            failure.hint(format!("`-t {server}` offers the tools of {server}, `sayso mcp tools {server}` lists them"))
        }
        (None, _) => failure.hint("it is auto, none, required, or a tool as SERVER/TOOL; `sayso mcp tools` lists them"),
    }
}
