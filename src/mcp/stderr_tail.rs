//! The last words of a child: its stderr is always read, and only the end of it is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

/// What is kept of it.
const TAIL_BYTES_MAX: usize = 64 * 1024;

/// Lines that an error tells.
const LINES_MAX: usize = 5;

/// Of one line in an error.
const LINE_CHARS_MAX: usize = 300;

#[derive(Clone, Debug, Default)]
pub(super) struct StderrTail(Arc<Mutex<VecDeque<u8>>>);

impl StderrTail {
    /// Reads until the end. A child that floods its stderr is never held up.
    pub(super) async fn drain(self, mut stderr: impl AsyncRead + Unpin) {
        let mut chunk = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
            self.push(&chunk[..count]);
        }
    }

    fn push(&self, bytes: &[u8]) {
        let mut tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(bytes);
        let surplus = tail.len().saturating_sub(TAIL_BYTES_MAX);
        tail.drain(..surplus);
    }

    /// The last lines, for an error; empty where it said nothing.
    pub(super) fn last_words(&self) -> String {
        let mut tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(tail.make_contiguous());
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(LINES_MAX)..];
        last.iter().map(|line| shortened(line)).collect::<Vec<_>>().join("\n")
    }
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(LINE_CHARS_MAX) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_five_lines_are_its_last_words() {
        let tail = StderrTail::default();
        tail.clone().drain(&b"1\n2\n\n3\r\n4\n5\n6"[..]).await;
        assert_eq!(tail.last_words(), "2\n3\n4\n5\n6");
    }

    #[tokio::test]
    async fn a_flood_is_read_and_forgotten() {
        let tail = StderrTail::default();
        let flood = [b"x".repeat(1_000_000), b"\nthe end".to_vec()].concat();
        tail.clone().drain(&flood[..]).await;
        assert!(tail.0.lock().unwrap().len() <= TAIL_BYTES_MAX);
        assert_eq!(tail.last_words(), format!("{}…\nthe end", "x".repeat(300)));
    }
}
