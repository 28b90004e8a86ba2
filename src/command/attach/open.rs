//! A file is read once and whole, and nothing that waits for somebody else is taken for one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::conversation::ATTACHMENT_BYTES_MAX;
use crate::platform::open_without_waiting;

/// The bytes of a regular file, or of a pipe that a shell has opened for us, as in `-f <(git diff)`. Devices and named
/// pipes are refused: they may wait for ever.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| reason(&error);
    let file = open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    let kind = about.file_type();
    if kind.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if !kind.is_file() && !is_handed_over(path) {
        return Err(format!("it is {}; pipe it in, and attach `-`", kind_in_words(kind)));
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

#[cfg(unix)]
fn kind_in_words(kind: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    match () {
        () if kind.is_fifo() => "a named pipe and no file",
        () if kind.is_socket() => "a socket and no file",
        () => "a device and no file",
    }
}

#[cfg(not(unix))]
fn kind_in_words(_: std::fs::FileType) -> &'static str {
    "no file"
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    }
}
