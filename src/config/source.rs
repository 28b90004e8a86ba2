//! The bytes of the configuration file: read with a limit, never waiting, and known to be text.

use std::fmt;
use std::fs::Metadata;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::problem::{ConfigError, KeyPath, Position, Problem};
use crate::platform::{mode_of, open_without_waiting};

/// 1 MiB; a real configuration has a few hundred lines.
pub const BYTES_MAX: u64 = 1 << 20;

pub struct Source {
    pub path: PathBuf,
    pub text: String,
    /// Who may do what with the file; `None` where the system does not tell in this way.
    pub mode: Option<u32>,
}

impl fmt::Debug for Source {
    /// Without the text, which can hold keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.path.display())
    }
}

/// Reads the file. `Ok(None)`: there is none.
pub fn read(path: &Path) -> Result<Option<Source>, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    if path == Path::new("/dev/null") {
        return Ok(Some(Source { path: path.to_owned(), text: String::new(), mode: None }));
    }
    let Some((bytes, metadata)) = read_regular_file(path, BYTES_MAX).map_err(unreadable)? else { return Ok(None) };
    let text =
        decode(bytes).map_err(|problem| ConfigError::Invalid { path: path.to_owned(), problems: vec![problem] })?;
    Ok(Some(Source { path: path.to_owned(), text, mode: mode_of(&metadata) }))
}

/// All bytes of a file that has no surprises: no pipe that never ends, no folder, no gigabytes.
/// `Ok(None)`: there is none.
pub fn read_regular_file(path: &Path, bytes_max: u64) -> Result<Option<(Vec<u8>, Metadata)>, String> {
    let file = match open_without_waiting(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match path.symlink_metadata() {
                Ok(_) => Err("is a link to a file that does not exist".into()),
                Err(_) => Ok(None),
            };
        }
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    let metadata = file.metadata().map_err(|error| format!("cannot be read: {error}"))?;
    if metadata.is_dir() {
        return Err("is a folder, not a file".into());
    }
    if !metadata.is_file() {
        return Err("is not a regular file".into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(bytes_max)).unwrap_or(0) + 1);
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("is larger than {} KiB", bytes_max / 1024));
    }
    Ok(Some((bytes, metadata)))
}

/// UTF-8 without control characters; a byte order mark at the start is passed over.
fn decode(bytes: Vec<u8>) -> Result<String, Problem> {
    let start = Position { line: 1, column: 1 };
    let wrong = |position, reason: &str| Err(Problem::new(position, KeyPath::default(), reason));
    let is_utf16 = matches!(
        bytes.as_slice(),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, 1..=0x7F, 0, ..] | [1..=0x7F, 0, _, 0, ..]
    );
    if is_utf16 {
        return wrong(start, "is UTF-16; save it as UTF-8");
    }
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
            return wrong(position_after(&good), "is not UTF-8; save it as UTF-8");
        }
    };
    if text.starts_with('\u{FEFF}') {
        text.drain(..'\u{FEFF}'.len_utf8());
    }
    readable(&text).map(|()| text)
}

/// Whether a text can be read again once it stands in the file.
pub fn readable(text: &str) -> Result<(), Problem> {
    if text.len() as u64 > BYTES_MAX {
        let reason = format!("is larger than {} KiB", BYTES_MAX / 1024);
        return Err(Problem::new(Position { line: 1, column: 1 }, KeyPath::default(), reason));
    }
    let Some(at) = text.bytes().position(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127)) else { return Ok(()) };
    let name = if text.as_bytes()[at] == 0 { "a NUL byte" } else { "a control character" };
    let reason = format!("{name} (U+{:04X}); write it as an escape in double quotes", text.as_bytes()[at]);
    Err(Problem::new(position_after(&text[..at]), KeyPath::default(), reason))
}

fn position_after(text: &str) -> Position {
    let line = text.rsplit('\n').next().unwrap_or("");
    Position { line: text.matches('\n').count() + 1, column: line.chars().count() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_is_read() {
        let refused = |bytes: &[u8]| decode(bytes.to_vec()).unwrap_err().to_string();
        assert_eq!(decode(b"\xEF\xBB\xBFui: {}".to_vec()).unwrap(), "ui: {}");
        assert_eq!(refused(b"\xFF\xFEu\0i\0"), "1:1: is UTF-16; save it as UTF-8");
        assert_eq!(refused(b"u\0i\0:\0"), "1:1: is UTF-16; save it as UTF-8");
        assert_eq!(refused(b"ui:\n  a\xFF"), "2:4: is not UTF-8; save it as UTF-8");
        assert_eq!(refused(b"ui:\n \0"), "2:2: a NUL byte (U+0000); write it as an escape in double quotes");
        assert_eq!(
            refused(b"a: \x1b[31m"),
            "1:4: a control character (U+001B); write it as an escape in double quotes"
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let reason = |path: &Path| match read(path) {
            Err(ConfigError::Unreadable { reason, .. }) => reason,
            other => format!("{other:?}"),
        };
        let [pipe, link, large] = ["pipe", "link", "large"].map(|name| folder.path().join(name));
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        std::os::unix::fs::symlink(folder.path().join("gone"), &link).unwrap();
        // Sparse: 100 MB that take no room.
        std::fs::File::create(&large).unwrap().set_len(100_000_000).unwrap();
        assert_eq!(reason(&pipe), "is not a regular file");
        assert_eq!(reason(&link), "is a link to a file that does not exist");
        assert_eq!(reason(folder.path()), "is a folder, not a file");
        assert_eq!(reason(&large), "is larger than 1024 KiB");
        assert!(read(&folder.path().join("none")).unwrap().is_none());
        assert_eq!(read(Path::new("/dev/null")).unwrap().unwrap().text, "");
    }
}
