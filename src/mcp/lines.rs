//! Cuts what a child writes into lines, none longer than the limit.

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// How the lines ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LinesEnd {
    /// There is no more.
    Closed,
    /// A line is longer than `line_bytes_max`.
    TooLong,
}

/// Lines of a byte stream. A read that is given up loses nothing: what came stays in the buffer.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: R,
    buffer: BytesMut,
    /// Bytes of the buffer that hold no end of line.
    searched: usize,
    line_bytes_max: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(source: R, line_bytes_max: usize) -> Self {
        Self { source, buffer: BytesMut::new(), searched: 0, line_bytes_max }
    }

    /// The next line, without its end. Half a line at the end of the stream is no line.
    pub(super) async fn next(&mut self) -> Result<BytesMut, LinesEnd> {
        loop {
            if let Some(position) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
                let mut line = self.buffer.split_to(self.searched + position + 1);
                self.searched = 0;
                line.truncate(line.len() - 1);
                return Ok(line);
            }
            self.searched = self.buffer.len();
            if self.searched > self.line_bytes_max {
                return Err(LinesEnd::TooLong);
            }
            self.buffer.reserve(CHUNK_BYTES);
            match self.source.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Err(LinesEnd::Closed),
                Ok(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_cut_wherever_the_chunks_end() {
        let mut lines = Lines::new(&b"one\ntwo\n\nhalf"[..], 100);
        for expected in ["one", "two", ""] {
            assert_eq!(lines.next().await.unwrap(), expected.as_bytes());
        }
        assert_eq!(lines.next().await, Err(LinesEnd::Closed));
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_given_up_at_the_limit() {
        let endless = tokio::io::repeat(b'x');
        let mut lines = Lines::new(endless, 200_000);
        assert_eq!(lines.next().await, Err(LinesEnd::TooLong));
        assert!(lines.buffer.capacity() < 1_000_000);
    }
}
