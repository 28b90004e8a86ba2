//! One output stream that is never waited for: what does not go at once stays pending.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::io::Errno;

use super::term_safe::TermSafeBuf;
use crate::session::{Flushed, OutputError};

/// The most that a writable pipe takes without blocking (`PIPE_BUF`).
const PIPE_BYTES_MAX: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };
/// A terminal that could not be opened once more is written to in small pieces.
const TERMINAL_BYTES_MAX: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamKind {
    /// Writing can wait, for all that a poll says: its room is smaller than what is written.
    Terminal,
    /// A terminal, opened once more so that writing never waits, which leaves the descriptor
    /// that we share with other processes as it is.
    OwnTerminal,
    /// Writing never waits for a reader.
    RegularFile,
    /// Pipes, sockets, devices.
    Other,
}

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
pub struct Output {
    handle: Handle,
    pub kind: StreamKind,
    pub pending: TermSafeBuf,
    /// So much of `pending` has gone out.
    written: usize,
}

impl Output {
    pub fn standard(fd: BorrowedFd<'static>) -> Self {
        Self::new(Handle::Standard(fd))
    }

    pub fn owned(fd: OwnedFd) -> Self {
        Self::new(Handle::Owned(fd))
    }

    fn new(handle: Handle) -> Self {
        let kind = kind_of(handle.as_fd());
        let own = if kind == StreamKind::Terminal { open_again(handle.as_fd()) } else { None };
        let (handle, kind) = match own {
            Some(own) => (Handle::Owned(own), StreamKind::OwnTerminal),
            None => (handle, kind),
        };
        Self { handle, kind, pending: TermSafeBuf::new(), written: 0 }
    }

    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self.kind, StreamKind::Terminal | StreamKind::OwnTerminal)
    }

    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.pending.as_bytes().len() - self.written
    }

    /// Columns of the terminal now; 80 where it does not say.
    #[must_use]
    pub fn width(&self) -> u16 {
        match rustix::termios::tcgetwinsize(&self.handle) {
            Ok(size) if size.ws_col > 0 => size.ws_col,
            Ok(_) | Err(_) => 80,
        }
    }

    /// Its lines; `None`: it is no terminal, or does not tell.
    #[must_use]
    pub fn height(&self) -> Option<u16> {
        rustix::termios::tcgetwinsize(&self.handle).ok().map(|size| size.ws_row).filter(|rows| *rows > 0)
    }

    /// Writes what goes without waiting. After an error nothing is pending any more.
    pub fn write_ready(&mut self) -> Result<Flushed, OutputError> {
        while self.pending_bytes() > 0 {
            match self.write_once() {
                Ok(Some(bytes)) => self.written += bytes,
                Ok(None) | Err(Errno::AGAIN) => return Ok(Flushed::Blocked),
                Err(Errno::INTR) => {}
                Err(errno) => {
                    self.discard();
                    return Err(self.describe(errno));
                }
            }
        }
        self.discard();
        Ok(Flushed::All)
    }

    /// Waits until a write can go on, or `limit` is over.
    pub fn wait_writable(&self, limit: Duration) {
        let _ = self.poll(PollFlags::OUT, limit);
    }

    /// Whether nobody will ever read what is written here. Asks without writing.
    #[must_use]
    pub fn reader_gone(&self) -> bool {
        let gone = PollFlags::ERR | PollFlags::HUP;
        self.kind != StreamKind::RegularFile
            && self.poll(PollFlags::empty(), Duration::ZERO).is_ok_and(|flags| flags.intersects(gone))
    }

    fn write_once(&self) -> Result<Option<usize>, Errno> {
        let rest = &self.pending.as_bytes()[self.written..];
        let bytes_max = match self.kind {
            StreamKind::RegularFile | StreamKind::OwnTerminal => usize::MAX,
            StreamKind::Terminal => TERMINAL_BYTES_MAX,
            StreamKind::Other => PIPE_BYTES_MAX,
        };
        // Errors wake the poll as well; the write then says which one it is.
        if bytes_max < usize::MAX && self.poll(PollFlags::OUT, Duration::ZERO)?.is_empty() {
            return Ok(None);
        }
        let piece = &rest[..rest.len().min(bytes_max)];
        match rustix::io::write(&self.handle, piece)? {
            0 => Err(Errno::IO),
            bytes => Ok(Some(bytes)),
        }
    }

    fn poll(&self, flags: PollFlags, limit: Duration) -> Result<PollFlags, Errno> {
        let mut wanted = [PollFd::new(&self.handle, flags)];
        let limit = Timespec::try_from(limit).map_err(|_| Errno::INVAL)?;
        poll(&mut wanted, Some(&limit))?;
        Ok(wanted[0].revents())
    }

    fn discard(&mut self) {
        self.pending.clear();
        self.written = 0;
    }

    fn describe(&self, errno: Errno) -> OutputError {
        match errno {
            Errno::PIPE | Errno::CONNRESET => OutputError::Closed,
            // A terminal that was hung up.
            Errno::IO | Errno::NXIO if self.is_terminal() => OutputError::Closed,
            other => OutputError::Failed(other.into()),
        }
    }
}

fn kind_of(fd: BorrowedFd<'_>) -> StreamKind {
    match rustix::fs::fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::RegularFile) => StreamKind::RegularFile,
        Ok(FileType::CharacterDevice) if rustix::termios::isatty(fd) => StreamKind::Terminal,
        Ok(_) | Err(_) => StreamKind::Other,
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

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::io::Read;

    use super::{Flushed, Output, OutputError, StreamKind};

    #[test]
    fn a_full_pipe_blocks_nothing_and_loses_nothing() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut output = Output::owned(writer.into());
        let text = "0123456789abcde\n".repeat(20_000);
        output.pending.push_prose(&text);
        let mut got = Vec::new();
        while let Flushed::Blocked = output.write_ready().unwrap() {
            let mut piece = [0; 5000];
            let bytes = reader.read(&mut piece).unwrap();
            got.extend_from_slice(&piece[..bytes]);
        }
        assert_eq!(output.pending_bytes(), 0);
        drop(output);
        reader.read_to_end(&mut got).unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), text);
    }

    #[test]
    fn a_reader_who_has_gone_is_noticed_in_silence_and_on_writing() {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut output = Output::owned(writer.into());
        assert!(!output.reader_gone());
        drop(reader);
        assert!(output.reader_gone());
        output.pending.push_prose("x");
        assert!(matches!(output.write_ready(), Err(OutputError::Closed)));
        assert_eq!(output.pending_bytes(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_a_failure() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut output = Output::owned(full.into());
        output.pending.push_prose("x");
        let Err(OutputError::Failed(error)) = output.write_ready() else { panic!("it must fail") };
        assert_eq!(error.raw_os_error(), Some(28));
    }

    #[test]
    fn a_file_takes_everything_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answer");
        let mut output = Output::owned(File::create(&path).unwrap().into());
        let text = "x".repeat(300_000);
        output.pending.push_prose(&text);
        assert_eq!(output.write_ready().unwrap(), Flushed::All);
        assert_eq!((output.kind, output.reader_gone()), (StreamKind::RegularFile, false));
        assert_eq!(std::fs::read_to_string(path).unwrap(), text);
    }
}
