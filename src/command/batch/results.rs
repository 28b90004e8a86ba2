//! The file of results, which is also the memory of a batch: a row whose line is in it is not asked again.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::plan::{Plan, Verdict};
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::platform::FileIdentity;
use crate::terminal::BATCH_LINE_START;

/// Lines that wait for the disk; whoever brings one more waits too.
const WAITING_MAX: usize = 256;
/// A loss of power takes no more than the results of this time.
const SYNC_AFTER: Duration = Duration::from_millis(200);
const SYNC_POLL: Duration = Duration::from_millis(10);
/// No line of ours is longer: an answer has 64 MiB at most, and each byte of it six letters.
const LINE_BYTES_MAX: u64 = 400 << 20;

/// What is read of a line of an earlier run.
#[derive(Deserialize)]
struct Stored {
    id: Value,
    status: String,
    hash: String,
}

/// The file, locked for this process.
#[derive(Debug)]
pub struct Results {
    /// As it was given, for people.
    path: PathBuf,
    /// Where the file is: a link that leads to it stays one.
    target: PathBuf,
    file: File,
}

impl Results {
    /// Opens or makes the file, tells the plan what is done, and takes out what will be written again: a line that a
    /// kill has cut, and rows that have failed or have changed.
    pub fn open(path: &Path, plan: &mut Plan) -> Result<Self, Failure> {
        let file = locked(path)?;
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut results = Self { path: path.to_owned(), target, file };
        let kept = results.read(plan)?;
        if let Some(kept) = kept {
            results.rewrite(&kept).map_err(|error| cannot_write(path, &error))?;
        }
        Ok(results)
    }

    /// Reads all lines; the ones to keep, where not all of them are.
    fn read(&mut self, plan: &mut Plan) -> Result<Option<Vec<Span>>, Failure> {
        let failed = |error: io::Error| Failure::config(format!("cannot read {}: {error}", self.path.display()));
        let mut lines = Lines::new(&self.file).map_err(failed)?;
        let (mut kept, mut is_whole) = (Vec::new(), true);
        while let Some((number, span, line)) = lines.next().map_err(failed)? {
            let Ok(stored) = serde_json::from_slice::<Stored>(line) else {
                if span.is_ended || !is_beginning_of_ours(line) {
                    return Err(foreign(&self.path, number));
                }
                is_whole = false;
                continue;
            };
            match plan.judge(&stored.id, &stored.hash, stored.status == "ok") {
                Verdict::Done | Verdict::Foreign => kept.push(span),
                Verdict::Outdated => is_whole = false,
            }
            is_whole &= span.is_ended;
        }
        Ok((!is_whole).then_some(kept))
    }

    /// Puts the lines into the order of the rows, those of other runs first.
    pub fn arrange(&mut self, plan: &Plan) -> io::Result<()> {
        let mut lines = Lines::new(&self.file)?;
        let mut places = Vec::new();
        while let Some((_, span, line)) = lines.next()? {
            let place = serde_json::from_slice::<Stored>(line).ok().and_then(|stored| plan.place(&stored.id));
            places.push((place, span));
        }
        if places.is_sorted_by_key(|(place, _)| *place) {
            return Ok(());
        }
        places.sort_by_key(|(place, _)| *place);
        let spans: Vec<Span> = places.into_iter().map(|(_, span)| span).collect();
        self.rewrite(&spans)
    }

    /// Puts a file with these lines into the place of this one. A kill leaves the one or the other.
    fn rewrite(&mut self, spans: &[Span]) -> io::Result<()> {
        let name = self.target.file_name().unwrap_or_default().to_string_lossy();
        let new_path = self.target.with_file_name(format!(".{name}.sayso-new"));
        let _ = fs::remove_file(&new_path);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&new_path)?;
        file.set_permissions(self.file.metadata()?.permissions())?;
        // Nobody can get at the new file before us, not even when it has the old one's name.
        let _ = file.try_lock();
        let mut new = BufWriter::new(&file);
        for span in spans {
            self.file.seek(SeekFrom::Start(span.start))?;
            io::copy(&mut (&self.file).take(span.bytes), &mut new)?;
            if !span.is_ended {
                new.write_all(b"\n")?;
            }
        }
        new.flush()?;
        drop(new);
        file.sync_all()?;
        fs::rename(&new_path, &self.target)?;
        sync_folder_of(&self.target);
        self.file = file;
        Ok(())
    }

    /// Begins to append, on a thread of its own: the disk holds up no request.
    pub fn appender(&self) -> io::Result<Appender> {
        let mut file = self.file.try_clone()?;
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let append = move || append_all(&mut file, receiver);
        let thread = std::thread::Builder::new().name("results".to_owned()).spawn(append)?;
        Ok(Appender { lines: Some(sender), thread: Some(thread), path: self.path.clone() })
    }
}

/// Writes lines behind the others.
#[derive(Debug)]
pub struct Appender {
    lines: Option<mpsc::Sender<String>>,
    thread: Option<JoinHandle<io::Result<()>>>,
    path: PathBuf,
}

impl Appender {
    /// Takes a line, once there is room for it.
    pub async fn push(&mut self, line: String) -> Result<(), Failure> {
        let sent = match &self.lines {
            Some(lines) => lines.send(line).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { self.close() }
    }

    /// Waits until everything is on the disk.
    pub fn close(&mut self) -> Result<(), Failure> {
        self.lines = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(Err(error))) => Err(cannot_write(&self.path, &error)),
            Some(Err(_)) => Err(Failure::internal("the writer of the results has stopped")),
            Some(Ok(Ok(()))) | None => Ok(()),
        }
    }
}

/// A line is with the system at once, so that a kill loses nothing, and on the disk soon after.
fn append_all(file: &mut File, mut lines: mpsc::Receiver<String>) -> io::Result<()> {
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut unsynced_since = None;
    loop {
        match (lines.try_recv(), unsynced_since) {
            (Ok(line), since) => {
                append(file, &line, &mut end)?;
                unsynced_since = since.or_else(|| Some(Instant::now()));
            }
            (Err(TryRecvError::Empty), None) => match lines.blocking_recv() {
                None => return Ok(()),
                Some(line) => {
                    append(file, &line, &mut end)?;
                    unsynced_since = Some(Instant::now());
                }
            },
            (Err(TryRecvError::Empty), Some(_)) => std::thread::sleep(SYNC_POLL),
            (Err(TryRecvError::Disconnected), _) => return file.sync_data(),
        }
        if unsynced_since.is_some_and(|since| since.elapsed() >= SYNC_AFTER) {
            file.sync_data()?;
            unsynced_since = None;
        }
    }
}

fn append(file: &mut File, line: &str, end: &mut u64) -> io::Result<()> {
    if let Err(error) = file.write_all(line.as_bytes()) {
        // Half a line would only be taken out again by the next run.
        let _ = file.set_len(*end);
        return Err(error);
    }
    *end += line.len() as u64;
    Ok(())
}

/// Where a line stands in the file.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u64,
    bytes: u64,
    is_ended: bool,
}

struct Lines<'f> {
    input: BufReader<&'f File>,
    at: u64,
    number: u64,
    line: Vec<u8>,
}

impl<'f> Lines<'f> {
    fn new(mut file: &'f File) -> io::Result<Self> {
        file.rewind()?;
        Ok(Self { input: BufReader::with_capacity(256 << 10, file), at: 0, number: 0, line: Vec::new() })
    }

    fn next(&mut self) -> io::Result<Option<(u64, Span, &[u8])>> {
        self.line.clear();
        let bytes = self.input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line)? as u64;
        if bytes == 0 {
            return Ok(None);
        }
        let span = Span { start: self.at, bytes, is_ended: self.line.last() == Some(&b'\n') };
        self.at += bytes;
        self.number += 1;
        Ok(Some((self.number, span, &self.line)))
    }
}

/// Whether a kill can have left this: the beginning of a line of ours, or blocks that were never filled.
fn is_beginning_of_ours(torn: &[u8]) -> bool {
    let start = BATCH_LINE_START.as_bytes();
    let is_unfilled = |rest: &[u8]| rest.iter().all(|byte| *byte == 0);
    torn.starts_with(start) || start.starts_with(torn) || is_unfilled(torn)
}

fn foreign(path: &Path, line: u64) -> Failure {
    Failure::config(format!("{} holds something else: line {line} is no result of a batch", path.display()))
        .hint("choose another file for `--output`; nothing was changed")
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new("output", exit_code::OUTPUT, format!("cannot write {}: {error}", path.display()))
        .hint("what is in it is whole: make room and run the same command again")
}

/// Opens the file with a lock on it that lasts as long as this process.
fn locked(path: &Path) -> Result<File, Failure> {
    let failed = |error: io::Error| Failure::config(format!("cannot open {}: {error}", path.display()));
    loop {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(Failure::config(format!("{} is no file", path.display()))
                .hint("leave out `--output` to write to stdout"));
        }
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::config(format!("another batch is writing {}", path.display()))
                    .hint("wait for it, or choose another file for `--output`"));
            }
            // A file system without locks: nobody else is kept away.
            Err(TryLockError::Error(_)) => return Ok(file),
            // Another one may have put a new file in its place between the two.
            Ok(()) if is_at(path, &file) => return Ok(file),
            Ok(()) => {}
        }
    }
}

fn is_at(path: &Path, file: &File) -> bool {
    matches!((FileIdentity::of(path), FileIdentity::of_file(file)), (Ok(Some(there)), Ok(ours)) if there == ours)
}

fn sync_folder_of(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
