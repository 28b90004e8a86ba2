//! A file is read once and whole, and nothing that waits for somebody else is taken for one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::conversation::ATTACHMENT_BYTES_MAX;
use crate::platform::{FileKind, open_without_waiting};

/// The bytes of a regular file, or of a pipe that a shell has opened for us, as in `-f <(git diff)`. Devices and named
/// pipes are refused: they may wait for ever.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| reason(&error);
    let file = open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    match FileKind::from(about.file_type()) {
        FileKind::File => {}
        FileKind::Folder => return Err("it is a folder".to_owned()),
        _ if is_handed_over(path) => {}
        other => return Err(format!("it is {} and no file; pipe it in, and attach `-`", in_words(other))),
    }
    let bytes_max = ATTACHMENT_BYTES_MAX as u64 + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(about.len().min(bytes_max)).unwrap_or(0));
    file.take(bytes_max).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Whether a path leads to what this process has open already: its other end is there.
fn is_handed_over(path: &Path) -> bool {
    ["/dev/fd/", "/proc/self/fd/"].iter().any(|folder| path.to_string_lossy().starts_with(folder))
}

/// Opening a named pipe must not wait for its writer.
fn open(path: &Path) -> std::io::Result<File> {
    if is_handed_over(path) { File::open(path) } else { open_without_waiting(path) }
}

fn in_words(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Pipe => "a named pipe",
        FileKind::Socket => "a socket",
        FileKind::Device | FileKind::File | FileKind::Folder | FileKind::Link => "a device",
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    }
}
