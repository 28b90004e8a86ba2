//! What the sanitiser lets through holds no control character but newline and tab, however the text is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso::testing::Sanitizer;

/// `text` in pieces of `size` characters, sanitised.
fn sanitised(text: &str, size: usize) -> String {
    let mut sanitizer = Sanitizer::default();
    let mut out = String::new();
    let characters: Vec<char> = text.chars().collect();
    for piece in characters.chunks(size) {
        sanitizer.push(&piece.iter().collect::<String>(), &mut out);
    }
    out
}

fuzz_target!(|input: (u8, &str)| {
    let (size, text) = input;
    let whole = sanitised(text, usize::MAX);
    assert!(whole.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'), "{whole:?}");
    assert_eq!(sanitised(text, usize::from(size).max(1)), whole);
});
