//! A way to a server that takes its time, and keeps the order in which bytes went which way.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::ModelServer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// A connection was accepted: on a real network that alone is a round trip.
    Opened,
    ToServer,
    ToClient,
}

pub struct Relay {
    pub address: SocketAddr,
    legs: Arc<Mutex<Vec<Leg>>>,
}

impl Relay {
    /// Everything arrives `delay` later, in either direction.
    pub fn to(server: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let legs = Arc::<Mutex<Vec<Leg>>>::default();
        let log = Arc::clone(&legs);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                log.lock().unwrap().push(Leg::Opened);
                let Ok(server) = TcpStream::connect(server) else { continue };
                carry(
                    client.try_clone().unwrap(),
                    server.try_clone().unwrap(),
                    (Leg::ToServer, delay),
                    Arc::clone(&log),
                );
                carry(server, client, (Leg::ToClient, delay), Arc::clone(&log));
            }
        });
        Self { address, legs }
    }

    /// The address of `server` by this way.
    pub fn url_of(&self, server: &ModelServer) -> String {
        server.base_url().replace(&server.address.to_string(), &self.address.to_string())
    }

    /// What has happened since the last call.
    pub fn take_legs(&self) -> Vec<Leg> {
        std::mem::take(&mut *self.legs.lock().unwrap())
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, (leg, delay): (Leg, Duration), log: Arc<Mutex<Vec<Leg>>>) {
    thread::spawn(move || -> io::Result<()> {
        let mut buffer = vec![0; 64 << 10];
        to.set_nodelay(true)?;
        loop {
            let count = from.read(&mut buffer).unwrap_or(0);
            if count == 0 {
                return to.shutdown(Shutdown::Write);
            }
            log.lock().unwrap().push(leg);
            thread::sleep(delay);
            to.write_all(&buffer[..count])?;
        }
    });
}
