//! `mcp tools`: what servers let a model do.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::each::ask_each;
use super::open::with_host;
use crate::cli::McpServersOptions;
use crate::command::context::Context;
use crate::command::listing::Listing;
use crate::exit::Failure;
use crate::mcp::{BUILTIN_SERVERS, ToolInfo};
use crate::tool::admit;

/// Runs the command; the exit code.
pub async fn run(options: &McpServersOptions, context: &mut Context) -> Result<u8, Failure> {
    with_host(context, false, async |opened| {
        let tools = ask_each(options.server.as_deref(), opened, async |host, server| host.tools(server).await).await?;
        let tools: Vec<_> = tools.iter().map(|(server, tools)| (server, &tools[..], reasons(server, tools))).collect();
        let each = || tools.iter().flat_map(|(server, tools, why)| tools.iter().map(move |tool| (*server, tool, why)));
        let listing = Listing {
            names: ["server", "tool", "arguments", "description"],
            rows: each().map(row).collect(),
            values: each().map(tool_json).collect(),
        };
        Ok(opened.context.show(&listing.render(options.format)))
    })
    .await
}

/// Why tools are never offered to a model, by their names.
type Reasons = BTreeMap<String, String>;

fn reasons(server: &str, tools: &[ToolInfo]) -> Reasons {
    let (_, refused) = admit(tools, BUILTIN_SERVERS.contains(&server));
    refused.into_iter().map(|refused| (refused.tool, refused.reason)).collect()
}

fn row((server, tool, reasons): (&String, &ToolInfo, &Reasons)) -> [String; 4] {
    let description = match reasons.get(&tool.name) {
        Some(reason) => format!("[not offered: {reason}] {}", tool.description).trim_end().to_owned(),
        None => tool.description.clone(),
    };
    [server.clone(), tool.name.clone(), arguments(&tool.input_schema), description]
}

/// What it takes, as `mcp call` wants it: those that have to be given first, `[path=]` where one can be left out.
fn arguments(schema: &Map<String, Value>) -> String {
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    let names = properties.into_iter().flatten().map(|(name, _)| name.as_str());
    let (needed, others): (Vec<&str>, Vec<&str>) = names.partition(|name| required.contains(name));
    let needed = needed.into_iter().map(|name| format!("{name}="));
    needed.chain(others.into_iter().map(|name| format!("[{name}=]"))).collect::<Vec<_>>().join(" ")
}

fn tool_json((server, tool, reasons): (&String, &ToolInfo, &Reasons)) -> Value {
    json!({
        "server": server,
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "input_schema": tool.input_schema,
        "output_schema": tool.output_schema,
        "read_only_hint": tool.read_only_hint,
        "destructive_hint": tool.destructive_hint,
        "open_world_hint": tool.open_world_hint,
        "not_offered": reasons.get(&tool.name),
    })
}
