//! The lines of a record. Written by hand where it goes with each token, read by serde.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Asked;
use crate::http::{HttpError, HttpErrorKind};

/// Grows with changes that an older reader would misunderstand.
pub const VERSION: u64 = 1;

/// A line as it is read. Fields that nobody knows are left alone; `n` is the number of the request it belongs to.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    Record {
        v: u64,
    },
    Request {
        n: u64,
        asked: Asked,
    },
    Response {
        n: u64,
        at_ms: f64,
        status: u16,
        version: Option<String>,
        headers: Vec<(String, String)>,
    },
    Chunk {
        n: u64,
        at_ms: f64,
        text: Option<String>,
        base64: Option<String>,
    },
    /// The body is whole.
    End {
        n: u64,
        at_ms: f64,
    },
    /// No response came, or it broke.
    Failed {
        n: u64,
        at_ms: f64,
        error: String,
        message: String,
        hint: Option<String>,
    },
    /// We have gone before the end: by Ctrl-C, or because the answer was whole without it.
    Stopped {
        n: u64,
    },
    /// The record has reached its limit.
    Full,
}

pub fn record(program: &str, time: &str) -> Value {
    json!({"v": VERSION, "type": "record", "program": program, "time": time})
}

/// `body` is JSON that keys have been taken out of.
pub fn request(n: u64, at_ms: f64, asked: &Asked, (url, body): (&str, &str)) -> Vec<u8> {
    let at_ms = rounded(at_ms);
    let mut line = json!({"type": "request", "n": n, "at_ms": at_ms, "asked": asked, "method": "POST", "url": url});
    match serde_json::from_str::<&RawValue>(body) {
        Ok(body) => {
            // Not a tree: a body can hold megabytes of files.
            let mut line = line.to_string().into_bytes();
            line.pop();
            line.extend_from_slice(b",\"body\":");
            line.extend_from_slice(body.get().as_bytes());
            line.push(b'}');
            line
        }
        Err(_) => {
            line["body_text"] = body.into();
            line.to_string().into_bytes()
        }
    }
}

pub fn response(n: u64, at_ms: f64, (status, version): (u16, &str), headers: &[(String, String)]) -> Value {
    json!({"type": "response", "n": n, "at_ms": rounded(at_ms), "status": status, "version": version, "headers": headers})
}

/// One part of a body, appended to `line`.
pub fn chunk(line: &mut Vec<u8>, n: u64, at_ms: f64, bytes: &[u8]) {
    // Writing to a vector cannot fail, and text can always be JSON.
    let _ = write!(line, "{{\"type\":\"chunk\",\"n\":{n},\"at_ms\":{at_ms:.1},");
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            line.extend_from_slice(b"\"text\":");
            let _ = serde_json::to_writer(&mut *line, text);
        }
        Err(_) => {
            let _ = write!(line, "\"base64\":\"{}\"", STANDARD.encode(bytes));
        }
    }
    line.extend_from_slice(b"}\n");
}

pub fn end(n: u64, at_ms: f64) -> Value {
    json!({"type": "end", "n": n, "at_ms": rounded(at_ms)})
}

pub fn stopped(n: u64, at_ms: f64) -> Value {
    json!({"type": "stopped", "n": n, "at_ms": rounded(at_ms)})
}

pub fn failed(n: u64, at_ms: f64, error: &HttpError, clean: &dyn Fn(&str) -> String) -> Value {
    let hint = error.hint.as_deref().map(clean);
    json!({
        "type": "failed", "n": n, "at_ms": rounded(at_ms), "error": error.kind.name(), "message": clean(&error.message),
        "hint": hint,
    })
}

pub fn full() -> Value {
    json!({"type": "full"})
}

/// The bytes of a chunk, or what is wrong with it.
pub fn bytes_of(text: Option<String>, base64: Option<&str>) -> Result<Vec<u8>, String> {
    match (text, base64) {
        (Some(text), None) => Ok(text.into_bytes()),
        (None, Some(base64)) => STANDARD.decode(base64).map_err(|error| format!("base64: {error}")),
        (Some(_), Some(_)) | (None, None) => Err("a chunk has either `text` or `base64`".to_owned()),
    }
}

pub fn error_of(name: &str, message: String, hint: Option<String>) -> HttpError {
    let kind = HttpErrorKind::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or(HttpErrorKind::Closed);
    HttpError { kind, message, hint, is_stale_connection: false }
}

fn rounded(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}
