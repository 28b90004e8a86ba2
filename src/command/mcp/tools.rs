//! `mcp tools`: what servers let a model do.

use serde_json::{Value, json};

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
            names: ["server", "tool", "description"],
            rows: each().map(|(server, tool)| [server.clone(), tool.name.clone(), tool.description.clone()]).collect(),
            values: each().map(|(server, tool)| tool_json(server, tool)).collect(),
        };
        Ok(opened.context.show(&listing.render(options.format)))
    })
    .await
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
