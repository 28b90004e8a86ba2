//! What the sanitiser lets through holds no control character but newline and tab, and in a line
//! nothing that cannot be seen, however the text is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso::testing::{Mode, Sanitizer, TermSafeBuf, is_hidden};

/// `text` in pieces of `size` characters, sanitised.
fn sanitised(mode: Mode, text: &str, size: usize) -> String {
    let mut sanitizer = Sanitizer::new(mode);
    let mut out = TermSafeBuf::new();
    let characters: Vec<char> = text.chars().collect();
    for piece in characters.chunks(size) {
        sanitizer.push(&piece.iter().collect::<String>(), &mut out);
    }
    sanitizer.finish(&mut out);
    String::from_utf8(out.as_bytes().to_owned()).expect("text in, text out")
}

fuzz_target!(|input: (u8, &str)| {
    let (size, text) = input;
    for mode in [Mode::Prose, Mode::Line] {
        let whole = sanitised(mode, text, usize::MAX);
        assert!(whole.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'), "{whole:?}");
        assert!(mode == Mode::Prose || !whole.chars().any(is_hidden), "{whole:?}");
        assert_eq!(sanitised(mode, text, usize::from(size).max(1)), whole);
    }
    let prose = sanitised(Mode::Prose, text, usize::MAX);
    assert!(prose.lines().all(is_balanced), "{prose:?}");
});

/// Whether no BiDi control reaches beyond the end of the line.
fn is_balanced(line: &str) -> bool {
    let count = |controls: &[char]| line.chars().filter(|c| controls.contains(c)).count();
    let isolates = ['\u{2066}', '\u{2067}', '\u{2068}'];
    count(&isolates) == count(&['\u{2069}'])
}
