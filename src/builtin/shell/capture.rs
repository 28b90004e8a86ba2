//! Output of a command within a limit: its beginning and its end, which matter most.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Kept of one stream, half of it from its beginning.
pub const OUTPUT_BYTES_MAX: usize = 256 * 1024;
const HALF: usize = OUTPUT_BYTES_MAX / 2;
const READ_BYTES: usize = 16 * 1024;

#[derive(Debug, Default)]
pub struct Capture {
    begin: Vec<u8>,
    end: VecDeque<u8>,
    left_out: usize,
}

impl Capture {
    pub fn add(&mut self, bytes: &[u8]) {
        let room = (HALF - self.begin.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.begin.extend_from_slice(first);
        self.end.extend(rest);
        let over = self.end.len().saturating_sub(HALF);
        self.end.drain(..over);
        self.left_out += over;
    }

    /// Reads to the end, or for as long as this is waited for.
    pub async fn fill(&mut self, mut stream: impl AsyncRead + Unpin) {
        let mut buffer = vec![0; READ_BYTES];
        // A pipe that breaks has ended.
        while let Ok(count) = stream.read(&mut buffer).await
            && count > 0
        {
            self.add(&buffer[..count]);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.begin.is_empty()
    }

    /// As text that ends a line, where there is any.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.begin).into_owned();
        if self.left_out > 0 {
            text.push_str(&format!("\n[… {} bytes are left out …]\n", self.left_out));
        }
        let end: Vec<u8> = self.end.iter().copied().collect();
        text.push_str(&String::from_utf8_lossy(&end));
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept() {
        let mut capture = Capture::default();
        assert!(capture.is_empty());
        capture.add(b"short");
        assert_eq!(capture.text(), "short\n");
        let mut capture = Capture::default();
        capture.add(b"begin ");
        for _ in 0..100 {
            capture.add(&[b'x'; 10_000]);
        }
        capture.add(b" end\n");
        let text = capture.text();
        let left_out = 6 + 1_000_000 + 5 - OUTPUT_BYTES_MAX;
        let marker = format!("\n[… {left_out} bytes are left out …]\n");
        assert!(text.starts_with("begin x") && text.ends_with("x end\n"));
        assert_eq!(text.len(), OUTPUT_BYTES_MAX + marker.len());
        assert!(text.contains(&marker));
    }
}
