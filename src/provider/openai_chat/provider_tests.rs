//! The provider against a server of a few lines: what goes over the wire, and what comes of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use super::OpenAiChat;
use crate::conversation::{Message, MessageId, ReplyBuilder, Role};
use crate::http::{HttpClient, HttpSettings, Lifetime, Secret};
use crate::provider::{
    Api, ChatRequest, ErrorKind, EventStream, ModelParameters, Provider, ProviderError, ProviderSettings, Pumped,
    connect,
};

const KEY: &str = "sk-0123456789abcdef3f9a";
const TEXT: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";
const FINISH: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn settings(base_url: &str) -> ProviderSettings {
    ProviderSettings {
        name: "acme".into(),
        api: Api::OpenaiChat,
        base_url: base_url.into(),
        model: "m".into(),
        key: Some(Secret::new(KEY.into())),
        key_source: "ACME_KEY (environment)".into(),
        headers: vec![("X-Title".into(), "sayso".into()), ("x-api-key".into(), "other-secret".into())],
        parameters: ModelParameters::default(),
        record: None,
    }
}

fn provider(settings: ProviderSettings) -> OpenAiChat {
    OpenAiChat::new(settings, HttpClient::new(HttpSettings::default(), Lifetime::OneShot))
}

fn user(text: &str) -> [Message; 1] {
    [Message::new(MessageId(String::new()), None, Role::User, text.into(), 0)]
}

fn chat<'a>(messages: &'a [Message], parameters: &'a ModelParameters) -> ChatRequest<'a> {
    ChatRequest::new("m", messages, parameters)
}

/// Reads a request and gives back its body.
fn read_request(stream: &mut TcpStream) -> String {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        seen.push(byte[0]);
    }
    let head = String::from_utf8(seen).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

/// Answers one request after the other on as few connections as the client opens.
fn serve(answers: Vec<String>) -> (JoinHandle<(usize, Vec<String>)>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut accepted, mut bodies) = (0, Vec::new());
        let mut stream: Option<TcpStream> = None;
        for answer in answers {
            let is_reusable = stream.as_ref().is_some_and(|stream| {
                stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
                matches!(stream.peek(&mut [0]), Ok(1))
            });
            if !is_reusable {
                stream = Some(listener.accept().unwrap().0);
                accepted += 1;
            }
            let stream = stream.as_mut().unwrap();
            bodies.push(read_request(stream));
            stream.write_all(answer.as_bytes()).unwrap();
        }
        (accepted, bodies)
    });
    (server, url)
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nx-request-id: req-1\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// An event stream with one HTTP chunk per part, without the chunk that ends it.
fn open_stream(parts: &[&str]) -> String {
    let chunks: String = parts.iter().map(|part| format!("{:x}\r\n{part}\r\n", part.len())).collect();
    format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}")
}

fn stream(parts: &[&str]) -> String {
    open_stream(parts) + "0\r\n\r\n"
}

async fn read(mut events: EventStream) -> (ReplyBuilder, Result<bool, ProviderError>, usize) {
    let (mut reply, mut pumps) = (ReplyBuilder::default(), 0);
    loop {
        pumps += 1;
        match events.pump(&mut |event| reply.apply(&event)).await {
            Ok(Pumped::More) => {}
            Ok(Pumped::End { clean }) => return (reply, Ok(clean), pumps),
            Err(error) => return (reply, Err(error), pumps),
        }
    }
}

/// One question to a server that gives this answer.
fn ask(answer: String) -> Result<(ReplyBuilder, Result<bool, ProviderError>, usize), ProviderError> {
    let (server, url) = serve(vec![answer]);
    let (messages, parameters) = (user("hi"), ModelParameters::default());
    let outcome = block_on(async {
        let provider = provider(settings(&url));
        let events = provider.open(&chat(&messages, &parameters)).await?;
        Ok(read(events).await)
    });
    server.join().unwrap();
    outcome
}

fn refusal(answer: String) -> ProviderError {
    ask(answer).map(|_| ()).unwrap_err()
}

#[test]
fn a_reply_comes_whole_and_its_connection_is_used_again() {
    let reply = stream(&[": ping\n\n", TEXT, TEXT, FINISH, DONE]);
    let (server, url) = serve(vec![reply.clone(), reply]);
    let (messages, parameters) = (user("hi"), ModelParameters::default());
    block_on(async {
        let provider = provider(settings(&url));
        for _ in 0..2 {
            let events = provider.open(&chat(&messages, &parameters)).await.unwrap();
            let (reply, clean, _) = read(events).await;
            assert_eq!((reply.text.as_str(), clean.ok()), ("hihi", Some(true)));
        }
    });
    assert_eq!(server.join().unwrap().0, 1, "connections");
}

#[test]
fn what_is_ready_is_taken_in_few_pumps() {
    let parts = vec![TEXT; 1_000];
    let (reply, clean, pumps) = ask(stream(&parts) + "").unwrap();
    assert_eq!((reply.text.len(), clean.ok()), (2_000, Some(false)));
    assert!(pumps < 300, "{pumps} pumps for 1000 chunks");
}

#[test]
fn a_connection_that_breaks_keeps_what_came() {
    let (reply, ended, _) = ask(open_stream(&[TEXT])).unwrap();
    let error = ended.unwrap_err();
    assert_eq!((reply.text.as_str(), error.kind), ("hi", ErrorKind::Disconnected));
    assert!(error.message.starts_with("the connection to 127.0.0.1:"), "{error}");
    assert_eq!(ask(open_stream(&[": ping\n\n"])).unwrap().1.unwrap_err().kind, ErrorKind::Network);
    let (_, ended, _) = ask(open_stream(&[TEXT, FINISH])).unwrap();
    assert_eq!(ended.ok(), Some(true), "the answer was whole");
    let (_, ended, _) = ask(open_stream(&[TEXT, DONE])).unwrap();
    assert_eq!(ended.ok(), Some(true), "the server said that it was whole");
}

#[test]
fn an_error_inside_the_stream_names_the_provider() {
    let error = format!("data: {{\"error\":{{\"message\":\"over {KEY}\",\"type\":\"overloaded_error\"}}}}\n\n");
    let (reply, ended, _) = ask(stream(&[TEXT, &error])).unwrap();
    let error = ended.unwrap_err();
    assert_eq!(
        (reply.text.as_str(), error.kind, error.message.as_str()),
        ("hi", ErrorKind::Failed, "acme: over [redacted]")
    );
    assert!(error.request.unwrap().starts_with("POST http://127.0.0.1:"));
}

#[test]
fn a_refused_key_is_named_and_never_shown() {
    let error = refusal(answer("401 Unauthorized", &format!("{{\"error\":\"bad key {KEY}, {KEY} or other-secret\"}}")));
    assert_eq!(error.kind, ErrorKind::Auth);
    assert_eq!(error.message, "acme refused the API key: bad key [redacted], [redacted] or [redacted] (401)");
    assert_eq!(error.key_source.as_deref(), Some("ACME_KEY (environment), ends in …3f9a"));
    assert_eq!(error.hint.as_deref(), Some("set a valid key in the environment variable ACME_KEY"));
    assert_eq!((error.status, error.request_id.as_deref()), (Some(401), Some("req-1")));
    let error = ProviderError { request: None, ..error };
    assert!(!format!("{error:?}").contains(KEY));
}

#[test]
fn a_wrong_address_gets_a_hint() {
    let error = refusal(answer("404 Not Found", "404 page not found"));
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Rejected, "acme: 404 page not found (404)"));
    assert!(error.hint.unwrap().starts_with("is the model `m` right, and base_url http://127.0.0.1:"));
    let error = refusal("HTTP/1.1 307 X\r\nlocation: https://evil.example/?k=v\r\ncontent-length: 0\r\n\r\n".into());
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Rejected, "acme: redirects to https://evil.example/ (307)")
    );
    let (_, ended, _) = ask(answer("200 OK", "<!doctype html>\n<title>Welcome</title>")).unwrap();
    let error = ended.unwrap_err();
    assert_eq!(error.message, "acme: the response is no answer of a model: Welcome");
}

#[test]
fn a_refused_parameter_is_left_out_and_not_asked_for_again() {
    let refused = answer("422 X", "{\"detail\":[{\"loc\":[\"body\",\"stream_options\"],\"msg\":\"extra_forbidden\"}]}");
    let reply = stream(&[TEXT, DONE]);
    let (server, url) = serve(vec![refused, reply.clone(), reply]);
    let (messages, parameters) = (user("hi"), ModelParameters::default());
    block_on(async {
        for _ in 0..2 {
            let provider = provider(settings(&url));
            let events = provider.open(&chat(&messages, &parameters)).await.unwrap();
            assert_eq!(read(events).await.0.text, "hi");
        }
    });
    let asks: Vec<bool> = server.join().unwrap().1.iter().map(|body| body.contains("stream_options")).collect();
    assert_eq!(asks, [true, false, false]);
}

#[test]
fn a_key_is_asked_for_and_protected_before_anything_is_sent() {
    let (messages, parameters) = (user("hi"), ModelParameters::default());
    let open = |settings: ProviderSettings| {
        let request = chat(&messages, &parameters);
        block_on(async { provider(settings).open(&request).await.map(|_| ()).unwrap_err() })
    };
    let missing = ProviderSettings { key: None, headers: Vec::new(), ..settings("https://api.acme.invalid/v1") };
    let error = open(missing);
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Auth, "acme: no API key (looked for ACME_KEY (environment))")
    );
    let error = open(settings("http://acme.invalid/v1"));
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Auth, "acme: the API key is not sent in clear text to acme.invalid (http://)")
    );
    // Without TLS no key could be sent, so none is asked for.
    for url in ["http://localhost:1/v1", "http://acme.invalid/v1"] {
        let keyless = ProviderSettings { key: None, headers: Vec::new(), ..settings(url) };
        assert_eq!(open(keyless).kind, ErrorKind::Network, "{url}");
    }
}

#[test]
fn a_dry_run_shows_the_request_without_the_keys() {
    let (messages, parameters) = (user("hi"), ModelParameters::default());
    let shown = provider(settings("https://a.example/v1/?api-version=1")).describe(&chat(&messages, &parameters));
    let expected = concat!(
        "POST https://a.example/v1/chat/completions?api-version=1\n",
        "accept: text/event-stream\ncontent-type: application/json\n",
        "Authorization: Bearer [redacted]\nX-Title: sayso\nx-api-key: [redacted]\n\n{\n",
    );
    assert!(shown.starts_with(expected), "{shown}");
    assert!(!shown.contains(KEY) && !shown.contains("other-secret"));
}

#[test]
fn a_replay_needs_a_record() {
    let client = HttpClient::new(HttpSettings::default(), Lifetime::OneShot);
    let replay = ProviderSettings { api: Api::Replay, ..settings("https://a.example") };
    let error = connect(replay, &client).map(|_| ()).unwrap_err();
    assert_eq!(error.message, "acme: no record is named to be played");
}
