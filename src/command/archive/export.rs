//! Writes conversations to stdout or a file, one at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::files::{Files, Folder};
use super::html::{PAGE_END, contents, page_begin, section};
use super::markdown::markdown;
use crate::cli::{ExportFormat, ExportOptions};
use crate::command::context::Context;
use crate::conversation::{ConversationId, exit_code};
use crate::exit::Failure;
use crate::history::{
    DocumentError, DocumentFormat, History, HistoryError, PortableConversation, give_name, write_document,
};
use crate::platform::private;
use crate::repl::ExportImages;
use crate::session::OutputError;

/// Of a file that is named after a conversation.
const FILE_NAME_CHARS_MAX: usize = 60;
/// Files of one name.
const NUMBERS_MAX: u32 = 1_000;

/// What is written, and how.
struct Export<'a> {
    format: ExportFormat,
    ids: &'a [ConversationId],
    history: &'a History,
    files: Files,
}

/// Runs `history export`; the exit code.
pub fn export(options: &ExportOptions, history: &History, context: &mut Context) -> Result<u8, Failure> {
    let path = options.output.as_deref().filter(|path| *path != Path::new("-"));
    if options.files {
        check_beside(options.format)?;
        if path.is_none() {
            let failure = Failure::usage("--files writes a folder beside a file, and stdout has none beside it");
            return Err(failure.hint("name the file, as in `-o talk.md`"));
        }
    }
    let ids = &chosen(options, history)?;
    let mut export = Export { format: options.format, ids, history, files: Files::InText };
    let Some(path) = path else {
        let mut out = Stdout { context, bytes: Vec::new(), failed: None };
        let written = export.write_all(&mut out, &mut |_| {});
        let failed = out.failed.take();
        return match (failed, written) {
            (Some(OutputError::Closed), _) => Ok(exit_code::OK),
            (Some(error), _) => Err(Failure::from(error)),
            (None, written) => written.map(|()| exit_code::OK).map_err(document_failure),
        };
    };
    if options.files {
        export.files = Files::Beside(Folder::beside(path));
    }
    context.begin_progress("exporting");
    let total = ids.len() as u64;
    let written = export.write_file(path, &mut |done| context.progress(done, total));
    context.end_progress();
    written?;
    context.note(&format!("exported {} to {}", crate::command::listing::count(total, "conversation"), path.display()));
    Ok(exit_code::OK)
}

/// The same of one conversation at the prompt: to a file in the format of its name, by default to one that is named
/// after the conversation. Returns the path.
pub fn export_one(
    id: &ConversationId,
    file: Option<&Path>,
    images: ExportImages,
    history: &History,
) -> Result<PathBuf, Failure> {
    let (path, format) = match file {
        Some(path) => (path.to_owned(), format_of(path)?),
        None => {
            let summary = history.conversation(id)?;
            (free_name(&file_name(summary.name.as_deref().unwrap_or(&summary.title), id)), ExportFormat::Md)
        }
    };
    let files = match images {
        ExportImages::InText => Files::InText,
        ExportImages::Beside => {
            check_beside(format)?;
            Files::Beside(Folder::beside(&path))
        }
    };
    let export = Export { format, ids: std::slice::from_ref(id), history, files };
    export.write_file(&path, &mut |_| {})?;
    Ok(path)
}

/// Only Markdown has links to files.
fn check_beside(format: ExportFormat) -> Result<(), Failure> {
    match format {
        ExportFormat::Md => Ok(()),
        ExportFormat::Html | ExportFormat::Json | ExportFormat::Jsonl => {
            Err(Failure::usage("--files is for Markdown").hint("all other formats hold what was attached"))
        }
    }
}

/// By the end of its name; Markdown where it has none.
fn format_of(path: &Path) -> Result<ExportFormat, Failure> {
    let Some(end) = path.extension() else { return Ok(ExportFormat::Md) };
    Ok(match end.to_string_lossy().to_lowercase().as_str() {
        "md" | "markdown" => ExportFormat::Md,
        "html" | "htm" => ExportFormat::Html,
        "json" => ExportFormat::Json,
        "jsonl" => ExportFormat::Jsonl,
        other => {
            let failure = Failure::usage(format!("no conversation is written as .{other}"));
            return Err(failure.hint("end the name with .md, .html, .json or .jsonl"));
        }
    })
}

/// What people call the conversation, without anything that means something in a path or to a shell.
fn file_name(label: &str, id: &ConversationId) -> String {
    let words = label.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty());
    let name: String = words.collect::<Vec<_>>().join("-").chars().take(FILE_NAME_CHARS_MAX).collect();
    if name.is_empty() { id.0.clone() } else { name }
}

/// In the current folder; with a number where the name is taken.
fn free_name(name: &str) -> PathBuf {
    let numbered = (2..=NUMBERS_MAX).map(|number| PathBuf::from(format!("{name}-{number}.md")));
    let mut names = std::iter::once(PathBuf::from(format!("{name}.md"))).chain(numbered);
    let is_free = |path: &PathBuf| path.symlink_metadata().is_err();
    names.find(is_free).unwrap_or_else(|| PathBuf::from(format!("{name}.md")))
}

impl Export<'_> {
    /// Writes a new file, and what belongs beside it.
    fn write_file(mut self, path: &Path, progress: &mut dyn FnMut(u64)) -> Result<(), Failure> {
        if let Files::Beside(folder) = &self.files
            && folder.path().symlink_metadata().is_ok()
        {
            return Err(cannot_write(folder.path(), &io::ErrorKind::AlreadyExists.into()));
        }
        let mut file = NewFile::create(path).map_err(|error| cannot_write(path, &error))?;
        self.write_all(&mut file, progress).map_err(|error| match error {
            DocumentError::Io(error) => cannot_write(path, &error),
            other => document_failure(other),
        })?;
        file.keep().map_err(|error| cannot_write(path, &error))?;
        if let Files::Beside(folder) = self.files {
            folder.keep();
        }
        Ok(())
    }

    fn write_all(&mut self, out: &mut dyn Write, progress: &mut dyn FnMut(u64)) -> Result<(), DocumentError> {
        let mut done = 0;
        let mut conversations = self.ids.iter().filter_map(|id| {
            progress(done);
            done += 1;
            there(self.history.portable(id))
        });
        match self.format {
            ExportFormat::Json => write_document(DocumentFormat::Json, conversations, out).map(drop),
            ExportFormat::Jsonl => write_document(DocumentFormat::JsonLines, conversations, out).map(drop),
            ExportFormat::Md => write_markdown(&mut conversations, &mut self.files, out),
            ExportFormat::Html => write_page(&mut conversations, &titles(self.ids, self.history)?, out),
        }
    }
}

fn chosen(options: &ExportOptions, history: &History) -> Result<Vec<ConversationId>, HistoryError> {
    if options.conversations.is_empty() {
        return history.all_ids();
    }
    let mut ids = Vec::with_capacity(options.conversations.len());
    for address in &options.conversations {
        let id = history.resolve(address)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn write_markdown(
    conversations: &mut dyn Iterator<Item = Result<PortableConversation, HistoryError>>,
    files: &mut Files,
    out: &mut dyn Write,
) -> Result<(), DocumentError> {
    for (place, conversation) in conversations.enumerate() {
        if place > 0 {
            out.write_all(b"\n---\n\n")?;
        }
        out.write_all(markdown(&conversation?, files)?.as_bytes())?;
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
        .filter_map(|id| there(history.conversation(id)))
        .map(|summary| summary.map(|summary| (summary.id.0, summary.name.unwrap_or(summary.title))))
        .collect()
}

/// What somebody has deleted since its id was read is left out: a long export goes on.
fn there<T>(found: Result<T, HistoryError>) -> Option<Result<T, HistoryError>> {
    match found {
        Err(HistoryError::NotFound { .. }) => None,
        found => Some(found),
    }
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
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already"));
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.unfinished", std::process::id()));
        let unfinished = path.with_file_name(name);
        let out = private(OpenOptions::new().write(true).create_new(true)).open(&unfinished)?;
        Ok(Self { out: BufWriter::new(out), path: path.to_owned(), unfinished })
    }

    /// Makes it durable under its name. Whoever was faster is not overwritten.
    pub fn keep(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        give_name(&self.unfinished, &self.path)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_conversation_and_nothing_else() {
        let id = ConversationId("01C".to_owned());
        let name = |label: &str| file_name(label, &id);
        assert_eq!(name("What is a café?"), "What-is-a-café");
        assert_eq!(name("../../etc/passwd $(rm *)\n\u{1b}[2J"), "etc-passwd-rm-2J");
        assert_eq!(name("-rf my_notes.md"), "rf-my_notes-md");
        assert_eq!([name(""), name(" ?! ")], ["01C", "01C"]);
        assert_eq!(name(&"x".repeat(100)).len(), 60);
    }

    #[test]
    fn the_end_of_a_name_tells_the_format() {
        let format = |name: &str| format_of(Path::new(name)).ok();
        assert_eq!(format("a.md"), Some(ExportFormat::Md));
        assert_eq!(format("notes"), Some(ExportFormat::Md));
        assert_eq!(format("a.b/c.HTML"), Some(ExportFormat::Html));
        assert_eq!([format("x.json"), format("x.jsonl")], [Some(ExportFormat::Json), Some(ExportFormat::Jsonl)]);
        assert_eq!(format("a.txt"), None);
    }
}
