//! MCP servers at a URL: connections, sessions, broken streams, redirects, limits.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Asked, Said, Sandbox, Web};

/// What an old server with sessions answers; `session` is the one it gives out.
pub fn greeting(asked: &Asked, session: &str) -> Option<Said> {
    match (asked.method.as_str(), asked.rpc().as_str()) {
        ("GET" | "DELETE", _) => Some(Said::status(405)),
        ("POST", "initialize") => {
            let result = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                "serverInfo": {"name": "scripted", "version": "1"}});
            Some(Said::result(asked, result).header("mcp-session-id", session))
        }
        ("POST", "notifications/initialized") => Some(Said::status(202)),
        ("POST", "tools/list") => {
            let tools: Vec<Value> = ["add", "b", "c", "d", "e", "f", "g", "h"]
                .map(|name| json!({"name": name, "inputSchema": {"type": "object"}}))
                .to_vec();
            Some(Said::result(asked, json!({"tools": tools})))
        }
        _ => None,
    }
}

pub fn text(asked: &Asked, text: &str) -> Said {
    Said::result(asked, json!({"content": [{"type": "text", "text": text}]}))
}

/// A sandbox in which `remote` is at this address.
pub fn sandbox(url: &str, section: Value) -> Sandbox {
    let mut server = json!({"url": url, "protocol": "legacy"});
    for (key, value) in section.as_object().unwrap() {
        server[key] = value.clone();
    }
    let config = json!({"mcp": {"servers": {"remote": server}}, "llm": {"http": {"roots": "bundled"}}});
    Sandbox::new().config_text(&config.to_string())
}

const CALL: [&str; 4] = ["mcp", "call", "remote", "add"];

#[test]
fn requests_share_connections_and_carry_the_headers() {
    let web = Web::start(|_| |asked: &Asked| greeting(asked, "s").unwrap_or_else(|| text(asked, "done")));
    let sandbox = sandbox(&web.url("/mcp"), json!({"headers": {"X-Api-Key": "k-123"}}));
    let report = sandbox.sayso(["mcp", "exercise", "remote", "--format", "json"]).run().assert_exit(0).stdout();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["answered"], &report["protocol"]), (&json!(true), &json!("2025-11-25")));
    let asked = web.asked();
    assert_eq!(web.asked_for("tools/call").len(), 8);
    // A kept connection that waits for a delayed acknowledgement costs 40 ms each time.
    let requests = report["requests"].as_array().unwrap();
    let quickest = requests.iter().filter(|request| request["request"] == "tools/call").map(|request| &request["ms"]);
    assert!(quickest.filter_map(Value::as_u64).min().unwrap() < 40, "{report:#}");
    let connections = asked.iter().map(|asked| asked.connection).max().unwrap() + 1;
    assert!(connections <= 3, "{} requests on {connections} connections", asked.len());
    assert!(asked.iter().all(|asked| asked.header("x-api-key") == Some("k-123")));
    assert!(asked.iter().skip(1).all(|asked| asked.header("mcp-session-id") == Some("s")));
}

#[test]
fn a_redirect_within_the_server_is_followed_and_one_to_another_is_not() {
    let other = Web::start(|_| |asked: &Asked| text(asked, "stolen"));
    let elsewhere = other.url("/mcp");
    let web = Web::start(|_| {
        move |asked: &Asked| match (asked.path.as_str(), asked.rpc().as_str()) {
            ("/old", _) => Said::redirect("/mcp"),
            (_, "tools/call") => Said::redirect(&elsewhere),
            _ => greeting(asked, "s").unwrap_or_else(|| Said::status(404)),
        }
    });
    let sandbox = sandbox(&web.url("/old"), json!({"headers": {"X-Api-Key": "k-123"}}));
    let output = sandbox.sayso(CALL).run();
    assert_ne!(output.code, Some(0), "{output:?}");
    assert!(!web.asked_for("tools/call").is_empty(), "{output:?}");
    assert!(other.asked().is_empty(), "a key went to another server: {:?}", other.asked());
}

#[test]
fn a_session_that_is_over_is_begun_again_once() {
    let calls = AtomicUsize::new(0);
    let greetings = AtomicUsize::new(0);
    let web = Web::start(|_| {
        move |asked: &Asked| {
            if asked.rpc() == "tools/call" {
                return match calls.fetch_add(1, Ordering::Relaxed) {
                    0 => Said::status(404),
                    _ => text(asked, "after all"),
                };
            }
            let session = if asked.rpc() == "initialize" { greetings.fetch_add(1, Ordering::Relaxed) } else { 0 };
            greeting(asked, &format!("s{session}")).unwrap()
        }
    });
    let sandbox = sandbox(&web.url("/mcp"), json!({}));
    assert_eq!(sandbox.sayso(CALL).run().assert_exit(0).stdout(), "after all\n");
    assert_eq!(web.asked_for("initialize").len(), 2);
    let sessions: Vec<_> =
        web.asked_for("tools/call").iter().map(|asked| asked.header("mcp-session-id").unwrap().to_owned()).collect();
    assert_eq!(sessions, ["s0", "s1"]);
}

#[test]
fn a_server_that_forgets_every_session_is_left() {
    let web = Web::start(|_| {
        |asked: &Asked| match asked.rpc().as_str() {
            "tools/call" => Said::status(404),
            _ => greeting(asked, "s").unwrap(),
        }
    });
    let sandbox = sandbox(&web.url("/mcp"), json!({}));
    assert_ne!(sandbox.sayso(CALL).run().code, Some(0));
    assert!(web.asked_for("initialize").len() <= 3 && web.asked_for("tools/call").len() <= 4, "{:?}", web.asked());
}

#[test]
fn a_stream_that_breaks_goes_on_where_it_was() {
    let web = Web::start(|_| {
        |asked: &Asked| {
            let id = json!(1);
            if asked.rpc() == "tools/call" {
                // The id of the call, for the answer that comes on another connection.
                let id = &asked.json()["id"];
                return Said::events_then_break(&format!("id: call-{id}\nretry: 10\ndata: \n\n"));
            }
            if let Some(last) = asked.header("last-event-id").filter(|_| asked.method == "GET") {
                let id = last.strip_prefix("call-").and_then(|id| id.parse::<u64>().ok()).map_or(id, Value::from);
                let result = json!({"content": [{"type": "text", "text": "resumed"}]});
                let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
                return Said::events_then_break(&format!("id: next\ndata: {answer}\n\n"));
            }
            greeting(asked, "s").unwrap()
        }
    });
    let sandbox = sandbox(&web.url("/mcp"), json!({}));
    assert_eq!(sandbox.sayso(CALL).run().assert_exit(0).stdout(), "resumed\n");
    assert_eq!(web.asked_for("tools/call").len(), 1, "a call is not repeated");
}

#[test]
fn a_stream_that_ends_again_and_again_is_not_asked_for_in_a_hurry() {
    for stream in ["id: 1\nretry: 0\ndata: \n\n", ": nothing\n\n", "retry: 0\n\n"] {
        let web = Web::start(move |_| {
            move |asked: &Asked| match (asked.method.as_str(), asked.rpc().as_str()) {
                ("GET", _) => Said::events_then_break(stream),
                (_, "tools/call") => never(),
                _ => greeting(asked, "s").unwrap(),
            }
        });
        // Time for hundreds of streams, and the call is given up.
        let sandbox = sandbox(&web.url("/mcp"), json!({"timeout": 1}));
        sandbox.sayso(CALL).run().assert_exit(5).assert_stderr_has(&["did not answer within 1s"]);
        let streams = web.asked().iter().filter(|asked| asked.method == "GET").count();
        assert!((1..50).contains(&streams), "{stream:?}: {streams}");
    }
}

#[test]
fn an_answer_without_end_is_refused() {
    let web = Web::start(|_| {
        |asked: &Asked| match asked.rpc().as_str() {
            "tools/call" => text(asked, &"x".repeat(17 << 20)),
            _ => greeting(asked, "s").unwrap(),
        }
    });
    let sandbox = sandbox(&web.url("/mcp"), json!({}));
    let output = sandbox.sayso(CALL).run();
    assert!(output.code != Some(0) && output.stdout_bytes.is_empty(), "{:?} {}", output.code, output.stderr);
}

#[test]
fn an_exercise_that_gets_no_answer_says_so() {
    let sandbox = Sandbox::new();
    let port = crate::support::closed_port();
    let output = sandbox.sayso(["mcp", "exercise", &format!("http://127.0.0.1:{port}/mcp")]).run();
    assert_eq!(output.code, Some(8), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout_bytes).contains("failed"), "{output:?}");
    let output = sandbox.sayso(["mcp", "exercise", "nobody"]).run();
    assert_eq!(output.code, Some(3), "{output:?}");
}

#[test]
fn offline_leaves_out_what_is_elsewhere() {
    let sandbox = Sandbox::new().config_text(
        "mcp:\n  servers:\n    far: { url: 'https://mcp.example.com/mcp' }\n    near: { url: 'http://127.0.0.1:9/mcp' }\n",
    );
    let told = |server: &str, exit| {
        let output = sandbox.sayso(["mcp", "tools", server, "--offline"]).run().assert_exit(exit);
        output.assert_stderr_has(&[server]).stderr
    };
    assert!(told("far", 3).contains("`--offline` reaches nothing else"));
    assert!(told("fetch", 3).contains("`--offline` reaches nothing else"));
    // It is tried, and nobody is there.
    assert!(!told("near", 5).contains("--offline"));
    sandbox.sayso(["mcp", "tools", "time", "--offline"]).run().assert_exit(0);
}

#[test]
fn a_tool_that_runs_only_as_a_task_is_known_from_a_stream_of_events() {
    let web = Web::start(|_| {
        |asked: &Asked| match asked.rpc().as_str() {
            "tools/list" => {
                let tool = |name: &str, support: &str| json!({"name": name, "inputSchema": {"type": "object"}, "execution": {"taskSupport": support}});
                let result = json!({"tools": [tool("survey", "required"), tool("poll", "optional")]});
                let message = json!({"jsonrpc": "2.0", "id": asked.json()["id"], "result": result});
                Said::events_then_break(&format!("data: {message}\n\n"))
            }
            _ => greeting(asked, "s").unwrap_or_else(|| text(asked, "done")),
        }
    });
    let sandbox = sandbox(&web.url("/mcp"), json!({}));
    let tools = sandbox.sayso(["mcp", "tools", "remote", "--format", "json"]).run().assert_exit(0).stdout();
    let tools: Vec<Value> = serde_json::from_str(&tools).unwrap();
    let reasons: Vec<_> = tools.iter().map(|tool| (&tool["name"], tool["not_offered"].is_string())).collect();
    assert_eq!(reasons, [(&json!("survey"), true), (&json!("poll"), false)]);
}

/// An answer that does not come.
fn never() -> Said {
    loop {
        std::thread::park();
    }
}

#[test]
fn a_call_waits_for_the_stream_on_which_its_server_asks_back() {
    let too_early = Arc::new(AtomicBool::new(false));
    let is_too_early = Arc::clone(&too_early);
    let web = Web::start(move |_| {
        let (call, called) = mpsc::channel();
        let called = Mutex::new(called);
        move |asked: &Asked| match (asked.method.as_str(), asked.rpc().as_str()) {
            ("GET", _) => {
                // A call that does not wait comes at once.
                let is_early = called.lock().unwrap().recv_timeout(Duration::from_millis(100)).is_ok();
                is_too_early.fetch_or(is_early, Ordering::Relaxed);
                Said::status(405)
            }
            (_, "tools/call") => {
                let _ = call.send(());
                text(asked, "done")
            }
            _ => greeting(asked, "s").unwrap(),
        }
    });
    sandbox(&web.url("/mcp"), json!({})).sayso(CALL).run().assert_exit(0).assert_stdout("done\n");
    assert!(!too_early.load(Ordering::Relaxed));
}

#[test]
fn a_stream_that_does_not_come_holds_up_no_call() {
    let web = Web::start(|_| {
        move |asked: &Asked| match (asked.method.as_str(), asked.rpc().as_str()) {
            ("GET", _) => never(),
            (_, "tools/call") => text(asked, "done"),
            _ => greeting(asked, "s").unwrap(),
        }
    });
    sandbox(&web.url("/mcp"), json!({})).sayso(CALL).run().assert_exit(0).assert_stdout("done\n");
}

#[test]
fn an_answer_that_cannot_be_read_is_told_as_that_wherever_it_comes() {
    for (as_events, words) in [(true, "it does not follow the protocol"), (false, "is no message: unrecognized")] {
        let web = Web::start(move |_| {
            move |asked: &Asked| match asked.rpc().as_str() {
                // Without the message that an error has to have.
                "tools/call" => {
                    let broken = json!({"jsonrpc": "2.0", "id": asked.json()["id"], "error": {"code": -1}});
                    match as_events {
                        true => Said::events_then_break(&format!("id: 1\ndata: {broken}\n\n")),
                        false => Said::json(&broken),
                    }
                }
                _ => greeting(asked, "s").unwrap(),
            }
        });
        // Ten minutes would be beyond every patience.
        let sandbox = sandbox(&web.url("/mcp"), json!({"timeout": 600}));
        sandbox.sayso(CALL).run().assert_exit(8).assert_stderr_has(&[words]);
    }
}

#[test]
fn a_list_that_cannot_be_read_is_not_waited_for_where_a_tool_of_it_runs_as_a_task() {
    let web = Web::start(|_| {
        |asked: &Asked| match asked.rpc().as_str() {
            "tools/list" => {
                let survey = json!({"name": "survey", "inputSchema": {}, "execution": {"taskSupport": "required"}});
                // Without the version that every message has to have.
                let message = json!({"id": asked.json()["id"], "result": {"tools": [survey]}});
                Said::events_then_break(&format!("id: 1\ndata: {message}\n\n"))
            }
            _ => greeting(asked, "s").unwrap(),
        }
    });
    let sandbox = sandbox(&web.url("/mcp"), json!({"timeout": 600, "connect_timeout": 600}));
    let output = sandbox.sayso(["mcp", "tools", "remote"]).run();
    output.assert_stderr_has(&["its answer cannot be read"]);
}
