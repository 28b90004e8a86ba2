//! One connection of the model server with HTTP/1.1, with or without TLS, blocking in its own thread.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::model_server::{Log, Received};
use super::reply::{Framing, Reply, Step};

/// One socket, shared with the server, which shuts it down at its end.
struct Socket(Arc<TcpStream>);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The byte stream of a connection, and how its end is told to the client.
trait Wire: Read + Write {
    fn socket(&self) -> &TcpStream;
    fn fin(&mut self);
}

impl Wire for Socket {
    fn socket(&self) -> &TcpStream {
        &self.0
    }

    fn fin(&mut self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }
}

impl Wire for StreamOwned<ServerConnection, Socket> {
    fn socket(&self) -> &TcpStream {
        &self.sock.0
    }

    fn fin(&mut self) {
        self.conn.send_close_notify();
        let _ = self.flush();
        let _ = self.sock.0.shutdown(Shutdown::Write);
    }
}

pub fn serve_plain(socket: Arc<TcpStream>, log: &Log) {
    Connection { wire: Socket(socket), log, pending: Vec::new() }.serve();
}

pub fn serve_tls(socket: Arc<TcpStream>, number: usize, log: &Log, config: Arc<ServerConfig>) {
    if let Some(wire) = handshake(socket, number, log, config) {
        Connection { wire, log, pending: Vec::new() }.serve();
    }
}

/// Plays the first reply, whatever the client says.
pub fn serve_raw_plain(socket: Arc<TcpStream>, log: &Log) {
    let reply = log.first_reply();
    Connection { wire: Socket(socket), log, pending: Vec::new() }.play(None, &reply.steps, &mut Framing::AsWritten);
}

/// Shakes hands and plays the first reply, whatever the client says.
pub fn serve_raw(socket: Arc<TcpStream>, number: usize, log: &Log, config: Arc<ServerConfig>) {
    if let Some(wire) = handshake(socket, number, log, config) {
        let reply = log.first_reply();
        Connection { wire, log, pending: Vec::new() }.play(None, &reply.steps, &mut Framing::AsWritten);
    }
}

fn handshake(
    socket: Arc<TcpStream>,
    number: usize,
    log: &Log,
    config: Arc<ServerConfig>,
) -> Option<StreamOwned<ServerConnection, Socket>> {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), Socket(socket));
    let mut outcome = Ok(0);
    while stream.conn.is_handshaking() && outcome.is_ok() {
        outcome = stream.conn.complete_io(&mut stream.sock).map(|(read, written)| read + written);
    }
    let protocol = String::from_utf8_lossy(stream.conn.alpn_protocol().unwrap_or_default()).into_owned();
    let is_up = outcome.is_ok();
    log.tls(number, outcome.map(|_| protocol).map_err(|error| error.to_string()));
    is_up.then_some(stream)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    GoOn,
    /// Nothing more can be sent on this connection.
    Over,
}

struct Connection<'a, W> {
    wire: W,
    log: &'a Log,
    /// Read, but not yet part of a request.
    pending: Vec<u8>,
}

impl<W: Wire> Connection<'_, W> {
    fn serve(&mut self) {
        while let Some(request) = self.read_request() {
            let (request, Reply { steps }) = self.log.request(request);
            if self.play(Some(request), &steps, &mut Framing::AsWritten) == Flow::Over {
                break;
            }
        }
    }

    fn play(&mut self, request: Option<usize>, steps: &[Step], framing: &mut Framing) -> Flow {
        for step in steps {
            let flow = self.step(request, step, framing);
            if flow == Flow::Over {
                return Flow::Over;
            }
        }
        Flow::GoOn
    }

    fn step(&mut self, request: Option<usize>, step: &Step, framing: &mut Framing) -> Flow {
        match step {
            Step::Head { status, headers, framing: new } => {
                *framing = *new;
                self.write(request, &head(*status, headers, *new), "")
            }
            Step::Raw(bytes) => self.write(request, bytes, ""),
            Step::Body { bytes, text } => match framing {
                Framing::AsWritten => self.write(request, bytes, text),
                Framing::Chunked => self.write(request, &chunk(bytes), text),
            },
            Step::EndBody => match framing {
                Framing::AsWritten => Flow::GoOn,
                Framing::Chunked => self.write(request, b"0\r\n\r\n", ""),
            },
            Step::Sleep(wait) => self.wait(request, *wait),
            Step::WaitFor(gate) => {
                while !gate.is_open_within(Duration::from_millis(5)) {
                    if self.wait(request, Duration::ZERO) == Flow::Over {
                        return Flow::Over;
                    }
                }
                Flow::GoOn
            }
            Step::WaitForClientClose => {
                while self.wait(request, Duration::from_secs(1)) == Flow::GoOn {}
                Flow::Over
            }
            Step::Fin => {
                self.wire.fin();
                // What the client still has to say does not matter, but it must have read the end.
                self.wait(None, Duration::from_secs(5));
                Flow::Over
            }
            Step::Rst => {
                reset_on_close(self.wire.socket()).unwrap();
                Flow::Over
            }
            Step::Repeat(times, steps) => {
                for _ in 0..*times {
                    if self.play(request, steps, framing) == Flow::Over {
                        return Flow::Over;
                    }
                }
                Flow::GoOn
            }
            Step::GoAway | Step::ResetStream(_) => {
                self.log.violation("a step of HTTP/2 in a script for HTTP/1.1".to_owned());
                Flow::Over
            }
        }
    }

    fn write(&mut self, request: Option<usize>, bytes: &[u8], text: &str) -> Flow {
        match self.wire.write_all(bytes).and_then(|()| self.wire.flush()) {
            Ok(()) => {
                if let Some(request) = request {
                    self.log.sent(request, text);
                }
                Flow::GoOn
            }
            Err(_) => self.gone(request),
        }
    }

    /// Waits this long; over when the client leaves before.
    fn wait(&self, request: Option<usize>, wait: Duration) -> Flow {
        let deadline = Instant::now() + wait;
        loop {
            let rest = deadline.saturating_duration_since(Instant::now());
            if is_closed_within(self.wire.socket(), rest) {
                return self.gone(request);
            }
            if rest.is_zero() {
                return Flow::GoOn;
            }
        }
    }

    fn gone(&self, request: Option<usize>) -> Flow {
        if let Some(request) = request {
            self.log.client_gone(request);
        }
        Flow::Over
    }

    fn read_request(&mut self) -> Option<Received> {
        let head_end = loop {
            if let Some(at) = self.pending.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more()?;
        };
        let at = Instant::now();
        let head = String::from_utf8_lossy(&self.pending[..head_end]).into_owned();
        self.pending.drain(..head_end);
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut request =
            Received { method, path, headers, body: Vec::new(), at, sent: Vec::new(), client_gone_at: None };
        request.body = self.read_body(&request)?;
        Some(request)
    }

    fn read_body(&mut self, request: &Received) -> Option<Vec<u8>> {
        if request.header("transfer-encoding").is_some() {
            self.log.violation("a chunked request body; some servers do not take it".to_owned());
        }
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap_or(0));
        while self.pending.len() < length {
            self.read_more()?;
        }
        Some(self.pending.drain(..length).collect())
    }

    fn read_more(&mut self) -> Option<()> {
        let mut buffer = [0; 16 << 10];
        match self.wire.read(&mut buffer) {
            Ok(0) | Err(_) => None,
            Ok(count) => {
                self.pending.extend_from_slice(&buffer[..count]);
                Some(())
            }
        }
    }
}

/// Whether the client closes its side within this time. Looks at the socket, reads nothing.
pub fn is_closed_within(socket: &TcpStream, wait: Duration) -> bool {
    #[cfg(target_os = "linux")]
    let closed = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    #[cfg(not(target_os = "linux"))]
    let closed = PollFlags::HUP | PollFlags::ERR;
    let mut fds = [PollFd::new(socket, closed)];
    let timeout = Timespec::try_from(wait).unwrap();
    matches!(poll(&mut fds, Some(&timeout)), Ok(count) if count > 0)
}

/// Makes the close that follows a reset. Only tokio offers the option, and only inside a runtime.
fn reset_on_close(socket: &TcpStream) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _guard = runtime.enter();
    let socket = socket.try_clone()?;
    socket.set_nonblocking(true)?;
    tokio::net::TcpStream::from_std(socket)?.set_zero_linger()
}

fn head(status: u16, headers: &[(String, String)], framing: Framing) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if framing == Framing::Chunked {
        head.push_str("transfer-encoding: chunked\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}
