//! For tests: a client that is connected to a server of ours, the way the host is.

use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock};
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt};
use serde_json::Value;

use super::any_server::{AnyServer, ToolServer};
use super::servers::in_process;

pub struct TestClient(pub RunningService<RoleClient, ()>);

impl TestClient {
    /// Must be called inside a runtime.
    pub async fn connect(server: impl ToolServer) -> Self {
        let server = AnyServer::new(server);
        let server = in_process(move || server.clone());
        Self(().serve(server.connect()).await.unwrap())
    }

    pub async fn call_whole(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        self.0.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.unwrap()
    }

    /// The text of the result; `Err` where the tool says that it failed.
    pub async fn call(&self, tool: &'static str, arguments: Value) -> Result<String, String> {
        let result = self.call_whole(tool, arguments).await;
        let text = result.content.iter().map(text_of).collect::<Vec<_>>().join("\n");
        if result.is_error == Some(true) { Err(text) } else { Ok(text) }
    }
}

fn text_of(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        other => format!("{other:?}"),
    }
}
