//! The built-in server `fetch` from outside: the network around stays out of reach unless the file names a host.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::Sandbox;

/// A page on this machine, and how many connections came.
fn page() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let body = "<p>inside, see <a href=/x>x</a></p>";
            let head = format!("content-type: text/html\r\ncontent-length: {}\r\nconnection: close", body.len());
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").as_bytes());
        }
    });
    (port, count)
}

#[test]
fn the_network_around_is_reached_by_leave_of_the_file_alone() {
    let (port, connections) = page();
    let sandbox = Sandbox::new();
    let get = |sandbox: &Sandbox, host: &str| {
        let url = format!("url=http://{host}:{port}/");
        // A proxy would reach what we may not.
        let run = sandbox.sayso(["mcp", "call", "fetch", "get", &url]);
        run.env("HTTP_PROXY", &format!("http://127.0.0.1:{port}"))
            .env("http_proxy", &format!("http://127.0.0.1:{port}"))
            .run()
    };
    for host in
        ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254"]
    {
        get(&sandbox, host).assert_exit(8).assert_stdout("").assert_stderr_has(&["not on the internet"]);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    let sandbox =
        Sandbox::new().config_text("mcp: { servers: { fetch: { builtin: fetch, allow_hosts: [127.0.0.1] } } }\n");
    let text = format!("[200 text/html from http://127.0.0.1:{port}/]\ninside, see [x](http://127.0.0.1:{port}/x)\n");
    get(&sandbox, "127.0.0.1").assert_exit(0).assert_stdout(&text);
    get(&sandbox, "localhost").assert_exit(8);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}
