//! One connection of the model server with HTTP/2, on a small runtime in its own thread.

use std::net::TcpStream;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use h2::SendStream;
use h2::server::SendResponse;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use rustls::ServerConfig;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

use super::http1::is_closed_within;
use super::model_server::{Log, Received};
use super::reply::Step;

type Body = SendStream<bytes::Bytes>;

pub fn serve(raw: &TcpStream, number: usize, log: &Arc<Log>, config: Arc<ServerConfig>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let socket = raw.try_clone().unwrap();
    socket.set_nonblocking(true).unwrap();
    let log = Arc::clone(log);
    let end = LocalSet::new().block_on(&runtime, connection(socket, number, Arc::clone(&log), config));
    if end == End::Dead {
        while !log.is_stopped() && !is_closed_within(raw, Duration::from_millis(20)) {}
    }
}

/// Why a connection is not served any longer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Over,
    Dead,
}

async fn connection(socket: TcpStream, number: usize, log: Arc<Log>, config: Arc<ServerConfig>) -> End {
    let socket = tokio::net::TcpStream::from_std(socket).unwrap();
    let stream = match TlsAcceptor::from(config).accept(socket).await {
        Ok(stream) => stream,
        Err(error) => {
            log.tls(number, Err(error.to_string()));
            return End::Over;
        }
    };
    let protocol = String::from_utf8_lossy(stream.get_ref().1.alpn_protocol().unwrap_or_default()).into_owned();
    log.tls(number, Ok(protocol));
    let Ok(mut connection) = h2::server::handshake(stream).await else { return End::Over };
    let (go_away, mut going_away) = mpsc::unbounded_channel::<()>();
    let go_away = Rc::new(go_away);
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { return End::Over };
                let exchange = Exchange {
                    log: Arc::clone(&log),
                    go_away: Rc::clone(&go_away),
                    request: None,
                    respond,
                    body: None,
                };
                tokio::task::spawn_local(exchange.run(request));
            }
            _ = going_away.recv() => connection.graceful_shutdown(),
            () = death(number, &log) => return End::Dead,
        }
    }
}

async fn death(number: usize, log: &Log) {
    while !log.is_dead(number) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    GoOn,
    Over,
}

/// One request and its reply.
struct Exchange {
    log: Arc<Log>,
    go_away: Rc<mpsc::UnboundedSender<()>>,
    request: Option<usize>,
    respond: SendResponse<bytes::Bytes>,
    body: Option<Body>,
}

impl Exchange {
    async fn run(mut self, request: http::Request<h2::RecvStream>) {
        let Some(received) = self.receive(request).await else { return };
        let (request, reply) = self.log.request(received);
        self.request = Some(request);
        // A length in the head ends a body in HTTP/1.1; here it is a flag of the last frame.
        let is_whole = self.play(&reply.steps).await == Flow::GoOn;
        if let (true, Some(body)) = (is_whole, &mut self.body) {
            let _ = body.send_data(bytes::Bytes::new(), true);
        }
    }

    async fn receive(&self, request: http::Request<h2::RecvStream>) -> Option<Received> {
        let at = Instant::now();
        let (parts, mut stream) = request.into_parts();
        let mut body = Vec::new();
        while let Some(data) = stream.data().await {
            let data = data.ok()?;
            body.extend_from_slice(&data);
            stream.flow_control().release_capacity(data.len()).ok()?;
        }
        let mut headers: Vec<(String, String)> = parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        headers.extend(parts.uri.authority().map(|host| ("host".to_owned(), host.to_string())));
        Some(Received {
            method: parts.method.to_string(),
            path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            headers,
            body,
            at,
            sent: Vec::new(),
            client_gone_at: None,
        })
    }

    fn play<'a>(&'a mut self, steps: &'a [Step]) -> Pin<Box<dyn Future<Output = Flow> + 'a>> {
        Box::pin(async move {
            for step in steps {
                if self.step(step).await == Flow::Over {
                    return Flow::Over;
                }
            }
            Flow::GoOn
        })
    }

    async fn step(&mut self, step: &Step) -> Flow {
        match step {
            Step::Head { status, headers, .. } => self.head(*status, headers),
            Step::Body { bytes, text } => self.write(bytes, text).await,
            Step::EndBody | Step::Fin => {
                if let Some(body) = &mut self.body {
                    let _ = body.send_data(bytes::Bytes::new(), true);
                }
                Flow::Over
            }
            Step::Sleep(wait) => self.wait(*wait).await,
            Step::WaitFor(gate) => {
                while !gate.is_open_within(Duration::ZERO) {
                    if self.wait(Duration::from_millis(5)).await == Flow::Over {
                        return Flow::Over;
                    }
                }
                Flow::GoOn
            }
            Step::WaitForClientClose => self.wait(Duration::from_secs(600)).await,
            Step::GoAway => {
                let _ = self.go_away.send(());
                Flow::GoOn
            }
            Step::ResetStream(reason) => {
                match &mut self.body {
                    Some(body) => body.send_reset(*reason),
                    None => self.respond.send_reset(*reason),
                }
                Flow::Over
            }
            Step::Repeat(times, steps) => {
                for _ in 0..*times {
                    if self.play(steps).await == Flow::Over {
                        return Flow::Over;
                    }
                }
                Flow::GoOn
            }
            Step::Raw(_) | Step::Rst => {
                self.log.violation("a step of HTTP/1.1 in a script for HTTP/2".to_owned());
                Flow::Over
            }
        }
    }

    fn head(&mut self, status: u16, headers: &[(String, String)]) -> Flow {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            response.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        }
        match self.respond.send_response(response, false) {
            Ok(body) => {
                self.body = Some(body);
                Flow::GoOn
            }
            Err(_) => self.gone(),
        }
    }

    async fn write(&mut self, bytes: &[u8], text: &str) -> Flow {
        let Some(body) = &mut self.body else { return Flow::Over };
        let mut rest = bytes::Bytes::copy_from_slice(bytes);
        while !rest.is_empty() {
            body.reserve_capacity(rest.len());
            let Some(Ok(capacity)) = std::future::poll_fn(|context| body.poll_capacity(context)).await else {
                return self.gone();
            };
            let part = rest.split_to(capacity.min(rest.len()));
            if !part.is_empty() && body.send_data(part, false).is_err() {
                return self.gone();
            }
        }
        if let Some(request) = self.request {
            self.log.sent(request, text);
        }
        Flow::GoOn
    }

    /// Waits this long; over when the client resets the stream or leaves.
    async fn wait(&mut self, wait: Duration) -> Flow {
        let body = self.body.as_mut();
        let respond = &mut self.respond;
        let is_reset = async {
            match body {
                Some(body) => std::future::poll_fn(|context| body.poll_reset(context)).await.map(|_| ()),
                None => std::future::poll_fn(|context| respond.poll_reset(context)).await.map(|_| ()),
            }
        };
        match tokio::time::timeout(wait, is_reset).await {
            Ok(_) => self.gone(),
            Err(_) => Flow::GoOn,
        }
    }

    fn gone(&self) -> Flow {
        if let Some(request) = self.request {
            self.log.client_gone(request);
        }
        Flow::Over
    }
}
