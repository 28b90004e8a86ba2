//! What stands at a path.

use std::fs::FileType;

#[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has pipes and sockets at a path"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    File,
    Folder,
    Link,
    Pipe,
    Socket,
    /// Also whatever else a system may have.
    Device,
}

impl From<FileType> for FileKind {
    fn from(kind: FileType) -> Self {
        match () {
            () if kind.is_file() => Self::File,
            () if kind.is_dir() => Self::Folder,
            () if kind.is_symlink() => Self::Link,
            () => special(kind),
        }
    }
}

#[cfg(unix)]
fn special(kind: FileType) -> FileKind {
    use std::os::unix::fs::FileTypeExt as _;
    match () {
        () if kind.is_fifo() => FileKind::Pipe,
        () if kind.is_socket() => FileKind::Socket,
        () => FileKind::Device,
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> FileKind {
    FileKind::Device
}
