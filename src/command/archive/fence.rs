//! Where code begins and ends in Markdown: lines of backticks.

/// More blanks before it make a line of backticks code itself.
const INDENT_MAX: usize = 3;

/// The fence that is open after a line, where `open` is before it.
pub fn after_line<'a>(open: Option<&'a str>, line: &'a str) -> Option<&'a str> {
    let line = line.trim_end();
    let words = line.trim_start_matches(' ');
    let rest = words.trim_start_matches('`');
    let fence = &words[..words.len() - rest.len()];
    if line.len() - words.len() > INDENT_MAX {
        return open;
    }
    match open {
        // Backticks behind it: code within a line, as in ```` ```this``` ````.
        None => Some(fence).filter(|fence| fence.len() >= 3 && !rest.contains('`')),
        Some(begun) if fence.len() >= begun.len() && rest.is_empty() => None,
        Some(begun) => Some(begun),
    }
}

/// The fence that a text leaves open.
pub fn left_open(text: &str) -> Option<&str> {
    text.lines().fold(None, after_line)
}

#[cfg(test)]
mod tests {
    use super::left_open;

    #[test]
    fn a_fence_is_open_until_one_as_long() {
        for (text, expected) in [
            ("a\n```rust\nx", Some("```")),
            ("   ````\n```\n", Some("````")),
            ("```\nx\n````  \ny", None),
            ("```a``` b", None),
            ("    ```\n", None),
            ("```\n    ```\n", Some("```")),
            ("```\n``` x", Some("```")),
            ("``\n", None),
        ] {
            assert_eq!(left_open(text), expected, "{text:?}");
        }
    }
}
