//! Nothing that a server can put into a chunk makes the decoder of chat completions panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso::testing::ChatDecoder;

fuzz_target!(|data: &str| {
    let mut decoder = ChatDecoder::default();
    // Every line is one chunk: state that the first leaves behind meets the next.
    for chunk in data.lines() {
        let _ = decoder.decode(chunk, &mut |event| drop(format!("{event:?}")));
    }
});
