//! Tests of the host against a server in this process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer, ServiceExt as _};
use rmcp::{ErrorData, ServerHandler};
use serde_json::{Map, Value, json};
use tokio::runtime::LocalOptions;

use super::*;

/// Echoes its arguments, counts to three, or waits for ever.
#[derive(Clone)]
struct Echo;

impl ServerHandler for Echo {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::default();
        info.capabilities = ServerCapabilities::builder().enable_tools().build();
        info.instructions = Some("Echoes.".to_owned());
        info
    }

    async fn list_tools(
        &self,
        _params: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = Arc::new(Map::from_iter([("type".to_owned(), json!("object"))]));
        let tools = ["echo", "count", "wait"].map(|name| Tool::new(name, "a test", Arc::clone(&schema)));
        Ok(ListToolsResult::with_all_items(tools.into()))
    }

    async fn call_tool(
        &self,
        params: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        match params.name.as_ref() {
            "echo" => {
                let text = serde_json::to_string(&params.arguments).unwrap();
                Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
            }
            "count" => {
                let token = context.meta.get_progress_token().unwrap();
                for step in 1..=3 {
                    let progress = ProgressNotificationParam::new(token.clone(), f64::from(step)).with_total(3.0);
                    context.peer.notify_progress(progress).await.unwrap();
                }
                Ok(CallToolResult::success(vec![ContentBlock::text("counted")]).into())
            }
            _ => {
                context.ct.cancelled().await;
                Err(ErrorData::internal_error("cancelled", None))
            }
        }
    }
}

fn server(name: &str, launch: Launch) -> ServerSettings {
    ServerSettings {
        name: name.to_owned(),
        launch,
        required: false,
        request_timeout: Duration::from_millis(300),
        connect_timeout: Duration::from_secs(5),
        allow: Vec::new(),
        deny: Vec::new(),
        roots: Vec::new(),
        protocol: Protocol::Auto,
        log_level: None,
    }
}

fn echo() -> Launch {
    Launch::Builtin(InProcess::new(|end| {
        tokio::spawn(async move { Echo.serve(end).await.unwrap().waiting().await });
    }))
}

fn host(servers: Vec<ServerSettings>) -> (McpHost, HostEvents) {
    McpHost::new(HostSettings { servers, ..HostSettings::default() })
}

fn run<T: 'static>(test: impl Future<Output = T> + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    runtime.unwrap().block_on(test)
}

fn arguments(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn a_tool_is_listed_and_called() {
    run(async {
        let (host, _events) = host(vec![server("echo", echo())]);
        assert_eq!(host.servers()[0].state, ServerState::Idle);
        let tools = host.tools("echo").await.unwrap();
        assert_eq!(tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["echo", "count", "wait"]);
        let result = host.call_tool("echo", "echo", arguments(json!({"a": 1})), "c1").await.unwrap();
        assert_eq!(result.content, [Content::Text(r#"{"a":1}"#.to_owned())]);
        let status = &host.servers()[0];
        assert_eq!(status.state, ServerState::Ready);
        assert_eq!(status.protocol.as_deref(), Some("2025-11-25"));
        assert_eq!(status.instructions.as_deref(), Some("Echoes."));
        host.close(Duration::from_secs(1)).await;
        assert_eq!(host.servers()[0].state, ServerState::Idle);
    });
}

#[test]
fn a_slow_server_goes_on_starting_when_nobody_waits_for_it_any_more() {
    run(async {
        let (open, opened) = tokio::sync::watch::channel(false);
        let slow = Launch::Builtin(InProcess::new(move |end| {
            let mut opened = opened.clone();
            tokio::spawn(async move {
                opened.wait_for(|is_open| *is_open).await.unwrap();
                Echo.serve(end).await.unwrap().waiting().await
            });
        }));
        let (host, mut events) = host(vec![server("echo", slow)]);
        assert!(tokio::time::timeout(Duration::ZERO, host.tools_beside("echo")).await.is_err());
        open.send(true).unwrap();
        let told = events.recv().await.unwrap();
        assert!(matches!(told, HostEvent::Started { outcome: Ok(()), .. }), "{told:?}");
        assert_eq!(host.known_tools("echo").map(|tools| tools.len()), Some(3));
    });
}

#[test]
fn progress_comes_with_the_id_of_the_call() {
    run(async {
        let (host, mut events) = host(vec![server("echo", echo())]);
        host.call_tool("echo", "count", Map::new(), "call-7").await.unwrap();
        let mut seen = Vec::new();
        while let Ok(HostEvent::Progress { call, progress, total, .. }) = events.try_recv() {
            seen.push((call, progress, total));
        }
        let step = |progress| ("call-7".to_owned(), progress, Some(3.0));
        assert_eq!(seen, [step(1.0), step(2.0), step(3.0)]);
    });
}

#[test]
fn a_call_that_takes_too_long_is_given_up_and_the_server_lives() {
    run(async {
        let (host, _events) = host(vec![server("echo", echo())]);
        let error = host.call_tool("echo", "wait", Map::new(), "c").await.unwrap_err();
        assert_eq!(error.to_string(), "the MCP server echo did not answer within 300ms");
        host.call_tool("echo", "echo", Map::new(), "c").await.unwrap();
    });
}

#[test]
fn a_tool_that_is_not_offered_cannot_be_called() {
    run(async {
        let settings = ServerSettings { deny: vec!["w*".to_owned()], ..server("echo", echo()) };
        let (host, _events) = host(vec![settings]);
        assert_eq!(host.tools("echo").await.unwrap().len(), 2);
        let error = host.call_tool("echo", "wait", Map::new(), "c").await.unwrap_err();
        assert!(matches!(error, McpError::Refused { .. }), "{error}");
    });
}

#[test]
fn a_dead_server_costs_only_its_own_tools() {
    run(async {
        let missing = Launch::Command {
            program: "no-such-program".to_owned(),
            args: Vec::new(),
            env: BTreeMap::new(),
            cwd: None,
        };
        let (host, mut events) = host(vec![server("dead", missing), server("echo", echo())]);
        host.start();
        let mut outcomes = BTreeMap::new();
        while outcomes.len() < 2 {
            if let HostEvent::Started { server, outcome } = events.recv().await.unwrap() {
                outcomes.insert(server, outcome);
            }
        }
        assert_eq!(outcomes["echo"], Ok(()));
        assert_eq!(
            outcomes["dead"].as_ref().unwrap_err(),
            "the MCP server dead is not available: the command no-such-program is not on the PATH"
        );
        assert!(host.known_tools("dead").is_none());
        assert_eq!(host.known_tools("echo").unwrap().len(), 3);
        assert!(matches!(host.tools("nobody").await, Err(McpError::UnknownServer(_))));
    });
}
