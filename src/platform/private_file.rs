//! Files and folders for nobody else to read, by the modes of Unix. Elsewhere they are as private as the folder of the
//! user that they are in.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// For the owner only.
pub const PRIVATE_MODE: u32 = 0o600;

/// Whether a file is on the disk before its name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It can be had again: a loss of power may leave it empty.
    Cache,
    Durable,
}

/// Options that give a new file the mode 0600.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, PRIVATE_MODE);
    options
}

/// Makes the folder, which must not be there, with the mode 0700.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    folder_builder().create(folder)
}

/// Makes the folder and those above it, where they are missing, with the mode 0700.
pub fn create_private_folders(folder: &Path) -> io::Result<()> {
    folder_builder().recursive(true).create(folder)
}

fn folder_builder() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Puts a private file with this content in the place of the one at `path`, in one step: whoever reads sees the old or
/// the new one. The folder is made where it is missing.
pub fn replace_file(path: &Path, content: &[u8], durability: Durability) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_private_folders(folder)?;
    }
    replace_file_with_mode(path, content, PRIVATE_MODE, durability)
}

/// The same in a folder that is there, for others too if `mode` says so.
pub fn replace_file_with_mode(path: &Path, content: &[u8], mode: u32, durability: Durability) -> io::Result<()> {
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    let written = write_draft(&draft, content, mode, durability).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // The half of it is of no use; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write_draft(draft: &Path, content: &[u8], mode: u32, durability: Durability) -> io::Result<()> {
    // One that was left over could be a link, or be open to others.
    let _ = fs::remove_file(draft);
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(draft)?;
    set_mode(&file, mode)?;
    file.write_all(content)?;
    if durability == Durability::Durable { file.sync_all() } else { Ok(()) }
}

/// Gives an open file these permission bits, where there are such.
#[cfg(unix)]
pub fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
pub fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

/// The permission bits; `None` where there are none.
#[cfg(unix)]
pub fn mode_of(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
pub fn mode_of(_: &Metadata) -> Option<u32> {
    None
}

/// Whether we may write there, as far as the system tells.
#[cfg(unix)]
#[must_use]
pub fn can_be_written(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
#[must_use]
pub fn can_be_written(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.permissions().readonly())
}

/// Opens for reading, also a named pipe that nobody writes to.
#[cfg(unix)]
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/further/it.json");
        for content in ["one", "another"] {
            replace_file(&path, content.as_bytes(), Durability::Durable).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        let mode = |path: &Path| mode_of(&fs::metadata(path).unwrap());
        if cfg!(unix) {
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (Some(0o600), Some(0o700)));
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_cannot_be_replaced_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("a");
        fs::create_dir(&taken).unwrap();
        assert!(replace_file(&taken, b"x", Durability::Cache).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
