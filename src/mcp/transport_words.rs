//! What went wrong below a connection, in words for people: the SDK names its own types.

use std::io;

use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::StreamableHttpError;

use crate::http::HttpError;

/// How the SDK begins to tell of JSON that is no message.
const UNPARSED: &str = "could not parse JSON response as ServerJsonRpcMessage: ";

/// A fragment without the server's name, as in `cannot connect to localhost:3000 (refused)`.
pub(super) fn in_words(error: &DynamicTransportError) -> String {
    // What `AnyTransport` wraps.
    let Some(source) = error.error.source() else { return error.error.to_string() };
    if let Some(error) = source.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
        return http(error);
    }
    match source.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::BrokenPipe) => "it does not read what it is sent".to_owned(),
        Some(kind) => format!("nothing can be sent to it: {kind}"),
        None => source.to_string(),
    }
}

fn http(error: &StreamableHttpError<reqwest::Error>) -> String {
    match error {
        StreamableHttpError::Client(error) => match error.status() {
            Some(status) => format!("it answers {status}"),
            None => HttpError::of_bare_client(error).to_string(),
        },
        StreamableHttpError::HttpStatus(error) => format!("it answers with HTTP status {}", error.status),
        StreamableHttpError::UnexpectedServerResponse(answer) => {
            let answer = answer.strip_prefix(UNPARSED).unwrap_or(answer);
            format!("it answers what is no message: {answer}")
        }
        StreamableHttpError::UnexpectedContentType(Some(kind)) => {
            format!("it answers with {kind}, as no MCP server does: is the address right?")
        }
        StreamableHttpError::UnexpectedContentType(None) | StreamableHttpError::UnexpectedEndOfStream => {
            "it answers with nothing that can be read: is the address right?".to_owned()
        }
        other => other.to_string(),
    }
}
