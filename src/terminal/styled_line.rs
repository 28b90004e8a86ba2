//! A finished line of rendered text, cut to a width without losing how it looks.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Inside a cell the tab stops of the terminal mean nothing.
const TAB_COLUMNS: usize = 4;
const PLAIN: &str = "\x1b[0m";
const NO_LINK: &str = "\x1b]8;;\x1b\\";

/// The beginning of a line, and what is left of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Ends with nothing in force.
    pub front: String,
    /// How wide that is.
    pub columns: usize,
    /// Begins with what was in force.
    pub rest: Option<String>,
}

/// Cuts a line that the renderer has made to `columns_max` columns, at least one cluster.
#[must_use]
pub fn cut_styled(line: &str, columns_max: usize) -> Cut {
    let (mut cut, mut pen, mut left) = (Cut::default(), Pen::default(), line);
    while !left.is_empty() {
        if left.starts_with('\x1b') {
            let (sequence, behind) = left.split_at(sequence_bytes(left));
            pen.note(sequence);
            cut.front.push_str(sequence);
            left = behind;
            continue;
        }
        let cluster = left.graphemes(true).next().unwrap_or(left);
        let columns = if cluster == "\t" { TAB_COLUMNS - cut.columns % TAB_COLUMNS } else { cluster.width() };
        if cut.columns > 0 && cut.columns + columns > columns_max {
            // A tab at the end of a row is a blank between two rows.
            left = left.strip_prefix('\t').unwrap_or(left);
            cut.rest = Some(format!("{}{}{left}", pen.style, pen.link));
            cut.front.push_str(pen.end());
            return cut;
        }
        match cluster {
            "\t" => cut.front.extend(std::iter::repeat_n(' ', columns)),
            _ => cut.front.push_str(cluster),
        }
        cut.columns += columns;
        left = &left[cluster.len()..];
    }
    cut
}

/// Of the sequence of ours that the text begins with.
fn sequence_bytes(text: &str) -> usize {
    let end = if text.starts_with("\x1b]") { "\x1b\\" } else { "m" };
    text[1..].find(end).map_or(1, |at| 1 + at + end.len())
}

/// The sequences that are in force.
#[derive(Default)]
struct Pen {
    style: String,
    link: String,
}

impl Pen {
    fn note(&mut self, sequence: &str) {
        if sequence.starts_with("\x1b]") {
            self.link.clear();
            if sequence != NO_LINK {
                self.link.push_str(sequence);
            }
            return;
        }
        if sequence.starts_with("\x1b[0") {
            self.style.clear();
        }
        if sequence != PLAIN {
            self.style.push_str(sequence);
        }
    }

    fn end(&self) -> &'static str {
        match (self.style.is_empty(), self.link.is_empty()) {
            (true, true) => "",
            (false, true) => PLAIN,
            (true, false) => NO_LINK,
            (false, false) => "\x1b[0m\x1b]8;;\x1b\\",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cut_styled;

    /// Front, its columns, and the rest.
    fn cut(line: &str, columns: usize) -> (String, usize, Option<String>) {
        let cut = cut_styled(line, columns);
        (cut.front, cut.columns, cut.rest)
    }

    #[test]
    fn a_line_that_fits_is_left_as_it_is() {
        assert_eq!(cut("\x1b[1mabc\x1b[0m", 3), ("\x1b[1mabc\x1b[0m".into(), 3, None));
        assert_eq!(cut("", 3), (String::new(), 0, None));
    }

    #[test]
    fn the_rest_looks_as_it_would_have() {
        let line = "a\x1b[1mb\x1b[31mcd\x1b[0;32mef\x1b[0mg";
        assert_eq!(
            cut(line, 3),
            ("a\x1b[1mb\x1b[31mc\x1b[0m".into(), 3, Some("\x1b[1m\x1b[31md\x1b[0;32mef\x1b[0mg".into()))
        );
        assert_eq!(cut(line, 5).2.unwrap(), "\x1b[0;32mf\x1b[0mg");
        assert_eq!(cut(line, 6).2.unwrap(), "g");
        let link = "\x1b]8;;https://a.b\x1b\\\x1b[4mab\x1b]8;;\x1b\\\x1b[0mc";
        assert_eq!(
            cut(link, 1),
            (
                "\x1b]8;;https://a.b\x1b\\\x1b[4ma\x1b[0m\x1b]8;;\x1b\\".into(),
                1,
                Some("\x1b[4m\x1b]8;;https://a.b\x1b\\b\x1b]8;;\x1b\\\x1b[0mc".into())
            )
        );
    }

    #[test]
    fn wide_letters_are_never_halved_and_tabs_become_blanks() {
        assert_eq!(cut("漢字かな", 5), ("漢字".into(), 4, Some("かな".into())));
        assert_eq!(cut("漢字", 1), ("漢".into(), 2, Some("字".into())), "one at least");
        assert_eq!(cut("👩\u{200D}💻x", 2), ("👩\u{200D}💻".into(), 2, Some("x".into())));
        assert_eq!(cut("\ta\tb", 12), ("    a   b".into(), 9, None));
        assert_eq!(cut("abc\tdef", 3), ("abc".into(), 3, Some("def".into())));
    }
}
