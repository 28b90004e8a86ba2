//! The allowed folders, and the way from a written path to a handle beneath one of them.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::FilesSettings;
use super::denied::{Denied, Identity, Shut};
use crate::conversation::without_error_numbers;

/// All allowed folders, open.
#[derive(Debug)]
pub struct Roots {
    roots: Vec<Root>,
    denied: Denied,
}

#[derive(Debug)]
struct Root {
    /// As the settings name it, and as it is called without links.
    names: [PathBuf; 2],
    folder: Result<Dir, String>,
}

/// A name in an open folder: nothing about it can lead elsewhere.
#[derive(Debug)]
pub struct Place {
    pub folder: Dir,
    pub name: OsString,
    /// As it was asked for.
    pub shown: String,
    pub shut: Shut,
}

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    pub folder: Dir,
    pub shown: String,
    pub shut: Shut,
}

impl Roots {
    pub fn open(settings: &FilesSettings) -> Self {
        Self {
            roots: settings.roots.iter().map(|path| Root::open(path)).collect(),
            denied: Denied::new(&settings.denied),
        }
    }

    /// The folder at that path, links followed as long as they stay inside.
    pub fn folder(&self, path: &str) -> Result<Folder, String> {
        let (root, below) = self.split(path)?;
        let folder = open_below(root.folder()?, &below).map_err(|error| explain(path, &error))?;
        let shut = self.denied.look();
        refuse_denied(&shut, &folder, path)?;
        Ok(Folder { folder, shown: path.to_owned(), shut })
    }

    /// The path of a folder without links, for programs that are started there.
    pub fn path_of_folder(&self, path: &str) -> Result<PathBuf, String> {
        let _ = self.folder(path)?;
        let (root, below) = self.split(path)?;
        let real = root.folder()?.canonicalize(&below).map_err(|error| explain(path, &error))?;
        Ok(root.names[1].join(real))
    }

    /// The place of something that is there: the end of all links, as long as they stay inside.
    pub fn existing(&self, path: &str) -> Result<Place, String> {
        let (root, below) = self.split(path)?;
        let root = root.folder()?;
        let real = root.canonicalize(&below).map_err(|error| explain(path, &error))?;
        self.place_at(root, &real, path)
    }

    /// The place that a path names, whether something is there or not: a link at its end is the link itself.
    pub fn named(&self, path: &str) -> Result<Place, String> {
        let (root, below) = self.split(path)?;
        self.place_at(root.folder()?, &below, path)
    }

    fn place_at(&self, root: &Dir, below: &Path, path: &str) -> Result<Place, String> {
        let Some(name) = below.file_name() else {
            return Err(format!("{path} is a folder"));
        };
        let parent = below.parent().unwrap_or(Path::new(""));
        let folder = open_below(root, parent).map_err(|error| explain(path, &error))?;
        let shut = self.denied.look();
        refuse_denied(&shut, &folder, path)?;
        refuse_name(&shut, &folder, name, path)?;
        Ok(Place { folder, name: name.to_owned(), shown: path.to_owned(), shut })
    }

    /// The root that a path is meant to be beneath, and the way from there. Nothing is looked at yet.
    fn split(&self, path: &str) -> Result<(&Root, PathBuf), String> {
        if path.is_empty() || path.contains('\0') {
            return Err("that is no path".to_owned());
        }
        let written = Path::new(path);
        if written.is_relative() {
            let first = self.roots.first().ok_or("no folder is allowed")?;
            return Ok((first, written.to_owned()));
        }
        let beneath = |root: &'_ Root| {
            let below = root.names.iter().find_map(|name| written.strip_prefix(name).ok());
            below.map(ToOwned::to_owned)
        };
        // The deepest root wins where one holds another.
        let mut found: Option<(&Root, PathBuf)> = None;
        for root in &self.roots {
            if let Some(below) = beneath(root)
                && found.as_ref().is_none_or(|(_, other)| below.as_os_str().len() < other.as_os_str().len())
            {
                found = Some((root, below));
            }
        }
        match found {
            Some(found) => Ok(found),
            None => Err(format!("{path} is outside of the allowed folders: {}", self.names())),
        }
    }

    /// The allowed folders, for messages.
    pub fn names(&self) -> String {
        self.roots.iter().map(|root| root.names[1].display().to_string()).collect::<Vec<_>>().join(", ")
    }
}

impl Root {
    fn open(path: &Path) -> Self {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = Dir::open_ambient_dir(path, ambient_authority());
        let folder = folder.map_err(|error| format!("the allowed folder {} cannot be opened: {error}", path.display()));
        Self { names: [path.to_owned(), real], folder }
    }

    fn folder(&self) -> Result<&Dir, String> {
        self.folder.as_ref().map_err(Clone::clone)
    }
}

fn open_below(root: &Dir, below: &Path) -> io::Result<Dir> {
    if below.as_os_str().is_empty() { root.try_clone() } else { root.open_dir(below) }
}

fn refuse_denied(shut: &Shut, folder: &Dir, path: &str) -> Result<(), String> {
    match shut.is_within(folder) {
        Ok(false) => Ok(()),
        Ok(true) => Err(refusal(path)),
        Err(error) => Err(explain(path, &error)),
    }
}

pub fn refuse_name(shut: &Shut, folder: &Dir, name: &OsStr, path: &str) -> Result<(), String> {
    let folder = Identity::of(folder).map_err(|error| explain(path, &error))?;
    if shut.is_name(folder, name) { Err(refusal(path)) } else { Ok(()) }
}

pub fn refusal(path: &str) -> String {
    format!("{path} belongs to this program itself (settings, history, keys): tools may not touch it")
}

/// What went wrong, in words that help to do better.
pub fn explain(path: &str, error: &io::Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, _) => format!("{path} is not there"),
        (io::ErrorKind::NotADirectory, _) => format!("{path}: a part of that path is no folder"),
        // The message of cap-std, which has no number, where a path leads out.
        (io::ErrorKind::PermissionDenied, None) => format!("{path} leads out of the allowed folders"),
        _ => without_error_numbers(format!("{path}: {error}")),
    }
}
