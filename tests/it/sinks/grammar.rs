//! What a terminal may get: printable text, line ends, and what we ourselves write around it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use vt100::Parser;

use self::corpus::corpus;
use self::emulator::Effects;

#[path = "../../hostile/corpus.rs"]
mod corpus;
#[path = "../../hostile/emulator.rs"]
mod emulator;

/// What of ours may stand between the texts of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ours {
    /// Nothing but the row that tells of a wait.
    Plain,
    /// Colours and links too.
    Styled,
    /// And what the line editor draws with.
    Edited,
}

/// Each sequence between marks, which tell where one gets through.
pub fn framed() -> Vec<String> {
    corpus().iter().enumerate().map(|(number, raw)| frame(number, raw)).collect()
}

/// Pieces of a stream that hold each sequence once for each place where it can be cut in two.
pub fn every_split() -> Vec<String> {
    let mut pieces = Vec::new();
    for (number, raw) in corpus().iter().enumerate() {
        for at in (0..=raw.len()).filter(|at| raw.is_char_boundary(*at)) {
            pieces.push(format!("<{number}:{}", &raw[..at]));
            pieces.push(format!("{}:{number}> ", &raw[at..]));
        }
    }
    pieces
}

fn frame(number: usize, raw: &str) -> String {
    format!("<{number}:{raw}:{number}>")
}

/// Panics unless all that was written is harmless, and shows at least so many of the sequences.
#[track_caller]
pub fn assert_harmless(log: &[u8], ours: Ours, least: usize) {
    let text = std::str::from_utf8(log).expect("whole characters");
    static ROW: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\r(?:\x1b\[[0-9;]*m|[^\x00-\x1f\x7f-\x9f])*\x1b\[K").unwrap());
    static STYLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\x1b\[[0-9;]*m|\x1b\]8;;[!-~]*\x1b\\").unwrap());
    static EDITOR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\x1b\[\?20(?:04|26)[hl]|\x1b\[[0-9]*[A-DJK]|\r").unwrap());
    let mut rest = ROW.replace_all(&text.replace("\r\n", "\n"), "").into_owned();
    if ours != Ours::Plain {
        rest = STYLE.replace_all(&rest, "").into_owned();
    }
    if ours == Ours::Edited {
        assert_frames_are_text(text);
        rest = EDITOR.replace_all(&rest, "").into_owned();
    }
    if let Some((at, stray)) = rest.char_indices().find(|(_, char)| is_stray(*char)) {
        let from = rest.floor_char_boundary(at.saturating_sub(80));
        panic!("{stray:?} behind {:?}, before {:?}", &rest[from..at], &rest[at..rest.floor_char_boundary(at + 40)]);
    }
    assert_no_effect(log);
    let shown = shown(text);
    assert!(shown.len() >= least, "only {} sequences are shown, not {least}:\n{rest}", shown.len());
}

fn is_stray(char: char) -> bool {
    (char.is_control() && !matches!(char, '\n' | '\t'))
        || matches!(char, '\u{2028}' | '\u{2029}' | '\u{E0000}'..='\u{E007F}')
}

/// The line editor may draw, but nothing is drawn inside a frame.
#[track_caller]
fn assert_frames_are_text(text: &str) {
    static BEGIN: LazyLock<Regex> = LazyLock::new(|| Regex::new("<([0-9]+):").unwrap());
    for begin in BEGIN.captures_iter(text) {
        let inside = &text[begin.get(0).unwrap().end()..];
        let line = inside.find(['\r', '\n', '…']).unwrap_or(inside.len());
        let end = inside.find(&format!(":{}>", &begin[1])).unwrap_or(line).min(line);
        let before = &text[text.floor_char_boundary(begin.get(0).unwrap().start().saturating_sub(200))..];
        let around = &before[..before.floor_char_boundary(400)];
        assert!(!inside[..end].contains('\x1b'), "{:?} in {around:?}", &inside[..end]);
    }
}

/// Nothing is done to the terminal that no text does.
#[track_caller]
fn assert_no_effect(log: &[u8]) {
    let mut parser =
        Parser::new_with_callbacks(40u16.try_into().unwrap(), 200u16.try_into().unwrap(), 0, Effects::default());
    parser.process(log);
    let screen = parser.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.application_cursor());
    // It knows neither links nor updates in one go.
    let effects = parser.callbacks().0.iter().map(String::as_str);
    let strange: Vec<_> = effects.filter(|effect| !["csi", "osc", "escape"].contains(effect)).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

/// The numbers of the sequences that can be seen.
fn shown(text: &str) -> BTreeSet<usize> {
    static BEGIN: LazyLock<Regex> = LazyLock::new(|| Regex::new("<([0-9]+):").unwrap());
    BEGIN.captures_iter(text).filter_map(|begin| begin[1].parse().ok()).collect()
}

#[test]
fn the_grammar_lets_ours_through_and_nothing_else() {
    assert!(corpus().len() >= 300);
    let holds = |log: &str, ours| std::panic::catch_unwind(|| assert_harmless(log.as_bytes(), ours, 0)).is_ok();
    assert!(holds("a\r\nb\r⠋ waiting … 1 s\x1b[K\r\x1b[K\tc", Ours::Plain));
    assert!(holds("\x1b[1mb\x1b[0m\x1b]8;;https://a.example\x1b\\l\x1b]8;;\x1b\\", Ours::Styled));
    assert!(holds("\x1b[?2004h\r\x1b[K> <1:^[[2J:1>\x1b[4C", Ours::Edited));
    for hostile in corpus().iter().filter(|raw| raw.chars().any(is_stray)) {
        // A whole line end is one of ours.
        if !hostile.contains("\r\n") {
            assert!(!holds(hostile, Ours::Plain), "{hostile:?}");
        }
        if hostile.contains('\x1b') {
            assert!(!holds(&frame(1, hostile), Ours::Edited), "{hostile:?}");
        }
    }
}
