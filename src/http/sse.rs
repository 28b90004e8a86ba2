//! Cuts a byte stream into Server-Sent Events frames.

/// One event; borrows from the decoder's buffer or from the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub event: &'a str,
    pub data: &'a str,
}

#[derive(Debug, Default)]
pub struct SseDecoder {}
