//! `mcp exercise`: connects to a server as everything else does, and uses all that it offers.
//!
//! A tool for those who write servers, and the client under test of the protocol's conformance suite, whose
//! two variables it reads: which revision to speak, and credentials or calls that are given in advance.

mod arguments;
mod report;
mod work;

use std::time::Duration;

use serde_json::{Map, Value};

use self::arguments::arguments;
use self::report::Report;
use self::work::{Call, exercise};
use super::super::context::Context;
use super::super::{wiring, wiring_builtin, wiring_mcp};
use crate::cli::{McpExerciseOptions, ProtocolChoice};
use crate::config::{Config, LoadOptions};
use crate::conversation::{SharedSettings, exit_code};
use crate::exit::Failure;
use crate::http::{Secret, is_loopback_url};
use crate::mcp::{
    BUILTIN_SERVERS, ClientAbilities, Consent, ElicitAnswer, HostEvent, HostEvents, Launch, McpHost, OauthSettings,
    Protocol, SamplingAnswer, ServerQuestion, ServerSettings,
};

const PROTOCOL_VARIABLE: &str = "MCP_CONFORMANCE_PROTOCOL_VERSION";
const CONTEXT_VARIABLE: &str = "MCP_CONFORMANCE_CONTEXT";
/// The name of a server that is given by its address.
const AD_HOC: &str = "server";
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// Runs the command; the exit code.
pub async fn run(options: &McpExerciseOptions, context: &mut Context) -> Result<u8, Failure> {
    let load =
        LoadOptions { config_file: context.global.config.clone(), skip_key_command: true, ..LoadOptions::default() };
    let config = wiring::load(&load, context)?;
    let given = Given::read(context)?;
    let (host, events, server) = open(options, &config, context, &given)?;
    let mut report = Report::default();
    let ended = {
        let work = exercise(&host, &server, &given.calls, &mut report);
        tokio::time::timeout(options.timeout, answering(work, events)).await
    };
    host.close(CLOSE_LIMIT).await;
    let exit = context.show(&report.render(options.format));
    Ok(match (ended, report.is_answered()) {
        _ if exit != exit_code::OK => exit,
        (Err(_), _) => {
            let message = format!("the exercise did not end within {:?}", options.timeout);
            context.fail(&Failure::new("timeout", exit_code::TIMEOUT, message).hint("`--timeout` gives it longer"))
        }
        (Ok(()), true) => exit_code::OK,
        (Ok(()), false) => exit_code::PROVIDER,
    })
}

/// What is given in advance, beside the command line.
#[derive(Default)]
struct Given {
    protocol: Protocol,
    oauth: OauthSettings,
    calls: Vec<Call>,
}

impl Given {
    fn read(context: &Context) -> Result<Self, Failure> {
        let protocol = match context.environment.text(PROTOCOL_VARIABLE) {
            None => Protocol::Auto,
            // Revisions are dates: they are in order as texts.
            Some(revision) if revision >= "2026" => Protocol::Modern,
            Some(_) => Protocol::Legacy,
        };
        let Some(text) = context.environment.text(CONTEXT_VARIABLE) else {
            return Ok(Self { protocol, ..Self::default() });
        };
        let object: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| Failure::usage(format!("{CONTEXT_VARIABLE} is not a JSON object: {error}")))?;
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        let oauth = OauthSettings {
            client_id: text("client_id"),
            client_secret: text("client_secret").map(Secret::new),
            private_key: text("private_key_pem").map(Secret::new),
            issuer: text("issuer"),
            ..OauthSettings::default()
        };
        let calls = ["toolCalls", "tool_calls"].into_iter().find_map(|key| object.get(key)?.as_array());
        let call = |call: &Value| {
            let arguments = call.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default();
            Some(Call { tool: call.get("name")?.as_str()?.to_owned(), arguments })
        };
        Ok(Self { protocol, oauth, calls: calls.into_iter().flatten().filter_map(call).collect() })
    }
}

fn open(
    options: &McpExerciseOptions,
    config: &Config,
    context: &Context,
    given: &Given,
) -> Result<(McpHost, HostEvents, String), Failure> {
    let abilities = ClientAbilities { elicit_form: true, elicit_url: false, sampling: true };
    let mut servers = wiring_mcp::servers(config, &context.environment)?;
    let builtins: Vec<String> = BUILTIN_SERVERS.map(str::to_owned).to_vec();
    wiring_builtin::add(&mut servers, config, &context.environment, &builtins, SharedSettings::default())?;
    if let Some(failure) = servers.failure(&options.server) {
        return Err(failure);
    }
    if let Some(server) = servers.usable.iter().find(|server| server.name == options.server) {
        servers.usable = vec![server.clone()];
        let (host, events) = wiring_mcp::host(&servers, config, &context.environment, abilities);
        return Ok((host, events, options.server.clone()));
    }
    if !options.server.contains("://") {
        return Err(Failure::config(format!("no MCP server is named {:?}", options.server))
            .hint("give the address of one, or a name that `sayso mcp list` shows"));
    }
    if context.global.offline && !is_loopback_url(&options.server) {
        return Err(Failure::usage(format!("`--offline` reaches nothing but this machine, not {}", options.server)));
    }
    let oauth = OauthSettings {
        client_metadata_url: options.client_metadata_url.clone(),
        consent: Consent::Page,
        ..given.oauth.clone()
    };
    let launch = Launch::Http { url: options.server.clone(), headers: Vec::new(), oauth: Box::new(oauth) };
    servers.usable = vec![ServerSettings {
        name: AD_HOC.to_owned(),
        launch,
        required: false,
        request_timeout: options.timeout,
        connect_timeout: options.timeout,
        allow: Vec::new(),
        deny: Vec::new(),
        roots: Vec::new(),
        protocol: match options.protocol {
            None => given.protocol,
            Some(ProtocolChoice::Auto) => Protocol::Auto,
            Some(ProtocolChoice::Legacy) => Protocol::Legacy,
            Some(ProtocolChoice::Modern) => Protocol::Modern,
        },
        log_level: None,
    }];
    // Nothing of a server that is only tried is kept.
    let (host, events) = wiring_mcp::fleeting_host(&servers, config, &context.environment, abilities);
    Ok((host, events, AD_HOC.to_owned()))
}

/// Does the work, and answers what the server asks meanwhile: forms with what it proposes itself.
async fn answering(work: impl Future<Output = ()>, mut events: HostEvents) {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            () = &mut work => return,
            Some(event) = events.recv() => {
                if let HostEvent::Question(question) = event {
                    answer(question);
                }
            }
        }
    }
}

fn answer(question: ServerQuestion) {
    // A server that waits no longer hears nothing.
    match question {
        ServerQuestion::Form { schema, answer, .. } => {
            let _ = answer.send(ElicitAnswer::Accept(arguments(&schema, &Map::new())));
        }
        ServerQuestion::Url { answer, .. } => {
            let _ = answer.send(ElicitAnswer::Decline);
        }
        ServerQuestion::Sampling { answer, .. } => {
            let text = "This is an exercise: no model was asked.".to_owned();
            let stop_reason = Some("endTurn".to_owned());
            let _ = answer.send(Some(SamplingAnswer { model: "none".to_owned(), text, stop_reason }));
        }
    }
}
