//! Writes a record while the exchanges go on.
//!
//! What came is in the file within 100 ms of the next part, and at once when an exchange ends in whatever way. In
//! between it is gathered: 100,000 tokens are not 100,000 writes.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::redacted_parts::RedactedParts;
use super::{Asked, KEPT_HEADERS, RECORD_BYTES_MAX, format};
use crate::http::{HttpError, HttpRequest, Keys};
use crate::platform::{PRIVATE_MODE, private, set_mode};

const GATHERED_BYTES_MAX: usize = 64 << 10;
const GATHERED_MAX: Duration = Duration::from_millis(100);
/// How a record begins. A file that begins otherwise is somebody's, and stays.
const BEGINNING: &[u8] = b"{\"";

/// One record that is being written.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Writer>>);

struct Writer {
    file: File,
    path: PathBuf,
    gathered: Vec<u8>,
    last_write: Instant,
    started: Instant,
    bytes: u64,
    bytes_max: u64,
    exchanges: u64,
    /// Why nothing more is written.
    problem: Option<String>,
}

impl Recorder {
    /// Begins a record at `path`, for its owner only. A record that is there is replaced; any other file is an error.
    pub fn create(path: &Path, program: &str, time: &str) -> Result<Self, String> {
        Self::create_with(path, (program, time), RECORD_BYTES_MAX)
    }

    fn create_with(path: &Path, (program, time): (&str, &str), bytes_max: u64) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("cannot write the record {}: {error}", path.display());
        let file = open(path).map_err(failed)?;
        if !is_ours(&file).map_err(failed)? {
            return Err(format!("{} is no record: it is not overwritten", path.display()));
        }
        file.set_len(0).map_err(failed)?;
        let now = Instant::now();
        let mut writer = Writer {
            file,
            path: path.to_owned(),
            gathered: Vec::new(),
            last_write: now,
            started: now,
            bytes: 0,
            bytes_max,
            exchanges: 0,
            problem: None,
        };
        writer.line(format::record(program, time).to_string().as_bytes());
        writer.write();
        match writer.problem.take() {
            Some(problem) => Err(problem),
            None => Ok(Self(Arc::new(Mutex::new(writer)))),
        }
    }

    /// Why the record is not whole, where it is not.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.writer().problem.clone()
    }

    /// A request begins.
    pub fn begin(&self, asked: &Asked, request: &HttpRequest) -> Tape {
        let keys = Keys::used();
        let url = request.url.split(['?', '#']).next().unwrap_or_default();
        let body = String::from_utf8_lossy(&request.body);
        let asked = &Asked { base_url: keys.clean(&asked.base_url).into_owned(), ..asked.clone() };
        let mut writer = self.writer();
        writer.exchanges += 1;
        let number = writer.exchanges;
        let line = format::request(number, ms(writer.started.elapsed()), asked, (&keys.clean(url), &keys.clean(&body)));
        writer.line(&line);
        writer.write();
        drop(writer);
        let parts = RedactedParts::new(keys);
        Tape { recorder: self.clone(), number, started: Instant::now(), parts, has_ended: false }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One exchange that is being recorded.
pub struct Tape {
    recorder: Recorder,
    number: u64,
    started: Instant,
    parts: RedactedParts,
    has_ended: bool,
}

impl Tape {
    /// The head of the response.
    pub(in crate::http) fn response(&self, status: u16, version: &str, header: &dyn Fn(&str) -> Option<String>) {
        let keys = Keys::used();
        let headers = KEPT_HEADERS.into_iter().filter_map(|name| {
            let value = header(name)?;
            // The query of an address can hold a key.
            let value = if name == "location" { value.split(['?', '#']).next()?.to_owned() } else { value };
            Some((name.to_owned(), keys.clean(&value).into_owned()))
        });
        let headers: Vec<(String, String)> = headers.collect();
        let line = format::response(self.number, self.at_ms(), (status, version), &headers);
        let mut writer = self.recorder.writer();
        writer.line(line.to_string().as_bytes());
        writer.write();
    }

    /// A part of the body as it came.
    pub fn chunk(&mut self, bytes: &[u8]) {
        let at_ms = self.at_ms();
        let mut writer = self.recorder.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.parts.push(at_ms, bytes, &mut |at_ms, bytes| writer.chunk(self.number, at_ms, bytes));
        writer.write_in_time();
    }

    pub(in crate::http) fn end(&mut self) {
        self.close(&format::end(self.number, self.at_ms()).to_string());
    }

    pub(in crate::http) fn fail(&mut self, error: &HttpError) {
        let clean = |text: &str| Keys::used().clean(text).into_owned();
        self.close(&format::failed(self.number, self.at_ms(), error, &clean).to_string());
    }

    fn close(&mut self, last: &str) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let mut writer = self.recorder.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.parts.finish(&mut |at_ms, bytes| writer.chunk(self.number, at_ms, bytes));
        writer.line(last.as_bytes());
        writer.write();
    }

    fn at_ms(&self) -> f64 {
        ms(self.started.elapsed())
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.close(&format::stopped(self.number, self.at_ms()).to_string());
    }
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Tape({})", self.number)
    }
}

impl Writer {
    fn line(&mut self, line: &[u8]) {
        let before = self.gathered.len();
        self.gathered.extend_from_slice(line);
        self.gathered.push(b'\n');
        self.count(before);
    }

    fn chunk(&mut self, number: u64, at_ms: f64, bytes: &[u8]) {
        if bytes.is_empty() || self.problem.is_some() {
            return;
        }
        let before = self.gathered.len();
        format::chunk(&mut self.gathered, number, at_ms, bytes);
        self.count(before);
    }

    /// Takes back what has been gathered since `before` where the record would be too long with it.
    fn count(&mut self, before: usize) {
        let added = (self.gathered.len() - before) as u64;
        if self.problem.is_some() {
            self.gathered.truncate(before);
        } else if self.bytes + added > self.bytes_max {
            self.gathered.truncate(before);
            self.gathered.extend_from_slice(format::full().to_string().as_bytes());
            self.gathered.push(b'\n');
            let limit = self.bytes_max >> 20;
            self.problem = Some(format!("the record {} is full: it ends at {limit} MiB", self.path.display()));
        } else {
            self.bytes += added;
        }
    }

    fn write_in_time(&mut self) {
        if self.gathered.len() >= GATHERED_BYTES_MAX || self.last_write.elapsed() >= GATHERED_MAX {
            self.write();
        }
    }

    fn write(&mut self) {
        self.last_write = Instant::now();
        if let Err(error) = self.file.write_all(&self.gathered) {
            // The answer goes on without it.
            let problem = || format!("the record {} is not whole: {error}", self.path.display());
            self.problem.get_or_insert_with(problem);
        }
        self.gathered.clear();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.write();
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn open(path: &Path) -> std::io::Result<File> {
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(std::io::Error::other("it is no file"));
    }
    private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(path)
}

/// Whether the file is new, empty or a record; then it is for its owner only from here on.
fn is_ours(mut file: &File) -> std::io::Result<bool> {
    let mut beginning = Vec::new();
    (&mut file).take(512).read_to_end(&mut beginning)?;
    let is_record =
        beginning.starts_with(BEGINNING) && memchr::memmem::find(&beginning, b"\"type\":\"record\"").is_some();
    if !beginning.is_empty() && !is_record {
        return Ok(false);
    }
    set_mode(file, PRIVATE_MODE)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: fn() -> Asked =
        || Asked { provider: "p".into(), api: "openai_chat".into(), base_url: "http://a".into(), model: "m".into() };

    fn request() -> HttpRequest {
        HttpRequest {
            url: "http://a/v1?key=secret".into(),
            accept: "text/event-stream",
            is_whole: false,
            bearer: None,
            headers: Vec::new(),
            body: "{\"model\":\"m\"}".into(),
            asked: Some(ASKED()),
        }
    }

    #[test]
    fn a_record_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        let recorder = Recorder::create_with(&path, ("sayso", "now"), 1_000).unwrap();
        let mut tape = recorder.begin(&ASKED(), &request());
        tape.response(200, "HTTP/1.1", &|_| None);
        for _ in 0..100 {
            tape.chunk(b"data: {}\n\n");
        }
        tape.end();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.len() < 1_100 && text.ends_with("{\"type\":\"full\"}\n"), "{text}");
        assert!(!text.contains("secret") && text.contains("\"body\":{\"model\":\"m\"}"), "{text}");
        assert!(recorder.problem().unwrap().contains("is full"));
    }

    #[test]
    fn the_files_of_others_are_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "mine").unwrap();
        let refused = Recorder::create(&path, "sayso", "now").err().unwrap();
        assert!(refused.ends_with("is no record: it is not overwritten"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        let record = folder.path().join("r.jsonl");
        for _ in 0..2 {
            Recorder::create(&record, "sayso", "now").unwrap();
        }
        assert_eq!(std::fs::read_to_string(&record).unwrap().lines().count(), 1);
        assert!(Recorder::create(folder.path(), "sayso", "now").err().unwrap().contains("no file"));
    }
}
