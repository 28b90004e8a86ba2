//! Nothing that a server can send makes the decoder of chat completions panic, and however the
//! stream is cut, it gives the same answer.
#![no_main]

#[path = "shared/cutting.rs"]
mod cutting;

use libfuzzer_sys::fuzz_target;
use sayso::testing::{ChatDecoder, ThinkTags};

fuzz_target!(|input: (u8, bool, bool, &[u8])| {
    let (size, has_tags, is_framed, bytes) = input;
    let tags = if has_tags { ThinkTags::AreReasoning } else { ThinkTags::AreText };
    cutting::check(bytes, size, is_framed, &|| Box::new(ChatDecoder::new(tags)));
});
