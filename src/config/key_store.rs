//! Keys that `sayso keys set` keeps: one file per provider, for its owner only, below the data folder. For a key in
//! the keyring of the system the file says just that, so that nobody speaks to the keyring who has nothing there.

use std::fs;
use std::path::{Path, PathBuf};

use super::paths::Paths;
use super::save::write_private;
use super::source::read_regular_file;
use crate::http::Secret;

/// What stands in the file of a key that is elsewhere. No key has blanks.
const IN_KEYRING: &str = "in the keyring of the system\n";

/// Where the files are; `None` where there is no data folder.
#[must_use]
pub fn folder(paths: &Paths) -> Option<PathBuf> {
    paths.data.as_ref().map(|data| data.join("keys"))
}

/// The file of one provider, there or not; `None` for a name that no file should have.
#[must_use]
pub fn path_of(paths: &Paths, provider: &str) -> Option<PathBuf> {
    let is_usable = !provider.is_empty()
        && provider.len() <= 64
        && !provider.starts_with('.')
        && provider.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    folder(paths).filter(|_| is_usable).map(|folder| folder.join(provider))
}

/// The providers that have a stored key, by name.
#[must_use]
pub fn names(paths: &Paths) -> Vec<String> {
    let entries = folder(paths).and_then(|folder| fs::read_dir(folder).ok());
    let names = entries.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> =
        names.filter(|name| path_of(paths, name).is_some() && !name.contains(".new-")).collect();
    names.sort();
    names
}

/// Where the key of a file is that `path` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredIn {
    File,
    Keyring,
}

/// `None` where there is no such file. One that cannot be read is told of when its key is wanted.
#[must_use]
pub fn stored_in(path: &Path) -> Option<StoredIn> {
    if !path.is_file() {
        return None;
    }
    let read = read_regular_file(path, IN_KEYRING.len() as u64);
    let is_elsewhere = matches!(read, Ok(Some((bytes, _))) if bytes == IN_KEYRING.as_bytes());
    Some(if is_elsewhere { StoredIn::Keyring } else { StoredIn::File })
}

/// Writes down that the keyring has the key.
pub fn mark_in_keyring(path: &Path) -> std::io::Result<()> {
    write_private(path, IN_KEYRING)
}

/// Keeps a key, in place of an earlier one.
pub fn store(path: &Path, key: &Secret) -> std::io::Result<()> {
    write_private(path, &format!("{}\n", key.expose()))
}

/// Forgets a key; false where there was none.
pub fn forget(path: &Path) -> std::io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_for_its_owner_and_no_name_leads_elsewhere() {
        let data = tempfile::tempdir().unwrap();
        let paths = Paths { data: Some(data.path().to_owned()), ..Paths::default() };
        let path = path_of(&paths, "acme").unwrap();
        store(&path, &Secret::new("sk-1".into())).unwrap();
        store(&path, &Secret::new("sk-2".into())).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(&paths)), ("sk-2\n", vec!["acme".to_owned()]));
        assert_eq!(stored_in(&path), Some(StoredIn::File));
        mark_in_keyring(&path).unwrap();
        assert_eq!((stored_in(&path), names(&paths)), (Some(StoredIn::Keyring), vec!["acme".to_owned()]));
        assert_eq!((forget(&path).unwrap(), forget(&path).unwrap(), names(&paths)), (true, false, vec![]));
        assert_eq!(stored_in(&path), None);
        for name in ["", "..", "a/b", "../x", ".hidden", "a b"] {
            assert_eq!(path_of(&paths, name), None, "{name}");
        }
    }
}
