//! By descriptors and polls.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::io::Errno;

use super::{OutputKind, WindowSize};

/// The most that a writable pipe takes without blocking (`PIPE_BUF`).
const PIPE_BYTES_MAX: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };
/// A terminal that could not be opened once more is written to in small pieces.
const TERMINAL_BYTES_MAX: usize = 256;

#[derive(Debug)]
enum Handle {
    Standard(BorrowedFd<'static>),
    Owned(OwnedFd),
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Standard(fd) => *fd,
            Self::Owned(fd) => fd.as_fd(),
        }
    }
}

#[derive(Debug)]
pub struct OutputHandle {
    handle: Handle,
    kind: OutputKind,
    /// A write that is larger can wait for the reader, for all that a poll says. `None`: no write waits.
    bytes_at_once: Option<usize>,
}

impl OutputHandle {
    #[must_use]
    pub fn stdout() -> Self {
        Self::new(Handle::Standard(rustix::stdio::stdout()))
    }

    #[must_use]
    pub fn stderr() -> Self {
        Self::new(Handle::Standard(rustix::stdio::stderr()))
    }

    fn new(handle: Handle) -> Self {
        let kind = kind_of(handle.as_fd());
        // A terminal is opened once more so that writing never waits, which leaves the descriptor that we share with
        // other processes as it is.
        let own = if kind == OutputKind::Terminal { open_again(handle.as_fd()) } else { None };
        let bytes_at_once = match kind {
            OutputKind::RegularFile => None,
            OutputKind::Terminal if own.is_some() => None,
            OutputKind::Terminal => Some(TERMINAL_BYTES_MAX),
            OutputKind::Other => Some(PIPE_BYTES_MAX),
        };
        Self { handle: own.map_or(handle, Handle::Owned), kind, bytes_at_once }
    }

    #[must_use]
    pub fn kind(&self) -> OutputKind {
        self.kind
    }

    /// `None`: it is no terminal, or does not tell.
    #[must_use]
    pub fn window_size(&self) -> Option<WindowSize> {
        let size = rustix::termios::tcgetwinsize(&self.handle).ok()?;
        Some(WindowSize { columns: size.ws_col, rows: size.ws_row })
    }

    /// Writes what goes without waiting; `ErrorKind::WouldBlock` where that is nothing.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut piece = bytes;
        if let Some(bytes_max) = self.bytes_at_once {
            // Errors wake the poll as well; the write then says which one it is.
            if self.poll(PollFlags::OUT, Duration::ZERO)?.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            piece = &bytes[..bytes.len().min(bytes_max)];
        }
        match rustix::io::write(&self.handle, piece)? {
            0 => Err(Errno::IO.into()),
            written => Ok(written),
        }
    }

    /// Waits until a write can go on, or `limit` is over.
    pub fn wait_writable(&self, limit: Duration) {
        let _ = self.poll(PollFlags::OUT, limit);
    }

    /// Whether nobody will ever read what is written here. Asks without writing.
    #[must_use]
    pub fn reader_gone(&self) -> bool {
        let gone = PollFlags::ERR | PollFlags::HUP;
        self.kind != OutputKind::RegularFile
            && self.poll(PollFlags::empty(), Duration::ZERO).is_ok_and(|flags| flags.intersects(gone))
    }

    /// Whether an error of [`Self::write`] says that nobody reads any more.
    #[must_use]
    pub fn means_closed(&self, error: &io::Error) -> bool {
        match Errno::from_io_error(error) {
            Some(Errno::PIPE | Errno::CONNRESET) => true,
            // A terminal that was hung up.
            Some(Errno::IO | Errno::NXIO) => self.kind == OutputKind::Terminal,
            _ => false,
        }
    }

    fn poll(&self, flags: PollFlags, limit: Duration) -> Result<PollFlags, Errno> {
        let mut wanted = [PollFd::new(&self.handle, flags)];
        let limit = Timespec::try_from(limit).map_err(|_| Errno::INVAL)?;
        poll(&mut wanted, Some(&limit))?;
        Ok(wanted[0].revents())
    }
}

impl<T: Into<OwnedFd>> From<T> for OutputHandle {
    fn from(file: T) -> Self {
        Self::new(Handle::Owned(file.into()))
    }
}

fn kind_of(fd: BorrowedFd<'_>) -> OutputKind {
    match rustix::fs::fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::RegularFile) => OutputKind::RegularFile,
        Ok(FileType::CharacterDevice) if rustix::termios::isatty(fd) => OutputKind::Terminal,
        Ok(_) | Err(_) => OutputKind::Other,
    }
}

/// The terminal behind `fd` without waiting, where the system can open a descriptor once more.
#[cfg(target_os = "linux")]
fn open_again(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{Mode, OFlags};

    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn open_again(_: BorrowedFd<'_>) -> Option<OwnedFd> {
    None
}
