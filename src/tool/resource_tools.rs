//! What a server has to be read, for the model: its resources and templates listed, and one of them read.
//!
//! The tools are ours, the words in their results are the server's.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::names::model_name;
use super::result_text::{cut, result_text};
use super::server_tool::failed;
use super::{Invocation, Running, Tool, ToolDefinition, ToolOutput};
use crate::conversation::{ToolSchema, ToolSpec};
use crate::mcp::{Content, McpError, McpHost, ResourceInfo, ResourceTemplate};

/// What they are called on every server.
pub const LIST: &str = "list_resources";
pub const READ: &str = "read_resource";

/// Resources in one answer, and templates. Whoever wants others says words of them.
const LISTED_MAX: usize = 100;

/// Of a description in a list.
const ABOUT_CHARS_MAX: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    List,
    Read,
}

pub struct ResourceTool {
    definition: ToolDefinition,
    host: McpHost,
    kind: Kind,
    result_bytes_max: usize,
}

/// The tools for this server.
#[must_use]
pub fn resource_tools(host: &McpHost, server: &str, result_bytes_max: usize) -> [Rc<ResourceTool>; 2] {
    [Kind::List, Kind::Read].map(|kind| {
        Rc::new(ResourceTool { definition: definition(server, kind), host: host.clone(), kind, result_bytes_max })
    })
}

impl ResourceTool {
    async fn run(&self, invocation: &Invocation) -> ToolOutput {
        let outcome = match self.kind {
            Kind::List => self.list(&invocation.arguments).await,
            Kind::Read => self.read(&invocation.arguments).await,
        };
        let mut output = outcome.unwrap_or_else(|error| failed(error.to_string()));
        output.is_truncated = cut(&mut output.text, self.result_bytes_max);
        output.is_untrusted = true;
        output
    }

    async fn list(&self, arguments: &Map<String, Value>) -> Result<ToolOutput, McpError> {
        let server = &self.definition.server;
        let query = arguments.get("query").and_then(Value::as_str).unwrap_or_default();
        let resources = self.host.resources(server).await?;
        let templates = self.host.resource_templates(server).await?;
        let text = listing(
            &fitting(resources.iter().map(resource_line), query),
            &fitting(templates.iter().map(template_line), query),
        );
        Ok(ToolOutput { text, ..ToolOutput::default() })
    }

    async fn read(&self, arguments: &Map<String, Value>) -> Result<ToolOutput, McpError> {
        let Some(uri) = arguments.get("uri").and_then(Value::as_str) else {
            return Ok(failed("`uri` is missing: the address of the resource".to_owned()));
        };
        let parts = self.host.read_resource(&self.definition.server, uri).await?;
        let content: Vec<Content> = parts.into_iter().map(Content::Resource).collect();
        let text = if content.is_empty() { "(it is empty)".to_owned() } else { result_text(&content) };
        Ok(ToolOutput { text, content, ..ToolOutput::default() })
    }
}

impl Tool for ResourceTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn call<'a>(&'a self, invocation: &'a Invocation) -> Running<'a> {
        Box::pin(self.run(invocation))
    }
}

/// A list asks for nothing that could tell the server anything. An address can hold whatever the model
/// knows, so reading counts as telling others.
fn definition(server: &str, kind: Kind) -> ToolDefinition {
    let (tool, description, properties, required) = match kind {
        Kind::List => (
            LIST,
            format!("Lists what can be read of {server}: resources, and templates for addresses of more."),
            json!({"query": {"type": "string", "description": "Only what has all of these words."}}),
            &[][..],
        ),
        Kind::Read => (
            READ,
            format!("Reads a resource of {server}."),
            json!({"uri": {"type": "string", "description": "As listed, or a template filled in (RFC 6570)."}}),
            &["uri"][..],
        ),
    };
    ToolDefinition {
        spec: ToolSpec {
            name: model_name(server, tool),
            description,
            parameters: ToolSchema::of_arguments(properties, required),
        },
        server: server.to_owned(),
        tool: tool.to_owned(),
        is_read_only: true,
        reaches_network: kind == Kind::Read,
        is_builtin: true,
    }
}

fn resource_line(resource: &ResourceInfo) -> String {
    let name = resource.title.as_ref().unwrap_or(&resource.name);
    let mime = resource.mime.as_ref().map(|mime| format!(", {mime}")).unwrap_or_default();
    let bytes = resource.bytes.map(|bytes| format!(", {bytes} bytes")).unwrap_or_default();
    format!("{}  {name}{mime}{bytes}{}", resource.uri, about(resource.description.as_deref()))
}

fn template_line(template: &ResourceTemplate) -> String {
    let mime = template.mime.as_ref().map(|mime| format!(", {mime}")).unwrap_or_default();
    format!("{}  {}{mime}{}", template.uri_template, template.name, about(template.description.as_deref()))
}

fn about(description: Option<&str>) -> String {
    let Some(text) = description.map(str::trim).filter(|text| !text.is_empty()) else { return String::new() };
    match text.char_indices().nth(ABOUT_CHARS_MAX) {
        Some((end, _)) => format!(": {}…", &text[..end]),
        None => format!(": {text}"),
    }
}

/// The lines that have all words, each kept to one line.
fn fitting(lines: impl Iterator<Item = String>, query: &str) -> Vec<String> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let one_line = |line: String| line.replace(['\n', '\r'], " ");
    let has_all = |line: &String| {
        let line = line.to_lowercase();
        words.iter().all(|word| line.contains(word))
    };
    lines.map(one_line).filter(has_all).collect()
}

fn listing(resources: &[String], templates: &[String]) -> String {
    let mut text = String::new();
    for (lines, title) in [(resources, "Resources"), (templates, "Templates, to be filled in")] {
        if lines.is_empty() {
            continue;
        }
        text.push_str(&format!("{title}:\n"));
        lines.iter().take(LISTED_MAX).for_each(|line| text.push_str(&format!("{line}\n")));
        if let more @ 1.. = lines.len().saturating_sub(LISTED_MAX) {
            text.push_str(&format!("[{more} more: say in `query` what they have to have]\n"));
        }
    }
    if text.is_empty() { "nothing is there that fits".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(uri: &str, description: Option<&str>) -> ResourceInfo {
        ResourceInfo {
            uri: uri.into(),
            name: "n".into(),
            title: None,
            description: description.map(str::to_owned),
            mime: Some("text/plain".into()),
            bytes: Some(7),
        }
    }

    #[test]
    fn a_list_has_a_line_for_each_and_ends() {
        let template = ResourceTemplate {
            uri_template: "a://{x}".into(),
            name: "any".into(),
            description: Some("A\nB".into()),
            mime: None,
        };
        let long = "ä".repeat(300);
        let lines = fitting([resource("a://1", None), resource("a://2", Some(&long))].iter().map(resource_line), "");
        let text = listing(&lines, &fitting([template_line(&template)].into_iter(), "ANY"));
        assert_eq!(
            text,
            format!(
                "Resources:\na://1  n, text/plain, 7 bytes\na://2  n, text/plain, 7 bytes: {}…\n\
                 Templates, to be filled in:\na://{{x}}  any: A B\n",
                "ä".repeat(200)
            )
        );
        let many = vec!["x".to_owned(); LISTED_MAX + 3];
        assert!(listing(&many, &[]).ends_with("[3 more: say in `query` what they have to have]\n"));
        assert_eq!(listing(&fitting(many.into_iter(), "x y"), &[]), "nothing is there that fits");
    }

    #[test]
    fn a_list_tells_nobody_and_an_address_may() {
        let facts = |kind| {
            let definition = definition("docs", kind);
            (definition.spec.name, definition.is_read_only, definition.reaches_network)
        };
        assert_eq!(facts(Kind::List), ("docs__list_resources".to_owned(), true, false));
        assert_eq!(facts(Kind::Read), ("docs__read_resource".to_owned(), true, true));
    }
}
