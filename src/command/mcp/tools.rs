//! `mcp tools`: what servers let a model do.

use serde_json::{Map, Value, json};

use super::each::ask_each;
use super::open::with_host;
use crate::cli::McpServersOptions;
use crate::command::context::Context;
use crate::command::listing::Listing;
use crate::exit::Failure;
use crate::mcp::ToolInfo;

/// Runs the command; the exit code.
pub async fn run(options: &McpServersOptions, context: &mut Context) -> Result<u8, Failure> {
    with_host(context, false, async |opened| {
        let tools = ask_each(options.server.as_deref(), opened, async |host, server| host.tools(server).await).await?;
        let each = || tools.iter().flat_map(|(server, tools)| tools.iter().map(move |tool| (server, tool)));
        let listing = Listing {
            names: ["server", "tool", "arguments", "description"],
            rows: each().map(row).collect(),
            values: each().map(|(server, tool)| tool_json(server, tool)).collect(),
        };
        Ok(opened.context.show(&listing.render(options.format)))
    })
    .await
}

fn row((server, tool): (&String, &ToolInfo)) -> [String; 4] {
    [server.clone(), tool.name.clone(), arguments(&tool.input_schema), tool.description.clone()]
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

fn tool_json(server: &str, tool: &ToolInfo) -> Value {
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
    })
}
