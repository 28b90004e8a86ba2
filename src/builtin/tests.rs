//! Built-in servers through a real client over their channels, and what holds for all of them.

use rmcp::RoleClient;
use rmcp::model::{CallToolRequestParams, CallToolResult, ClientConfig, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use serde_json::{Value, json};

use super::{BuiltinSettings, server};
use crate::mcp::InProcess;

pub type Client = RunningService<RoleClient, ClientConfig>;

/// A client of the server, in the revision without a handshake.
pub async fn connect(server: &InProcess) -> Client {
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    ClientConfig::default().serve_with_lifecycle(server.connect(), lifecycle).await.unwrap()
}

/// Calls a tool of a server that is started for it.
pub fn call(server: &InProcess, tool: &str, arguments: Value) -> CallToolResult {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = connect(server).await;
        let arguments = arguments.as_object().unwrap().clone();
        let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let result = client.call_tool(request).await.unwrap();
        client.cancel().await.unwrap();
        result
    })
}

/// What a tool says when it fails.
pub fn failure(server: &InProcess, tool: &str, arguments: Value) -> String {
    let result = call(server, tool, arguments);
    assert_eq!(result.is_error, Some(true), "{result:?}");
    result.content[0].as_text().unwrap().text.clone()
}

/// What a tool answers, as JSON.
pub fn answer(server: &InProcess, tool: &str, arguments: Value) -> Value {
    let result = call(server, tool, arguments);
    assert_ne!(result.is_error, Some(true), "{result:?}");
    result.structured_content.unwrap()
}

#[test]
fn the_clock_answers_over_its_channels() {
    let time = server("time", &BuiltinSettings::default()).unwrap();
    let now = answer(&time, "now", json!({"timezone": "Asia/Tokyo"}));
    assert!(now["time"].as_str().unwrap().ends_with("+09:00"), "{now}");
    let sum = answer(&time, "add", json!({"time": "2024-02-28", "duration": "2 days", "timezone": "UTC"}));
    assert_eq!(sum["time"], "2024-03-01T00:00:00+00:00");
    let mistake = failure(&time, "convert", json!({"time": "25:00", "to": "UTC"}));
    assert!(mistake.starts_with("\"25:00\" is no time"), "{mistake}");
}
