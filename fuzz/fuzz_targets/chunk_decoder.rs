//! Nothing that a server can send makes the decoder of chat completions panic, and however the
//! stream is cut, it gives the same answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso::testing::{ChatDecoder, ReplyBuilder, ThinkTags};

/// The reply of `bytes` in pieces of at most `size`, and how the stream ended.
fn reply(bytes: &[u8], size: usize, tags: ThinkTags) -> String {
    let mut decoder = ChatDecoder::new(tags);
    let mut reply = ReplyBuilder::default();
    let fed = bytes.chunks(size).try_for_each(|piece| decoder.feed(piece, &mut |event| reply.apply(&event)));
    let ended = fed.and_then(|()| decoder.end(&mut |event| reply.apply(&event)));
    format!("{reply:?} {:?} {ended:?}", reply.tool_calls())
}

fuzz_target!(|input: (u8, bool, bool, &[u8])| {
    let (size, has_tags, is_framed, bytes) = input;
    let tags = if has_tags { ThinkTags::AreReasoning } else { ThinkTags::AreText };
    // Chunks alone, one a line, are found far quicker than whole frames.
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
    let whole = reply(&stream, stream.len().max(1), tags);
    assert_eq!(reply(&stream, usize::from(size).max(1), tags), whole);
});
