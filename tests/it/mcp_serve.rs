//! `mcp serve`: built-in tools for other programs, through a real client that starts the binary.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use rmcp::RoleClient;
use rmcp::model::{CallToolRequestParams, CallToolResult, ClientConfig, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::Sandbox;

type Client = RunningService<RoleClient, ClientConfig>;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn modern() -> ClientLifecycleMode {
    ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
}

/// A client of `sayso mcp serve` with these names.
async fn connect(sandbox: &Sandbox, names: &[&str], lifecycle: ClientLifecycleMode) -> Client {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sayso"));
    command.args(["mcp", "serve"]).args(names).env_clear().envs(sandbox.environment());
    command.current_dir(sandbox.work_folder());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It ends with its stdin, when the client is dropped.
    let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    ClientConfig::default().serve_with_lifecycle(pipes, lifecycle).await.unwrap()
}

async fn tool_names(client: &Client) -> BTreeSet<String> {
    client.list_all_tools().await.unwrap().into_iter().map(|tool| tool.name.into_owned()).collect()
}

async fn call(client: &Client, tool: &'static str, arguments: Value) -> CallToolResult {
    let arguments = arguments.as_object().unwrap().clone();
    client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.unwrap()
}

#[test]
fn harmless_servers_are_served_in_both_revisions_of_the_protocol() {
    for (lifecycle, revision) in [(modern(), "2026-07-28"), (ClientLifecycleMode::Initialize, "2025-11-25")] {
        block_on(async {
            let sandbox = Sandbox::new();
            let client = connect(&sandbox, &[], lifecycle).await;
            let peer = client.peer_info().unwrap();
            assert_eq!(peer.protocol_version.to_string(), revision);
            let names = tool_names(&client).await;
            assert!(
                names.contains("now") && names.contains("evaluate") && names.contains("conversations"),
                "{names:?}"
            );
            assert!(!names.iter().any(|name| name.contains("write") || name == "change"), "{names:?}");
            let sum = call(&client, "evaluate", json!({"expression": "2^100"})).await;
            assert_eq!(sum.structured_content.unwrap()["value"], "1267650600228229401496703205376");
            let now = call(&client, "now", json!({"timezone": "Asia/Tokyo"})).await;
            assert_eq!(now.structured_content.unwrap()["timezone"], "Asia/Tokyo");
            let mistake = call(&client, "evaluate", json!({"expression": "1/0"})).await;
            assert_eq!(mistake.is_error, Some(true));
            let empty = call(&client, "conversations", json!({})).await;
            assert_eq!(empty.structured_content.unwrap(), json!({"conversations": [], "more": false}));
            client.cancel().await.unwrap();
        });
    }
}

#[test]
fn tools_of_one_name_get_the_name_of_their_server() {
    block_on(async {
        let sandbox = Sandbox::new();
        fs::write(sandbox.work_folder().join("note.txt"), "kept in a file").unwrap();
        let client = connect(&sandbox, &["files", "history", "time"], modern()).await;
        let names = tool_names(&client).await;
        for name in ["files__read", "history__read", "now"] {
            assert!(names.contains(name), "{name} in {names:?}");
        }
        assert!(!names.contains("read"), "{names:?}");
        let read = call(&client, "files__read", json!({"path": "note.txt"})).await;
        assert!(read.content[0].as_text().unwrap().text.contains("kept in a file"), "{read:?}");
        client.cancel().await.unwrap();
    });
}

#[test]
fn the_configuration_gives_a_server_its_folders_and_tools() {
    block_on(async {
        let sandbox = Sandbox::new();
        let elsewhere = sandbox.path("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join("note.txt"), "from elsewhere").unwrap();
        let section = format!("{{builtin: files, roots: ['{}'], tools: {{allow: [read]}}}}", elsewhere.display());
        let sandbox = sandbox.config_text(&format!("mcp: {{servers: {{docs: {section}}}}}"));
        let client = connect(&sandbox, &["docs"], modern()).await;
        assert_eq!(tool_names(&client).await, BTreeSet::from(["read".to_owned()]));
        let read = call(&client, "read", json!({"path": "note.txt"})).await;
        assert!(read.content[0].as_text().unwrap().text.contains("from elsewhere"), "{read:?}");
        client.cancel().await.unwrap();
    });
}

#[test]
fn nothing_but_the_protocol_is_on_stdout() {
    // A setting without effect, which is told on stderr; then a line that is no message.
    let sandbox = Sandbox::new().config_text("ui: {theme: dark}");
    let greeting = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}});
    let rest = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\nnot a message\n\
                {\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}\n";
    let run = sandbox.sayso(["-vv", "mcp", "serve"]).stdin(format!("{greeting}\n{rest}")).run();
    assert_eq!(run.code, Some(0), "{run:?}");
    let stdout = String::from_utf8(run.stdout_bytes.clone()).unwrap();
    let messages: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered: Vec<_> = messages.iter().filter_map(|message| message["id"].as_u64()).collect();
    assert_eq!(answered, [1, 2], "{stdout}");
    assert!(messages[1..].iter().any(|message| message["result"]["tools"].is_array()), "{stdout}");
}

#[test]
fn it_ends_with_its_stdin_and_on_a_signal() {
    let sandbox = Sandbox::new();
    let silent = sandbox.sayso(["mcp", "serve"]).run();
    assert_eq!((silent.code, silent.stdout_bytes.len(), silent.stderr.as_str()), (Some(0), 0, ""));
    let mut running = sandbox.sayso(["mcp", "serve", "time"]).open_stdin().spawn();
    running.send_stdin(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
    running.wait_for_stdout("\"id\":1");
    running.signal(Signal::TERM);
    assert_eq!(running.wait().code, Some(143));
}

#[test]
fn an_unknown_name_is_a_mistake() {
    let sandbox = Sandbox::new();
    let run = sandbox.sayso(["mcp", "serve", "clock"]).run();
    assert_eq!((run.code, run.stdout_bytes.len()), (Some(2), 0));
    assert!(run.stderr.contains("no built-in server is called clock"), "{}", run.stderr);
    assert!(run.stderr.contains("there are time, calc, history"), "{}", run.stderr);
}
