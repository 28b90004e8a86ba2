//! Some lines of a file: `src/main.rs#L10-20`.

use std::path::Path;

/// From the first to the last, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    first: usize,
    last: usize,
}

/// The file and the lines that a path names, where it ends like this.
pub fn split(path: &Path) -> Option<(&Path, Lines)> {
    let (file, lines) = path.to_str()?.rsplit_once("#L")?;
    let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
    let number = |text: &str| text.strip_prefix('L').unwrap_or(text).parse::<usize>().ok().filter(|number| *number > 0);
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((Path::new(file), Lines { first, last }))
}

impl Lines {
    pub fn of(self, content: &[u8]) -> Result<Vec<u8>, String> {
        let lines = content.split_inclusive(|byte| *byte == b'\n');
        let part: Vec<u8> = lines.skip(self.first - 1).take(self.last - self.first + 1).flatten().copied().collect();
        if part.is_empty() { Err(format!("it has no line {}", self.first)) } else { Ok(part) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one() {
        let part = |path: &str, text: &str| split(Path::new(path)).map(|(_, lines)| lines.of(text.as_bytes()));
        let text = |text: &str| Some(Ok(text.as_bytes().to_vec()));
        assert_eq!(part("a#L2", "1\n2\n3"), text("2\n"));
        assert_eq!(part("a#L2-L9", "1\n2\n3"), text("2\n3"));
        assert_eq!(part("a#L4-4", "1\n2\n3"), Some(Err("it has no line 4".to_owned())));
        for none in ["a", "a#L", "a#L0", "a#L3-2", "a#Lx"] {
            assert_eq!(part(none, ""), None, "{none}");
        }
    }
}
