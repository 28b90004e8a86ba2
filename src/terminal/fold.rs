//! Our own lines on a narrow terminal: broken between words, where it would break them anywhere (pure).
//!
//! Not for what has to be seen exactly as it is: code, the arguments of a call.

use super::markdown::columns;
use super::term_safe::{TermSafe, TermSafeBuf};

/// Appends `text`, its lines no longer than `width` columns as far as blanks allow. A line goes on below its own
/// beginning; one of two columns (`name   what it is`) below the second.
pub fn fold(text: TermSafe<'_>, width: usize, out: &mut TermSafeBuf) {
    for line in text.as_str().split_inclusive('\n') {
        if seen(line) <= width { out.push_safe(line) } else { fold_line(line, width, out) }
    }
}

fn fold_line(line: &str, width: usize, out: &mut TermSafeBuf) {
    let indent = indent(line, width);
    let (mut used, mut blanks) = (0, 0);
    for (number, word) in line.split(' ').enumerate() {
        blanks += usize::from(number > 0);
        let columns = seen(word);
        if columns > 0 && used > indent && used + blanks + columns > width {
            out.push_safe("\n");
            (used, blanks) = (0, indent);
        }
        if !word.is_empty() {
            out.push_safe(&" ".repeat(blanks));
            out.push_safe(word);
            used += blanks + columns;
            blanks = 0;
        }
    }
}

/// Where a second line begins.
fn indent(line: &str, width: usize) -> usize {
    let first = line.len() - line.trim_start_matches(' ').len();
    let second = line[first..].find("  ").map(|gap| {
        let gap = first + gap;
        let blanks = line[gap..].len() - line[gap..].trim_start_matches(' ').len();
        seen(&line[..gap]) + blanks
    });
    [second, Some(first)].into_iter().flatten().find(|column| *column <= width / 2).unwrap_or(0)
}

/// Columns of a text; our own styling takes none.
fn seen(text: &str) -> usize {
    let mut pieces = text.trim_end_matches('\n').split('\x1b');
    let before = pieces.next().map_or(0, columns);
    before + pieces.map(|piece| piece.split_once('m').map_or(0, |(_, rest)| columns(rest))).sum::<usize>()
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
        assert_eq!(folded("one two three\n\nfour\n", 9), "one two\nthree\n\nfour\n");
        assert_eq!(folded("one two\n", 7), "one two\n");
        assert_eq!(folded("a averylongword b", 6), "a\naverylongword\nb", "no blank, no break");
        assert_eq!(folded("世界 世界", 5), "世界\n世界");
    }

    #[test]
    fn a_second_line_begins_below_what_it_goes_on_with() {
        assert_eq!(folded("/pin  keep it for good\n", 16), "/pin  keep it\n      for good\n");
        assert_eq!(folded("  hint: one two", 10), "  hint:\n  one two");
        assert_eq!(folded("a very long name  and what", 12), "a very long\nname  and\nwhat", "too deep to hang");
    }

    #[test]
    fn styling_takes_no_room() {
        let (mut safe, mut out) = (TermSafeBuf::new(), TermSafeBuf::new());
        safe.push_style(Style::Dim, Color::On);
        safe.push_prose("one two");
        safe.push_style(Style::Reset, Color::On);
        fold(safe.as_safe(), 7, &mut out);
        assert_eq!(out.as_str(), "\x1b[2mone two\x1b[0m");
    }
}
