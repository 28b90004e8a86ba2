//! All texts below a folder: without hidden files, what `.gitignore` leaves out, and what is no text.

use std::path::{Path, PathBuf};

use super::basket::Basket;
use super::ignored::Ignored;
use super::open;
use crate::conversation::{Attachment, looks_like_text};

const DEPTH_MAX: usize = 64;
/// Files and folders that are looked at.
const ENTRIES_MAX: usize = 100_000;

/// Adds the texts below a folder, in order. Links are not followed: they may lead in circles.
pub fn add(folder: &Path, basket: &mut Basket) -> Result<(), String> {
    let (before, mut left_out) = (basket.len(), 0_usize);
    walk(folder, false, &mut |path| {
        match open::read(path) {
            Ok(content) if looks_like_text(&content) && std::str::from_utf8(&content).is_ok() => {
                let name = path.to_string_lossy();
                // The folder is named by who tells it; which file of it is at fault, only here.
                basket.put(Attachment::new(&name, content).map_err(|error| format!("{name}: {error}"))?)?;
            }
            Ok(_) | Err(_) => left_out += 1,
        }
        Ok(())
    })?;
    if basket.len() == before {
        return Err("there is no text in it that is neither hidden nor left out by .gitignore".to_owned());
    }
    if left_out > 0 {
        let name = folder.display();
        basket.notes.push(format!("{name}: {left_out} files are left out: they are no text, or may not be read"));
    }
    Ok(())
}

/// A folder that is still to be looked at, and how deep it lies.
struct Walk<'a> {
    ignored: Ignored,
    shows_hidden: bool,
    seen: usize,
    visit: &'a mut dyn FnMut(&Path) -> Result<(), String>,
}

/// Shows all regular files below `folder` to `visit`, under paths that begin as that of the folder does.
pub fn walk(
    folder: &Path,
    shows_hidden: bool,
    visit: &mut dyn FnMut(&Path) -> Result<(), String>,
) -> Result<(), String> {
    let whole = folder.canonicalize().map_err(|error| error.to_string())?;
    let mut walk = Walk { ignored: Ignored::above(folder)?, shows_hidden, seen: 0, visit };
    walk.folder(folder, &whole, 0)
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, whole: &Path, depth: usize) -> Result<(), String> {
        let before = self.ignored.depth();
        self.ignored.enter(whole)?;
        for (name, is_folder) in self.names(folder)? {
            let (path, whole) = (shown(folder, &name), whole.join(&name));
            if self.ignored.leaves_out(&whole, is_folder) {
                continue;
            }
            if !is_folder {
                (self.visit)(&path)?;
            } else if depth < DEPTH_MAX {
                self.folder(&path, &whole, depth + 1)?;
            }
        }
        self.ignored.leave(before);
        Ok(())
    }

    /// Files and folders by name; a folder that cannot be read is passed by.
    fn names(&mut self, folder: &Path) -> Result<Vec<(std::ffi::OsString, bool)>, String> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            self.seen += 1;
            if self.seen > ENTRIES_MAX {
                return Err(format!("there are more than {ENTRIES_MAX} files in it: name a folder further down"));
            }
            let Ok(kind) = entry.file_type() else { continue };
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let is_git = entry.file_name() == ".git";
            if (kind.is_file() || kind.is_dir()) && !is_git && (self.shows_hidden || !is_hidden) {
                names.push((entry.file_name(), kind.is_dir()));
            }
        }
        names.sort();
        Ok(names)
    }
}

fn shown(folder: &Path, name: &std::ffi::OsStr) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) }
}
