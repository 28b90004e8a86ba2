//! One output stream that is never waited for: what does not go at once stays pending.

use std::io::{self, ErrorKind};
use std::time::Duration;

use super::term_safe::TermSafeBuf;
use crate::platform::{OutputHandle, OutputKind};
use crate::session::{Flushed, OutputError};

#[derive(Debug)]
pub struct Output {
    handle: OutputHandle,
    pub pending: TermSafeBuf,
    /// So much of `pending` has gone out.
    written: usize,
}

impl Output {
    pub fn new(handle: OutputHandle) -> Self {
        Self { handle, pending: TermSafeBuf::new(), written: 0 }
    }

    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.handle.kind() == OutputKind::Terminal
    }

    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.pending.as_bytes().len() - self.written
    }

    /// Columns of the terminal now; 80 where it does not say.
    #[must_use]
    pub fn width(&self) -> u16 {
        let columns = self.handle.window_size().map(|size| size.columns);
        columns.filter(|columns| *columns > 0).unwrap_or(80)
    }

    /// Its lines; `None`: it is no terminal, or does not tell.
    #[must_use]
    pub fn height(&self) -> Option<u16> {
        self.handle.window_size().map(|size| size.rows).filter(|rows| *rows > 0)
    }

    /// Writes what goes without waiting. After an error nothing is pending any more.
    pub fn write_ready(&mut self) -> Result<Flushed, OutputError> {
        while self.pending_bytes() > 0 {
            match self.handle.write(&self.pending.as_bytes()[self.written..]) {
                Ok(bytes) => self.written += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Flushed::Blocked),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.discard();
                    return Err(self.describe(error));
                }
            }
        }
        self.discard();
        Ok(Flushed::All)
    }

    /// Waits until a write can go on, or `limit` is over.
    pub fn wait_writable(&self, limit: Duration) {
        self.handle.wait_writable(limit);
    }

    /// Whether nobody will ever read what is written here. Asks without writing.
    #[must_use]
    pub fn reader_gone(&self) -> bool {
        self.handle.reader_gone()
    }

    fn discard(&mut self) {
        self.pending.clear();
        self.written = 0;
    }

    fn describe(&self, error: io::Error) -> OutputError {
        if self.handle.means_closed(&error) { OutputError::Closed } else { OutputError::Failed(error) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::io::Read;

    use super::{Flushed, Output, OutputError};

    #[test]
    fn a_full_pipe_blocks_nothing_and_loses_nothing() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut output = Output::new(writer.into());
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
        let mut output = Output::new(writer.into());
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
        let mut output = Output::new(full.into());
        output.pending.push_prose("x");
        let Err(OutputError::Failed(error)) = output.write_ready() else { panic!("it must fail") };
        assert_eq!(error.raw_os_error(), Some(28));
    }

    #[test]
    fn a_file_takes_everything_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answer");
        let mut output = Output::new(File::create(&path).unwrap().into());
        let text = "x".repeat(300_000);
        output.pending.push_prose(&text);
        assert_eq!(output.write_ready().unwrap(), Flushed::All);
        assert!(!output.reader_gone());
        assert_eq!(std::fs::read_to_string(path).unwrap(), text);
    }
}
