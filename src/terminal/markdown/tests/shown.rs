//! This text, those lines.

use super::{Color, plain, render_whole, settings, styled};
use crate::terminal::markdown::RenderSettings;

#[test]
fn paragraphs_are_wrapped_and_keep_their_distance() {
    assert_eq!(plain("one two three\nfour\n\nfive\n", 10), "one two\nthree\nfour\n\nfive\n");
    assert_eq!(plain("a  \nb\\\nc<br>d", 80), "a\nb\nc\nd\n");
    assert_eq!(plain("", 80), "");
    assert_eq!(plain("\n\na", 80), "a\n");
}

#[test]
fn a_word_longer_than_the_line_is_cut() {
    assert_eq!(plain("ab abcdefghijklmno pq", 6), "ab\nabcdef\nghijkl\nmno pq\n");
}

#[test]
fn emphasis_is_styled_and_its_marks_go() {
    assert_eq!(styled("a *b* **c** ***d*** ~~e~~ f", 80), "a \x1b[3mb \x1b[0;1mc \x1b[3md \x1b[0;9me\x1b[0m f\n");
    assert_eq!(plain("2*3*4 snake_case_x *args, 5 * 3", 80), "2*3*4 snake_case_x *args, 5 * 3\n");
    assert_eq!(plain("\\*a\\* **b*", 80), "*a* **b*\n");
}

#[test]
fn code_in_text_is_code() {
    assert_eq!(styled("a `b  c` d", 80), "a \x1b[38;5;180mb  c \x1b[0md\n");
    assert_eq!(plain("a ``b ` c`` `*d*` `e", 80), "a ``b ` c`` `*d*` `e\n");
}

#[test]
fn headings_stand_apart() {
    assert_eq!(plain("text\n# One #\nmore\n### Three\n", 80), "text\n\n# One\nmore\n\n### Three\n");
    assert_eq!(styled("# One\n", 80), "\x1b[1;4;38;5;110mOne\x1b[0m\n");
    assert_eq!(plain("#no\n\n####### no\n", 80), "#no\n\n####### no\n");
}

#[test]
fn lists_hang_on_their_marks() {
    let shown = styled("- one two\n  - three four\n- five\n", 10);
    assert_eq!(shown.replace("\x1b[38;5;245m", "").replace("\x1b[0m", ""), "• one two\n  ◦ three\n    four\n• five\n");
    assert_eq!(plain("1. a\n1. b\n   - c\n\n   d\n2. e\n", 80), "1. a\n2. b\n   - c\n\n   d\n3. e\n");
    assert_eq!(plain("- [x] a\n- [ ] b\n", 80), "- [x] a\n- [ ] b\n");
    assert_eq!(plain("3) a\n", 80), "3) a\n");
}

#[test]
fn quotes_are_marked_on_every_line() {
    assert_eq!(plain("> one two\n> > three\n>\n> four\nlazy\n", 9), "│ one two\n│ │ three\n│\n│ four\n│ lazy\n");
}

#[test]
fn code_blocks_stand_as_they_are() {
    let long = "x".repeat(100);
    assert_eq!(
        plain(&format!("a\n```\n  {long}\n\n\ty\n```\nb"), 20),
        format!("a\n\n```\n  {long}\n\n\ty\n```\n\nb\n")
    );
    let shown = styled("```rust\nlet a = 1; // b\n```\n", 80);
    assert_eq!(shown, "\x1b[38;5;139mlet\x1b[0m a = \x1b[38;5;173m1\x1b[0m; \x1b[3;38;5;245m// b\x1b[0m\n");
    assert_eq!(plain("- a\n  ~~~\n  b\n    c\n  ~~~\n- d\n", 80), "- a\n\n~~~\nb\n  c\n~~~\n\n- d\n");
    assert_eq!(plain("> ```\n> a\nb\n", 80), "```\na\n\nb\n");
    assert_eq!(plain("a\n\n    b\n\n    c\nd\n", 80), "a\n\nb\n\nc\nd\n");
}

#[test]
fn a_table_fits_the_width_or_becomes_records() {
    let table = "| a | long header |\n|--:|---|\n| 1 | some words here |\n| 22 |\n";
    assert_eq!(plain(table, 80), " a │ long header\n───┼────────────────\n 1 │ some words here\n22 │\n");
    assert_eq!(plain(table, 16), " a │ long header\n───┼────────────\n 1 │ some words\n   │ here\n22 │\n");
    assert_eq!(plain(table, 8), "a: 1\nlong\nheader:\nsome\nwords\nhere\n\na: 22\n");
    assert_eq!(plain("| no\n| table\n", 80), "| no\n| table\n");
    assert_eq!(plain("text\n| a |\n|---|\n| b |\nc\n", 80), "text\na\n─\nb\n\nc\n");
}

#[test]
fn links_tell_where_they_lead() {
    assert_eq!(plain("[a b](https://c.d) <https://e.f>", 80), "a b (https://c.d) https://e.f\n");
    assert_eq!(plain("![x](y.png) [https://c.d](https://c.d)", 80), "image: x (y.png) https://c.d\n");
    let linked = RenderSettings { hyperlinks: true, ..settings(80, Color::On) };
    let shown = |text| render_whole(text, linked).as_str().to_owned();
    let link = "\x1b]8;;https://c.d/\x1b\\\x1b[4;38;5;110ma\x1b]8;;\x1b\\\x1b[0m";
    assert_eq!(shown("[a](https://c.d/)"), format!("{link}\n"));
    assert!(shown("[bank.com](https://c.d/)").contains("(c.d)"));
    assert!(!shown("[a](javascript:x)").contains("\x1b]8"));
}

#[test]
fn formulas_notes_entities_and_html() {
    assert_eq!(plain("$x^2$ costs $5 or $6, $HOME/a:$PATH", 80), "x² costs $5 or $6, $HOME/a:$PATH\n");
    assert_eq!(plain("$$\na^2\n= b\n$$\nc", 80), "a²\n= b\nc\n");
    assert_eq!(plain("$$ \\unknown $$", 80), "$$ \\unknown $$\n");
    assert_eq!(plain("so \\[ \\sum_{i} i \\] and \\[no\\] \\(\\pi\\)", 80), "so ∑ᵢ i and [no] π\n");
    assert_eq!(plain("a[^1]\n\n[^1]: b\n[^2]: c\n", 80), "a[1]\n\n[1]: b\n[2]: c\n");
    assert_eq!(plain("&lt;&amp;&#x41;&#27;&nope;", 80), "<&A&#27;&nope;\n");
    assert_eq!(plain("<div>\n  *a*\n</div>\n\n*b*", 80), "<div>\n  *a*\n</div>\n\nb\n");
    assert_eq!(plain("a\n\n---\nb", 80), format!("a\n\n{}\nb\n", "─".repeat(32)));
}

#[test]
fn words_for_glyphs_where_that_is_wanted() {
    let accessible = RenderSettings { accessible: true, ..settings(80, Color::Off) };
    let shown = render_whole("> a\n\n- b\n\n| c | d |\n|---|---|\n| 1 | 2 |\n\n---\n", accessible);
    assert_eq!(shown.as_str(), "> a\n\n- b\n\nc: 1\nd: 2\n\n---\n");
}
