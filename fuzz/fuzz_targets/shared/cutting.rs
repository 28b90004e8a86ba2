//! However a stream is cut, a decoder gives the same answer.

use sayso::testing::{Decode, ReplyBuilder};

/// The reply of `bytes` in pieces of at most `size`, and how the stream ended.
fn reply(bytes: &[u8], size: usize, mut decoder: Box<dyn Decode>) -> String {
    let mut reply = ReplyBuilder::default();
    let fed = bytes.chunks(size).try_for_each(|piece| decoder.feed(piece, &mut |event| reply.apply(&event)));
    let ended = fed.and_then(|()| decoder.end(&mut |event| reply.apply(&event)));
    format!("{reply:?} {:?} {ended:?}", reply.tool_calls())
}

/// Panics where `bytes` give another reply in pieces of `size` than as a whole. Chunks alone, one a
/// line, are found far quicker than whole frames: `is_framed` says which it is.
pub fn check(bytes: &[u8], size: u8, is_framed: bool, decoder: &dyn Fn() -> Box<dyn Decode>) {
    let mut stream = Vec::new();
    if is_framed {
        stream.extend_from_slice(bytes);
    } else {
        for line in bytes.split(|byte| *byte == b'\n') {
            stream.extend_from_slice(b"data: ");
            stream.extend_from_slice(line);
            stream.extend_from_slice(b"\n\n");
        }
    }
    let whole = reply(&stream, stream.len().max(1), decoder());
    assert_eq!(reply(&stream, usize::from(size).max(1), decoder()), whole);
}
