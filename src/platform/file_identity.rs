//! Which file it is, whatever its names.

use std::fs::File;
use std::io;
use std::path::Path;

/// Two that are equal are the same file, as long as one of them is open or is known to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    /// The file system.
    volume: u64,
    number: u64,
}

impl FileIdentity {
    /// Links are followed. `None`: there is no such file.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        match at(path) {
            Ok(identity) => Ok(Some(identity)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(unix)]
fn at(path: &Path) -> io::Result<FileIdentity> {
    std::fs::metadata(path).map(|metadata| of_metadata(&metadata))
}

#[cfg(unix)]
fn of_metadata(metadata: &std::fs::Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt as _;
    FileIdentity { volume: metadata.dev(), number: metadata.ino() }
}

impl FileIdentity {
    #[cfg(unix)]
    pub fn of_file(file: &File) -> io::Result<Self> {
        file.metadata().map(|metadata| of_metadata(&metadata))
    }

    #[cfg(windows)]
    pub fn of_file(file: &File) -> io::Result<Self> {
        let about = winapi_util::file::information(file)?;
        Ok(Self { volume: about.volume_serial_number(), number: about.file_index() })
    }
}

#[cfg(windows)]
fn at(path: &Path) -> io::Result<FileIdentity> {
    use std::os::windows::fs::OpenOptionsExt as _;
    /// `FILE_FLAG_BACKUP_SEMANTICS`: a folder can be opened only with it.
    const FOLDERS_TOO: u32 = 0x0200_0000;
    // No access is asked for, so that nobody who writes is in the way.
    let file = std::fs::OpenOptions::new().access_mode(0).custom_flags(FOLDERS_TOO).open(path)?;
    FileIdentity::of_file(&file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_same_by_every_name_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let file = File::create(path("a")).unwrap();
        std::fs::write(path("b"), "").unwrap();
        std::fs::hard_link(path("a"), path("c")).unwrap();
        let of = |name: &str| FileIdentity::of(&path(name)).unwrap();
        assert_eq!(of("a"), Some(FileIdentity::of_file(&file).unwrap()));
        assert_eq!(of("a"), of("c"));
        assert_ne!(of("a"), of("b"));
        assert_eq!((of("d"), of("a/below")), (None, None));
    }
}
