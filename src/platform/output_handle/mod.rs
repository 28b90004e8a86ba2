//! Stdout, stderr or a file, written to without waiting where the system can do that.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::OutputHandle;
#[cfg(windows)]
pub use windows::OutputHandle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    Terminal,
    /// Writing never waits for a reader.
    RegularFile,
    /// Pipes, sockets, devices.
    Other,
}

/// Columns and lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSize {
    pub columns: u16,
    pub rows: u16,
}
