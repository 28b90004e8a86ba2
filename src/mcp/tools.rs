//! The tools of a server: its list, and a call.

use std::sync::Arc;

use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest, ServerResult};
use serde_json::{Map, Value};

use super::connect::Era;
use super::connection::Connection;
use super::server::Server;
use super::tool_filter::TOOLS_MAX;
use super::{CallResult, HostEvent, McpError, ToolInfo, pages, translate};

/// The code of JSON-RPC for what cannot be called.
const INVALID_PARAMS: i64 = -32602;

impl Server {
    /// The tools as they are now, connecting first where that has not happened yet.
    pub(super) async fn tools(&self) -> Result<Arc<[ToolInfo]>, McpError> {
        let connection = self.ready().await?;
        self.listed(&connection).await
    }

    /// The tools as they are now: asked for once per connection, and when they have changed.
    pub(super) async fn listed(&self, connection: &Connection) -> Result<Arc<[ToolInfo]>, McpError> {
        // Who comes meanwhile gets the same list.
        let _turn = self.listing.lock().await;
        let has_changed = self.changes.take_tools();
        if connection.is_listed.get()
            && !has_changed
            && let Some(tools) = self.known().tools.borrow().clone()
        {
            return Ok(tools);
        }
        let tools = self.list(connection).await?;
        connection.is_listed.set(true);
        let before = self.known().tools.replace(Some(Arc::clone(&tools)));
        if before.is_some_and(|before| before != tools) && !has_changed {
            self.tell(HostEvent::ToolsChanged { server: self.name().to_owned() });
        }
        Ok(tools)
    }

    async fn list(&self, connection: &Connection) -> Result<Arc<[ToolInfo]>, McpError> {
        if connection.capabilities().tools.is_none() {
            self.remember(connection, Vec::new());
            return Ok(Arc::default());
        }
        let listing = pages::all(TOOLS_MAX, async |params| {
            let page = connection.client.list_tools(params).await?;
            Ok((page.tools, page.next_cursor))
        });
        let listed = connection.limited(listing).await?;
        if listed.is_cut {
            self.warn(format!("its list of tools has no end: the first {} are used", listed.items.len()));
        }
        self.tell_banner(connection);
        let mut tools: Vec<ToolInfo> = listed.items.into_iter().filter_map(translate::tool).collect();
        if connection.era() == Some(Era::Modern) {
            // The word is a leftover there: a call becomes a task by itself.
            tools.iter_mut().for_each(|tool| tool.is_task_only = false);
        }
        self.remember(connection, tools.clone());
        let (offered, doubled) = self.filter.offered(tools);
        for name in doubled {
            self.warn(format!("two of its tools are named {name}: neither is offered"));
        }
        Ok(offered.into())
    }

    fn tell_banner(&self, connection: &Connection) {
        if connection.take_banner() {
            self.warn("it writes on its stdout what is no message; that is passed over".to_owned());
        }
    }

    pub(super) async fn call(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
        call: &str,
    ) -> Result<CallResult, McpError> {
        if !self.filter.offers(tool) {
            let message = format!("the configuration does not offer its tool {tool}");
            return Err(self.refused(INVALID_PARAMS, message));
        }
        let connection = self.ready().await?;
        self.listed(&connection).await?;
        connection.can_ask_back().await;
        let answer = connection.ask(Some(call), |round| {
            let mut params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments.clone());
            params.input_responses = round.responses;
            params.request_state = round.state;
            ClientRequest::CallToolRequest(CallToolRequest::new(params))
        });
        let answer = answer.await;
        // An answer that is cut short is one, and explains why none came.
        self.tell_banner(&connection);
        match answer? {
            ServerResult::CallToolResult(result) => Ok(translate::call_result(result)),
            ServerResult::CreateTaskResult(created) => self.finish_task(&connection, created.task, call).await,
            // A result without content, from a server that takes the specification lightly.
            ServerResult::EmptyResult(_) => Ok(CallResult::default()),
            _ => Err(connection.unexpected()),
        }
    }
}
