//! Several built-in servers as one, for other hosts: tools keep their names, unless two servers have the same one.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResponse, ClientRequest, ErrorData, Implementation,
    ListToolsRequest, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, ServerResult, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use tokio::sync::OnceCell;

use super::BuiltinSettings;
use super::servers::{Service, maker};
use crate::mcp::ToolFilter;

/// One built-in server, to be offered to another host.
pub struct Served {
    name: String,
    service: Service,
    filter: ToolFilter,
}

impl Served {
    /// The server `builtin`, offered as `name`; `None` where there is no such server.
    #[must_use]
    pub fn new(name: String, builtin: &str, settings: &BuiltinSettings, filter: ToolFilter) -> Option<Self> {
        let make = maker(builtin, settings)?;
        Some(Self { name, service: make(), filter })
    }
}

/// All of them behind one connection.
#[derive(Clone)]
pub(super) struct Merged {
    parts: Arc<[Served]>,
    /// What does not change: the tools of all parts.
    tools: Arc<OnceCell<Vec<Offered>>>,
}

struct Offered {
    /// As the other host sees it.
    tool: Tool,
    /// Whose it is, by position, and its name there.
    part: usize,
    name: String,
}

impl Merged {
    pub(super) fn new(parts: Vec<Served>) -> Self {
        Self { parts: parts.into(), tools: Arc::default() }
    }

    async fn tools(&self, context: &RequestContext<RoleServer>) -> Result<&[Offered], ErrorData> {
        let tools = self.tools.get_or_try_init(|| async {
            let mut tools = Vec::new();
            for (part, served) in self.parts.iter().enumerate() {
                let request = ClientRequest::ListToolsRequest(ListToolsRequest::default());
                let ServerResult::ListToolsResult(list) =
                    served.service.handle_request(request, context.clone()).await?
                else {
                    return Err(unexpected(&served.name));
                };
                let offered = list.tools.into_iter().filter(|tool| served.filter.offers(&tool.name));
                tools.extend(offered.map(|tool| Offered { name: tool.name.to_string(), tool, part }));
            }
            Ok(self.with_names_of_their_own(tools))
        });
        tools.await.map(Vec::as_slice)
    }

    /// A name that several servers have becomes `server__tool`, as sayso itself names tools for models.
    fn with_names_of_their_own(&self, mut tools: Vec<Offered>) -> Vec<Offered> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for offered in &tools {
            *counts.entry(offered.name.clone()).or_default() += 1;
        }
        for offered in &mut tools {
            if counts.get(&offered.name).is_some_and(|count| *count > 1) {
                offered.tool.name = format!("{}__{}", self.parts[offered.part].name, offered.name).into();
            }
        }
        tools
    }
}

impl ServerHandler for Merged {
    fn get_info(&self) -> ServerConfig {
        let instructions: Vec<_> = self.parts.iter().filter_map(|part| part.service.get_info().instructions).collect();
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("sayso", env!("CARGO_PKG_VERSION")))
            .with_instructions(instructions.join("\n"))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.tools(&context).await?;
        Ok(ListToolsResult::with_all_items(tools.iter().map(|offered| offered.tool.clone()).collect()))
    }

    async fn call_tool(
        &self,
        mut request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tools = self.tools(&context).await?;
        let Some(offered) = tools.iter().find(|offered| offered.tool.name == request.name) else {
            return Err(ErrorData::invalid_params("tool not found", None));
        };
        let part = &self.parts[offered.part];
        request.name = offered.name.clone().into();
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(request));
        match part.service.handle_request(request, context).await? {
            ServerResult::CallToolResult(result) => Ok(CallToolResponse::Complete(result)),
            ServerResult::InputRequiredResult(result) => Ok(CallToolResponse::InputRequired(result)),
            _ => Err(unexpected(&part.name)),
        }
    }
}

fn unexpected(server: &str) -> ErrorData {
    ErrorData::internal_error(format!("the server {server} gave an answer to another question"), None)
}
