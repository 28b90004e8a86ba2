//! What is rendered, and that no split of the text, no width and no hostile text changes the promises made for it.

use proptest::prelude::*;

use super::{Builtin, Markdown, RenderSettings, Theme, render_whole};
use crate::terminal::term_safe::Color;

mod corpus;
mod hostile;
mod oracle;
mod screen;
mod shown;

fn settings(width: usize, color: Color) -> RenderSettings {
    let theme = Theme::builtin(Builtin::Dark);
    RenderSettings { width, color, theme, shows_markers: false, hyperlinks: false, accessible: false }
}

fn plain(text: &str, width: usize) -> String {
    render_whole(text, settings(width, Color::Off)).as_str().to_owned()
}

fn styled(text: &str, width: usize) -> String {
    render_whole(text, settings(width, Color::On)).as_str().to_owned()
}

/// What comes out piece by piece, all together.
fn streamed<'a>(pieces: impl Iterator<Item = &'a str>, settings: RenderSettings) -> String {
    let mut markdown = Markdown::new(settings);
    let mut out = String::new();
    for piece in pieces {
        markdown.push(piece);
        out.push_str(std::str::from_utf8(markdown.ready().as_bytes()).unwrap());
        markdown.clear_ready();
    }
    markdown.finish();
    out.push_str(std::str::from_utf8(markdown.ready().as_bytes()).unwrap());
    out
}

fn by_chars(text: &str, chars: usize) -> Vec<&str> {
    let mut starts: Vec<usize> = text.char_indices().map(|(at, _)| at).step_by(chars).collect();
    starts.push(text.len());
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

fn all_settings(width: usize) -> [RenderSettings; 4] {
    let on = settings(width, Color::On);
    let linked = RenderSettings { hyperlinks: true, shows_markers: true, ..on };
    [on, settings(width, Color::Off), linked, RenderSettings { accessible: true, color: Color::Off, ..on }]
}

/// The code is open before its end is in sight, and then come backticks, more or fewer than end it.
#[test]
fn a_run_of_backticks_in_long_code_is_read_whole() {
    let code = "a".repeat(100);
    for (length, run) in [(1, 2), (1, 3), (2, 1), (2, 3), (2, 5), (3, 7)] {
        let text = format!("x {}{code}{}b{} y\n", "`".repeat(length), "`".repeat(run), "`".repeat(length));
        for settings in all_settings(40) {
            let whole = render_whole(&text, settings).as_str().to_owned();
            for chars in [1, 2, 3] {
                assert_eq!(streamed(by_chars(&text, chars).into_iter(), settings), whole, "{length} and {run}");
            }
        }
    }
}

/// Colours are paid for by the byte: so many of one answer have them, in however many blocks, and the rest is plain
/// from the same line on for any split.
#[test]
fn code_beyond_the_limit_of_an_answer_is_plain() {
    // Long lines of few patterns, as these are quick to read.
    let block = format!("```diff\n{}```\n\n", format!("+{}\n", "x".repeat(1022)).repeat(40));
    let document = block.repeat(4);
    let whole = styled(&document, 80);
    let is_coloured: Vec<bool> =
        whole.lines().filter(|line| line.contains('+')).map(|line| line.contains('\x1b')).collect();
    assert_eq!(is_coloured, (0..160).map(|line| line < 64).collect::<Vec<_>>());
    for chars in [997, 50_000] {
        assert!(streamed(by_chars(&document, chars).into_iter(), settings(80, Color::On)) == whole, "{chars}");
    }
}

/// The limit is of code that has colours: other blocks do not use it up.
#[test]
fn plain_code_uses_up_no_colours() {
    let plain = format!("```\n{}```\n\n```klingon\n{0}```\n\n", "let x = 1;\n".repeat(10_000));
    let long = format!("```rust\n{}```\n\n", format!("// {}\n", "x".repeat(3000)).repeat(40));
    let whole = styled(&(plain + &long + "```rust\nlet y = 2;\n```\n"), 80);
    let last = whole.lines().last().unwrap();
    assert!(last.starts_with('\x1b') && whole.lines().filter(|line| line.contains('\x1b')).count() == 1, "{last:?}");
}

#[test]
fn any_split_of_a_document_gives_the_same_bytes() {
    for document in corpus::DOCUMENTS {
        for width in [20, 80] {
            for settings in all_settings(width) {
                let whole = render_whole(document, settings).as_str().to_owned();
                for chars in [1, 7, 50] {
                    let got = streamed(by_chars(document, chars).into_iter(), settings);
                    assert_eq!(got, whole, "{chars} characters at a time, width {width}");
                }
            }
        }
    }
}

/// Lines of marks in all orders: what a model would never write.
fn any_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-z]{1,9}".boxed(),
        4 => Just(" ".to_owned()).boxed(),
        3 => Just("\n".to_owned()).boxed(),
        6 => prop::sample::select(MARKS.to_vec()).prop_map(str::to_owned).boxed(),
        1 => "[世界。「」éß🇩🇪👩\u{200D}\u{301}\u{5e9}\u{202e}]{1,4}".boxed(),
    ];
    prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
}

const MARKS: [&str; 57] = [
    "*",
    "**",
    "***",
    "_",
    "__",
    "~~",
    "`",
    "``",
    "```",
    "~~~",
    "# ",
    "## ",
    "#",
    "- ",
    "* ",
    "+ ",
    "1. ",
    "2) ",
    "> ",
    ">",
    "    ",
    "  ",
    "\t",
    "---",
    "***\n",
    "===",
    "|",
    "| ",
    "|-|",
    "| --- | --- |\n",
    "[",
    "]",
    "](",
    "](http://a.b)",
    "![",
    "(",
    ")",
    "<",
    ">",
    "<br>",
    "<b>",
    "&",
    "&amp;",
    "&#27;",
    ";",
    "$",
    "$$",
    "\\",
    "\\(",
    "\\[",
    "[^1]",
    "[^1]:",
    "[ ] ",
    "- [x] ",
    "```rust\n",
    "\n\n",
    "\\\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_any_text_gives_the_same_bytes(
        text in any_text(), width in 8usize..60, cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        for settings in all_settings(width) {
            let whole = render_whole(&text, settings).as_str().to_owned();
            prop_assert_eq!(&streamed(pieces.iter().copied(), settings), &whole);
            prop_assert_eq!(&streamed(by_chars(&text, 1).into_iter(), settings), &whole);
            assert_only_our_styling(&whole);
        }
    }
}

/// Text, newline, tab, and the two sequences that are ours: looks and links.
fn assert_only_our_styling(bytes: &str) {
    let mut rest = bytes;
    while let Some(at) = rest.find(|char: char| char.is_control() && char != '\n' && char != '\t') {
        rest = &rest[at..];
        let end = if let Some(look) = rest.strip_prefix("\x1b[") {
            let end = look.find(|char: char| !char.is_ascii_digit() && char != ';').unwrap();
            assert!(look[end..].starts_with('m'), "{rest:.40?}");
            end + 3
        } else {
            let link = rest.strip_prefix("\x1b]8;;").unwrap_or_else(|| panic!("{rest:.40?}"));
            let end = link.find('\x1b').unwrap();
            assert!(link[..end].bytes().all(|byte| byte.is_ascii_graphic()), "{rest:.80?}");
            assert!(link[end..].starts_with("\x1b\\"), "{rest:.80?}");
            end + 7
        };
        rest = &rest[end..];
    }
}

/// Twenty bars of three bytes stand before forty columns of text.
#[test]
fn quotes_in_quotes_cost_at_most_three_times_their_bytes() {
    let words = "words of a quote that somebody has quoted again and again ".repeat(200);
    for depth in [1, 5, 20, 100] {
        let text = format!("{} {words}\n", ">".repeat(depth));
        for width in [20, 21, 40, 80, 81, 200] {
            for settings in all_settings(width) {
                let whole = render_whole(&text, settings);
                let bytes = whole.as_bytes().len();
                assert!(bytes <= 3 * text.len() + 512, "{bytes} of {} at {width}, {depth} deep", text.len());
            }
        }
    }
    // Not a word is missing, none has moved, and a few quotes in quotes keep all of their bars.
    let lines = |depth: usize| plain(&format!("{} {words}\n", ">".repeat(depth)), 80);
    let few = lines(3);
    assert!(few.lines().all(|line| line.starts_with("│ │ │ ")), "{few}");
    let many = lines(20);
    let margin = |line: &str| line.chars().take_while(|char| matches!(char, '│' | ' ')).count();
    assert!(many.lines().all(|line| margin(line) == 40), "{many}");
    let read: Vec<&str> = many.split_whitespace().filter(|word| !word.starts_with('│')).collect();
    assert_eq!(read, words.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn a_document_costs_at_most_three_times_its_bytes() {
    for document in corpus::DOCUMENTS {
        for width in [20, 40, 80, 200] {
            for settings in all_settings(width) {
                let bytes = render_whole(document, settings).as_bytes().len();
                assert!(bytes <= 3 * document.len() + 512, "{bytes} of {} at {width}: {document:.40}", document.len());
            }
        }
    }
}
