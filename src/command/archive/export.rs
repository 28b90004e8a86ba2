//! Writes conversations to stdout or a file, one at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::html::{PAGE_END, contents, page_begin, section};
use super::markdown::markdown;
use crate::cli::{ExportFormat, ExportOptions};
use crate::command::context::Context;
use crate::conversation::{ConversationId, exit_code};
use crate::exit::Failure;
use crate::history::{DocumentError, DocumentFormat, History, HistoryError, PortableConversation, write_document};
use crate::session::OutputError;

/// Runs `history export`; the exit code.
pub fn export(options: &ExportOptions, history: &History, context: &mut Context) -> Result<u8, Failure> {
    let ids = chosen(options, history)?;
    let Some(path) = &options.output else {
        let mut out = Stdout { context, bytes: Vec::new(), failed: None };
        let written = write_all(options.format, &ids, history, &mut out, &mut |_| {});
        let failed = out.failed.take();
        return match (failed, written) {
            (Some(OutputError::Closed), _) => Ok(exit_code::OK),
            (Some(error), _) => Err(Failure::from(error)),
            (None, written) => written.map(|()| exit_code::OK).map_err(document_failure),
        };
    };
    let mut file = NewFile::create(path).map_err(|error| cannot_write(path, &error))?;
    context.begin_progress("exporting");
    let total = ids.len() as u64;
    let written = write_all(options.format, &ids, history, &mut file, &mut |done| context.progress(done, total));
    context.end_progress();
    written.map_err(|error| match error {
        DocumentError::Io(error) => cannot_write(path, &error),
        other => document_failure(other),
    })?;
    file.keep().map_err(|error| cannot_write(path, &error))?;
    context.note(&format!("exported {} to {}", crate::command::listing::count(total, "conversation"), path.display()));
    Ok(exit_code::OK)
}

fn chosen(options: &ExportOptions, history: &History) -> Result<Vec<ConversationId>, HistoryError> {
    if options.conversations.is_empty() {
        return history.all_ids();
    }
    options.conversations.iter().map(|address| history.resolve(address)).collect()
}

fn write_all(
    format: ExportFormat,
    ids: &[ConversationId],
    history: &History,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64),
) -> Result<(), DocumentError> {
    let mut done = 0;
    let mut conversations = ids.iter().map(|id| {
        progress(done);
        done += 1;
        history.portable(id)
    });
    match format {
        ExportFormat::Json => write_document(DocumentFormat::Json, conversations, out).map(drop),
        ExportFormat::Jsonl => write_document(DocumentFormat::JsonLines, conversations, out).map(drop),
        ExportFormat::Md => write_markdown(&mut conversations, out),
        ExportFormat::Html => write_page(&mut conversations, &titles(ids, history)?, out),
    }
}

fn write_markdown(
    conversations: &mut dyn Iterator<Item = Result<PortableConversation, HistoryError>>,
    out: &mut dyn Write,
) -> Result<(), DocumentError> {
    for (place, conversation) in conversations.enumerate() {
        if place > 0 {
            out.write_all(b"\n---\n\n")?;
        }
        out.write_all(markdown(&conversation?).as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

fn write_page(
    conversations: &mut dyn Iterator<Item = Result<PortableConversation, HistoryError>>,
    titles: &[(String, String)],
    out: &mut dyn Write,
) -> Result<(), DocumentError> {
    let title = match titles {
        [(_, title)] => title.clone(),
        several => format!("{} conversations", several.len()),
    };
    out.write_all(page_begin(&title).as_bytes())?;
    out.write_all(contents(titles).as_bytes())?;
    for conversation in conversations {
        out.write_all(section(&conversation?).as_bytes())?;
        out.flush()?;
    }
    out.write_all(PAGE_END.as_bytes())?;
    out.flush()?;
    Ok(())
}

fn titles(ids: &[ConversationId], history: &History) -> Result<Vec<(String, String)>, HistoryError> {
    ids.iter()
        .map(|id| {
            let summary = history.conversation(id)?;
            Ok((id.0.clone(), summary.name.unwrap_or(summary.title)))
        })
        .collect()
}

fn document_failure(error: DocumentError) -> Failure {
    match error {
        DocumentError::History(error) => error.into(),
        other => Failure::internal(format!("the export failed: {other}")),
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::config(format!("cannot write {}: {error}", path.display()));
    match error.kind() {
        io::ErrorKind::AlreadyExists => failure.hint("nothing is overwritten: choose another name, or remove the file"),
        _ => failure,
    }
}

/// stdout, written to with each flush.
struct Stdout<'a> {
    context: &'a mut Context,
    bytes: Vec<u8>,
    failed: Option<OutputError>,
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = String::from_utf8(std::mem::take(&mut self.bytes)).map_err(io::Error::other)?;
        self.context.screen.print(&text);
        match self.context.flush_stdout() {
            Ok(()) => Ok(()),
            Err(error) => {
                self.failed = Some(error);
                Err(io::Error::from(io::ErrorKind::BrokenPipe))
            }
        }
    }
}

/// A file that nobody else can read, under its name only when it is whole.
pub struct NewFile {
    out: BufWriter<File>,
    path: PathBuf,
    unfinished: PathBuf,
}

impl NewFile {
    /// Nothing that is there already is touched.
    pub fn create(path: &Path) -> io::Result<Self> {
        if path.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.unfinished", std::process::id()));
        let unfinished = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { out: BufWriter::new(options.open(&unfinished)?), path: path.to_owned(), unfinished })
    }

    /// Makes it durable under its name. Whoever was faster is not overwritten.
    pub fn keep(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        fs::hard_link(&self.unfinished, &self.path)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.unfinished);
    }
}
