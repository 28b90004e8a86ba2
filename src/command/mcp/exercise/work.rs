//! The requests of an exercise, one after the other.

use std::time::Instant;

use serde_json::{Map, Value};

use super::arguments::arguments;
use super::report::{Outcome, Report, Row};
use crate::mcp::{CallResult, Content, McpError, McpHost, ToolInfo};

const TOOLS_MAX: usize = 500;
const RESOURCES_MAX: usize = 100;
const PROMPTS_MAX: usize = 100;
/// JSON-RPC: there is no such method, so there is nothing to list.
const METHOD_NOT_FOUND: i64 = -32601;

/// A call that was asked for, in the place of calls with arguments that are made up.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub tool: String,
    pub arguments: Map<String, Value>,
}

/// Uses everything that `server` offers. What came of it is in `report` at every moment.
pub async fn exercise(host: &McpHost, server: &str, calls: &[Call], report: &mut Report) {
    let started = Instant::now();
    let connected = host.connect(server).await;
    report.protocol = host.servers().into_iter().find(|status| status.name == server).and_then(|s| s.protocol);
    let version = report.protocol.clone().unwrap_or_default();
    let is_connected = connected.is_ok();
    add(report, ("connect", ""), started, connected.map(|()| (Outcome::Ok, version)));
    if !is_connected {
        return;
    }
    use_tools(host, server, calls, report).await;
    use_resources(host, server, report).await;
    use_prompts(host, server, report).await;
}

async fn use_tools(host: &McpHost, server: &str, calls: &[Call], report: &mut Report) {
    let started = Instant::now();
    let tools = match host.tools(server).await {
        Err(McpError::Refused { code: METHOD_NOT_FOUND, .. }) => return,
        tools => tools,
    };
    let listed = tools.as_ref().map(|tools| tools.to_vec()).unwrap_or_default();
    add(report, ("tools/list", ""), started, tools.map(|tools| (Outcome::Ok, count(tools.len()))));
    // One after the other: together they can be large.
    let made_up = listed.iter().filter(|_| calls.is_empty()).map(|tool| call(tool, &listed));
    for (number, call) in calls.iter().cloned().chain(made_up).take(TOOLS_MAX).enumerate() {
        let started = Instant::now();
        let id = format!("exercise-{number}");
        let result = host.call_tool(server, &call.tool, call.arguments, &id).await;
        add(report, ("tools/call", &call.tool), started, result.map(told));
    }
}

fn call(tool: &ToolInfo, all: &[ToolInfo]) -> Call {
    // Where any object will do, it gets the richest one at hand: a schema that this server wrote itself.
    let others = all.iter().filter(|other| other.name != tool.name);
    let richest = others.map(|other| &*other.input_schema).max_by_key(|schema| schema.len());
    let document = richest.cloned().unwrap_or_default();
    Call { tool: tool.name.clone(), arguments: arguments(&tool.input_schema, &document) }
}

fn told(result: CallResult) -> (Outcome, String) {
    let text = result.content.iter().map(|content| match content {
        Content::Text(text) => text.clone(),
        Content::Image { mime, .. } | Content::Audio { mime, .. } => format!("[{mime}]"),
        Content::Link { uri, .. } => format!("[{uri}]"),
        Content::Resource(resource) => format!("[{}]", resource.uri),
    });
    let text = text.collect::<Vec<_>>().join(" ");
    (if result.is_error { Outcome::ToolError } else { Outcome::Ok }, text)
}

async fn use_resources(host: &McpHost, server: &str, report: &mut Report) {
    let started = Instant::now();
    let listed = match host.resources(server).await {
        Err(McpError::Refused { code: METHOD_NOT_FOUND, .. }) => return,
        Ok(listed) if listed.is_empty() => return,
        listed => listed,
    };
    let resources = listed.as_ref().cloned().unwrap_or_default();
    add(report, ("resources/list", ""), started, listed.map(|list| (Outcome::Ok, count(list.len()))));
    let started = Instant::now();
    let templates = host.resource_templates(server).await;
    if !matches!(templates, Err(McpError::Refused { code: METHOD_NOT_FOUND, .. })) {
        let templates = templates.map(|list| (Outcome::Ok, count(list.len())));
        add(report, ("resources/templates/list", ""), started, templates);
    }
    for resource in resources.iter().take(RESOURCES_MAX) {
        let started = Instant::now();
        let read = host.read_resource(server, &resource.uri).await;
        add(report, ("resources/read", &resource.uri), started, read.map(|parts| (Outcome::Ok, count(parts.len()))));
    }
}

async fn use_prompts(host: &McpHost, server: &str, report: &mut Report) {
    let started = Instant::now();
    let listed = match host.prompts(server).await {
        Err(McpError::Refused { code: METHOD_NOT_FOUND, .. }) => return,
        Ok(listed) if listed.is_empty() => return,
        listed => listed,
    };
    let prompts = listed.as_ref().cloned().unwrap_or_default();
    add(report, ("prompts/list", ""), started, listed.map(|list| (Outcome::Ok, count(list.len()))));
    for prompt in prompts.iter().take(PROMPTS_MAX) {
        let started = Instant::now();
        let required = prompt.arguments.iter().filter(|argument| argument.required);
        let arguments = required.map(|argument| (argument.name.clone(), Value::from("sayso"))).collect();
        let filled = host.prompt(server, &prompt.name, arguments).await;
        add(report, ("prompts/get", &prompt.name), started, filled.map(|parts| (Outcome::Ok, count(parts.len()))));
    }
}

fn count(count: usize) -> String {
    count.to_string()
}

fn add(
    report: &mut Report,
    (request, name): (&'static str, &str),
    started: Instant,
    outcome: Result<(Outcome, String), McpError>,
) {
    let (outcome, detail) = outcome.unwrap_or_else(|error| (Outcome::of(&error), error.to_string()));
    report.add(Row { request, name: name.to_owned(), outcome, took: started.elapsed(), detail });
}
