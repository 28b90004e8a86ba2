//! A scripted web server, for everything that is no model API: each request is answered by a function.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which connection it came on, from 0.
    pub connection: usize,
    pub method: String,
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// `null` where the body is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The method of JSON-RPC.
    pub fn rpc(&self) -> String {
        self.json()["method"].as_str().unwrap_or_default().to_owned()
    }

    /// A field of a form in the body, or of the query.
    pub fn field(&self, name: &str) -> Option<String> {
        let from = |bytes: &[u8]| {
            url::form_urlencoded::parse(bytes).find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
        };
        from(&self.body).or_else(|| from(self.query.as_bytes()))
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Said {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// The body ends with the connection, and nobody has said how long it is.
    is_cut: bool,
}

impl Said {
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), is_cut: false }
    }

    pub fn json(value: &Value) -> Self {
        Self { body: value.to_string().into_bytes(), ..Self::status(200) }.header("content-type", "application/json")
    }

    /// The result of the request of JSON-RPC.
    pub fn result(asked: &Asked, result: Value) -> Self {
        Self::json(&json!({"jsonrpc": "2.0", "id": asked.json()["id"], "result": result}))
    }

    pub fn redirect(location: &str) -> Self {
        Self::status(307).header("location", location)
    }

    /// A stream of events that breaks off after these.
    pub fn events_then_break(events: &str) -> Self {
        let said = Self { body: events.as_bytes().to_vec(), is_cut: true, ..Self::status(200) };
        said.header("content-type", "text/event-stream").header("connection", "close")
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn write(&self, socket: &mut TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.is_cut {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        socket.write_all(&[head.as_bytes(), &self.body].concat())?;
        if self.is_cut {
            socket.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }
}

type Script = dyn Fn(&Asked) -> Said + Send + Sync;

pub struct Web {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Web {
    /// `script` gets the server's own address first.
    pub fn start<F: Fn(&Asked) -> Said + Send + Sync + 'static>(script: impl FnOnce(String) -> F) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let script: Arc<Script> = Arc::new(script(format!("http://127.0.0.1:{port}")));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = asked.clone();
        thread::spawn(move || {
            for (number, socket) in listener.incoming().enumerate() {
                let (Ok(socket), script, log) = (socket, script.clone(), log.clone()) else { break };
                thread::spawn(move || serve(socket, number, &*script, &log));
            }
        });
        Self { port, asked }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The requests of this method of JSON-RPC.
    pub fn asked_for(&self, rpc: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.rpc() == rpc).collect()
    }
}

fn serve(mut socket: TcpStream, connection: usize, script: &Script, log: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    while let Some(asked) = read(&mut reader, connection) {
        log.lock().unwrap().push(asked.clone());
        let said = script(&asked);
        if said.write(&mut socket).is_err() || said.is_cut {
            break;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>, connection: usize) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut asked =
        Asked { connection, method, path: path.to_owned(), query: query.to_owned(), headers, body: Vec::new() };
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    asked.body = vec![0; length];
    reader.read_exact(&mut asked.body).ok()?;
    Some(asked)
}

/// Visits a page as a browser would, up to where it leads.
pub fn visit(page: &str) -> String {
    let url: url::Url = page.parse().unwrap();
    let mut socket = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).unwrap();
    let target = &url[url::Position::BeforePath..];
    write!(socket, "GET {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", url.authority()).unwrap();
    let mut answer = String::new();
    let mut reader = BufReader::new(socket);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            return answer;
        }
        if let Some(location) = line.strip_prefix("location: ") {
            answer = location.trim().to_owned();
        }
    }
}
