//! `server-everything` over streamable HTTP: one server for all who connect.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Bed, RUN_LIMIT};
use crate::repl::wait_for_end;
use crate::support::{AT_ONCE, ModelServer, Received, Reply, Wire, closed_port};

/// The server; killed when dropped.
struct HttpServer {
    child: Child,
    url: String,
}

impl HttpServer {
    #[track_caller]
    fn start(bed: &Bed) -> Self {
        let port = closed_port().to_string();
        let mut command = Command::new(bed.npm("mcp-server-everything"));
        command.arg("streamableHttp").env("PORT", &port).stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { child, url: format!("http://127.0.0.1:{port}/mcp") };
        let deadline = Instant::now() + RUN_LIMIT;
        while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
            assert!(Instant::now() < deadline, "no server at {}", server.url);
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn with(mut bed: Bed, server: &HttpServer) -> Bed {
    let root = bed.work("");
    bed.set("mcp.servers.remote", json!({"url": server.url, "type": "http", "roots": [root]}));
    bed
}

#[test]
fn lists_calls_progress_and_cancel() {
    let Some(bed) = Bed::new() else { return };
    let server = HttpServer::start(&bed);
    let bed = with(bed, &server);
    let state = bed.state("remote");
    let seen = (&state["state"], &state["transport"], &state["protocol"]);
    assert_eq!(seen, (&json!("ready"), &json!("http"), &json!("2025-11-25")), "{state:#}");
    assert_eq!(bed.call("remote", "echo", ["message=far away"]), "Echo: far away\n");
    assert!(bed.call("remote", "get-roots-list", []).contains("file://"));
    assert!(bed.mcp_json(["resources", "remote"]).as_array().unwrap().len() >= 9);
    let filled = bed.mcp(["prompt", "remote", "completable-prompt", "department=Sales", "name=Eve"]).stdout();
    assert_eq!(filled, "Please promote Eve to the head of the Sales team.\n");
    let slow = ["mcp", "call", "remote", "trigger-long-running-operation", "-v"];
    let output = bed.sayso(slow.into_iter().chain(["duration=1", "steps=4"])).run().assert_exit(0);
    output.assert_stderr_has(&["1 of 4", "3 of 4"]);
    let running = bed.sayso(slow.into_iter().chain(["duration=60", "steps=60"])).spawn();
    running.wait_for_stderr("1 of 60");
    let stopped = Instant::now();
    running.signal(Signal::INT);
    running.wait().assert_exit(130);
    assert!(stopped.elapsed() < AT_ONCE, "{:?}", stopped.elapsed());
}

#[test]
fn it_asks_the_model_in_the_middle_of_a_call() {
    let script = |_: &Received, number: usize| {
        let ask = json!({"prompt": "anybody there?"});
        Some(match number {
            0 => Reply::call("c1", "remote__trigger-sampling-request", &ask),
            1 => Reply::answer(&["over and out"]),
            _ => Reply::answer(&["done"]),
        })
    };
    let model = ModelServer::scripted(Wire::Plain, script);
    let Some(bed) = Bed::for_model(&model) else { return };
    let server = HttpServer::start(&bed);
    let bed = with(bed, &server);
    let mut pty = bed.pty(["chat", "--allow", "remote/*"]);
    wait_for_end(&pty, &["test>"]);
    pty.send("go\r");
    pty.wait_for_text("let the model answer? [y/n]");
    pty.send("y\r");
    pty.wait_for_text("done");
    wait_for_end(&pty, &["test>"]);
    let result: Value = json!(model.told("c1"));
    assert!(result.to_string().contains("over and out"), "{result}");
    pty.send("/exit\r");
    assert_eq!(pty.wait_for_exit(), 0);
}
