//! `--meta` and `--meta-fd`: how a run went, as one JSON object, on every path.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::context::Context;
use crate::cli::AnswerOptions;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::session::TurnResult;
use crate::terminal::{ErrorReport, meta_line};

/// Where it goes, and what there is to tell so far. Without a target nothing is kept.
pub struct Meta {
    target: Option<Target>,
    result: Option<TurnResult>,
    error: Option<ErrorReport>,
}

enum Target {
    /// Written beside it first, so that nobody reads half of it.
    File { path: PathBuf, draft: PathBuf, file: File },
    /// A pipe, a device, a descriptor: nothing can be put in its place.
    Stream(File),
}

impl Meta {
    /// Opens the target, before anything is asked and paid for. Call it before files are opened: a descriptor has
    /// to be one that we were given.
    pub fn open(options: &AnswerOptions) -> Result<Self, Failure> {
        let target = match (&options.meta, options.meta_fd) {
            (Some(path), _) if path == Path::new("-") => {
                return Err(Failure::usage("`--meta -` is no file, and stdout is for the answer")
                    .hint("`--meta-fd 3` with `3>meta.json`, or `--meta ./-` for a file of this name"));
            }
            (Some(path), _) => Some(open_file(path).map_err(|error| {
                Failure::config(format!("cannot write the file {} of `--meta`: {error}", path.display()))
            })?),
            (None, Some(number)) => Some(Target::Stream(inherited(number).map_err(|error| {
                Failure::usage(format!("cannot write to the descriptor {number} of `--meta-fd`: {error}"))
                    .hint(format!("open it, as in `sayso ask --meta-fd {number} … {number}>meta.json`"))
            })?)),
            (None, None) => None,
        };
        Ok(Self { target, result: None, error: None })
    }

    /// A turn has ended.
    pub fn ended(&mut self, result: &TurnResult) {
        if self.target.is_some() {
            self.result = Some(TurnResult { text: String::new(), taken: None, ..result.clone() });
        }
    }

    /// Something went wrong beside the turn, or before it.
    pub fn failed(&mut self, failure: &Failure) {
        self.error = Some(failure.report());
    }

    /// Writes it. The exit code stays what it is, but where all else went well.
    pub fn write(mut self, exit: u8, context: &mut Context) -> u8 {
        let Some(target) = self.target.take() else { return exit };
        let line = meta_line(self.result.as_ref(), self.error.as_ref(), exit);
        let Err(error) = target.write(&line) else { return exit };
        let failure = Failure::config(format!("cannot write what `--meta` asks for: {error}"));
        let told = context.fail(&failure);
        if exit == exit_code::OK { told } else { exit }
    }
}

/// A panic passes by here.
impl Drop for Meta {
    fn drop(&mut self) {
        if let Some(target) = self.target.take() {
            let report = Failure::internal("sayso has failed").report();
            // There is nobody left to tell.
            let _ = target.write(&meta_line(None, Some(&report), exit_code::INTERNAL));
        }
    }
}

impl Target {
    fn write(self, line: &str) -> io::Result<()> {
        match self {
            Self::Stream(mut file) => file.write_all(line.as_bytes()),
            Self::File { path, draft, mut file } => {
                let written = file.write_all(line.as_bytes()).and_then(|()| fs::rename(&draft, &path));
                if written.is_err() {
                    // The half of it is of no use; that it cannot be removed changes nothing.
                    let _ = fs::remove_file(&draft);
                }
                written
            }
        }
    }
}

fn open_file(path: &Path) -> io::Result<Target> {
    let before = fs::metadata(path);
    match &before {
        Ok(metadata) if metadata.is_dir() => return Err(io::Error::other("it is a folder")),
        Ok(metadata) if !metadata.is_file() => return Ok(Target::Stream(OpenOptions::new().write(true).open(path)?)),
        Ok(_) | Err(_) => {}
    }
    let name = path.file_name().ok_or_else(|| io::Error::other("it has no name"))?;
    // Where the path is a link, the file it leads to is replaced, and not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let draft = path.with_file_name(format!(".{}.{}.new", name.to_string_lossy(), std::process::id()));
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(&draft)?;
    if let Ok(metadata) = before {
        // Whoever could not read it cannot do so now.
        file.set_permissions(metadata.permissions())?;
    }
    Ok(Target::File { path, draft, file })
}

/// A descriptor that we were started with, under a number of our own that no child gets; the old one is closed.
#[cfg(unix)]
fn inherited(number: i32) -> io::Result<File> {
    let file = duplicate(number)?;
    let flags = rustix::fs::fcntl_getfl(&file)?;
    if flags & rustix::fs::OFlags::RWMODE == rustix::fs::OFlags::RDONLY {
        return Err(io::Error::other("it is open for reading only"));
    }
    nix::unistd::close(number).map_err(io::Error::from)?;
    Ok(file)
}

/// The very same open file, where the system can do that; else its path is opened anew.
#[cfg(target_os = "linux")]
fn duplicate(number: i32) -> io::Result<File> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let not_open = || io::Error::other("it is not open");
    let about = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).map_err(|_| not_open())?;
    let flags = about.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).unwrap_or_default();
    // What closes with a new program was not given to us: it is a file of our own.
    if flags & rustix::fs::OFlags::CLOEXEC.bits() != 0 {
        return Err(not_open());
    }
    let own = pidfd_open(getpid(), PidfdFlags::empty());
    match own.and_then(|own| pidfd_getfd(own, number, PidfdGetfdFlags::empty())) {
        Ok(file) => Ok(file.into()),
        Err(_) => open_path(number),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn duplicate(number: i32) -> io::Result<File> {
    open_path(number)
}

#[cfg(unix)]
fn open_path(number: i32) -> io::Result<File> {
    OpenOptions::new().append(true).open(format!("/dev/fd/{number}"))
}

#[cfg(not(unix))]
fn inherited(_: i32) -> io::Result<File> {
    Err(io::Error::other("this system has no such descriptors; `--meta FILE` works"))
}
