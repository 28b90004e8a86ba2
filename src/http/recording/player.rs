//! Plays a record: each request gets the next recorded response, in the order they were recorded in.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::format::{self, Line};
use super::{Asked, RECORD_BYTES_MAX};
use crate::http::{HttpError, HttpErrorKind};

/// How fast a record is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Every part at once.
    AtOnce,
    /// So many times as fast as it was recorded; above 0.
    Times(f64),
}

/// A record that is being played.
#[derive(Clone, Debug)]
pub struct Player(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    pace: Pace,
    first: Asked,
    count: usize,
    left: Mutex<VecDeque<Exchange>>,
}

#[derive(Debug)]
struct Exchange {
    asked: Asked,
    head: Option<Head>,
    chunks: VecDeque<(f64, Bytes)>,
    ending: Ending,
}

#[derive(Debug)]
struct Head {
    at_ms: f64,
    status: u16,
    version: Option<String>,
    headers: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
enum Ending {
    End {
        at_ms: f64,
    },
    Failed {
        at_ms: f64,
        error: HttpError,
    },
    /// The record says nothing of an end.
    Unknown,
}

/// The response to a request.
pub(in crate::http) struct Played {
    pub status: u16,
    pub version: &'static str,
    pub headers: Vec<(String, String)>,
    pub body: Playback,
}

/// A body that is being played.
#[derive(Debug)]
pub(in crate::http) struct Playback {
    chunks: VecDeque<(f64, Bytes)>,
    ending: Ending,
    clock: Clock,
    path: PathBuf,
}

/// When something is due that came so many milliseconds after the request.
#[derive(Clone, Copy, Debug)]
struct Clock {
    pace: Pace,
    started: Instant,
}

impl Player {
    /// Reads the whole record. The error names the file, and the line where one cannot be read.
    pub fn open(path: &Path, pace: Pace) -> Result<Self, String> {
        let failed = |reason: &dyn std::fmt::Display| format!("cannot play {}: {reason}", path.display());
        // Before it is opened, which waits for ever where it is a pipe that nobody writes to.
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() && metadata.len() <= RECORD_BYTES_MAX + 4096 => {}
            Ok(metadata) if metadata.is_file() => return Err(failed(&"it is larger than any record")),
            Ok(_) => return Err(failed(&"it is no file")),
            Err(error) => return Err(failed(&error)),
        }
        let file = File::open(path).map_err(|error| failed(&error))?;
        let exchanges = read(BufReader::new(file)).map_err(|reason| failed(&reason))?;
        let Some(first) = exchanges.front().map(|exchange| exchange.asked.clone()) else {
            return Err(failed(&"it holds no request"));
        };
        let shared = Shared { path: path.to_owned(), pace, first, count: exchanges.len(), left: Mutex::new(exchanges) };
        Ok(Self(Arc::new(shared)))
    }

    /// Who was asked first.
    #[must_use]
    pub fn first(&self) -> &Asked {
        &self.0.first
    }

    /// Whether waits are left out: then nobody has to wait between two tries either.
    #[must_use]
    pub fn is_at_once(&self) -> bool {
        self.0.pace == Pace::AtOnce
    }

    /// The next response, which has to be one to a request like this.
    pub(in crate::http) async fn answer(&self, asked: Option<&Asked>) -> Result<Played, HttpError> {
        let exchange = self.next(asked)?;
        let clock = Clock { pace: self.0.pace, started: Instant::now() };
        let Exchange { head, chunks, ending, .. } = exchange;
        let body = Playback { chunks, ending, clock, path: self.0.path.clone() };
        match (head, &body.ending) {
            (Some(Head { at_ms, status, version, headers }), _) => {
                clock.wait_until(at_ms).await;
                Ok(Played { status, version: version_of(version.as_deref()), headers, body })
            }
            (None, Ending::Failed { at_ms, error }) => {
                clock.wait_until(*at_ms).await;
                Err(error.clone())
            }
            // Not as a connection that broke: nobody is to try again.
            (None, Ending::End { .. } | Ending::Unknown) => Err(body.cut_off(HttpErrorKind::BadRequest)),
        }
    }

    fn next(&self, asked: Option<&Asked>) -> Result<Exchange, HttpError> {
        let Shared { path, count, .. } = &*self.0;
        let wrong = |message: String| {
            let mut error = HttpError::new(HttpErrorKind::BadRequest, message);
            error.hint =
                Some("play it with the model and the conversation it was recorded with, or record it again".into());
            error
        };
        let Some(asked) = asked else {
            return Err(wrong(format!("{} holds no answer to this request", path.display())));
        };
        let mut left = self.0.left.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(next) = left.front() else {
            return Err(wrong(format!("the record {} holds no more answers than {count}", path.display())));
        };
        if (&next.asked.api, &next.asked.model) != (&asked.api, &asked.model) {
            return Err(wrong(format!(
                "the next answer in the record {} is one of {} ({}), not of {} ({})",
                path.display(),
                next.asked.model,
                next.asked.api,
                asked.model,
                asked.api
            )));
        }
        left.pop_front().ok_or_else(|| wrong("the record is empty".to_owned()))
    }
}

impl Playback {
    /// The next part of the body as it came; `None` at its end. Cancel-safe.
    pub(in crate::http) async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        let at_ms = match (self.chunks.front(), &self.ending) {
            (Some((at_ms, _)), _) | (None, Ending::End { at_ms } | Ending::Failed { at_ms, .. }) => *at_ms,
            (None, Ending::Unknown) => 0.0,
        };
        self.clock.wait_until(at_ms).await;
        if let Some((_, bytes)) = self.chunks.pop_front() {
            return Ok(Some(bytes));
        }
        match &self.ending {
            Ending::End { .. } => Ok(None),
            Ending::Failed { error, .. } => Err(error.clone()),
            Ending::Unknown => Err(self.cut_off(HttpErrorKind::Interrupted)),
        }
    }

    fn cut_off(&self, kind: HttpErrorKind) -> HttpError {
        HttpError::new(
            kind,
            format!("the record {} ends here: it was stopped before the answer was whole", self.path.display()),
        )
    }
}

impl Clock {
    /// Without a pace this is a chance for whatever else runs on the thread.
    async fn wait_until(&self, at_ms: f64) {
        match self.pace {
            Pace::AtOnce => tokio::task::yield_now().await,
            Pace::Times(times) => {
                let after = Duration::try_from_secs_f64(at_ms / 1000.0 / times).unwrap_or(Duration::MAX);
                match self.started.checked_add(after) {
                    Some(due) => tokio::time::sleep_until(due).await,
                    // At this pace it is never due.
                    None => std::future::pending().await,
                }
            }
        }
    }
}

fn version_of(text: Option<&str>) -> &'static str {
    match text {
        Some("HTTP/2") => "HTTP/2",
        Some("HTTP/1.0") => "HTTP/1.0",
        Some(_) | None => "HTTP/1.1",
    }
}

fn read(mut file: impl BufRead) -> Result<VecDeque<Exchange>, String> {
    let mut exchanges: VecDeque<(u64, Exchange)> = VecDeque::new();
    let mut text = Vec::new();
    for number in 1_u64.. {
        text.clear();
        let mut line = (&mut file).take(RECORD_BYTES_MAX);
        line.read_until(b'\n', &mut text).map_err(|error| error.to_string())?;
        if text.is_empty() {
            break;
        }
        let is_whole = text.ends_with(b"\n");
        let line = match serde_json::from_slice::<Line>(&text) {
            Ok(line) => line,
            // A process that was killed has left half a line.
            Err(_) if !is_whole && number > 1 => break,
            Err(_) if number == 1 => return Err("it is no record of sayso".to_owned()),
            Err(error) => return Err(format!("line {number}: {error}")),
        };
        match (number, &line) {
            (1, Line::Record { v }) if *v == format::VERSION => continue,
            (1, Line::Record { v }) => {
                return Err(format!("it is a record of version {v}, which this sayso cannot play"));
            }
            (1, _) => return Err("it is no record of sayso: the first line does not say so".to_owned()),
            _ => {}
        }
        check_time(&line)
            .and_then(|()| take(line, &mut exchanges))
            .map_err(|reason| format!("line {number}: {reason}"))?;
    }
    Ok(exchanges.into_iter().map(|(_, exchange)| exchange).collect())
}

/// No time in a record is later: a year.
const AT_MS_MAX: f64 = 365.0 * 24.0 * 3_600_000.0;

fn check_time(line: &Line) -> Result<(), String> {
    match line {
        Line::Response { at_ms, .. }
        | Line::Chunk { at_ms, .. }
        | Line::End { at_ms, .. }
        | Line::Failed { at_ms, .. }
            if !(0.0..=AT_MS_MAX).contains(at_ms) =>
        {
            Err(format!("`at_ms` is {at_ms:?}, which is no time of a record"))
        }
        _ => Ok(()),
    }
}

fn take(line: Line, exchanges: &mut VecDeque<(u64, Exchange)>) -> Result<(), String> {
    match line {
        Line::Request { n, asked } => {
            let exchange = Exchange { asked, head: None, chunks: VecDeque::new(), ending: Ending::Unknown };
            exchanges.push_back((n, exchange));
        }
        Line::Response { n, at_ms, status, version, headers } => {
            exchange_of(n, exchanges)?.head = Some(Head { at_ms, status, version, headers });
        }
        Line::Chunk { n, at_ms, text, base64 } => {
            let bytes = format::bytes_of(text, base64.as_deref())?;
            exchange_of(n, exchanges)?.chunks.push_back((at_ms, bytes.into()));
        }
        Line::End { n, at_ms } => exchange_of(n, exchanges)?.ending = Ending::End { at_ms },
        Line::Failed { n, at_ms, error, message, hint } => {
            exchange_of(n, exchanges)?.ending =
                Ending::Failed { at_ms, error: format::error_of(&error, message, hint) };
        }
        Line::Stopped { n } => exchange_of(n, exchanges)?.ending = Ending::Unknown,
        Line::Record { .. } => return Err("a second record begins".to_owned()),
        Line::Full => {}
    }
    Ok(())
}

fn exchange_of(n: u64, exchanges: &mut VecDeque<(u64, Exchange)>) -> Result<&mut Exchange, String> {
    let found = exchanges.iter_mut().rev().find(|(number, _)| *number == n);
    found.map(|(_, exchange)| exchange).ok_or_else(|| format!("there is no request {n}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "{\"v\":1,\"type\":\"record\"}\n";
    const REQUEST: &str = "{\"type\":\"request\",\"n\":1,\"asked\":{\"provider\":\"p\",\"api\":\"a\",\"base_url\":\"\",\"model\":\"m\"},\"body\":{\"deep\":[1]}}\n";

    fn problem(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r");
        std::fs::write(&path, text).unwrap();
        let error = Player::open(&path, Pace::AtOnce).unwrap_err();
        error.replace(&path.display().to_string(), "r")
    }

    #[test]
    fn what_is_no_record_is_told_with_its_line() {
        for (text, expected) in [
            (String::new(), "it holds no request"),
            ("hello\n".into(), "it is no record of sayso"),
            ("{\"v\":2,\"type\":\"record\"}\n".into(), "it is a record of version 2, which this sayso cannot play"),
            (REQUEST.into(), "it is no record of sayso: the first line does not say so"),
            (HEAD.into(), "it holds no request"),
            (format!("{HEAD}{REQUEST}{{\"type\":\"end\",\"n\":7,\"at_ms\":1}}\n"), "line 3: there is no request 7"),
            (
                format!("{HEAD}{REQUEST}{{\"type\":\"chunk\",\"n\":1,\"at_ms\":1}}\n"),
                "line 3: a chunk has either `text` or `base64`",
            ),
            (
                format!("{HEAD}{REQUEST}{{\"type\":\"end\",\"n\":1,\"at_ms\":1e300}}\n"),
                &format!("line 3: `at_ms` is {:?}, which is no time of a record", 1e300),
            ),
            (
                format!("{HEAD}{REQUEST}{{\"type\":\"end\",\"n\":1,\"at_ms\":-1}}\n"),
                "line 3: `at_ms` is -1.0, which is no time of a record",
            ),
        ] {
            assert_eq!(problem(&text), format!("cannot play r: {expected}"), "{text}");
        }
        assert!(problem(&format!("{HEAD}{REQUEST}nonsense\n")).starts_with("cannot play r: line 3: "));
    }

    #[tokio::test]
    async fn half_a_line_at_the_end_is_the_end() {
        let response = "{\"type\":\"response\",\"n\":1,\"at_ms\":0,\"status\":200,\"headers\":[]}\n";
        let chunks = "{\"type\":\"chunk\",\"n\":1,\"at_ms\":1,\"base64\":\"/w==\"}\n{\"type\":\"chunk\",\"n\":1,\"at";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r");
        std::fs::write(&path, format!("{HEAD}{REQUEST}{response}{chunks}")).unwrap();
        let player = Player::open(&path, Pace::AtOnce).unwrap();
        let asked = player.first().clone();
        let mut body = player.answer(Some(&asked)).await.ok().unwrap().body;
        assert_eq!(body.chunk().await.unwrap().unwrap(), &b"\xff"[..]);
        assert_eq!(body.chunk().await.unwrap_err().kind, HttpErrorKind::Interrupted);
        let more = player.answer(Some(&asked)).await.err().unwrap().message;
        assert!(more.ends_with("holds no more answers than 1"), "{more}");
    }
}
