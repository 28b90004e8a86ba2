//! Replaces the configuration file at once: a reader sees the old text or the new one, never half of it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::problem::ConfigError;
use super::save_lock::{self, SaveLock};
use super::source::Source;
use crate::platform::{Durability, PRIVATE_MODE, create_private_folders, replace_file, replace_file_with_mode};

/// Writes `text` to where `source` came from, with the mode that was there. Refuses where somebody
/// else has changed the file meanwhile.
pub fn save(source: &Source, text: &str) -> Result<(), ConfigError> {
    save_within(source, text, save_lock::WAIT_MAX)
}

fn save_within(source: &Source, text: &str, wait_max: Duration) -> Result<(), ConfigError> {
    let refused = |reason: String| ConfigError::Unreadable { path: source.path.clone(), reason };
    let failed = |error: std::io::Error| refused(format!("cannot be written: {error}"));
    // A link stays a link: what it leads to is replaced.
    let path = fs::canonicalize(&source.path).unwrap_or_else(|_| source.path.clone());
    if !can_be_replaced(&path) {
        return Err(refused("is not a regular file, so no setting can be kept in it".to_owned()));
    }
    if let Some(folder) = path.parent() {
        create_private_folders(folder).map_err(failed)?;
    }
    let lock = SaveLock::take(&path, wait_max).map_err(failed)?;
    let _held = lock.ok_or_else(|| refused("is being changed by somebody else; try again".to_owned()))?;
    let now = super::source::read(&source.path)?.map(|now| now.text).unwrap_or_default();
    if now != source.text {
        return Err(refused("has been changed by somebody else meanwhile; try again".to_owned()));
    }
    replace_file_with_mode(&path, text.as_bytes(), source.mode.unwrap_or(PRIVATE_MODE), Durability::Durable)
        .map_err(failed)
}

/// A device would be gone for everybody, with a file in its place.
fn can_be_replaced(path: &Path) -> bool {
    fs::symlink_metadata(path).map_or(true, |metadata| metadata.is_file())
}

/// Writes a file of our own, for the owner only, at once.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    replace_file(path, text.as_bytes(), Durability::Durable)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn mode_and_links_are_kept_and_changes_of_others_too() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real.yaml"), folder.path().join("c.yaml"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let source = super::super::source::read(&link).unwrap().unwrap();
        save(&source, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let error = save(&source, "newer").unwrap_err().to_string();
        assert!(error.ends_with("has been changed by somebody else meanwhile; try again"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);

        let fresh = Source { path: folder.path().join("a/b/c.yaml"), text: String::new(), mode: None };
        save(&fresh, "x").unwrap();
        assert_eq!(fs::metadata(&fresh.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn only_a_regular_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [&pipe, &link] {
            let source = Source { path: path.clone(), text: String::new(), mode: None };
            let error = save(&source, "x").unwrap_err();
            assert_eq!(error.exit_code(), 3);
            assert!(error.to_string().ends_with("is not a regular file, so no setting can be kept in it"), "{error}");
        }
        assert!(!fs::symlink_metadata(&pipe).unwrap().is_file());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_another_process_is_changing_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source { path: folder.path().join("c.yaml"), text: String::new(), mode: None };
        let held = SaveLock::take(&source.path, Duration::ZERO).unwrap();
        let error = save_within(&source, "x", Duration::ZERO).unwrap_err().to_string();
        assert!(error.ends_with("is being changed by somebody else; try again"), "{error}");
        assert!(!source.path.exists());
        drop(held);
        save(&source, "x").unwrap();
    }
}
