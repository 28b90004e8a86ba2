//! `mcp call`: one call of a tool, from the shell. Typing it is the person's own say-so.

use std::io::Read;

use serde_json::{Map, Value, json};

use super::open::{Opened, Stop, timed_out, with_host};
use super::output::{self, Data};
use super::{arguments, rules};
use crate::cli::{McpCallOptions, ResultFormat};
use crate::command::context::Context;
use crate::config::nearest;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::mcp::{CallResult, Content, ToolInfo};
use crate::tool::TASK_ONLY;

/// The id of the one call.
const CALL: &str = "call";
/// What stdin may hold as arguments.
const INPUT_BYTES_MAX: u64 = 16 << 20;

/// Runs the command; the exit code.
pub async fn run(options: &McpCallOptions, context: &mut Context) -> Result<u8, Failure> {
    with_host(context, options.accept_defaults, async |opened| {
        opened.check(&options.server)?;
        rules::check_filter(&options.server, &options.tool, opened)?;
        let work = call(options, opened);
        match options.timeout {
            None => work.await,
            Some(limit) => match tokio::time::timeout(limit, work).await {
                Ok(ended) => ended,
                Err(_) => Err(timed_out(limit).into()),
            },
        }
    })
    .await
}

async fn call(options: &McpCallOptions, opened: &mut Opened<'_>) -> Result<u8, Stop> {
    let host = opened.host.clone();
    let server = options.server.as_str();
    let tools = opened.wait(server, host.tools(server)).await??;
    let tool = find(&tools, options)?;
    let arguments = match &options.json {
        Some(text) => arguments::from_json(text)?,
        None if options.arguments == ["-"] => arguments::from_json(&read_stdin()?)?,
        None => arguments::from_pairs(&options.arguments, &tool.input_schema)?,
    };
    opened.wait(server, arguments::check(&arguments, &tool.input_schema)).await??;
    rules::check_call(server, &tool.name, &arguments, opened)?;
    let label = format!("{server}/{}", tool.name);
    let result = opened.wait(&label, host.call_tool(server, &tool.name, arguments, CALL)).await??;
    Ok(show(&result, &label, options, opened.context)?)
}

fn find<'a>(tools: &'a [ToolInfo], options: &McpCallOptions) -> Result<&'a ToolInfo, Failure> {
    let McpCallOptions { server, tool, .. } = options;
    if let Some(found) = tools.iter().find(|found| found.name == *tool) {
        if found.is_task_only {
            let failure = Failure::usage(format!("{server}/{tool} cannot be called: {TASK_ONLY}"));
            return Err(failure.hint(format!("`sayso mcp tools {server}` lists what can be")));
        }
        return Ok(found);
    }
    let failure = Failure::usage(format!("{server} has no tool {tool:?}"));
    Err(match nearest(tool, tools.iter().map(|tool| tool.name.as_str())) {
        Some(name) => failure.hint(format!("did you mean {name}? `sayso mcp tools {server}` lists all")),
        None => failure.hint(format!("`sayso mcp tools {server}` lists what there is")),
    })
}

fn read_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(INPUT_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::usage(format!("cannot read the arguments from standard input: {error}")))?;
    if text.len() as u64 > INPUT_BYTES_MAX {
        return Err(Failure::usage(format!("the arguments are longer than {} MiB", INPUT_BYTES_MAX >> 20)));
    }
    Ok(text)
}

fn show(result: &CallResult, label: &str, options: &McpCallOptions, context: &mut Context) -> Result<u8, Failure> {
    if options.format == ResultFormat::Json {
        let exit = context.show(&format!("{:#}\n", result_json(result)));
        return Ok(if exit == exit_code::OK && result.is_error { exit_code::PROVIDER } else { exit });
    }
    let mut data = Data::of(&result.content)?;
    if result.is_error {
        let text = if data.text.is_empty() { "it does not say why".to_owned() } else { data.text };
        return Err(Failure::new("tool", exit_code::PROVIDER, format!("{label} failed: {}", text.trim_end())));
    }
    if let Some(structured) = &result.structured
        && result.content.is_empty()
    {
        data.text = format!("{structured:#}\n");
    }
    output::put(&data, options.output.as_deref(), context)
}

fn result_json(result: &CallResult) -> Value {
    let mut object = Map::new();
    object.insert("content".to_owned(), result.content.iter().map(Content::to_json).collect());
    if let Some(structured) = &result.structured {
        object.insert("structuredContent".to_owned(), structured.clone());
    }
    object.insert("isError".to_owned(), json!(result.is_error));
    Value::Object(object)
}
