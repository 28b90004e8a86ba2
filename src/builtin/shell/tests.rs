//! Commands as a client runs them: real programs, real groups.

use std::path::Path;
use std::time::{Duration, Instant};

use rmcp::model::{CallToolRequestParams, ClientRequest, Request};
use rmcp::service::PeerRequestOptions;
use serde_json::{Value, json};

use super::ShellSettings;
use crate::builtin::test_client::TestClient;

async fn client(folder: &Path) -> TestClient {
    let environment = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C"), ("OPENROUTER_API_KEY", "canary")];
    let settings = ShellSettings {
        roots: vec![folder.to_owned()],
        denied: Vec::new(),
        guard: None,
        limit: Duration::from_secs(60),
        environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    };
    TestClient::connect(super::new(&settings)).await
}

/// Waits until nobody works in that folder with that argument any more.
fn is_gone(marker: &str) -> bool {
    // A client that leaves is waited for a few seconds by the SDK, in case it only took no more answers.
    let limit = Instant::now() + Duration::from_secs(8);
    while Instant::now() < limit {
        if !is_running(marker) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn is_running(marker: &str) -> bool {
    let output = std::process::Command::new("ps").args(["-eo", "stat=,args="]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().any(|line| line.contains(marker) && !line.starts_with('Z'))
}

#[tokio::test]
async fn what_a_program_writes_and_how_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let client = client(folder.path()).await;
    let run = |arguments: Value| client.call("run", arguments);
    let in_shell = |command: &str| client.call("run_in_shell", json!({"command": command}));
    assert_eq!(run(json!({"argv": ["echo", "$HOME; *", "b"]})).await.unwrap(), "$HOME; * b\n[exit status 0]\n");
    let here = run(json!({"argv": ["pwd"], "cwd": "sub"})).await.unwrap();
    let sub = folder.path().join("sub").canonicalize().unwrap();
    assert_eq!(here, format!("{}\n[exit status 0]\n", sub.display()));
    assert_eq!(in_shell("echo a; echo b >&2; exit 3").await.unwrap(), "a\n[stderr]\nb\n[exit status 3]\n");
    assert_eq!(in_shell("kill -9 $$").await.unwrap(), "[ended by signal 9]\n");
    assert_eq!(in_shell("cat; echo read").await.unwrap(), "read\n[exit status 0]\n");
    assert!(run(json!({"argv": ["no-such-program"]})).await.unwrap_err().starts_with("cannot run no-such-program"));
    assert_eq!(run(json!({"argv": []})).await.unwrap_err(), "`argv` is empty");
    for cwd in ["..", "/", "sub/../.."] {
        let refused = run(json!({"argv": ["pwd"], "cwd": cwd})).await.unwrap_err();
        assert!(refused.contains("outside of") || refused.contains("leads out of"), "{cwd}: {refused}");
    }
}

#[tokio::test]
async fn commands_get_no_keys() {
    let folder = tempfile::tempdir().unwrap();
    let environment = client(folder.path()).await.call("run", json!({"argv": ["env"]})).await.unwrap();
    let mut names: Vec<&str> = environment.lines().filter_map(|line| line.split_once('=')).map(|pair| pair.0).collect();
    names.sort_unstable();
    assert_eq!(names, ["LANG", "PATH"]);
}

#[tokio::test]
async fn output_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(folder.path()).await;
    let command = "echo begin; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end; head -c 1000000 /dev/zero >&2";
    let text = client.call("run_in_shell", json!({"command": command})).await.unwrap();
    assert!(text.starts_with("begin\nxxx") && text.contains("xxx\nend\n[stderr]\n"), "both ends are there");
    assert!(text.len() < 2 * 257 * 1024, "{}", text.len());
    assert_eq!(text.matches("bytes are left out").count(), 2);
}

#[tokio::test]
async fn a_timeout_ends_grandchildren_too() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(folder.path()).await;
    let begun = Instant::now();
    let command = "echo begun; (trap '' TERM; sleep 4711.1; sleep 4711.1) & sleep 4711.1";
    let stopped = client.call("run_in_shell", json!({"command": command, "timeout_seconds": 1})).await.unwrap_err();
    assert_eq!(stopped, "begun\n[stopped: it took longer than 1 seconds]\n");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(is_gone("sleep 4711.1"));
}

#[tokio::test]
async fn nothing_outlives_a_command_or_keeps_it_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(folder.path()).await;
    let begun = Instant::now();
    let text = client.call("run_in_shell", json!({"command": "sleep 4711.2 & echo done"})).await.unwrap();
    assert_eq!(text, "done\n[exit status 0]\n");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(is_gone("sleep 4711.2"));
}

#[tokio::test]
async fn a_cancelled_command_ends_with_all_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(folder.path()).await;
    let arguments = json!({"command": "sleep 4711.3 & sleep 4711.3"}).as_object().unwrap().clone();
    let call = CallToolRequestParams::new("run_in_shell").with_arguments(arguments);
    let request = ClientRequest::CallToolRequest(Request::new(call));
    let handle = client.0.send_cancellable_request(request, PeerRequestOptions::no_options()).await.unwrap();
    while !is_running("sleep 4711.3") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    handle.cancel(Some("not wanted".to_owned())).await.unwrap();
    let gone = tokio::task::spawn_blocking(|| is_gone("sleep 4711.3")).await.unwrap();
    assert!(gone);
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_commands() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(folder.path()).await;
    let peer = client.0.peer().clone();
    let call = tokio::spawn(async move {
        let arguments = json!({"argv": ["sleep", "4711.4"]}).as_object().unwrap().clone();
        let _ = peer.call_tool(CallToolRequestParams::new("run").with_arguments(arguments)).await;
    });
    while !is_running("sleep 4711.4") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client.0.cancel().await.unwrap();
    call.await.unwrap();
    let gone = tokio::task::spawn_blocking(|| is_gone("sleep 4711.4")).await.unwrap();
    assert!(gone);
}
