//! By the streams of the standard library. Every write waits for its reader, as nothing safe says whether it would.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::windows::io::OwnedHandle;
use std::time::Duration;

use winapi_util::HandleRef;
use winapi_util::console::{mode, screen_buffer_info, set_mode};

use super::{OutputKind, WindowSize};

/// `ENABLE_VIRTUAL_TERMINAL_PROCESSING`: the console understands escape sequences.
const ESCAPES: u32 = 0x4;

#[derive(Debug)]
enum Handle {
    Stdout,
    Stderr,
    Owned(File),
}

#[derive(Debug)]
pub struct OutputHandle {
    handle: Handle,
    kind: OutputKind,
}

impl OutputHandle {
    #[must_use]
    pub fn stdout() -> Self {
        Self { handle: Handle::Stdout, kind: standard_kind(&io::stdout(), HandleRef::stdout()) }
    }

    #[must_use]
    pub fn stderr() -> Self {
        Self { handle: Handle::Stderr, kind: standard_kind(&io::stderr(), HandleRef::stderr()) }
    }

    #[must_use]
    pub fn kind(&self) -> OutputKind {
        self.kind
    }

    /// `None`: it is no console.
    #[must_use]
    pub fn window_size(&self) -> Option<WindowSize> {
        let info = match self.handle {
            Handle::Stdout => screen_buffer_info(HandleRef::stdout()),
            Handle::Stderr => screen_buffer_info(HandleRef::stderr()),
            Handle::Owned(_) => return None,
        };
        let window = info.ok()?.window_rect();
        let length = |first: i16, last: i16| u16::try_from(i32::from(last) - i32::from(first) + 1).ok();
        Some(WindowSize { columns: length(window.left, window.right)?, rows: length(window.top, window.bottom)? })
    }

    /// Writes all of it.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.handle {
            Handle::Stdout => write_all(&mut io::stdout().lock(), bytes),
            Handle::Stderr => write_all(&mut io::stderr().lock(), bytes),
            Handle::Owned(file) => write_all(&mut &*file, bytes),
        }
    }

    /// [`Self::write`] waits by itself.
    pub fn wait_writable(&self, _: Duration) {}

    /// The next write tells.
    #[must_use]
    pub fn reader_gone(&self) -> bool {
        false
    }

    /// Whether an error of [`Self::write`] says that nobody reads any more.
    #[must_use]
    pub fn means_closed(&self, error: &io::Error) -> bool {
        /// `ERROR_PIPE_NOT_CONNECTED`.
        const NOT_CONNECTED: i32 = 233;
        error.kind() == io::ErrorKind::BrokenPipe || error.raw_os_error() == Some(NOT_CONNECTED)
    }
}

impl<T: Into<OwnedHandle>> From<T> for OutputHandle {
    fn from(file: T) -> Self {
        let file = File::from(file.into());
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        Self { handle: Handle::Owned(file), kind: if is_file { OutputKind::RegularFile } else { OutputKind::Other } }
    }
}

fn write_all(out: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
    out.write_all(bytes)?;
    out.flush()?;
    Ok(bytes.len())
}

fn standard_kind(stream: &impl IsTerminal, handle: HandleRef) -> OutputKind {
    if !stream.is_terminal() {
        return OutputKind::Other;
    }
    if let Ok(mode) = mode(&handle) {
        // An old console shows the sequences as they are; `--color never` leaves them out.
        let _ = set_mode(handle, mode | ESCAPES);
    }
    OutputKind::Terminal
}
