//! Inputs that are made to cost time or memory.

use std::time::Duration;

use super::{Color, Markdown, settings};
use crate::platform::thread_time;

/// Renders a text in pieces of 1 KiB; the time, and the most bytes that were held back at once.
fn cost(text: &str) -> (Duration, usize) {
    let mut markdown = Markdown::new(settings(80, Color::On));
    let (started, mut taken, mut given, mut held) = (thread_time(), 0, 0usize, 0);
    for piece in super::by_chars(text, 1024) {
        markdown.push(piece);
        taken += piece.len();
        given += markdown.ready().as_bytes().len();
        markdown.clear_ready();
        held = held.max(taken.saturating_sub(given));
    }
    markdown.finish();
    (thread_time().saturating_sub(started), held)
}

#[test]
fn twice_the_text_costs_twice_the_time() {
    for part in [
        "*",
        "**a ",
        "*a ",
        "_a_",
        "[",
        "[a](",
        "[a](x (",
        "![",
        "`",
        "`a ``",
        "~~",
        "$",
        "$x",
        "\\(",
        "<a",
        "<http://",
        "&",
        "> ",
        ">",
        "- ",
        "1. ",
        "#",
        "# ",
        "|",
        "| a |\n",
        "|a|\n|-|\n",
        "a*b_c",
        "\u{301}",
        "世",
        "👩\u{200D}",
        "```\n",
        "\t",
        "\\",
        "[^",
        "[^a]: ",
        "<br>",
        "$$",
        "$$\n",
        "x",
    ] {
        // Eight times the text, with leave for what is done once, and another try.
        let is_linear = || {
            let (small, _) = cost(&part.repeat(5_000 / part.len()));
            let (large, _) = cost(&part.repeat(40_000 / part.len()));
            large < small * 16 + Duration::from_millis(100)
        };
        assert!((0..4).any(|_| is_linear()), "{part:?}");
    }
}

#[test]
fn quotes_in_quotes_have_an_end() {
    let (time, _) = cost(&format!("{} a\n", ">".repeat(10_000)).repeat(20));
    assert!(time < Duration::from_secs(5), "{time:?}");
    let (time, _) = cost(&format!("{}a\n", "- ".repeat(10_000)).repeat(20));
    assert!(time < Duration::from_secs(5), "{time:?}");
}

#[test]
fn a_megabyte_is_passed_on_as_it_comes() {
    for line in ["words and more words of a long answer, ", "x", "| a | b |\n", "```\ncode\n", "- item\n", "世界"] {
        let (_, held) = cost(&line.repeat((1 << 20) / line.len()));
        // The marks of lists and bars of tables go: what is shown is less than what came.
        assert!(held < 600 << 10, "{line:?}: {held}");
    }
    let words = "words of an answer without a line end ".repeat(30_000);
    assert!(cost(&words).1 < 4096);
}
