//! Our own lines on a narrow terminal: broken between words, where it would break them anywhere (pure).
//!
//! Not for what has to be seen exactly as it is: code, the arguments of a call.

use super::markdown::columns;
use super::term_safe::{TermSafe, TermSafeBuf};

/// What others have said stands in such lines, too: where it goes on it cannot look like a line of ours.
const INDENT: usize = 2;

/// Appends `text`, its lines no longer than `width` columns as far as blanks allow. A line goes on a little
/// indented; one of two columns (`name   what it is`) below the second, where that is not far away.
pub fn fold(text: TermSafe<'_>, width: usize, out: &mut TermSafeBuf) {
    for line in text.as_str().split_inclusive('\n') {
        if seen(line) <= width { out.push_safe(line) } else { fold_line(line, width, out) }
    }
}

fn fold_line(line: &str, width: usize, out: &mut TermSafeBuf) {
    let indent = indent(line, width);
    let (mut used, mut blanks, mut is_begun) = (0, 0, false);
    for (number, word) in line.split(' ').enumerate() {
        blanks += usize::from(number > 0);
        let columns = seen(word);
        if columns > 0 && is_begun && used + blanks + columns > width {
            out.push_safe("\n");
            (used, blanks, is_begun) = (0, indent, false);
        }
        if !word.is_empty() {
            out.push_safe(&" ".repeat(blanks));
            out.push_safe(word);
            used += blanks + columns;
            (blanks, is_begun) = (0, true);
        }
    }
}

/// Where a second line begins.
fn indent(line: &str, width: usize) -> usize {
    let line = unstyled(line);
    let first = line.len() - line.trim_start_matches(' ').len();
    let second = line[first..].find("  ").map(|gap| {
        let (before, after) = line.split_at(first + gap);
        columns(before) + after.len() - after.trim_start_matches(' ').len()
    });
    let indent = match second {
        Some(column) if column <= width / 2 => column,
        Some(_) => first + INDENT,
        None => first.max(INDENT),
    };
    if indent <= width / 2 { indent } else { 0 }
}

fn unstyled(text: &str) -> String {
    let mut pieces = text.split('\x1b');
    let before = pieces.next().unwrap_or_default();
    let behind = pieces.filter_map(|piece| piece.split_once('m')).map(|(_, rest)| rest);
    std::iter::once(before).chain(behind).collect()
}

/// Columns of a text; our own styling takes none.
fn seen(text: &str) -> usize {
    let text = text.trim_end_matches('\n');
    if text.contains('\x1b') { columns(&unstyled(text)) } else { columns(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::term_safe::{Color, Style};

    fn folded(text: &str, width: usize) -> String {
        let (mut safe, mut out) = (TermSafeBuf::new(), TermSafeBuf::new());
        safe.push_prose(text);
        fold(safe.as_safe(), width, &mut out);
        out.as_str().to_owned()
    }

    #[test]
    fn words_stay_whole_and_what_fits_stays_as_it_is() {
        assert_eq!(folded("one two three\n\nfour\n", 9), "one two\n  three\n\nfour\n");
        assert_eq!(folded("one two\n", 7), "one two\n");
        assert_eq!(folded("a averylongword b", 6), "a\n  averylongword\n  b", "no blank, no break");
        assert_eq!(folded("世界 世界", 5), "世界\n  世界");
    }

    #[test]
    fn a_second_line_begins_below_what_it_goes_on_with() {
        assert_eq!(folded("/pin  keep it for good\n", 16), "/pin  keep it\n      for good\n");
        assert_eq!(folded("  hint: one two", 10), "  hint:\n  one two");
        assert_eq!(folded("a very long name  and what", 12), "a very long\n  name  and\n  what", "too deep to hang");
    }

    #[test]
    fn styling_takes_no_room() {
        let (mut safe, mut out) = (TermSafeBuf::new(), TermSafeBuf::new());
        safe.push_style(Style::Dim, Color::On);
        safe.push_prose("one two");
        safe.push_style(Style::Reset, Color::On);
        fold(safe.as_safe(), 7, &mut out);
        assert_eq!(out.as_str(), "\x1b[2mone two\x1b[0m");
        let (mut safe, mut out) = (TermSafeBuf::new(), TermSafeBuf::new());
        safe.push_style(Style::Dim, Color::On);
        safe.push_prose("  hint:  ");
        safe.push_style(Style::Reset, Color::On);
        safe.push_prose("one two three");
        fold(safe.as_safe(), 18, &mut out);
        assert_eq!(out.as_str(), "\x1b[2m  hint:  \x1b[0mone two\n         three");
    }
}
