//! Changes: planned without touching anything, shown as a diff, then made in one step each.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd;

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, Stat};

use super::denied::Identity;
use super::diff;
use super::open::{is_binary, look, open_regular, refuse_irregular};
use super::roots::{Place, Roots, explain, refusal};

/// Of a file that can be changed, before and after.
const TEXT_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What is to become of one file.
#[derive(Debug)]
pub struct Change {
    pub target: Target,
    /// `None` removes it.
    pub after: Option<String>,
}

/// The place of a file that may be changed, and what stands there.
#[derive(Debug)]
pub struct Target {
    pub place: Place,
    pub before: Option<Before>,
}

#[derive(Debug)]
pub struct Before {
    /// `None` where it is no text.
    text: Option<String>,
    stat: Stat,
}

impl Target {
    /// Looks at what is there. A link is never written through.
    pub fn at(roots: &Roots, path: &str) -> Result<Self, String> {
        let place = roots.named(path)?;
        let before = match look(&place)? {
            None => None,
            Some(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => {
                return Err(format!("{path} is a symbolic link: name the file that it points to"));
            }
            Some(stat) => {
                refuse_irregular(&stat, path)?;
                refuse_read_only(&place)?;
                Some(Before::read(&place)?)
            }
        };
        Ok(Self { place, before })
    }

    /// Its text, for a change that starts from there.
    pub fn text(&self) -> Result<&str, String> {
        let shown = &self.place.shown;
        let before = self.before.as_ref().ok_or_else(|| format!("{shown} is not there"))?;
        before.text.as_deref().ok_or_else(|| format!("{shown} is no text, or larger than {TEXT_BYTES_MAX} bytes"))
    }
}

impl Before {
    fn read(place: &Place) -> Result<Self, String> {
        let (file, stat) = open_regular(place)?;
        let mut bytes = Vec::new();
        file.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| explain(&place.shown, &error))?;
        let is_text = bytes.len() as u64 <= TEXT_BYTES_MAX && !is_binary(&bytes);
        let text = if is_text { String::from_utf8(bytes).ok() } else { None };
        Ok(Self { text, stat })
    }

    /// The same file, and nobody has written to it.
    fn is_still(&self, now: &Stat) -> bool {
        let was = &self.stat;
        Identity::of_stat(was) == Identity::of_stat(now)
            && (was.st_size, was.st_mtime, was.st_mtime_nsec) == (now.st_size, now.st_mtime, now.st_mtime_nsec)
    }
}

/// Replacing works without leave to write the file itself, so that is asked about first.
fn refuse_read_only(place: &Place) -> Result<(), String> {
    let allowed = rustix::fs::accessat(&place.folder, &place.name, Access::WRITE_OK, AtFlags::empty());
    allowed.map_err(|_| format!("{} is write-protected", place.shown))
}

impl Change {
    pub fn diff(&self) -> String {
        let shown = &self.target.place.shown;
        let before = self.target.before.as_ref();
        match before {
            Some(Before { text: None, stat }) => {
                let end = if self.after.is_some() { "replaced by text" } else { "removed" };
                format!("{shown}: {} bytes that are no text are {end}\n", stat.st_size)
            }
            Some(_) | None => {
                let before = before.and_then(|before| before.text.as_deref());
                diff::unified(shown, before, self.after.as_deref())
            }
        }
    }

    pub fn make(&self) -> Result<(), String> {
        match &self.after {
            Some(text) => self.store(text),
            None => {
                self.refuse_changed()?;
                let place = &self.target.place;
                rustix::fs::unlinkat(&place.folder, &place.name, AtFlags::empty())
                    .map_err(|errno| explain(&place.shown, &errno.into()))
            }
        }
    }

    /// Writes beside the file and puts that in its place: whoever reads sees the old text or the new one.
    fn store(&self, text: &str) -> Result<(), String> {
        let place = &self.target.place;
        let io = |error: std::io::Error| explain(&place.shown, &error);
        if text.len() as u64 > TEXT_BYTES_MAX {
            return Err(format!("the text is larger than {TEXT_BYTES_MAX} bytes"));
        }
        let beside = name_beside().map_err(io)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // A new file gets what the umask leaves; one that replaces another is private until it has its mode.
        let mode = if self.target.before.is_some() { Mode::RUSR | Mode::WUSR } else { Mode::from_raw_mode(0o666) };
        let handle = rustix::fs::openat(&place.folder, &*beside, flags, mode).map_err(|errno| io(errno.into()))?;
        let stored = self.fill(File::from(handle), text).map_err(io).and_then(|()| self.put_in_place(&beside));
        if stored.is_err() {
            let _ = rustix::fs::unlinkat(&place.folder, &*beside, AtFlags::empty());
        }
        stored
    }

    fn fill(&self, mut file: File, text: &str) -> std::io::Result<()> {
        file.write_all(text.as_bytes())?;
        if let Some(before) = &self.target.before {
            rustix::fs::fchmod(file.as_fd(), Mode::from_raw_mode(before.stat.st_mode & 0o7777))?;
        }
        file.sync_data()
    }

    fn put_in_place(&self, beside: &str) -> Result<(), String> {
        let place = &self.target.place;
        self.refuse_changed()?;
        let renamed = match &self.target.before {
            Some(_) => rustix::fs::renameat(&place.folder, beside, &place.folder, &place.name),
            None => rename_to_new(place, beside),
        };
        renamed.map_err(|errno| explain(&place.shown, &errno.into()))
    }

    /// What was planned on is gone when somebody else was quicker.
    fn refuse_changed(&self) -> Result<(), String> {
        let place = &self.target.place;
        let is_same = match (&self.target.before, look(place)?) {
            (None, None) => true,
            (Some(before), Some(now)) => {
                if place.shut.is_own(Identity::of_stat(&now)) {
                    return Err(refusal(&place.shown));
                }
                before.is_still(&now)
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        if is_same { Ok(()) } else { Err(format!("{} has changed meanwhile: read it again", place.shown)) }
    }
}

/// A name that nobody can have guessed.
fn name_beside() -> std::io::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| std::io::Error::other("no random numbers"))?;
    Ok(format!(".sayso-{:016x}.tmp", u64::from_ne_bytes(bytes)))
}

/// Renames within the folder, onto nothing.
fn rename_to_new(place: &Place, beside: &str) -> rustix::io::Result<()> {
    rename_onto_nothing(&place.folder, beside.as_ref(), &place.folder, &place.name)
}

/// Renames without replacing, where the file system can promise that; the caller has looked anyway.
pub fn rename_onto_nothing(
    from: &cap_std::fs::Dir,
    name: &std::ffi::OsStr,
    to: &cap_std::fs::Dir,
    new_name: &std::ffi::OsStr,
) -> rustix::io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::io::Errno;
        match rustix::fs::renameat_with(from, name, to, new_name, rustix::fs::RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return done,
        }
    }
    rustix::fs::renameat(from, name, to, new_name)
}
