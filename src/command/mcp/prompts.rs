//! `mcp prompts`: the prompts that servers have ready.

use serde_json::{Value, json};

use super::each::ask_each;
use super::open::with_host;
use crate::cli::McpServersOptions;
use crate::command::context::Context;
use crate::command::listing::Listing;
use crate::exit::Failure;
use crate::mcp::{PromptArgument, PromptInfo};

/// Runs the command; the exit code.
pub async fn run(options: &McpServersOptions, context: &mut Context) -> Result<u8, Failure> {
    with_host(context, false, async |opened| {
        let prompts =
            ask_each(options.server.as_deref(), opened, async |host, server| host.prompts(server).await).await?;
        let each = || prompts.iter().flat_map(|(server, prompts)| prompts.iter().map(move |prompt| (server, prompt)));
        let row = |(server, prompt): (&String, &PromptInfo)| {
            let arguments: Vec<String> = prompt.arguments.iter().map(usage).collect();
            let description = prompt.description.clone().or_else(|| prompt.title.clone()).unwrap_or_default();
            [server.clone(), prompt.name.clone(), arguments.join(" "), description]
        };
        let listing = Listing {
            names: ["server", "prompt", "arguments", "description"],
            rows: each().map(row).collect(),
            values: each().map(|(server, prompt)| prompt_json(server, prompt)).collect(),
        };
        Ok(opened.context.show(&listing.render(options.format)))
    })
    .await
}

/// `[city=]` where it can be left out.
pub fn usage(argument: &PromptArgument) -> String {
    if argument.required { format!("{}=", argument.name) } else { format!("[{}=]", argument.name) }
}

fn prompt_json(server: &str, prompt: &PromptInfo) -> Value {
    let argument = |argument: &PromptArgument| json!({ "name": argument.name, "description": argument.description, "required": argument.required });
    json!({
        "server": server,
        "name": prompt.name,
        "title": prompt.title,
        "description": prompt.description,
        "arguments": prompt.arguments.iter().map(argument).collect::<Vec<_>>(),
    })
}
