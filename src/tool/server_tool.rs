//! A tool of a server: the call goes there, and whatever comes back becomes something to tell the model.

use super::admission::Admitted;
use super::names::model_name;
use super::result_text::{cut, result_text};
use super::structured::OutputSchema;
use super::{Invocation, Running, Tool, ToolDefinition, ToolOutput};
use crate::conversation::ToolSpec;
use crate::mcp::{CallResult, McpHost, ToolInfo};

/// What is known of the server, beside its tools.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    pub server: &'a str,
    /// One of our own, linked into the binary: what its tools say of themselves is true.
    pub is_builtin: bool,
    /// Nobody else's words are in its results.
    pub is_trusted: bool,
}

pub struct ServerTool {
    definition: ToolDefinition,
    host: McpHost,
    output_schema: Option<OutputSchema>,
    is_trusted: bool,
    result_bytes_max: usize,
}

impl ServerTool {
    #[must_use]
    pub fn new(host: McpHost, origin: Origin<'_>, admitted: &Admitted, result_bytes_max: usize) -> Self {
        Self {
            definition: definition(origin, admitted),
            host,
            output_schema: admitted.tool.output_schema.clone().map(OutputSchema::new),
            is_trusted: origin.is_builtin && origin.is_trusted,
            result_bytes_max,
        }
    }

    async fn run(&self, invocation: &Invocation) -> ToolOutput {
        let ToolDefinition { server, tool, .. } = &self.definition;
        let mut output = match self.host.call_tool(server, tool, invocation.arguments.clone(), &invocation.id).await {
            Ok(result) => self.output(result).await,
            Err(error) => failed(error.to_string()),
        };
        output.is_truncated = cut(&mut output.text, self.result_bytes_max);
        output.is_untrusted = !self.is_trusted;
        output
    }

    async fn output(&self, result: CallResult) -> ToolOutput {
        let mut text = result_text(&result.content);
        if let Some(structured) = result.structured.as_ref().filter(|_| result.content.is_empty()) {
            text = structured.to_string();
        }
        if text.is_empty() {
            text =
                if result.is_error { "the tool failed and did not say why" } else { "(nothing came back)" }.to_owned();
        }
        let warning = if result.is_error { None } else { self.broken_promise(&result).await };
        if let Some(warning) = &warning {
            text = format!("[sayso: {warning}]\n{text}");
        }
        let is_error = result.is_error;
        ToolOutput { text, content: result.content, is_error, warning, ..ToolOutput::default() }
    }

    async fn broken_promise(&self, result: &CallResult) -> Option<String> {
        let schema = self.output_schema.as_ref()?;
        match &result.structured {
            Some(structured) => schema.mismatch(structured).await,
            None => Some("the tool promised a structured result, and none came".to_owned()),
        }
    }
}

impl Tool for ServerTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn call<'a>(&'a self, invocation: &'a Invocation) -> Running<'a> {
        Box::pin(self.run(invocation))
    }
}

pub(super) fn failed(text: String) -> ToolOutput {
    ToolOutput { text, is_error: true, ..ToolOutput::default() }
}

/// A tool that says nothing of itself is taken as the protocol says: it writes, and reaches the network.
fn definition(origin: Origin<'_>, admitted: &Admitted) -> ToolDefinition {
    let ToolInfo { name, description, read_only_hint, open_world_hint, .. } = &admitted.tool;
    ToolDefinition {
        spec: ToolSpec {
            name: model_name(origin.server, name),
            description: description.clone(),
            parameters: admitted.parameters.clone(),
        },
        server: origin.server.to_owned(),
        tool: name.clone(),
        is_read_only: origin.is_builtin && *read_only_hint == Some(true),
        reaches_network: !(origin.is_builtin && *open_world_hint == Some(false)),
        is_builtin: origin.is_builtin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::ToolSchema;

    #[test]
    fn only_our_own_tools_are_believed() {
        let say = |read_only_hint, open_world_hint| Admitted {
            tool: ToolInfo {
                name: "t".into(),
                title: None,
                description: "does".into(),
                input_schema: ToolSchema::default(),
                output_schema: None,
                read_only_hint,
                destructive_hint: None,
                open_world_hint,
                is_task_only: false,
            },
            parameters: ToolSchema::default(),
        };
        let facts = |is_builtin, admitted: &Admitted| {
            let made = definition(Origin { server: "s", is_builtin, is_trusted: true }, admitted);
            assert_eq!((made.spec.name.as_str(), made.spec.description.as_str()), ("s__t", "does"));
            (made.is_read_only, made.reaches_network)
        };
        assert_eq!(facts(true, &say(Some(true), Some(false))), (true, false));
        assert_eq!(facts(true, &say(None, None)), (false, true));
        assert_eq!(facts(false, &say(Some(true), Some(false))), (false, true));
    }
}
