//! Replacing a text that stands in a file exactly once, or everywhere.

use super::lines;

/// Line numbers that a message names.
const LINES_SHOWN_MAX: usize = 5;

/// The text with `old` replaced.
pub fn replace(text: &str, old: &str, new: &str, is_all: bool) -> Result<String, String> {
    if old.is_empty() {
        return Err("`old` is empty: use the tool `write` for a new file".to_owned());
    }
    if old == new {
        return Err("`old` and `new` are the same".to_owned());
    }
    if !lines::is_crlf(text) {
        return replace_plain(text, old, new, is_all);
    }
    lines::with_plain_ends(text, |text| replace_plain(text, &lines::plain(old), &lines::plain(new), is_all))
}

fn replace_plain(text: &str, old: &str, new: &str, is_all: bool) -> Result<String, String> {
    let places: Vec<usize> = text.match_indices(old).map(|(position, _)| position).collect();
    match places.len() {
        0 => Err("`old` does not stand in the file: read it again, spaces and line ends count".to_owned()),
        1 => Ok(text.replacen(old, new, 1)),
        _ if is_all => Ok(text.replace(old, new)),
        count => {
            let numbers = places.iter().take(LINES_SHOWN_MAX).map(|place| line_at(text, *place).to_string());
            let numbers = numbers.collect::<Vec<_>>().join(", ");
            let more = if count > LINES_SHOWN_MAX { " …" } else { "" };
            Err(format!(
                "`old` stands in the file {count} times (lines {numbers}{more}): add what is around it, or set `all`"
            ))
        }
    }
}

fn line_at(text: &str, position: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..position]).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_or_all_of_them() {
        assert_eq!(replace("a b c", "b", "x", false).unwrap(), "a x c");
        assert_eq!(replace("a\nb\na\n", "a", "x", true).unwrap(), "x\nb\nx\n");
        assert_eq!(replace("a\r\nb\r\n", "a\nb", "x\ny", false).unwrap(), "x\r\ny\r\n");
        assert_eq!(
            replace("a\nb\na\n", "a", "x", false).unwrap_err(),
            "`old` stands in the file 2 times (lines 1, 3): add what is around it, or set `all`"
        );
        assert!(replace("a", "b", "c", true).unwrap_err().starts_with("`old` does not stand in the file"));
        assert!(replace("a", "", "c", true).is_err());
        assert!(replace("a", "a", "a", true).is_err());
    }
}
