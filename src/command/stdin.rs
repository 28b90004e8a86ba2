//! Reads what is piped in, with a limit on size and on patience, and joins it with the prompt.

use std::io::Read;
use std::time::Duration;

use crate::platform::{is_ready_whole, shows_itself_within};

/// More than this is no prompt: 16 MiB.
pub const INPUT_BYTES_MAX: usize = 16 << 20;
/// How long a pipe beside a PROMPT may stay silent before it is left out.
pub const FIRST_BYTE_WAIT: Duration = Duration::from_secs(3);

/// A file of at most this size is read where its reader stands: 64 KiB.
const AT_ONCE_BYTES_MAX: u64 = 64 << 10;

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
    Bytes(Vec<u8>),
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
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(InputError::TooLong);
    }
    Ok(Input::Bytes(bytes))
}

/// What stands ready whole and keeps nobody waiting: nothing at all (`/dev/null`), or a small file. `None` for anything
/// else, which is for [`read`]. A thread for these would take longer than they do.
#[must_use]
pub fn read_at_once() -> Option<Result<Input, InputError>> {
    is_ready_whole(AT_ONCE_BYTES_MAX).then(|| read(Patience::Unlimited))
}

/// Standard input as words of the prompt.
pub fn text(bytes: Vec<u8>) -> Result<String, InputError> {
    String::from_utf8(bytes).map_err(|error| InputError::NotText { offset: error.utf8_error().valid_up_to() })
}

/// The prompt as it is sent: PROMPT, then standard input, a blank line between. `None` when both are empty.
#[must_use]
pub fn join(prompt: Option<&str>, input: Option<&str>) -> Option<String> {
    let input = input.map(|text| text.trim_end_matches(['\n', '\r'])).filter(|text| !text.trim().is_empty());
    let prompt = prompt.filter(|text| !text.trim().is_empty());
    let parts: Vec<&str> = prompt.into_iter().chain(input).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use super::{InputError, join, text};

    #[test]
    fn prompt_and_input_stand_apart() {
        assert_eq!(join(Some("explain"), Some("line 1\nline 2\n")).as_deref(), Some("explain\n\nline 1\nline 2"));
        assert_eq!(join(None, Some("only input\n")).as_deref(), Some("only input"));
        assert_eq!(join(Some(" "), Some("\n")), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_offset() {
        assert!(matches!(text(vec![b'a', 0xff]), Err(InputError::NotText { offset: 1 })));
    }
}
