//! All files below a folder, in order, without following links.

use std::ffi::{OsStr, OsString};
use std::rc::Rc;
use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, FileType, Stat};

use super::denied::{Identity, Shut};
use super::list::names_in;
use super::open::open_folder;
use super::roots::Folder;

const ENTRIES_MAX: usize = 500_000;
const DEPTH_MAX: usize = 64;
const TIME_MAX: Duration = Duration::from_secs(20);
/// Its files are of no use to anybody who reads.
const SKIPPED: &str = ".git";

/// A file on the way.
pub struct Found<'a> {
    pub folder: &'a Dir,
    pub name: &'a OsStr,
    /// The way from where it began.
    pub below: &'a str,
    pub stat: &'a Stat,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    On,
    Stop,
}

/// How a walk ended, in words where it did not see everything.
pub type Ended = Option<&'static str>;

/// A folder that is still to be looked at.
struct Ahead {
    parent: Rc<Dir>,
    name: OsString,
    below: String,
    depth: usize,
}

/// Shows all regular files to `visit`; folders that are denied or cannot be opened are passed by.
pub fn walk(start: &Folder, is_cancelled: &dyn Fn() -> bool, visit: &mut dyn FnMut(&Found) -> Flow) -> Ended {
    let until = Instant::now() + TIME_MAX;
    let mut seen = 0;
    let Ok(folder) = start.folder.try_clone() else { return Some("the folder could not be opened") };
    let mut stack = Vec::new();
    let mut next = Some((Rc::new(folder), String::new(), 0));
    loop {
        if let Some((folder, below, depth)) = next.take() {
            let mut folders = Vec::new();
            for name in names_of(&folder, &start.shut) {
                seen += 1;
                if seen > ENTRIES_MAX {
                    return Some("there are too many files: name a folder further down");
                }
                if is_cancelled() {
                    return Some("it was cancelled");
                }
                if Instant::now() > until {
                    return Some("it took too long: name a folder further down");
                }
                let Ok(stat) = rustix::fs::statat(&*folder, &name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
                let below = join(&below, &name);
                match FileType::from_raw_mode(stat.st_mode) {
                    FileType::RegularFile => {
                        let found = Found { folder: &folder, name: &name, below: &below, stat: &stat };
                        if visit(&found) == Flow::Stop {
                            return None;
                        }
                    }
                    FileType::Directory if depth < DEPTH_MAX && name != SKIPPED => {
                        folders.push(Ahead { parent: folder.clone(), name, below, depth: depth + 1 });
                    }
                    _ => {}
                }
            }
            stack.extend(folders.into_iter().rev());
        }
        let ahead = stack.pop()?;
        next = enter(&ahead, &start.shut).map(|folder| (Rc::new(folder), ahead.below, ahead.depth));
    }
}

fn enter(ahead: &Ahead, shut: &Shut) -> Option<Dir> {
    let folder = open_folder(&ahead.parent, &ahead.name).ok()?;
    let identity = Identity::of(&folder).ok()?;
    (!shut.is_own(identity)).then_some(folder)
}

/// In order, without those that are denied.
fn names_of(folder: &Dir, shut: &Shut) -> Vec<OsString> {
    let (Ok(mut names), Ok(identity)) = (names_in(folder), Identity::of(folder)) else { return Vec::new() };
    names.retain(|name| !shut.is_name(identity, name));
    names.sort();
    names
}

fn join(below: &str, name: &OsStr) -> String {
    let name = name.to_string_lossy();
    if below.is_empty() { name.into_owned() } else { format!("{below}/{name}") }
}
