//! What a terminal makes of it: an emulator that is fed piece by piece shows what it shows of the whole.

use std::num::NonZeroU16;

use super::{Color, all_settings, by_chars, corpus, settings};
use crate::terminal::markdown::{Markdown, render_whole};

const ROWS: u16 = 400;

fn screen(bytes: &str, width: u16) -> vt100::Parser {
    let size = |value| NonZeroU16::new(value).unwrap();
    let mut parser = vt100::Parser::new(size(ROWS), size(width), 0);
    parser.process(bytes.replace('\n', "\r\n").as_bytes());
    parser
}

#[test]
fn the_screen_after_a_stream_is_that_of_the_whole() {
    for document in corpus::DOCUMENTS {
        for width in [20, 27, 40, 80, 132, 200] {
            let streamed = super::streamed(by_chars(document, 3).into_iter(), settings(usize::from(width), Color::On));
            let whole = render_whole(document, settings(usize::from(width), Color::On));
            let (streamed, whole) = (screen(&streamed, width), screen(whole.as_str(), width));
            assert_eq!(streamed.screen().contents_formatted(), whole.screen().contents_formatted(), "width {width}");
            assert!(!whole.screen().contents().is_empty());
        }
    }
}

#[test]
fn no_line_of_text_is_wrapped_by_the_terminal() {
    for document in [corpus::DOCUMENTS[0], corpus::DOCUMENTS[2], corpus::DOCUMENTS[3], corpus::DOCUMENTS[4]] {
        for width in [20, 40, 80, 200] {
            let whole = render_whole(document, settings(width, Color::On));
            let shown = screen(whole.as_str(), u16::try_from(width).unwrap());
            let wrapped = (0..ROWS).filter(|row| shown.screen().row_wrapped(*row)).count();
            assert_eq!(wrapped, 0, "width {width}: {document:.40}");
        }
    }
}

#[test]
fn nothing_moves_the_cursor_but_text() {
    for document in corpus::DOCUMENTS {
        for settings in all_settings(40) {
            let bytes = render_whole(document, settings).as_str().to_owned();
            super::assert_only_our_styling(&bytes);
        }
    }
}

#[test]
fn a_new_width_counts_from_the_next_line() {
    let mut markdown = Markdown::new(settings(40, Color::Off));
    let words = "word ".repeat(12);
    markdown.push(&words);
    for width in [20, 77, 10] {
        markdown.set_width(width);
        markdown.push(&words);
    }
    markdown.finish();
    let shown = std::str::from_utf8(markdown.ready().as_bytes()).unwrap().to_owned();
    assert_eq!(shown.split_whitespace().count(), 48);
    let lines: Vec<usize> = shown.lines().map(str::len).collect();
    assert!(lines.iter().all(|length| *length <= 77) && lines.contains(&39) && lines.contains(&19), "{lines:?}");
    assert!(lines.iter().rev().take(4).all(|length| *length <= 9), "{lines:?}");
}

#[test]
fn what_is_held_comes_when_time_has_passed() {
    let mut markdown = Markdown::new(settings(80, Color::Off));
    markdown.push("so **bold and `co");
    let shown = |markdown: &mut Markdown| {
        let shown = std::str::from_utf8(markdown.ready().as_bytes()).unwrap().to_owned();
        markdown.clear_ready();
        shown
    };
    assert_eq!(shown(&mut markdown), "so");
    assert!(markdown.is_holding());
    markdown.decide();
    assert_eq!(shown(&mut markdown), " bold and `co");
    assert!(!markdown.is_holding());
    markdown.push("de` more** text wo");
    assert_eq!(shown(&mut markdown), "de` more text");
    markdown.decide();
    assert_eq!(shown(&mut markdown), " wo");
    markdown.push("rd ");
    assert_eq!(shown(&mut markdown), "rd");
}
