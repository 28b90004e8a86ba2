//! The client against real sockets: what it opens, what it sends, and what it says when that fails.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpSettings, Lifetime};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn client(change: impl FnOnce(&mut HttpSettings)) -> HttpClient {
    let mut settings = HttpSettings { connect_timeout_ms: 2_000, ..HttpSettings::default() };
    change(&mut settings);
    HttpClient::new(settings, Lifetime::OneShot)
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        url: url.to_owned(),
        accept: "text/event-stream",
        is_whole: false,
        bearer: Some(super::Secret::new("sk-test".into())),
        headers: vec![("x-title".into(), "t".into())],
        body: "{}".into(),
        asked: None,
    }
}

async fn body_of(mut response: HttpResponse) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/chat?key=secret", listener.local_addr().unwrap());
    (listener, url)
}

/// Reads one request with a body of two bytes.
fn read_request(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"\r\n\r\n{}") && stream.read(&mut byte).unwrap() == 1 {
        seen.push(byte[0]);
    }
    String::from_utf8(seen).unwrap()
}

/// A server that lets `serve` handle the connections one after the other.
fn serve<T: Send + 'static>(serve: impl FnOnce(TcpListener) -> T + Send + 'static) -> (JoinHandle<T>, String) {
    let (listener, url) = listen();
    (std::thread::spawn(move || serve(listener)), url)
}

#[test]
fn a_request_says_what_it_is_and_nothing_else() {
    let (server, url) = serve(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        let seen = read_request(&mut stream);
        stream.write_all(OK).unwrap();
        seen
    });
    let body = block_on(async { body_of(client(|_| {}).post(request(&url)).await.unwrap()).await });
    assert_eq!(body.unwrap(), b"hi");
    let seen = server.join().unwrap();
    let mut lines: Vec<&str> = seen.lines().filter(|line| !line.starts_with("host:")).collect();
    lines.sort_unstable();
    let agent = format!("user-agent: sayso/{}", env!("CARGO_PKG_VERSION"));
    let expected = [
        "",
        "POST /v1/chat?key=secret HTTP/1.1",
        "accept-encoding: identity",
        "accept: text/event-stream",
        "authorization: Bearer sk-test",
        "content-length: 2",
        "content-type: application/json",
        &agent,
        "x-title: t",
        "{}",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_warm_connection_is_silent_and_then_used() {
    let (server, url) = serve(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let early = stream.peek(&mut [0]).map_err(|error| error.kind());
        stream.set_read_timeout(None).unwrap();
        read_request(&mut stream);
        stream.write_all(OK).unwrap();
        listener.set_nonblocking(true).unwrap();
        (early, listener.accept().is_err())
    });
    let status = block_on(async {
        let client = client(|_| {});
        client.prewarm(&url);
        tokio::time::sleep(Duration::from_millis(400)).await;
        client.post(request(&url)).await.unwrap().status()
    });
    assert_eq!(status, 200);
    assert_eq!(server.join().unwrap(), (Err(std::io::ErrorKind::WouldBlock), true));
}

#[test]
fn a_request_waits_for_the_connection_that_is_being_opened() {
    let (server, url) = serve(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        stream.write_all(OK).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        listener.set_nonblocking(true).unwrap();
        listener.accept().is_err()
    });
    let body = block_on(async {
        let client = client(|_| {});
        client.prewarm(&url);
        client.prewarm(&url);
        body_of(client.post(request(&url)).await.unwrap()).await
    });
    assert_eq!(body.unwrap(), b"hi");
    assert!(server.join().unwrap(), "a second connection was opened");
}

#[test]
fn a_warm_connection_that_died_is_told_as_stale_and_the_next_one_is_fresh() {
    let (server, url) = serve(|listener| {
        drop(listener.accept().unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        stream.write_all(OK).unwrap();
    });
    let (error, status) = block_on(async {
        let client = client(|_| {});
        client.prewarm(&url);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let error = client.post(request(&url)).await.unwrap_err();
        (error, client.post(request(&url)).await.map(|response| response.status()))
    });
    assert_eq!((error.kind, error.is_stale_connection), (HttpErrorKind::Closed, true));
    assert_eq!(status.unwrap(), 200);
    server.join().unwrap();
}

/// The server may have begun to work on a request that it has read, so nothing is sent twice
/// behind the back of whoever counts the tries.
#[test]
fn a_request_is_sent_once_also_on_a_connection_that_died() {
    let (server, url) = serve(|listener| {
        let (mut first, _) = listener.accept().unwrap();
        read_request(&mut first);
        first.write_all(OK).unwrap();
        read_request(&mut first);
        drop(first);
        listener.set_nonblocking(true).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        listener.accept().is_err()
    });
    let error = block_on(async {
        let client = client(|_| {});
        body_of(client.post(request(&url)).await.unwrap()).await.unwrap();
        client.post(request(&url)).await.unwrap_err()
    });
    assert_eq!((error.kind, error.is_stale_connection), (HttpErrorKind::Closed, true));
    assert!(error.message.ends_with("closed the connection before it answered"), "{error}");
    assert!(server.join().unwrap(), "a second connection was opened");
}

#[test]
fn failures_name_the_host_and_the_reason() {
    let (listener, refused) = listen();
    drop(listener);
    let (_open, silent) = listen();
    let quick = |settings: &mut HttpSettings| settings.first_byte_timeout_ms = 100;
    let post = |url: &str| block_on(async { client(quick).post(request(url)).await.unwrap_err() });
    let unresolved = block_on(async { client(|_| {}).post(request("http://no-such-host.invalid/v1")).await });
    let unresolved = unresolved.unwrap_err();
    assert_eq!(
        (unresolved.kind, unresolved.message.as_str()),
        (HttpErrorKind::Resolve, "cannot resolve no-such-host.invalid")
    );
    let error = post(&refused);
    assert_eq!(error.kind, HttpErrorKind::Connect);
    assert!(
        error.message.starts_with("cannot connect to 127.0.0.1:") && error.message.ends_with(" (refused)"),
        "{error}"
    );
    let error = post(&silent);
    assert_eq!(error.kind, HttpErrorKind::FirstByteTimeout);
    assert!(error.message.ends_with("within 0.1 s"), "{error}");
    assert_eq!(post("ftp://x/").message, "base_url is not usable: ftp:// is neither http:// nor https://");
    assert_eq!(post("nonsense").kind, HttpErrorKind::BadRequest);
}

#[test]
fn a_body_that_breaks_is_told_from_one_that_ends() {
    for broken in [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi".as_slice(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n",
    ] {
        let (server, url) = serve(move |listener| {
            let (mut stream, _) = listener.accept().unwrap();
            read_request(&mut stream);
            stream.write_all(broken).unwrap();
        });
        let error = block_on(async { body_of(client(|_| {}).post(request(&url)).await.unwrap()).await }).unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Interrupted, "{error}");
        assert!(!error.message.contains("secret"), "{error}");
        server.join().unwrap();
    }
}

/// A TLS server that shakes hands once, with a certificate for `name` that is valid in `years`.
fn tls_server(name: &str, years: (i32, i32)) -> (JoinHandle<()>, String, tempfile::TempDir) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let (listener, url) = listen();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut session = rustls::StreamOwned::new(rustls::ServerConnection::new(Arc::new(config)).unwrap(), stream);
        let mut seen = [0; 4096];
        if session.read(&mut seen).is_ok() {
            let _ = session.write_all(OK);
        }
    });
    (server, url.replace("http://127.0.0.1", "https://localhost"), folder)
}

#[test]
fn a_private_authority_is_trusted_through_its_file() {
    let (server, url, folder) = tls_server("localhost", (2020, 2090));
    let body = block_on(async {
        let client = client(|settings| settings.ca_file = Some(folder.path().join("ca.pem")));
        client.prewarm(&url);
        body_of(client.post(request(&url)).await.unwrap()).await.unwrap()
    });
    assert_eq!(body, b"hi");
    server.join().unwrap();
}

#[test]
fn a_certificate_that_is_not_trusted_is_explained() {
    let cases = [
        ("localhost", (2020, 2090), false, "self-signed or from an unknown authority"),
        ("localhost", (2020, 2021), true, "has expired"),
        ("example.com", (2020, 2090), true, "for another name than localhost"),
    ];
    for (name, years, is_trusted, reason) in cases {
        let (server, url, folder) = tls_server(name, years);
        let file = folder.path().join("ca.pem");
        let error = block_on(async {
            let client = client(|settings| settings.ca_file = is_trusted.then_some(file));
            client.post(request(&url)).await.unwrap_err()
        });
        assert_eq!(error.kind, HttpErrorKind::Tls, "{error}");
        assert!(error.message.contains(reason), "{error}");
        assert!(error.hint.unwrap().contains("ca_file"));
        server.join().unwrap();
    }
}

#[test]
fn a_server_without_tls_and_a_file_without_certificates_are_explained() {
    let (server, url) = serve(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let _ = stream.read(&mut [0; 1024]);
    });
    let url = url.replace("http://", "https://");
    let error = block_on(async { client(|_| {}).post(request(&url)).await.unwrap_err() });
    assert_eq!(error.kind, HttpErrorKind::Tls, "{error}");
    assert!(error.message.ends_with("it does not speak TLS"), "{error}");
    server.join().unwrap();

    let missing = |settings: &mut HttpSettings| settings.ca_file = Some("/nonexistent/ca.pem".into());
    let error = block_on(async { client(missing).post(request(&url)).await.unwrap_err() });
    assert_eq!(error.kind, HttpErrorKind::Unusable);
    assert!(error.message.starts_with("cannot use ca_file /nonexistent/ca.pem: "), "{error}");
}

#[test]
fn a_refused_h2_stream_is_safe_to_send_again() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, certificate.pem()).unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let error = block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/v1", listener.local_addr().unwrap().port());
        let server = async move {
            let (stream, _) = listener.accept().await.unwrap();
            let stream = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                respond.send_reset(h2::Reason::REFUSED_STREAM);
            }
        };
        tokio::spawn(server);
        client(|settings| settings.ca_file = Some(file)).post(request(&url)).await.unwrap_err()
    });
    assert_eq!(error.kind, HttpErrorKind::Refused, "{error}");
}
