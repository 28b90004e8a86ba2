//! What it costs to make text safe for a terminal. Each iteration takes about 64 KiB of one kind of text.

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use sayso::testing::{Mode, Sanitizer, TermSafeBuf};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const TEXT_BYTES: usize = 64 << 10;

fn main() {
    divan::main();
}

const KINDS: [(&str, &str); 5] = [
    ("ascii", "The quick brown fox jumps over the lazy dog, and then it sits down for a while.\n"),
    ("german", "Größere Straßen führen über Brücken; schöne Aussicht für müde Füße.\n"),
    ("cjk", "敏捷的棕色狐狸跳过了懒狗,然后坐下来休息一会儿。それから少し休みました。\n"),
    ("quotes", "“Well” – she said – ‘that’s it…’ and left… “Really?” – “Yes…”\n"),
    ("hostile", "\x1b]52;c;eA==\x07\u{9b}2J\x1b[31m\u{202E}abc\u{2066}\r\x08\x08\u{E0041}\n"),
];

#[divan::bench(args = KINDS.map(|(name, _)| name))]
fn whole(bencher: Bencher<'_, '_>, name: &str) {
    bench(bencher, name, TEXT_BYTES);
}

/// As an answer streams in: about five bytes at a time.
#[divan::bench(args = KINDS.map(|(name, _)| name))]
fn by_tokens(bencher: Bencher<'_, '_>, name: &str) {
    bench(bencher, name, 5);
}

fn bench(bencher: Bencher<'_, '_>, name: &str, piece_bytes: usize) {
    let text = text(name);
    let pieces = pieces(&text, piece_bytes);
    let mut out = TermSafeBuf::new();
    bencher.counter(BytesCount::new(text.len())).bench_local(|| {
        out.clear();
        let mut sanitizer = Sanitizer::new(Mode::Prose);
        for piece in &pieces {
            sanitizer.push(black_box(piece), &mut out);
        }
        sanitizer.finish(&mut out);
        black_box(&out);
    });
}

fn text(name: &str) -> String {
    let (_, line) = KINDS.iter().find(|(kind, _)| *kind == name).expect("a kind of the list");
    line.repeat(TEXT_BYTES / line.len())
}

/// `text` in pieces of so many bytes, or what is left to the next boundary of a character.
fn pieces(text: &str, piece_bytes: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.ceil_char_boundary(piece_bytes.min(rest.len())));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}
