//! Hostile text against the sanitiser: a table of sequences, every split of each, and any bytes at all,
//! played to a terminal emulator that notes whatever is done to it.

use std::sync::LazyLock;

use proptest::prelude::*;
use vt100::{Callbacks, Parser, Screen};

use super::markdown::{Markdown, RenderSettings, Theme, render_whole};
use super::sanitize::{Mode, Sanitizer};
use super::term_safe::{Color, TermSafeBuf};

const MODES: [Mode; 2] = [Mode::Prose, Mode::Line];

/// Notes every effect but text.
#[derive(Debug, Default)]
struct Effects(Vec<String>);

impl Effects {
    fn note(&mut self, what: &str) {
        self.0.push(what.to_owned());
    }
}

impl Callbacks for Effects {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.note("bell");
    }
    fn visual_bell(&mut self, _: &mut Screen) {
        self.note("visual bell");
    }
    fn resize(&mut self, _: &mut Screen, _: (u16, u16)) {
        self.note("resize");
    }
    fn set_window_icon_name(&mut self, _: &mut Screen, _: &[u8]) {
        self.note("icon name");
    }
    fn set_window_title(&mut self, _: &mut Screen, _: &[u8]) {
        self.note("title");
    }
    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], _: &[u8]) {
        self.note("copy");
    }
    fn paste_from_clipboard(&mut self, _: &mut Screen, _: &[u8]) {
        self.note("paste");
    }
    fn unhandled_control(&mut self, _: &mut Screen, byte: u8) {
        self.note(&format!("control {byte}"));
    }
    fn unhandled_escape(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, _: u8) {
        self.note("escape");
    }
    fn unhandled_csi(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, _: &[&[u16]], _: char) {
        self.note("csi");
    }
    fn unhandled_osc(&mut self, _: &mut Screen, _: &[&[u8]]) {
        self.note("osc");
    }
}

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

const OSC: &str = "0;title 1;icon 2;title 4;1;? 4;1;#ff0000 7;file://h/tmp 8;;http://evil.example 8;id=x; \
    9;7;\"calc.exe\" 9;4;1;50 10;? 11;#000000 12;? 50;? 52;c;ZXZpbA== 52;p;? 104 110 133;A 777;notify;a;b \
    1337;File=inline=1:AAAA 1337;SetUserVar=a=b ltitle Licon 3008;start=x";

const CSI: &str = "2J 3J J 1A 99B 99C 99D H 1;1H 2K K P X L M @ S T s u 6n 5n c >c =c 21t 20t 18t 8;99;99t ?1049h \
    ?1049l ?47h ?25l ?1000h ?1006h ?2004h ?2004l ?2026h ?1h 4h 20h 12l 31m 0m 8m 38;2;1;2;3m 1;2r ?6h ?7l 200~ 201~ \
    !p 3g ?5h >4;2m b I Z d G i 4i x \"p";

const DCS: &str = "$q\"p $qm +q544e =1s q#0;2;0;0;0~~ 1000p tmux;\x1b\x1b]52;c;eA==\x07 {\"a\":1}";

const ESC: &str = "c 7 8 D E M H N O Z = > #8 (0 %@ n ~ g l \\";

const UNSEEN: &str = "\u{202A} \u{202B} \u{202C} \u{202D} \u{202E} \u{2066} \u{2067} \u{2068} \u{2069} \u{200B} \
    \u{200E} \u{200F} \u{61C} \u{2060} \u{FEFF} \u{AD} \u{2028} \u{2029} \u{E0001} \u{E0041}\u{E007F} \u{FFF9} \
    \u{3164} \u{180E} \u{115F} \u{E0020}";

const MIXED: [&str; 10] = [
    "safe\rrm -rf",
    "yes\x08\x08\x08no ",
    "a\r\n\rb\r\r\n",
    "\x1b\x1b[31m",
    "\x1b[\x1b]0;x\x07",
    "\u{202E}\u{2066}a\u{202C}\u{2069}\n",
    "\u{c2}\u{9b}",
    "\x0e\x0f",
    "\x05",
    "\x1b[0 q",
];

/// More than 300 sequences: each introducer with each way to end it, and what needs no introducer.
fn corpus() -> Vec<String> {
    let mut all = Vec::new();
    for start in ["\x1b]", "\u{9d}"] {
        for end in ["\x07", "\x1b\\", "\u{9c}", ""] {
            all.extend(OSC.split(' ').map(|body| format!("{start}{body}{end}")));
        }
    }
    for start in ["\x1b[", "\u{9b}"] {
        all.extend(CSI.split(' ').map(|body| format!("{start}{body}")));
    }
    for start in ["\x1bP", "\u{90}", "\x1b_", "\u{9f}", "\x1b^", "\u{9e}", "\x1bX", "\u{98}"] {
        all.extend(DCS.split(' ').map(|body| format!("{start}{body}\x1b\\")));
    }
    all.extend(ESC.split(' ').map(|end| format!("\x1b{end}x")));
    all.extend((0..0x20).chain(0x7f..0xa0).map(|code| format!("a{}b", char::from(code))));
    all.extend(UNSEEN.split(' ').map(|unseen| format!("rm {unseen}-rf /{unseen}\n{unseen}")));
    all.extend(MIXED.map(str::to_owned));
    all
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
