//! `mcp read`: the content of a resource.

use serde_json::Value;

use super::open::with_host;
use super::output::{self, Data};
use crate::cli::{McpReadOptions, ResultFormat};
use crate::command::context::Context;
use crate::exit::Failure;
use crate::mcp::{Content, ResourceContent};

/// Runs the command; the exit code.
pub async fn run(options: &McpReadOptions, context: &mut Context) -> Result<u8, Failure> {
    with_host(context, false, async |opened| {
        opened.check(&options.server)?;
        let host = opened.host.clone();
        let read = host.read_resource(&options.server, &options.uri);
        let parts = opened.wait(&options.server, read).await??;
        if options.format == ResultFormat::Json {
            let value: Value = parts.iter().map(ResourceContent::to_json).collect();
            return Ok(opened.context.show(&format!("{value:#}\n")));
        }
        let contents: Vec<Content> = parts.into_iter().map(Content::Resource).collect();
        let data = Data::of(&contents)?;
        Ok(output::put(&data, options.output.as_deref(), opened.context)?)
    })
    .await
}
