//! Fetching as a client sees it: real sockets, and names that stand for what a test says.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{FetchSettings, Lookup};
use crate::builtin::test_client::TestClient;
use crate::http::HttpSettings;

/// Answers every request with what `answer` says of its path, and counts connections.
struct Site {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Site {
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (counter, answer) = (connections.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        head.push(byte);
                    }
                    let head = String::from_utf8(head).unwrap();
                    let path = head.split(' ').nth(1).unwrap();
                    let _ = stream.write_all(&answer(path)).await;
                });
            }
        });
        Self { port, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn page(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut response = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n").into_bytes();
    response.extend_from_slice(body);
    response
}

fn html(body: &str) -> Vec<u8> {
    page("200 OK", "content-type: text/html\r\n", body.as_bytes())
}

/// Names stand for these addresses: the first answer at first, the last one from then on. And what was asked.
fn stub(answers: &'static [&'static [&'static str]]) -> (Lookup, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let lookup: Lookup = Arc::new(move |name| {
        let number = log.lock().unwrap().len().min(answers.len() - 1);
        log.lock().unwrap().push(name);
        let addresses =
            answers[number].iter().map(|text| SocketAddr::new(text.parse::<IpAddr>().unwrap(), 0)).collect();
        Box::pin(async move { Ok(addresses) })
    });
    (lookup, asked)
}

fn settings(allow_hosts: &[&str]) -> FetchSettings {
    let http = HttpSettings { connect_timeout_ms: 500, ..HttpSettings::default() };
    FetchSettings::new(http, allow_hosts.iter().map(|host| (*host).to_owned()).collect())
}

async fn client(allow_hosts: &[&str]) -> TestClient {
    TestClient::connect(super::new(&settings(allow_hosts))).await
}

async fn get(client: &TestClient, url: &str) -> Result<String, String> {
    client.call("get", json!({"url": url})).await
}

const REFUSED: &str = "not on the internet: it is not fetched";

#[tokio::test]
async fn nothing_inside_is_reached() {
    let site = Site::start(|_| html("inside")).await;
    let client = client(&[]).await;
    let hosts = [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "127.1",
        "127.8.9.10",
        "0.0.0.0",
        "0",
        "①②⑦.⓪.⓪.①",
        "%31%32%37.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
    ];
    for host in hosts {
        let refused = get(&client, &format!("http://{host}:{}/", site.port)).await.unwrap_err();
        assert!(refused.contains(REFUSED), "{host}: {refused}");
    }
    assert_eq!(site.connections(), 0);
    for (url, reason) in [
        ("file:///etc/passwd", "file is not fetched: only http and https are"),
        ("ftp://example.com/", "ftp is not fetched: only http and https are"),
        ("data:text/plain,x", "data is not fetched: only http and https are"),
        ("http://user:pass@example.com/", "an address with a user name or password in it is not fetched"),
        ("example.com", "that is no address of a page: relative URL without a base"),
    ] {
        assert_eq!(get(&client, url).await.unwrap_err(), reason);
    }
}

#[tokio::test]
async fn a_name_that_is_turned_round_leads_nowhere() {
    let site = Site::start(|_| html("inside")).await;
    let url = format!("http://rebind.test:{}/", site.port);
    let with = |allow_hosts: &[&str], lookup: Lookup| {
        let settings = FetchSettings { lookup, time_max: Duration::from_secs(3), ..settings(allow_hosts) };
        TestClient::connect(super::new(&settings))
    };
    // Outside when it is checked, here when it is connected to. The address outside takes no connections.
    let (lookup, asked) = stub(&[&["8.8.8.8"], &["127.0.0.1"]]);
    let client = with(&[], lookup).await;
    let unreachable = get(&client, &url).await.unwrap_err();
    assert!(!unreachable.contains(REFUSED), "{unreachable}");
    assert_eq!(asked.lock().unwrap().as_slice(), ["rebind.test"], "what was checked is what was connected to");
    assert!(get(&client, &url).await.unwrap_err().contains(REFUSED));
    assert_eq!(asked.lock().unwrap().len(), 2);
    // One of both kinds: only the one outside is tried.
    let (lookup, _) = stub(&[&["127.0.0.1", "8.8.8.8", "::1"]]);
    assert!(!get(&with(&[], lookup).await, &url).await.unwrap_err().contains(REFUSED));
    assert_eq!(site.connections(), 0);
    // The way in is open where the name is allowed, so the test would have seen it.
    let (lookup, _) = stub(&[&["127.0.0.1"]]);
    assert!(get(&with(&["rebind.test"], lookup).await, &url).await.unwrap().contains("inside"));
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn each_redirect_is_checked() {
    let inside = Site::start(|_| html("inside")).await;
    let port = inside.port;
    let outside = Site::start(move |path| {
        let to = match path {
            "/in" => format!("http://127.0.0.1:{port}/"),
            "/name" => format!("http://localhost:{port}/"),
            "/file" => "file:///etc/passwd".to_owned(),
            "/key" => format!("http://user:pass@outside.test:{port}/"),
            "/near" => "end?x=1".to_owned(),
            "/end?x=1" => return html("the end"),
            _ => "/loop".to_owned(),
        };
        page("302 Found", &format!("location: {to}\r\n"), b"")
    })
    .await;
    let (lookup, _) = stub(&[&["127.0.0.1"]]);
    let settings = FetchSettings { lookup, ..settings(&["outside.test"]) };
    let client = TestClient::connect(super::new(&settings)).await;
    let url = |path: &str| format!("http://outside.test:{}{path}", outside.port);
    assert!(get(&client, &url("/in")).await.unwrap_err().contains(REFUSED));
    assert!(get(&client, &url("/name")).await.unwrap_err().contains(REFUSED));
    assert!(get(&client, &url("/file")).await.unwrap_err().starts_with("file is not fetched"));
    assert!(get(&client, &url("/key")).await.unwrap_err().starts_with("an address with a user name"));
    assert_eq!(inside.connections(), 0);
    let end = get(&client, &url("/near")).await.unwrap();
    assert_eq!(end, format!("[200 text/html from {}]\nthe end\n", url("/end?x=1")));
    let before = outside.connections();
    assert_eq!(get(&client, &url("/loop")).await.unwrap_err(), "there are more than 5 redirects");
    assert_eq!(outside.connections() - before, 6);
}

#[tokio::test]
async fn pages_come_as_text_in_parts() {
    let site = Site::start(|path| match path {
        "/html" => html("<h1>Title</h1><p>See <a href='/more'>more</a></p>"),
        "/json" => page("200 OK", "content-type: application/json\r\n", b"{\"a\": 1}"),
        "/image" => page("200 OK", "content-type: image/png\r\ncontent-length: 12345\r\n", b"\x89PNG"),
        "/bytes" => page("200 OK", "content-type: application/octet-stream\r\n", b"a\0b"),
        "/unknown" => page("200 OK", "", b"plain"),
        _ => page("404 Not Found", "content-type: text/plain\r\n", b"nothing here"),
    })
    .await;
    let client = client(&["127.0.0.1"]).await;
    let base = format!("http://127.0.0.1:{}", site.port);
    let told = |status: &str, path: &str, text: &str| format!("[{status} from {base}{path}]\n{text}");
    let text = get(&client, &format!("{base}/html")).await.unwrap();
    assert_eq!(text, told("200 text/html", "/html", &format!("# Title\n\nSee [more]({base}/more)\n")));
    let text = get(&client, &format!("{base}/json")).await.unwrap();
    assert_eq!(text, told("200 application/json", "/json", "{\"a\": 1}\n"));
    let text = get(&client, &format!("{base}/image")).await.unwrap();
    assert_eq!(text, told("200 image/png", "/image", "[binary, 12345 bytes: it cannot be shown as text]\n"));
    let text = get(&client, &format!("{base}/bytes")).await.unwrap();
    let binary = "[binary, 3 bytes: it cannot be shown as text]\n";
    assert_eq!(text, told("200 application/octet-stream", "/bytes", binary));
    let text = get(&client, &format!("{base}/unknown")).await.unwrap();
    assert_eq!(text, told("200 no type", "/unknown", "plain\n"));
    let text = get(&client, &format!("{base}/none")).await.unwrap_err();
    assert_eq!(text, told("404 text/plain", "/none", "nothing here\n"));
    let part = |arguments: Value| client.call("get", arguments);
    let text = part(json!({"url": format!("{base}/html"), "start": 2, "max_chars": 5})).await.unwrap();
    let total = format!("# Title\n\nSee [more]({base}/more)\n").len();
    let note = format!("Title\n[characters 2 to 7 of {total}; go on with start=7]\n");
    assert_eq!(text, told("200 text/html", "/html", &note));
    let text = part(json!({"url": format!("{base}/html"), "raw": true})).await.unwrap();
    assert!(text.contains("<h1>Title</h1>"));
}

#[tokio::test]
async fn bodies_have_a_limit_also_when_they_are_compressed() {
    let script = "head -c 52428800 /dev/zero | tr '\\0' x | gzip -1";
    let bomb = std::process::Command::new("sh").args(["-c", script]).output().unwrap().stdout;
    assert!(bomb.len() > 1000 && bomb.len() < 1024 * 1024);
    let site = Site::start(move |path| match path {
        "/bomb" => page("200 OK", "content-type: text/plain\r\ncontent-encoding: gzip\r\n", &bomb),
        _ => page("200 OK", "content-type: text/plain\r\n", &vec![b'x'; 12 * 1024 * 1024]),
    })
    .await;
    let client = client(&["127.0.0.1"]).await;
    for path in ["/large", "/bomb"] {
        let text = get(&client, &format!("http://127.0.0.1:{}{path}", site.port)).await.unwrap();
        let end =
            "[characters 0 to 20000 of 10485760; go on with start=20000]\n[only the first 10485760 bytes were read]\n";
        assert!(text.ends_with(end), "{path}: {}", &text[text.len() - 200..]);
    }
}

#[tokio::test]
async fn waiting_has_a_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let settings = FetchSettings { time_max: Duration::from_secs(1), ..settings(&["127.0.0.1"]) };
    let client = TestClient::connect(super::new(&settings)).await;
    assert_eq!(get(&client, &url).await.unwrap_err(), "there was no complete answer within 1 seconds");
}
