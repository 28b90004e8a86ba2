//! A scripted model API on a real socket: it plays its replies, keeps the times, and checks what it is sent.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::certificates::{Certificate, Identity};
use super::reply::Reply;
use super::{PATIENCE, TEST_KEY, http1, http2, strict};

/// What is spoken on the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// HTTP/1.1 without TLS.
    Plain,
    /// HTTP/1.1 with TLS.
    Tls(Certificate),
    /// HTTP/2 with TLS.
    Http2,
    /// TLS that agrees on HTTP/2 and then plays the first reply without reading a request.
    RawHttp2,
    /// No TLS; plays the first reply without reading a request.
    RawPlain,
}

/// One request and what became of it.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: Instant,
    /// Answer text that was sent, with the time after the write.
    pub sent: Vec<(Instant, String)>,
    /// When the client closed the connection or reset the stream, where it did before the reply was over.
    pub client_gone_at: Option<Instant>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// All answer text sent up to `time`.
    pub fn text_sent_by(&self, time: Instant) -> String {
        self.sent.iter().filter(|(at, _)| *at <= time).map(|(_, text)| text.as_str()).collect()
    }
}

/// One accepted connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The protocol that TLS agreed on, or why there is none.
    pub tls: Option<Result<String, String>>,
    pub opened_at: Instant,
    pub closed_at: Option<Instant>,
}

#[derive(Default)]
struct State {
    connections: Vec<Connection>,
    requests: Vec<Received>,
    chats: usize,
    violations: Vec<String>,
    models: Option<(u16, Value)>,
    sockets: Vec<Weak<TcpStream>>,
    /// Connections below this number are dead: nothing is read from them, nothing written, and they stay open.
    alive_from: usize,
    is_stopped: bool,
}

type Script = Box<dyn Fn(&Received, usize) -> Option<Reply> + Send + Sync>;

/// What the threads of one server share.
pub(super) struct Log {
    state: Mutex<State>,
    changed: Condvar,
    script: Script,
}

impl Log {
    pub fn request(&self, request: Received) -> (usize, Reply) {
        let mut state = self.state();
        let is_chat = request.method == "POST";
        let reply = if is_chat {
            let number = state.chats;
            state.chats += 1;
            state.violations.extend(strict::violations(&request, TEST_KEY));
            (self.script)(&request, number).unwrap_or_else(|| {
                state.violations.push(format!("request {} was not expected", number + 1));
                Reply::error(500, "no reply is scripted for this request")
            })
        } else {
            let is_models = request.method == "GET" && request.path.split('?').next() == Some("/v1/models");
            match state.models.as_ref().filter(|_| is_models) {
                Some((status, models)) => Reply::json(*status, models),
                None => Reply::error(404, "only POST is served here"),
            }
        };
        state.requests.push(request);
        self.changed.notify_all();
        (state.requests.len() - 1, reply)
    }

    /// The reply of a wire that waits for no request.
    pub fn first_reply(&self) -> Reply {
        let request = Received {
            method: String::new(),
            path: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
            at: Instant::now(),
            sent: Vec::new(),
            client_gone_at: None,
        };
        (self.script)(&request, 0).unwrap_or_else(Reply::nothing)
    }

    pub fn sent(&self, request: usize, text: &str) {
        if !text.is_empty() {
            self.state().requests[request].sent.push((Instant::now(), text.to_owned()));
            self.changed.notify_all();
        }
    }

    pub fn client_gone(&self, request: usize) {
        let mut state = self.state();
        if !state.is_stopped {
            state.requests[request].client_gone_at.get_or_insert_with(Instant::now);
            self.changed.notify_all();
        }
    }

    pub fn tls(&self, connection: usize, outcome: Result<String, String>) {
        self.state().connections[connection].tls = Some(outcome);
        self.changed.notify_all();
    }

    pub fn violation(&self, text: String) {
        self.state().violations.push(text);
    }

    pub fn is_dead(&self, connection: usize) -> bool {
        connection < self.state().alive_from
    }

    pub fn is_stopped(&self) -> bool {
        self.state().is_stopped
    }

    fn connection(&self, socket: &Arc<TcpStream>) -> usize {
        let mut state = self.state();
        state.sockets.push(Arc::downgrade(socket));
        state.connections.push(Connection { tls: None, opened_at: Instant::now(), closed_at: None });
        self.changed.notify_all();
        state.connections.len() - 1
    }

    fn closed(&self, connection: usize) {
        self.state().connections[connection].closed_at = Some(Instant::now());
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Plays its script until it is dropped; then it fails the test if a request was not as it should be.
pub struct ModelServer {
    pub address: SocketAddr,
    log: Arc<Log>,
    identity: Option<Arc<Identity>>,
    acceptor: Option<JoinHandle<()>>,
    is_strict: bool,
}

impl ModelServer {
    /// One reply for each chat request, in this order; more requests than replies are a failure.
    pub fn start(replies: impl Into<Vec<Reply>>) -> Self {
        Self::start_on(Wire::Plain, replies)
    }

    pub fn start_on(wire: Wire, replies: impl Into<Vec<Reply>>) -> Self {
        let replies = replies.into();
        Self::scripted(wire, move |_, number| replies.get(number).cloned())
    }

    /// The same reply for every request.
    pub fn always(reply: Reply) -> Self {
        Self::scripted(Wire::Plain, move |_, _| Some(reply.clone()))
    }

    /// `script` sees each request and its number, from 0.
    pub fn scripted(wire: Wire, script: impl Fn(&Received, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let identity = match wire {
            Wire::Plain | Wire::RawPlain => None,
            Wire::Tls(kind) => Some(Arc::new(Identity::new(kind, &[b"http/1.1"]))),
            Wire::Http2 | Wire::RawHttp2 => Some(Arc::new(Identity::new(Certificate::Good, &[b"h2"]))),
        };
        let log = Arc::new(Log { state: Mutex::default(), changed: Condvar::new(), script: Box::new(script) });
        let acceptor = {
            let (log, identity) = (Arc::clone(&log), identity.clone());
            thread::spawn(move || accept(&listener, wire, &log, identity.as_deref()))
        };
        Self { address, log, identity, acceptor: Some(acceptor), is_strict: true }
    }

    /// Takes requests as they are; for servers that are meant to be talked to wrongly.
    pub fn lenient(mut self) -> Self {
        self.is_strict = false;
        self
    }

    /// From now on `/models` is answered with this.
    pub fn with_models(self, status: u16, models: Value) -> Self {
        self.log.state().models = Some((status, models));
        self
    }

    /// The requests for `/models` so far.
    pub fn model_requests(&self) -> Vec<Received> {
        self.log.state().requests.iter().filter(|request| request.method == "GET").cloned().collect()
    }

    pub fn base_url(&self) -> String {
        let scheme = if self.identity.is_none() { "http" } else { "https" };
        format!("{scheme}://{}/v1", self.address)
    }

    pub fn ca_file(&self) -> Option<&Path> {
        self.identity.as_ref().map(|identity| identity.ca_file.as_path())
    }

    pub fn connections(&self) -> Vec<Connection> {
        self.log.state().connections.clone()
    }

    /// From now on nobody answers on the connections that are there (HTTP/2), as behind a router that forgot them.
    pub fn forget_connections(&self) {
        let mut state = self.log.state();
        state.alive_from = state.connections.len();
    }

    /// The chat requests so far.
    pub fn requests(&self) -> Vec<Received> {
        self.log.state().requests.iter().filter(|request| request.method == "POST").cloned().collect()
    }

    /// The only chat request.
    pub fn request(&self) -> Received {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "requests");
        requests.remove(0)
    }

    /// What the model was told of the call `id` with its last request.
    #[track_caller]
    pub fn told(&self, id: &str) -> String {
        let last = self.requests().last().unwrap().json();
        let messages = last["messages"].as_array().unwrap();
        let result = messages.iter().find(|message| message["tool_call_id"] == id);
        let content = &result.unwrap_or_else(|| panic!("no result of {id} in {last:#}"))["content"];
        content.as_str().map_or_else(|| content.to_string(), str::to_owned)
    }

    /// The names of the tools that were offered with the request of this number, from 0.
    pub fn offered(&self, request: usize) -> Vec<String> {
        let body = self.requests()[request].json();
        let tools = body["tools"].as_array().into_iter().flatten();
        tools.map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits for the chat request of this number, from 1.
    pub fn wait_for_request(&self, number: usize) -> Received {
        self.wait(&format!("request {number}"), |requests| requests.get(number - 1).cloned())
    }

    /// Waits until the first chat request has been answered with this much text.
    pub fn wait_for_sent(&self, text: &str) -> Received {
        self.wait(&format!("{text:?} to be sent"), |requests| {
            requests.first().filter(|request| request.text_sent_by(Instant::now()).contains(text)).cloned()
        })
    }

    /// Waits until the client has left the first chat request.
    pub fn wait_for_client_gone(&self) -> Instant {
        self.wait("the client to close", |requests| requests.first().and_then(|request| request.client_gone_at))
    }

    fn wait<T>(&self, what: &str, find: impl Fn(&[Received]) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.log.state();
        loop {
            let chats: Vec<_> = state.requests.iter().filter(|request| request.method == "POST").cloned().collect();
            if let Some(found) = find(&chats) {
                return found;
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            assert!(!rest.is_zero(), "waited in vain for {what}; requests: {chats:?}");
            state = self.log.changed.wait_timeout(state, rest).unwrap().0;
        }
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        let sockets = {
            let mut state = self.log.state();
            state.is_stopped = true;
            std::mem::take(&mut state.sockets)
        };
        for socket in sockets.iter().filter_map(Weak::upgrade) {
            let _ = socket.shutdown(Shutdown::Both);
        }
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        let violations = self.log.state().violations.clone();
        if self.is_strict && !thread::panicking() {
            assert!(violations.is_empty(), "the server was sent what it should not be sent: {violations:#?}");
        }
    }
}

fn accept(listener: &TcpListener, wire: Wire, log: &Arc<Log>, identity: Option<&Identity>) {
    let mut workers = Vec::new();
    for socket in listener.incoming() {
        let Ok(socket) = socket else { continue };
        if log.is_stopped() {
            break;
        }
        let socket = Arc::new(socket);
        let _ = socket.set_nodelay(true);
        let number = log.connection(&socket);
        let (log, tls) = (Arc::clone(log), identity.map(|identity| Arc::clone(&identity.config)));
        workers.push(thread::spawn(move || {
            match (wire, tls) {
                (Wire::Http2, Some(tls)) => http2::serve(&socket, number, &log, tls),
                (Wire::RawHttp2, Some(tls)) => http1::serve_raw(socket, number, &log, tls),
                (Wire::Tls(_), Some(tls)) => http1::serve_tls(socket, number, &log, tls),
                (Wire::RawPlain, _) => http1::serve_raw_plain(socket, &log),
                (Wire::Plain | Wire::Tls(_) | Wire::Http2 | Wire::RawHttp2, _) => {
                    http1::serve_plain(socket, &log);
                }
            }
            log.closed(number);
        }));
    }
    for worker in workers {
        let _ = worker.join();
    }
}

/// Asks again and again until `condition` holds; fails after 15 s.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
