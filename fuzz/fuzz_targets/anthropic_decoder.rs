//! Nothing that a server can send makes the decoder of the Messages API panic, and however the stream is cut,
//! it gives the same answer.
#![no_main]

#[path = "shared/cutting.rs"]
mod cutting;

use libfuzzer_sys::fuzz_target;
use sayso::testing::MessagesDecoder;

fuzz_target!(|input: (u8, bool, &[u8])| {
    let (size, is_framed, bytes) = input;
    cutting::check(bytes, size, is_framed, &|| Box::new(MessagesDecoder::new()));
});
