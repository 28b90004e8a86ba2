//! Line ends: a file keeps those it has, whatever a model writes.

/// Whether every line of a text ends as on Windows.
pub fn is_crlf(text: &str) -> bool {
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).count();
    ends > 0 && text.matches("\r\n").count() == ends
}

/// Lets `change` see plain line ends, and gives back those that the text had.
pub fn with_plain_ends<E>(text: &str, change: impl FnOnce(&str) -> Result<String, E>) -> Result<String, E> {
    if !is_crlf(text) {
        return change(text);
    }
    let changed = change(&plain(text))?;
    Ok(plain(&changed).replace('\n', "\r\n"))
}

pub fn plain(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_kept() {
        let shout = |text: &str| Ok::<_, ()>(text.replace("b\n", "B\nC\n"));
        assert_eq!(with_plain_ends("a\r\nb\r\n", shout).unwrap(), "a\r\nB\r\nC\r\n");
        assert_eq!(with_plain_ends("a\nb\n", shout).unwrap(), "a\nB\nC\n");
        assert_eq!(with_plain_ends("a\r\nb\n", shout).unwrap(), "a\r\nB\nC\n");
    }
}
