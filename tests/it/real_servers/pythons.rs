//! The servers of PyPI: three that speak the protocol of 2026, one that does not, and one that dies at start.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::Bed;
use crate::support::{ModelServer, Reply, needs};

const MODERN: &str = "2026-07-28";
/// Starts until a server has answered in time.
const TRIES: usize = 3;

impl Bed {
    fn python(&self, environment: &str, name: &str) -> String {
        self.program(&format!("{environment}/bin/{name}"))
    }

    /// A server that takes long to start is first taken for an old one; the next time it is known better.
    #[track_caller]
    fn assert_is_modern(&self, server: &str) {
        let mut seen = Vec::new();
        for _ in 0..TRIES {
            seen.push(self.state(server));
            if seen.last().unwrap()["protocol"] == MODERN {
                return;
            }
        }
        panic!("it speaks something else: {seen:#?}");
    }
}

#[test]
fn the_time() {
    let model = ModelServer::start([
        Reply::call("c1", "clock__get_current_time", &json!({"timezone": "Europe/Paris"})),
        Reply::answer(&["late"]),
    ]);
    let Some(bed) = Bed::for_model(&model) else { return };
    let program = bed.python("venv-modern", "mcp-server-time");
    let bed = bed.server("clock", &[&program, "--local-timezone", "UTC"], &json!({}));
    bed.assert_is_modern("clock");
    let time = ["time=12:00", "source_timezone=UTC", "target_timezone=Asia/Tokyo"];
    let converted: Value = serde_json::from_str(&bed.call("clock", "convert_time", time)).unwrap();
    assert!(converted["target"]["datetime"].as_str().unwrap().contains("T21:00:00"), "{converted:#}");
    let wrong = bed.sayso(["mcp", "call", "clock", "get_current_time", "timezone=Mars/Base"]).run().assert_exit(8);
    assert!(wrong.stderr.contains("Mars/Base"), "{wrong:?}");
    bed.sayso(["ask", "hi", "--allow", "clock/get_*"]).run().assert_exit(0).assert_stdout("late\n");
    assert!(model.told("c1").contains("Europe/Paris"), "{}", model.told("c1"));
}

#[test]
fn a_repository() {
    if !needs("git") {
        return;
    }
    let Some(bed) = Bed::new() else { return };
    let repository = bed.work("repository");
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .args(["-C", &repository, "-c", "user.name=A", "-c", "user.email=a@b.c"])
            .args(args)
            .output();
        assert!(output.unwrap().status.success(), "git {args:?}");
    };
    std::fs::create_dir(&repository).unwrap();
    git(&["init", "-q"]);
    std::fs::write(bed.work("repository/file"), "text\n").unwrap();
    git(&["add", "file"]);
    git(&["commit", "-q", "-m", "The first of all"]);
    std::fs::write(bed.work("repository/file"), "other text\n").unwrap();
    let program = bed.python("venv-modern", "mcp-server-git");
    let bed = bed.server("git", &[&program, "--repository", &repository], &json!({}));
    bed.assert_is_modern("git");
    let tools = bed.mcp_json(["tools", "git"]);
    assert_eq!(tools.as_array().unwrap().len(), 12, "{tools:#}");
    let path = format!("repo_path={repository}");
    assert!(bed.call("git", "git_log", [path.as_str()]).contains("The first of all"));
    assert!(bed.call("git", "git_diff_unstaged", [path.as_str()]).contains("+other text"));
    let elsewhere = bed.sayso(["mcp", "call", "git", "git_status", "repo_path=/"]).run().assert_exit(8);
    assert!(elsewhere.stderr.contains("outside"), "{elsewhere:?}");
}

#[test]
fn a_page() {
    let Some(bed) = Bed::new() else { return };
    let page = "<html><head><title>T</title></head><body><h1>Heading</h1><p>Words of the page.</p></body></html>";
    let url = serve(page);
    let program = bed.python("venv-modern", "mcp-server-fetch");
    let more = json!({});
    let bed = bed.server("page", &[&program, "--ignore-robots-txt", "--allow-private-ips"], &more);
    bed.assert_is_modern("page");
    let bed = bed.server("careful", &[&program, "--ignore-robots-txt"], &more);
    let url = format!("url={url}");
    let text = bed.call("page", "fetch", [url.as_str(), "raw=true"]);
    assert!(text.contains("Words of the page."), "{text}");
    let refused = bed.sayso(["mcp", "call", "careful", "fetch", &url]).run().assert_exit(8);
    assert!(refused.stderr.contains("not a public address"), "{refused:?}");
    let prompts = bed.mcp_json(["prompts", "page"]);
    assert_eq!(prompts[0]["arguments"][0]["name"], "url", "{prompts:#}");
    let prompt = bed.mcp(["prompt", "page", "fetch", &url]).stdout();
    assert!(prompt.contains("Words of the page."), "{prompt}");
    bed.sayso(["mcp", "prompt", "page", "fetch"]).run().assert_exit(2).assert_stderr_has(&["needs url="]);
}

/// A page on a port of its own, for whoever asks.
fn serve(page: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { continue };
            let head = BufReader::new(&socket).lines().map_while(Result::ok);
            head.take_while(|line| !line.is_empty()).for_each(drop);
            let length = page.len();
            let _ = write!(
                socket,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{page}"
            );
        }
    });
    url
}

#[test]
fn a_database_that_a_call_changes() {
    let model = ModelServer::start([
        Reply::call("c1", "store__write_query", &json!({"query": "INSERT INTO fruit VALUES ('pear', 3)"})),
        Reply::call("c2", "store__read_query", &json!({"query": "SELECT count(*) AS n FROM fruit"})),
        Reply::answer(&["two kinds"]),
    ]);
    let Some(bed) = Bed::for_model(&model) else { return };
    let (program, file) = (bed.python("venv-sqlite", "mcp-server-sqlite"), bed.work("store.db"));
    let bed = bed.server("store", &[&program, "--db-path", &file], &json!({}));
    let state = bed.state("store");
    assert_eq!((&state["protocol"], &state["tools"]), (&json!("2025-11-25"), &json!(6)), "{state:#}");
    bed.call("store", "create_table", ["query=CREATE TABLE fruit (name TEXT, count INTEGER)"]);
    bed.call("store", "write_query", ["query=INSERT INTO fruit VALUES ('apple', 7)"]);
    let bed = bed.vouched("store/read_query");
    bed.sayso(["ask", "hi", "--allow", "store/write_query"]).run().assert_exit(0).assert_stdout("two kinds\n");
    assert!(model.told("c2").contains("'n': 2"), "{}", model.told("c2"));
    let database = Connection::open(&file).unwrap();
    let total: i64 = database.query_row("SELECT sum(count) FROM fruit", [], |row| row.get(0)).unwrap();
    assert_eq!(total, 10);

    assert_eq!(bed.mcp_json(["resources", "store"])[0]["uri"], "memo://insights");
    assert!(bed.mcp(["read", "store", "memo://insights"]).stdout().contains("No business insights"));
    let prompt = bed.mcp(["prompt", "store", "mcp-demo", "topic=orchards"]).stdout();
    assert!(prompt.contains("orchards"), "{prompt}");
}

#[test]
fn a_server_that_dies_at_start_costs_only_itself() {
    let model = ModelServer::always(Reply::answer(&["still here"]));
    let Some(bed) = Bed::for_model(&model) else { return };
    let program = bed.python("venv-broken", "mcp-server-sqlite");
    let file = bed.work("never.db");
    let command = [program.as_str(), "--db-path", &file];
    let bed = bed.server("broken", &command, &json!({}));
    let state = bed.state("broken");
    assert_eq!((&state["state"], &state["protocol"]), (&json!("failed"), &Value::Null), "{state:#}");
    let error = state["error"].as_str().unwrap();
    assert!(error.contains("broken") && error.contains("AttributeError"), "its last words are told: {error}");
    let called = bed.sayso(["mcp", "call", "broken", "list_tables"]).run().assert_exit(5);
    called.assert_stderr_has(&["broken", "AttributeError"]);

    let asked = bed.sayso(["ask", "hi"]).run().assert_exit(0).assert_stdout("still here\n");
    asked.assert_stderr_has(&["broken", "AttributeError"]);
    let bed = bed.server("broken", &command, &json!({"required": true}));
    let asked = bed.sayso(["ask", "hi"]).run().assert_exit(3);
    asked.assert_stderr_has(&["broken", "AttributeError"]);
}
