//! What is in a folder.

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, FileType};

use super::arguments::List;
use super::denied::Identity;
use super::open::kind_name;
use super::roots::{Folder, Roots, explain, refuse_name};

const ENTRIES_MAX: usize = 1000;

pub fn list(roots: &Roots, arguments: &List) -> Result<String, String> {
    let folder = roots.folder(&arguments.path)?;
    let mut names = names_in(&folder.folder).map_err(|error| explain(&folder.shown, &error))?;
    names.retain(|name| refuse_name(&folder.shut, &folder.folder, name, &folder.shown).is_ok());
    names.sort();
    let total = names.len();
    let mut text: String = names.iter().take(ENTRIES_MAX).filter_map(|name| line(&folder, name)).collect();
    if total == 0 {
        text.push_str("[the folder is empty]\n");
    }
    if total > ENTRIES_MAX {
        text.push_str(&format!("[{} more are left out]\n", total - ENTRIES_MAX));
    }
    Ok(text)
}

pub fn names_in(folder: &Dir) -> std::io::Result<Vec<std::ffi::OsString>> {
    folder.entries()?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}

/// `None` where it has gone meanwhile, or is denied.
fn line(folder: &Folder, name: &std::ffi::OsStr) -> Option<String> {
    let stat = rustix::fs::statat(&folder.folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    if folder.shut.is_own(Identity::of_stat(&stat)) {
        return None;
    }
    let shown = name.to_string_lossy();
    Some(match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => format!("{shown}/\n"),
        FileType::RegularFile => format!("{shown}  {} bytes\n", stat.st_size),
        FileType::Symlink => match folder.folder.read_link_contents(name) {
            Ok(target) => format!("{shown} -> {}\n", target.display()),
            Err(_) => format!("{shown} -> ?\n"),
        },
        other => format!("{shown}  ({})\n", kind_name(other)),
    })
}
