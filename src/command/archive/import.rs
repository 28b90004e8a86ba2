//! Reads files of ours and of other programs into the history.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::cli::{ImportOptions, ImportSource};
use crate::command::context::Context;
use crate::command::listing::count;
use crate::conversation::{UnixMillis, exit_code};
use crate::exit::Failure;
use crate::history::{
    DocumentError, DocumentFormat, HistorySettings, Imported, Importer, LlmLog, aichat_session, is_llm_log,
    read_document,
};
use crate::platform::FileKind;

/// A session file of aichat is read whole.
const SESSION_BYTES_MAX: u64 = 64 << 20;
const SQLITE_HEADER: &[u8] = b"SQLite format 3\0";
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// So much of a file tells what it is.
const HEAD_BYTES: usize = 256;

/// Runs `history import`; the exit code.
pub fn import(options: &ImportOptions, settings: &HistorySettings, context: &mut Context) -> Result<u8, Failure> {
    let mut importer = Importer::open(settings)?;
    context.begin_progress("importing");
    let read = options.files.iter().try_for_each(|path| import_file(path, options.from, &mut importer, context));
    context.end_progress();
    // What came before a file that cannot be read is kept. Where nothing can be written any more, the first failure
    // tells why.
    let Imported { counts, notices } = match (&read, importer.finish()) {
        (_, Ok(imported)) => imported,
        (Ok(()), Err(error)) => return Err(error.into()),
        (Err(_), Err(_)) => return read.map(|()| exit_code::OK),
    };
    notices.iter().for_each(|notice| context.warn(notice));
    if read.is_err() && counts.conversations + counts.messages + counts.known == 0 {
        return read.map(|()| exit_code::OK);
    }
    context.note(&format!(
        "imported {} and {}; {} known already",
        count(counts.conversations, "new conversation"),
        count(counts.messages, "new message"),
        if counts.known == 1 { "1 message was".to_owned() } else { format!("{} messages were", counts.known) }
    ));
    read.map(|()| exit_code::OK)
}

fn import_file(
    path: &Path,
    source: ImportSource,
    importer: &mut Importer,
    context: &mut Context,
) -> Result<(), Failure> {
    let unreadable =
        |error: &dyn std::fmt::Display| Failure::config(format!("cannot import {}: {error}", path.display()));
    if path == Path::new("-") {
        return import_document(io::stdin().lock(), 0, importer, context)
            .map_err(|error| document_failure(error, path));
    }
    let mut file = File::open(path).map_err(|error| unreadable(&error))?;
    let metadata = file.metadata().map_err(|error| unreadable(&error))?;
    // As of `<(zcat old.jsonl.gz)`.
    let is_pipe = FileKind::from(metadata.file_type()) == FileKind::Pipe;
    if !metadata.is_file() && !is_pipe {
        return Err(unreadable(&"it is neither a regular file nor a pipe"));
    }
    let mut head = Vec::new();
    (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(|error| unreadable(&error))?;
    drop_mark(&mut head);
    match source_of(source, &head) {
        Source::Database if is_pipe => Err(unreadable(&"a log of llm is read in any order, so it has to be a file")),
        Source::Database => import_llm_log(path, importer, context),
        Source::Document => {
            let whole = io::Cursor::new(head).chain(file);
            import_document(whole, metadata.len(), importer, context).map_err(|error| document_failure(error, path))
        }
        Source::Session => {
            let mut bytes = head;
            file.take(SESSION_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
            if bytes.len() as u64 > SESSION_BYTES_MAX {
                return Err(unreadable(&format!("it is longer than {} MiB", SESSION_BYTES_MAX >> 20)));
            }
            let text = String::from_utf8(bytes).map_err(|_| unreadable(&"it is no text"))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let modified = metadata.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
            let time: UnixMillis = modified.map_or(0, jiff::Timestamp::as_millisecond);
            let conversation = aichat_session(&text, &name, time).map_err(|error| match source {
                ImportSource::Aichat => unreadable(&format!("it is no session of aichat ({error})")),
                // What is wrong with it as one of the three says nothing about the other two.
                ImportSource::Auto | ImportSource::Sayso | ImportSource::Llm => {
                    unreadable(&"it is neither an export of sayso nor a log of llm nor a session of aichat")
                        .hint("`--from` says which of them it is, and tells what is wrong with it")
                }
            })?;
            Ok(importer.add(&conversation)?)
        }
    }
}

/// Some editors put a byte order mark before a text.
fn drop_mark(head: &mut Vec<u8>) {
    if head.starts_with(BYTE_ORDER_MARK) {
        head.drain(..BYTE_ORDER_MARK.len());
    }
}

enum Source {
    Database,
    Document,
    Session,
}

fn source_of(wanted: ImportSource, head: &[u8]) -> Source {
    match wanted {
        ImportSource::Llm => Source::Database,
        ImportSource::Sayso => Source::Document,
        ImportSource::Aichat => Source::Session,
        ImportSource::Auto if head.starts_with(SQLITE_HEADER) => Source::Database,
        ImportSource::Auto if head.trim_ascii_start().starts_with(b"{") => Source::Document,
        ImportSource::Auto => Source::Session,
    }
}

fn import_llm_log(path: &Path, importer: &mut Importer, context: &mut Context) -> Result<(), Failure> {
    if !is_llm_log(path) {
        let failure = Failure::config(format!("cannot import {}: it is no log of llm", path.display()));
        return Err(failure.hint("a history of sayso is read with `sayso history recover FILE`"));
    }
    let unreadable = |error| Failure::config(format!("cannot import {}: {error}", path.display()));
    let log = LlmLog::open(path).map_err(unreadable)?;
    for place in 0..log.len() {
        context.progress(place as u64, log.len() as u64);
        if let Some(conversation) = log.conversation(place).map_err(unreadable)? {
            importer.add(&conversation)?;
        }
    }
    Ok(())
}

/// The first line tells JSON from JSON lines: there, it ends with the first conversation.
fn import_document(
    mut file: impl Read,
    length: u64,
    importer: &mut Importer,
    context: &mut Context,
) -> Result<(), DocumentError> {
    let mut head = vec![0; HEAD_BYTES];
    let mut filled = 0;
    while filled < head.len() {
        match file.read(&mut head[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    head.truncate(filled);
    drop_mark(&mut head);
    let is_json =
        String::from_utf8_lossy(&head).trim_start().trim_start_matches('{').trim_start().starts_with("\"format\"");
    let format = if is_json { DocumentFormat::Json } else { DocumentFormat::JsonLines };
    let read = std::cell::Cell::new(0);
    let whole = Counted { inner: io::Cursor::new(head).chain(file), read: &read };
    read_document(format, whole, &mut |conversation| {
        context.progress(read.get(), length);
        importer.add(&conversation)
    })
}

/// Counts the bytes that go through it.
struct Counted<'a, R> {
    inner: R,
    read: &'a std::cell::Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

fn document_failure(error: DocumentError, path: &Path) -> Failure {
    match error {
        DocumentError::History(error) => error.into(),
        other => Failure::config(format!("cannot import {}: {other}", path.display()))
            .hint("what stood before this place is imported; the same file can be imported again"),
    }
}
