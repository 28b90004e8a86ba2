//! The way back from the browser: a port of this machine that takes one redirect, or an address that was pasted.

use std::time::Duration;

use rmcp::transport::auth::AuthorizationCallback;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Browsers also ask for icons, and others may knock.
const CONNECTIONS_MAX: usize = 64;
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);
const PATH: &str = "/callback";
const PAGE: &str = "<!doctype html><meta charset=utf-8><title>sayso</title><p>That is all: you can close this page and go back to the terminal.";

/// A port that the browser comes back to.
#[derive(Debug)]
pub(super) struct Loopback {
    listener: TcpListener,
}

impl Loopback {
    pub(super) async fn bind(port: Option<u16>) -> std::io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(("127.0.0.1", port.unwrap_or(0))).await? })
    }

    pub(super) fn redirect_uri(&self) -> std::io::Result<String> {
        Ok(redirect_uri(self.listener.local_addr()?.port()))
    }

    /// Waits for the redirect that belongs to `state`; the address that was asked for.
    pub(super) async fn redirect(&self, state: &str) -> Option<String> {
        let base = self.redirect_uri().ok()?;
        for _ in 0..CONNECTIONS_MAX {
            let (stream, _) = self.listener.accept().await.ok()?;
            let answer = tokio::time::timeout(CONNECTION_TIMEOUT, serve(stream, state)).await;
            if let Ok(Some(query)) = answer {
                return Some(format!("{base}?{query}"));
            }
        }
        None
    }
}

pub(super) fn redirect_uri(port: u16) -> String {
    format!("http://127.0.0.1:{port}{PATH}")
}

/// Answers one request; its query, where it is the redirect.
async fn serve(mut stream: TcpStream, state: &str) -> Option<String> {
    let mut head = Vec::new();
    let mut buffer = [0; 2048];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut buffer).await.ok()?;
        if count == 0 || head.len() + count > HEAD_BYTES_MAX {
            return None;
        }
        head.extend_from_slice(&buffer[..count]);
    }
    let query = query_of(&head).filter(|query| has_state(query, state));
    let (status, body) = match query {
        Some(_) => ("200 OK", PAGE),
        None => ("404 Not Found", ""),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    query
}

/// The query of a GET of our path.
fn query_of(head: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r').next()?).ok()?;
    let target = line.strip_prefix("GET ")?.split(' ').next()?;
    let (path, query) = target.split_once('?')?;
    (path == PATH).then(|| query.to_owned())
}

fn has_state(query: &str, state: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "state" && value == state)
}

/// What a redirect says. Nothing in it counts, not even an error, unless it belongs to `state`.
pub(super) fn understand(redirect: &str, state: &str) -> Result<AuthorizationCallback, String> {
    let url = url::Url::parse(redirect.trim()).map_err(|_| "that is not the address of a page".to_owned())?;
    if !url.query().is_some_and(|query| has_state(query, state)) {
        return Err("that address does not belong to this attempt to sign in".to_owned());
    }
    let value = |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    if let Some(error) = value("error") {
        let words = value("error_description").map(|words| format!(": {words}")).unwrap_or_default();
        return Err(format!("it was refused ({error}{words})"));
    }
    AuthorizationCallback::from_redirect_url(url.as_str()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_redirect_of_this_attempt_counts() {
        let uri = redirect_uri(1);
        let good = understand(&format!(" {uri}?code=c&state=s&iss=https%3A%2F%2Fi\n"), "s").unwrap();
        assert_eq!((good.code.as_str(), good.issuer.as_deref()), ("c", Some("https://i")));
        for (redirect, part) in [
            ("nonsense".to_owned(), "not the address"),
            (format!("{uri}?code=c&state=other"), "does not belong"),
            (format!("{uri}?code=c"), "does not belong"),
            (format!("{uri}?error=x&error_description=forged"), "does not belong"),
            (format!("{uri}?error=access_denied&error_description=no+way&state=s"), "refused (access_denied: no way)"),
            (format!("{uri}?state=s"), "code"),
        ] {
            let said = understand(&redirect, "s").unwrap_err();
            assert!(said.contains(part), "{redirect}: {said}");
        }
    }

    #[tokio::test]
    async fn the_port_takes_one_redirect_and_nothing_else() {
        let loopback = Loopback::bind(None).await.unwrap();
        let address = loopback.listener.local_addr().unwrap();
        let knock = |request: &'static str| async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let knocking = async {
            for bad in [
                "GET /favicon.ico HTTP/1.1\r\n\r\n",
                "POST /callback?code=1&state=s HTTP/1.1\r\n\r\n",
                "GET /callback?code=1&state=wrong HTTP/1.1\r\n\r\n",
            ] {
                assert!(knock(bad).await.starts_with("HTTP/1.1 404"));
            }
            knock("GET /callback?code=1&state=s HTTP/1.1\r\nhost: x\r\n\r\n").await
        };
        let (redirect, page) = tokio::join!(loopback.redirect("s"), knocking);
        assert_eq!(redirect, Some(format!("{}?code=1&state=s", loopback.redirect_uri().unwrap())));
        assert!(page.contains("close this page"));
    }
}
