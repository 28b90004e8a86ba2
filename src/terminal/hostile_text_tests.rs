//! Hostile text against the sanitiser: a table of sequences, every split of each, and any bytes at all,
//! played to a terminal emulator that notes whatever is done to it.

use std::sync::LazyLock;

use proptest::prelude::*;
use vt100::Parser;

use self::corpus::corpus;
use self::emulator::Effects;
use super::markdown::{Markdown, RenderSettings, Theme, render_whole};
use super::sanitize::{Mode, Sanitizer};
use super::term_safe::{Color, TermSafeBuf};

#[path = "../../tests/hostile/corpus.rs"]
mod corpus;
#[path = "../../tests/hostile/emulator.rs"]
mod emulator;

const MODES: [Mode; 2] = [Mode::Prose, Mode::Line];

fn safe(mode: Mode, pieces: &[&str]) -> String {
    let (mut sanitizer, mut out) = (Sanitizer::new(mode), TermSafeBuf::new());
    pieces.iter().for_each(|piece| sanitizer.push(piece, &mut out));
    sanitizer.finish(&mut out);
    out.as_str().to_owned()
}

/// Everything but newline and tab is printed by a terminal, or changes only how neighbours are drawn.
fn assert_grammar(mode: Mode, text: &str, raw: &str) {
    for char in text.chars() {
        let passes = match mode {
            Mode::Prose => !char.is_control() || matches!(char, '\n' | '\t'),
            Mode::Line => !crate::conversation::is_hidden(char),
        };
        assert!(passes && !('\u{E0000}'..='\u{E007F}').contains(&char), "{char:?} of {raw:?} in {text:?}");
        assert!(!matches!(char, '\u{2028}' | '\u{2029}'), "{raw:?}");
    }
    for line in text.split('\n') {
        let count = |first: char, last: char| line.chars().filter(|char| (first..=last).contains(char)).count();
        let embeddings = count('\u{202A}', '\u{202B}') + count('\u{202D}', '\u{202E}');
        assert!(embeddings >= count('\u{202C}', '\u{202C}'), "{line:?}");
        assert_eq!(count('\u{2066}', '\u{2068}'), count('\u{2069}', '\u{2069}'), "{line:?}");
    }
}

/// Plays a safe text to the emulator, between two lines of our own.
fn assert_harmless(text: &str, raw: &str) {
    let mut parser = Parser::new_with_callbacks(Parser::DEFAULT_ROWS, Parser::DEFAULT_COLS, 0, Effects::default());
    parser.process(b"ours\r\n");
    let before = (parser.screen().input_mode_formatted(), parser.screen().attributes_formatted());
    parser.process(text.replace('\n', "\r\n").as_bytes());
    parser.process(b"\r\nend");
    let screen = parser.screen();
    assert_eq!((screen.input_mode_formatted(), screen.attributes_formatted()), before, "{raw:?}");
    assert!(!screen.alternate_screen() && !screen.hide_cursor(), "{raw:?}");
    let rows = text.split('\n').count();
    if rows < 10 && text.len() < 400 {
        assert!(screen.contents().starts_with("ours\n"), "{raw:?} changed the line before");
        assert!(screen.contents().ends_with("end"), "{raw:?} changed the line after");
    }
    assert_eq!(parser.callbacks().0, Vec::<String>::new(), "{raw:?}");
}

#[test]
fn no_sequence_of_the_corpus_reaches_the_terminal_however_it_is_split() {
    let corpus = corpus();
    assert!(corpus.len() >= 300, "{}", corpus.len());
    for raw in &corpus {
        for mode in MODES {
            let whole = safe(mode, &[raw]);
            assert_grammar(mode, &whole, raw);
            assert_harmless(&whole, raw);
            for at in (0..=raw.len()).filter(|at| raw.is_char_boundary(*at)) {
                assert_eq!(safe(mode, &[&raw[..at], &raw[at..]]), whole, "{raw:?} at {at}");
            }
            let chars: Vec<_> = raw.split_inclusive(|_| true).collect();
            assert_eq!(safe(mode, &chars), whole, "{raw:?}");
        }
    }
}

/// Where a model can put a text: prose, emphasis, code, a heading, an item, a quote, a cell, a link, a formula, a fence.
const PLACES: [&str; 14] = [
    "{}",
    "**{}**",
    "`{}`",
    "# {}\n",
    "- {}\n",
    "> {}\n",
    "| {} |\n|---|\n| {} |\n",
    "[{}](https://a.example)",
    "[a](https://a.example/{})",
    "<https://a.example/{}>",
    "$x^{}$",
    "```{}\n{}\n```\n",
    "[^{}]: a",
    "<div>{}\n",
];

fn rendered(pieces: &[&str], color: Color) -> String {
    let mut markdown = Markdown::new(RenderSettings {
        width: 80,
        color,
        theme: Theme::default(),
        shows_markers: false,
        hyperlinks: true,
        accessible: false,
    });
    pieces.iter().for_each(|piece| markdown.push(piece));
    markdown.finish();
    String::from_utf8(markdown.ready().as_bytes().to_vec()).unwrap()
}

/// What is left when our own two sequences are taken out: looks, and links of visible ASCII.
fn without_our_styling(text: &str) -> String {
    static OURS: LazyLock<regex::Regex> =
        LazyLock::new(|| regex::Regex::new("\x1b\\[[0-9;]*m|\x1b\\]8;;[!-~]*\x1b\\\\").unwrap());
    OURS.replace_all(text, "").into_owned()
}

/// Plays what was rendered to the emulator, which knows no links.
fn assert_rendered_harmless(text: &str, raw: &str) {
    let plain = without_our_styling(text);
    let stray = plain.chars().find(|char| char.is_control() && !matches!(char, '\n' | '\t'));
    assert_eq!(stray, None, "{raw:?} in {text:?}");
    assert_harmless(&plain, raw);
    let mut parser = Parser::new_with_callbacks(Parser::DEFAULT_ROWS, Parser::DEFAULT_COLS, 0, Effects::default());
    let before = parser.screen().attributes_formatted();
    parser.process(text.replace('\n', "\r\n").as_bytes());
    assert_eq!(parser.screen().attributes_formatted(), before, "{raw:?} leaves a look behind");
    let effects = &parser.callbacks().0;
    // It knows neither links, with the sequence that ends each, nor text that is struck out.
    assert!(effects.iter().all(|effect| matches!(effect.as_str(), "osc" | "escape" | "csi")), "{raw:?}: {effects:?}");
}

#[test]
fn no_sequence_gets_through_markdown_in_any_place_however_it_is_split() {
    for raw in &corpus() {
        for place in PLACES {
            let text = place.replace("{}", raw);
            let whole = rendered(&[&text], Color::On);
            assert_rendered_harmless(&whole, &text);
        }
        let whole = rendered(&[raw], Color::On);
        for at in (0..=raw.len()).filter(|at| raw.is_char_boundary(*at)) {
            assert_eq!(rendered(&[&raw[..at], &raw[at..]], Color::On), whole, "{raw:?} at {at}");
        }
    }
}

#[test]
fn numbers_of_characters_are_no_way_in() {
    for code in (0..0xa0).chain([0x202e, 0x2066, 0x200b, 0xfeff, 0xe0041, 0x2028]) {
        for entity in [format!("a&#{code};b"), format!("a&#x{code:x};b")] {
            let shown = rendered(&[&entity], Color::Off);
            assert_rendered_harmless(&shown, &entity);
            assert!(!shown.chars().any(|char| crate::conversation::is_hidden(char) && char != '\n'), "{entity}");
        }
    }
    let settings = RenderSettings {
        width: 80,
        color: Color::On,
        theme: Theme::default(),
        shows_markers: false,
        hyperlinks: true,
        accessible: false,
    };
    let shown = render_whole("[a](https://x/\u{1b}]52;c;eA==\u{7}\u{9b}2J)", settings);
    assert_rendered_harmless(shown.as_str(), "an address");
}

proptest! {
    #[test]
    fn no_bytes_get_through_markdown(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let raw = String::from_utf8_lossy(&bytes);
        assert_rendered_harmless(&rendered(&[&raw], Color::On), &raw);
    }

    #[test]
    fn no_bytes_do_anything_to_a_terminal(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let raw = String::from_utf8_lossy(&bytes);
        for mode in MODES {
            let text = safe(mode, &[&raw]);
            assert_grammar(mode, &text, &raw);
            assert_harmless(&text, &raw);
        }
    }

    #[test]
    fn any_split_gives_the_same(
        pieces in prop::collection::vec("[\r\n\t\u{1b}a\u{202a}-\u{202e}\u{2066}-\u{2069}\u{2028}\u{e0041}\u{9b}é世]{0,5}", 0..12)
    ) {
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        for mode in MODES {
            let text = safe(mode, &pieces);
            prop_assert_eq!(&text, &safe(mode, &[&pieces.concat()]));
            assert_grammar(mode, &text, &pieces.concat());
        }
    }
}
