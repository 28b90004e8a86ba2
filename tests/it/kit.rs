//! The test kit under test: with plain clients, so that a failure elsewhere is not the kit's.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;

use crate::support::{
    AT_ONCE, BlackHole, Certificate, Gate, ModelServer, Pty, Reply, Sandbox, Strace, TEST_KEY, TestConfig, Wire,
    closed_port, needs,
};

const HELLO: &str = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

fn post(body: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nUser-Agent: sayso/0\r\nAuthorization: Bearer {TEST_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends one request and reads until the server closes, or `enough` has come.
fn exchange(server: &ModelServer, request: &str, enough: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(server.address)?;
    stream.write_all(request.as_bytes())?;
    read_until(&mut stream, enough)
}

fn read_until(stream: &mut impl Read, enough: &str) -> std::io::Result<String> {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while enough.is_empty() || !String::from_utf8_lossy(&text).contains(enough) {
        match stream.read(&mut buffer)? {
            0 => break,
            count => text.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn failure(action: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(action)).expect_err("it should have failed");
    payload.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_scripted_answer_arrives_in_chunks_and_is_recorded() {
    let server = ModelServer::start([Reply::answer(&["Hel", "lo"])]);
    let answer = exchange(&server, &post(HELLO), "0\r\n\r\n").unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("transfer-encoding: chunked"), "{head}");
    let datas: Vec<_> = body.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(datas.len(), 6, "{datas:?}");
    assert_eq!(datas.last(), Some(&"[DONE]"));
    let request = server.request();
    assert_eq!(request.json()["model"], "m");
    assert_eq!(request.text_sent_by(Instant::now()), "Hello");
}

#[test]
fn the_clients_close_is_seen_while_the_server_waits() {
    let server = ModelServer::start([Reply::sse().text("Hel").wait_for_client_close()]);
    let answer = exchange(&server, &post(HELLO), "Hel").unwrap();
    let closed = Instant::now();
    assert!(answer.contains("Hel"));
    let seen = server.wait_for_client_gone();
    assert!(seen.saturating_duration_since(closed) < AT_ONCE);
}

#[test]
fn fin_and_reset_differ() {
    let server = ModelServer::start([Reply::sse().text("a").fin(), Reply::sse().text("a").rst()]);
    assert!(exchange(&server, &post(HELLO), "").unwrap().contains("\"a\""));
    let error = exchange(&server, &post(HELLO), "").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_gate_holds_a_reply() {
    let gate = Gate::default();
    let server = ModelServer::start([Reply::sse().text("one").wait_for(&gate).text("two").end()]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(post(HELLO).as_bytes()).unwrap();
    assert!(!read_until(&mut stream, "one").unwrap().contains("two"));
    gate.open();
    assert!(read_until(&mut stream, "two").unwrap().contains("two"));
}

#[test]
fn a_bad_request_fails_the_test() {
    for (body, complaint) in [
        (json!({"model": "m", "stream": true, "messages": []}), "no messages"),
        (json!({"model": "m", "stream": "yes", "messages": [{"role": "user", "content": "x"}]}), "stream is no bool"),
        (json!({"model": "m", "stream": true, "stop": null, "messages": [{"role": "user", "content": "x"}]}), "null"),
        (open_call(), "while calls are open"),
    ] {
        let failure = failure(|| {
            let server = ModelServer::start([Reply::answer(&["x"])]);
            exchange(&server, &post(&body.to_string()), "0\r\n\r\n").unwrap();
        });
        assert!(failure.contains(complaint), "{failure}");
    }
    let no_key = post(HELLO).replace(TEST_KEY, "other");
    let failure = failure(|| drop(exchange(&ModelServer::start([Reply::answer(&[])]), &no_key, "0\r\n\r\n")));
    assert!(failure.contains("the key is not"), "{failure}");
}

fn open_call() -> serde_json::Value {
    let call = json!({"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{}"}});
    json!({"model": "m", "stream": true, "messages": [
        {"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}, {"role": "user", "content": "y"},
    ]})
}

#[test]
fn a_request_too_many_fails_the_test() {
    let failure = failure(|| {
        let server = ModelServer::start([]);
        assert!(exchange(&server, &post(HELLO), "is scripted").unwrap().starts_with("HTTP/1.1 500"));
    });
    assert!(failure.contains("request 1 was not expected"), "{failure}");
}

fn tls_client(server: &ModelServer, alpn: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.ca_file().unwrap()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    config
}

fn tls_exchange(server: &ModelServer) -> std::io::Result<String> {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(tls_client(server, b"http/1.1")), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(server.address)?);
    stream.write_all(post(HELLO).as_bytes())?;
    read_until(&mut stream, "0\r\n\r\n")
}

#[test]
fn certificates_are_good_or_bad_as_asked() {
    for (kind, complaint) in [
        (Certificate::Good, None),
        (Certificate::Expired, Some("expired")),
        (Certificate::SelfSigned, Some("UnknownIssuer")),
        (Certificate::WrongName, Some("not valid for name")),
    ] {
        let server = ModelServer::start_on(Wire::Tls(kind), [Reply::answer(&["secure"])]);
        match (tls_exchange(&server), complaint) {
            (Ok(answer), None) => assert!(answer.contains("secure")),
            (Err(error), Some(complaint)) => assert!(error.to_string().contains(complaint), "{kind:?}: {error}"),
            (outcome, _) => panic!("{kind:?}: {outcome:?}"),
        }
    }
}

/// Posts over HTTP/2 and reads to the end of the stream.
fn http2_exchange(server: &ModelServer) -> Result<String, h2::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(tls_client(server, b"h2")));
        let stream = connector.connect(ServerName::try_from("127.0.0.1").unwrap(), socket).await.unwrap();
        let (sender, connection) = h2::client::handshake(stream).await?;
        let connection = tokio::spawn(connection);
        let request = http::Request::post("https://127.0.0.1/v1/chat/completions")
            .header("user-agent", "sayso/0")
            .header("authorization", format!("Bearer {TEST_KEY}"))
            .header("content-type", "application/json")
            .body(())
            .unwrap();
        let (response, mut body) = sender.ready().await?.send_request(request, false)?;
        body.send_data(HELLO.into(), true)?;
        let mut stream = response.await?.into_body();
        let mut text = Vec::new();
        while let Some(data) = stream.data().await {
            text.extend_from_slice(&data?);
        }
        connection.abort();
        Ok(String::from_utf8_lossy(&text).into_owned())
    })
}

#[test]
fn http2_streams_resets_and_goes_away() {
    let replies = [
        Reply::answer(&["two"]),
        Reply::sse().text("a").go_away().text("b").sleep_ms(50).text("c").end(),
        Reply::sse().text("a").sleep_ms(20).reset_stream(h2::Reason::CANCEL),
        Reply::nothing().reset_stream(h2::Reason::REFUSED_STREAM),
    ];
    let server = ModelServer::start_on(Wire::Http2, replies);
    assert!(http2_exchange(&server).unwrap().contains("two"));
    let through = http2_exchange(&server).unwrap();
    assert!(through.contains("\"c\""), "{through}");
    assert_eq!(http2_exchange(&server).unwrap_err().reason(), Some(h2::Reason::CANCEL));
    assert_eq!(http2_exchange(&server).unwrap_err().reason(), Some(h2::Reason::REFUSED_STREAM));
    assert_eq!(server.connections()[0].tls, Some(Ok("h2".to_owned())));
}

#[test]
fn nobody_answers_at_a_closed_port_and_in_a_black_hole() {
    let refused = TcpStream::connect(("127.0.0.1", closed_port())).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let hole = BlackHole::new();
    let silence = TcpStream::connect_timeout(&hole.address, Duration::from_millis(300)).unwrap_err();
    assert_eq!(silence.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn a_run_has_its_own_surroundings() {
    let sandbox = Sandbox::new().config(&TestConfig::new("http://x/v1").set("chat.storage.type", "memory"));
    let output = sandbox.program("sh".as_ref(), ["-c", "echo $HOME $LANG $CARGO_HOME; cat; exit 3"]).stdin("in").run();
    let output = output.assert_exit(3);
    assert_eq!(output.stdout(), format!("{} C.UTF-8\nin", sandbox.path("home").display()));
    let config = std::fs::read_to_string(sandbox.path("config/sayso/config.yaml")).unwrap();
    assert!(config.contains(r#""type": "memory""#) && config.contains("TEST_KEY"), "{config}");
}

#[test]
fn a_run_is_watched_and_signalled() {
    let sandbox = Sandbox::new();
    let running = sandbox.program("sh".as_ref(), ["-c", "echo up; exec sleep 30"]).spawn();
    running.wait_for_stdout("up");
    running.signal(Signal::TERM);
    assert_eq!(running.wait().signal, Some(15));
    let slow = failure(|| drop(sandbox.program("sleep".as_ref(), ["30"]).limit(Duration::from_millis(50)).run()));
    assert!(slow.contains("still running after 50ms"), "{slow}");
}

#[test]
fn an_unread_stdout_blocks_and_a_closed_one_breaks() {
    let sandbox = Sandbox::new();
    let mut running = sandbox.program("yes".as_ref(), []).unread_stdout().spawn();
    assert!(running.is_running());
    running.close_stdout();
    let output = running.wait();
    assert!(output.signal == Some(13) || output.code == Some(1), "{output:?}");
}

#[test]
fn strace_injects_and_counts() {
    if !needs("strace") {
        return;
    }
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.data_folder()).unwrap();
    let strace = Strace::new(&sandbox).trace("write").inject("write:signal=KILL:when=2").on_history(&sandbox);
    let script = format!("echo one; for i in 1 2 3; do echo $i >>{}; done", sandbox.database_path().display());
    let output = sandbox.program("sh".as_ref(), ["-c", &script]).strace(&strace).run();
    assert_eq!((output.stdout().as_str(), output.signal), ("one\n", Some(9)), "{output:?}");
    assert_eq!(strace.count("write", "history.db"), 2, "{:?}", strace.lines());
    let mode = std::fs::metadata(sandbox.database_path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o600, 0o600);
}

#[test]
fn a_terminal_shows_what_is_written_and_keeps_its_settings() {
    let sandbox = Sandbox::new();
    // Nothing changes the settings between what is waited for and the line that is sent.
    let script = "stty -echo; printf '\\033[1mbold\\033[0m\\n'; read x; stty echo; stty size; exit 4";
    let mut pty = Pty::start(sandbox.program("sh".as_ref(), ["-c", script]), 5, 40);
    pty.wait_for_text("bold");
    pty.wait_for_bytes(b"\x1b[1mbold");
    let before = pty.termios();
    assert_eq!(pty.termios(), before);
    pty.resize(7, 50);
    pty.send("go\n");
    assert_eq!(pty.wait_for_text("7 50").lines().next(), Some("bold"));
    assert_eq!(pty.wait_for_exit(), 4);
}

#[test]
fn a_closed_terminal_hangs_up() {
    let sandbox = Sandbox::new();
    let mark = sandbox.path("hung-up");
    let script = format!("trap 'echo > {}; exit' HUP; while :; do echo x; sleep 0.02; done", mark.display());
    let mut pty = Pty::start(sandbox.program("sh".as_ref(), ["-c", &script]), 5, 40);
    pty.wait_for_text("x");
    pty.hang_up();
    crate::support::wait_until("the signal", || mark.exists());
}
