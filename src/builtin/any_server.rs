//! All built-in servers as one type: for each type that it serves, the SDK makes the code of a whole server.

use std::sync::Arc;

use futures::future::BoxFuture;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::tool::ToolCallContext;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, ErrorData, Implementation, ListToolsResult,
    PaginatedRequestParams, ProtocolVersion, ResultType, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};

/// A server that offers tools and nothing else.
pub trait ToolServer: Send + Sync + Sized + 'static {
    /// As other programs know it, as in `sayso-time`.
    const NAME: &str;

    /// What a model is told of it.
    fn instructions(&self) -> String;

    fn router(&self) -> &ToolRouter<Self>;
}

/// One of them. Clones are the same server.
#[derive(Clone)]
pub struct AnyServer(Arc<dyn Erased>);

impl AnyServer {
    pub fn new(server: impl ToolServer) -> Self {
        Self(Arc::new(server))
    }

    pub fn tool_names(&self) -> Vec<String> {
        self.0.tools().into_iter().map(|tool| tool.name.into_owned()).collect()
    }
}

trait Erased: Send + Sync {
    fn info(&self) -> ServerConfig;
    fn tools(&self) -> Vec<Tool>;
    fn tool(&self, name: &str) -> Option<Tool>;
    fn call(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> BoxFuture<'_, Answer>;
}

type Answer = Result<CallToolResponse, ErrorData>;

impl<S: ToolServer> Erased for S {
    fn info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(S::NAME, env!("CARGO_PKG_VERSION")))
            .with_instructions(self.instructions())
    }

    fn tools(&self) -> Vec<Tool> {
        self.router().list_all()
    }

    fn tool(&self, name: &str) -> Option<Tool> {
        self.router().get(name).cloned()
    }

    fn call(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> BoxFuture<'_, Answer> {
        Box::pin(self.router().call(ToolCallContext::new(self, request, context)))
    }
}

impl ServerHandler for AnyServer {
    fn get_info(&self) -> ServerConfig {
        self.0.info()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.tool(name)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut result = ListToolsResult::with_all_items(self.0.tools());
        result.result_type = Some(ResultType::COMPLETE);
        // Earlier revisions have no such hints.
        if context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28) {
            result.ttl_ms = Some(0);
            result.cache_scope = Some(CacheScope::Public);
        }
        Ok(result)
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> Answer {
        self.0.call(request, context).await
    }
}
