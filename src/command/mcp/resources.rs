//! `mcp resources`: what can be read from servers, and the templates of what else can.

use serde_json::{Value, json};

use super::each::ask_each;
use super::open::with_host;
use crate::cli::McpServersOptions;
use crate::command::context::Context;
use crate::command::listing::Listing;
use crate::exit::Failure;
use crate::mcp::{ResourceInfo, ResourceTemplate};

/// Runs the command; the exit code.
pub async fn run(options: &McpServersOptions, context: &mut Context) -> Result<u8, Failure> {
    with_host(context, false, async |opened| {
        let found = ask_each(options.server.as_deref(), opened, async |host, server| {
            Ok((host.resources(server).await?, host.resource_templates(server).await?))
        });
        let mut listing = Listing { names: ["server", "uri", "type", "name"], rows: Vec::new(), values: Vec::new() };
        for (server, (resources, templates)) in found.await? {
            let resource_row =
                |resource: &ResourceInfo| row(&server, &resource.uri, resource.mime.as_deref(), &resource.name);
            let template_row = |template: &ResourceTemplate| {
                row(&server, &template.uri_template, template.mime.as_deref(), &template.name)
            };
            listing.rows.extend(resources.iter().map(resource_row).chain(templates.iter().map(template_row)));
            listing.values.extend(resources.iter().map(|resource| resource_json(&server, resource)));
            listing.values.extend(templates.iter().map(|template| template_json(&server, template)));
        }
        Ok(opened.context.show(&listing.render(options.format)))
    })
    .await
}

fn row(server: &str, uri: &str, mime: Option<&str>, name: &str) -> [String; 4] {
    [server.to_owned(), uri.to_owned(), mime.unwrap_or_default().to_owned(), name.to_owned()]
}

fn resource_json(server: &str, resource: &ResourceInfo) -> Value {
    json!({
        "server": server,
        "uri": resource.uri,
        "name": resource.name,
        "title": resource.title,
        "description": resource.description,
        "mime_type": resource.mime,
        "bytes": resource.bytes,
    })
}

fn template_json(server: &str, template: &ResourceTemplate) -> Value {
    json!({
        "server": server,
        "uri_template": template.uri_template,
        "name": template.name,
        "description": template.description,
        "mime_type": template.mime,
    })
}
