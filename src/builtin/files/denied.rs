//! What stays shut even beneath an allowed folder: recognised by what it is, not by how it is called.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

/// Folders above one another; a file system that goes on for longer is broken.
const DEPTH_MAX: usize = 256;

/// Which file or folder it is, whatever its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    pub fn of(handle: impl AsFd) -> io::Result<Self> {
        Ok(Self::of_stat(&rustix::fs::fstat(handle)?))
    }

    #[expect(clippy::unnecessary_cast, reason = "the types differ from platform to platform")]
    pub fn of_stat(stat: &rustix::fs::Stat) -> Self {
        Self { device: stat.st_dev as u64, inode: stat.st_ino as u64 }
    }

    fn at(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { device: metadata.dev(), inode: metadata.ino() })
    }
}

/// The denied paths as the settings name them.
#[derive(Clone, Debug, Default)]
pub struct Denied {
    paths: Vec<PathBuf>,
}

impl Denied {
    pub fn new(paths: &[PathBuf]) -> Self {
        Self { paths: paths.to_vec() }
    }

    /// What they are now: a history that was not there at the start can have come since.
    pub fn look(&self) -> Shut {
        let mut shut = Shut::default();
        for path in &self.paths {
            shut.add(path);
        }
        shut
    }
}

/// The denied files and folders at one moment.
#[derive(Clone, Debug, Default)]
pub struct Shut {
    own: Vec<Identity>,
    /// Folders that hold one of them, at any depth: moving one would move what is denied.
    above: Vec<Identity>,
    /// Names that are denied in a folder, whether there is something or not.
    names: Vec<(Identity, OsString)>,
}

impl Shut {
    fn add(&mut self, path: &Path) {
        self.own.extend(Identity::at(path));
        let canonical = path.canonicalize().ok();
        for path in [Some(path), canonical.as_deref()].into_iter().flatten() {
            self.above.extend(path.ancestors().skip(1).filter_map(Identity::at));
            self.names.extend(name_of(path));
        }
    }

    pub fn is_own(&self, identity: Identity) -> bool {
        self.own.contains(&identity)
    }

    /// It is denied, or holds something that is.
    pub fn holds(&self, identity: Identity) -> bool {
        self.is_own(identity) || self.above.contains(&identity)
    }

    /// That name in that folder is denied. A database keeps files beside it with longer names.
    pub fn is_name(&self, folder: Identity, name: &OsStr) -> bool {
        let name = name.as_encoded_bytes();
        self.names.iter().any(|(holder, denied)| {
            let denied = denied.as_encoded_bytes();
            *holder == folder
                && name.get(..denied.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(denied))
                && matches!(name.get(denied.len()), None | Some(b'-'))
        })
    }

    /// Whether a folder is denied or lies in one that is: looked at upwards from its handle.
    pub fn is_within(&self, folder: &Dir) -> io::Result<bool> {
        let mut folder = folder.try_clone()?;
        let mut identity = Identity::of(&folder)?;
        for _ in 0..DEPTH_MAX {
            if self.is_own(identity) {
                return Ok(true);
            }
            folder = folder.open_parent_dir(ambient_authority())?;
            let above = Identity::of(&folder)?;
            if above == identity {
                return Ok(false);
            }
            identity = above;
        }
        Ok(true)
    }
}

/// The deepest folder on the way that is there, and the name that is denied in it.
fn name_of(path: &Path) -> Option<(Identity, OsString)> {
    let mut path = path;
    loop {
        let (parent, name) = (path.parent()?, path.file_name()?);
        match Identity::at(parent) {
            Some(identity) => return Some((identity, name.to_owned())),
            None => path = parent,
        }
    }
}
