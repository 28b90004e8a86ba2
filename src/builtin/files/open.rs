//! Opening files: regular ones only, and checked on what was opened.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsFd;

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};

use super::denied::{Identity, Shut};
use super::roots::{Place, explain, refusal};

/// What a look at the beginning of a file goes by.
pub const BEGIN_BYTES: usize = 8192;

/// What stands at a place; a link is a link. `None`: nothing.
pub fn look(place: &Place) -> Result<Option<Stat>, String> {
    look_in(&place.folder, &place.name, &place.shown)
}

fn look_in(folder: &Dir, name: &OsStr, shown: &str) -> Result<Option<Stat>, String> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(errno) => Err(explain(shown, &errno.into())),
    }
}

/// Whether a regular file stands there.
pub fn is_file(place: &Place) -> bool {
    matches!(look(place), Ok(Some(stat)) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

/// Opens the regular file at a place. Looked at before, so that no device is woken and no pipe opened;
/// and again on the handle, because it can be another one by then.
pub fn open_regular(place: &Place) -> Result<(File, Stat), String> {
    open_in(&place.folder, &place.name, &place.shown, &place.shut)
}

pub fn open_in(folder: &Dir, name: &OsStr, shown: &str, shut: &Shut) -> Result<(File, Stat), String> {
    let Some(stat) = look_in(folder, name, shown)? else { return Err(format!("{shown} is not there")) };
    refuse_irregular(&stat, shown)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(folder, name, flags, Mode::empty());
    let handle = opened.map_err(|errno| explain(shown, &errno.into()))?;
    let stat = rustix::fs::fstat(&handle).map_err(|errno| explain(shown, &errno.into()))?;
    refuse_irregular(&stat, shown)?;
    if shut.is_own(Identity::of_stat(&stat)) {
        return Err(refusal(shown));
    }
    if is_of_processes(&handle) {
        return Err(format!("{shown} is a window into a process, not a file"));
    }
    Ok((File::from(handle), stat))
}

/// Opens a folder in a folder, never through a link.
pub fn open_folder(parent: &Dir, name: &OsStr) -> std::io::Result<Dir> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let handle = rustix::fs::openat(parent, name, flags, Mode::empty())?;
    Ok(Dir::from_std_file(File::from(handle)))
}

pub fn refuse_irregular(stat: &Stat, shown: &str) -> Result<(), String> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(()),
        other => Err(format!("{shown} is {}, not a file", kind_name(other))),
    }
}

pub fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "something unknown",
    }
}

/// Files of /proc hold environments with keys in them, whatever folder was allowed.
#[cfg(target_os = "linux")]
fn is_of_processes(handle: impl AsFd) -> bool {
    rustix::fs::fstatfs(handle).is_ok_and(|system| system.f_type == rustix::fs::PROC_SUPER_MAGIC)
}

#[cfg(not(target_os = "linux"))]
fn is_of_processes(_: impl AsFd) -> bool {
    false
}

/// Whether bytes look like something that is not text.
pub fn is_binary(begin: &[u8]) -> bool {
    memchr::memchr(0, begin).is_some()
}
