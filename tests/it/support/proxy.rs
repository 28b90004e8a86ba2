//! A proxy as in a company: it takes CONNECT and whole URLs, and leads everybody to one server.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub struct Proxy {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Whatever host is asked for, `server` answers.
    pub fn to(server: SocketAddr) -> Self {
        Self::start(Some(server))
    }

    /// Lets nobody through.
    pub fn refusing() -> Self {
        Self::start(None)
    }

    fn start(server: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&heads);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                thread::spawn(move || serve(client, server, &log));
            }
        });
        Self { address, heads }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests to the proxy itself.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, server: Option<SocketAddr>, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    log.lock().unwrap().push(head.clone());
    let Some(server) = server else {
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    };
    let mut upstream = TcpStream::connect(server)?;
    if head.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    } else {
        upstream.write_all(with_path_alone(&head).as_bytes())?;
    }
    let mut back = upstream.try_clone()?;
    let answers = thread::spawn(move || {
        let _ = io::copy(&mut back, &mut client);
        let _ = client.shutdown(Shutdown::Both);
    });
    // What the reader has taken beyond the head goes along.
    let _ = io::copy(&mut reader, &mut upstream);
    let _ = upstream.shutdown(Shutdown::Both);
    let _ = answers.join();
    Ok(())
}

/// `POST http://host/path HTTP/1.1` as a server expects it: `POST /path HTTP/1.1`.
fn with_path_alone(head: &str) -> String {
    let (line, rest) = head.split_once("\r\n").unwrap();
    let words: Vec<_> = line.split(' ').collect();
    let url: url::Url = words[1].parse().unwrap();
    format!("{} {} {}\r\n{rest}", words[0], &url[url::Position::BeforePath..], words[2])
}
