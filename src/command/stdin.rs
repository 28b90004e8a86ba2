//! Reads what is piped in, with a limit on size and on patience, and joins it with the prompt.

use std::io::Read;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// More than this is no prompt: 16 MiB.
pub const INPUT_BYTES_MAX: usize = 16 << 20;
/// How long a pipe beside a PROMPT may stay silent before it is left out.
pub const FIRST_BYTE_WAIT: Duration = Duration::from_secs(3);

/// How long to wait for the first byte of standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Until it comes or the input ends.
    Unlimited,
    /// [`FIRST_BYTE_WAIT`], then without it.
    Limited,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    Text(String),
    /// Nothing came within [`FIRST_BYTE_WAIT`].
    Silent,
}

#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("standard input is longer than {} MiB", INPUT_BYTES_MAX >> 20)]
    TooLong,
    #[error("standard input is not UTF-8 text: a bad byte at offset {offset}")]
    NotText { offset: usize },
    #[error("cannot read standard input: {0}")]
    Failed(#[from] std::io::Error),
}

/// Blocks until standard input has ended. For a thread of its own.
pub fn read(patience: Patience) -> Result<Input, InputError> {
    if patience == Patience::Limited && !shows_itself_within(FIRST_BYTE_WAIT) {
        return Ok(Input::Silent);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(INPUT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    text(bytes).map(Input::Text)
}

/// Whether standard input has bytes, or has ended, within `wait`.
fn shows_itself_within(wait: Duration) -> bool {
    let stdin = std::io::stdin();
    let timeout = Timespec { tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX), tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(count) => return count > 0,
            // What cannot be polled can be read.
            Err(_) => return true,
        }
    }
}

fn text(bytes: Vec<u8>) -> Result<String, InputError> {
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(InputError::TooLong);
    }
    String::from_utf8(bytes).map_err(|error| InputError::NotText { offset: error.utf8_error().valid_up_to() })
}

/// The prompt as it is sent: PROMPT, then standard input, then each file under its name,
/// a blank line between. `None` when all of it is empty.
#[must_use]
pub fn join(prompt: Option<&str>, input: Option<&str>, files: &[(String, String)]) -> Option<String> {
    let input = input.map(|text| text.trim_end_matches(['\n', '\r'])).filter(|text| !text.trim().is_empty());
    let prompt = prompt.filter(|text| !text.trim().is_empty());
    let files = files.iter().map(|(name, text)| fenced(name, text));
    let parts: Vec<String> = prompt.into_iter().chain(input).map(str::to_owned).chain(files).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

/// A file as a model reads it best: its name, and its text in a fence that the text cannot close.
fn fenced(name: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    format!("File: {name}\n{fence}\n{text}{newline}{fence}")
}

#[cfg(test)]
mod tests {
    use super::{InputError, join, text};

    #[test]
    fn prompt_input_and_files_stand_apart() {
        let files = [("a.md".to_owned(), "x ``` y".to_owned())];
        let joined = join(Some("explain"), Some("line 1\nline 2\n"), &files);
        assert_eq!(joined.as_deref(), Some("explain\n\nline 1\nline 2\n\nFile: a.md\n````\nx ``` y\n````"));
        assert_eq!(join(None, Some("only input\n"), &[]).as_deref(), Some("only input"));
        assert_eq!(join(Some(" "), Some("\n"), &[]), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_offset() {
        assert!(matches!(text(vec![b'a', 0xff]), Err(InputError::NotText { offset: 1 })));
    }
}
