//! Any cutting of a stream into chunks gives the same frames, and no bytes make the decoder panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso::testing::SseDecoder;

/// Takes any error of the decoder, whatever its type is called.
struct Stopped;

impl<E: std::error::Error> From<E> for Stopped {
    fn from(_: E) -> Self {
        Self
    }
}

/// The frames of `bytes` in chunks of at most `size`, and whether the stream was accepted to its end.
fn frames(bytes: &[u8], size: usize) -> (Vec<(String, String)>, bool) {
    let mut frames = Vec::new();
    let mut decoder = SseDecoder::default();
    let fed = bytes.chunks(size).try_for_each(|chunk| {
        decoder.feed(chunk, |frame| {
            frames.push((frame.event.to_owned(), frame.data.to_owned()));
            Ok::<(), Stopped>(())
        })
    });
    let ended = fed.and_then(|()| {
        decoder.end(|frame| {
            frames.push((frame.event.to_owned(), frame.data.to_owned()));
            Ok::<(), Stopped>(())
        })
    });
    (frames, ended.is_ok())
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let whole = frames(bytes, bytes.len().max(1));
    assert_eq!(frames(bytes, 1), whole);
    assert_eq!(frames(bytes, usize::from(size).max(1)), whole);
});
