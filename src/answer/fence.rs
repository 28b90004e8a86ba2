//! The fenced code blocks of a text that grows, by the rules of Markdown.

/// A fence is three letters long at least.
const FENCE_MIN: usize = 3;

#[derive(Debug)]
struct Open {
    letter: u8,
    length: usize,
    /// Spaces before the fence: as many are taken from each line of the block.
    indent: usize,
    code: String,
}

/// Finds the blocks one by one.
#[derive(Debug, Default)]
pub struct FenceFinder {
    /// The first line that was not looked at.
    at: usize,
    open: Option<Open>,
}

impl FenceFinder {
    /// The code of the next block of `text`, which begins with all that was given before: without its fences, and
    /// with the line break before the closing one.
    pub fn next(&mut self, text: &str) -> Option<String> {
        while let Some(length) = text[self.at..].find('\n') {
            let line = &text[self.at..=self.at + length];
            self.at += length + 1;
            if let Some(code) = self.line(line) {
                return Some(code);
            }
        }
        None
    }

    /// The block that ends with the text: its closing fence has no line break behind it, or is missing.
    pub fn last(mut self, text: &str) -> Option<String> {
        let rest = text.get(self.at..).unwrap_or_default();
        self.line(rest).or_else(|| self.open.take().map(|open| open.code))
    }

    fn line(&mut self, line: &str) -> Option<String> {
        let bare = line.trim_end_matches(['\n', '\r']);
        let unindented = bare.trim_start_matches(' ');
        let indent = bare.len() - unindented.len();
        let first = unindented.bytes().next().unwrap_or_default();
        let length = unindented.bytes().take_while(|byte| *byte == first).count();
        let is_fence = matches!(first, b'`' | b'~') && length >= FENCE_MIN;
        let after = &unindented[if is_fence { length } else { 0 }..];
        match &mut self.open {
            Some(open) if is_fence && first == open.letter && length >= open.length && after.trim().is_empty() => {
                self.open.take().map(|open| open.code)
            }
            Some(open) => {
                open.code.push_str(&line[indent.min(open.indent)..]);
                None
            }
            // What follows a fence of back ticks holds none, or it is a piece of text in a line.
            None if is_fence && !(first == b'`' && after.contains('`')) => {
                self.open = Some(Open { letter: first, length, indent, code: String::new() });
                None
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FenceFinder;

    fn blocks(text: &str) -> Vec<String> {
        let mut finder = FenceFinder::default();
        let mut all: Vec<String> = std::iter::from_fn(|| finder.next(text)).collect();
        all.extend(finder.last(text));
        all
    }

    #[test]
    fn the_code_is_exact() {
        assert_eq!(blocks("Try:\n```sh\nls -l \n\n```\nor\n~~~\n```\n~~~\n"), ["ls -l \n\n", "```\n"]);
        assert_eq!(blocks("```\na\r\n```"), ["a\r\n"], "the closing fence can be the end");
        assert_eq!(blocks("````md\n```\nx\n```\n````\n"), ["```\nx\n```\n"]);
        assert_eq!(blocks("1. So:\n   ```py\n   if a:\n     b\n   ```\n"), ["if a:\n  b\n"]);
        assert_eq!(blocks("```\nnever closed"), ["never closed"]);
        assert_eq!(blocks("a ``` b\n```x``` is a piece of text\n``\n"), [""; 0]);
        assert_eq!(blocks("```\n```"), [""]);
    }

    #[test]
    fn a_block_is_there_with_the_line_of_its_closing_fence() {
        let text = "Try:\n```\nx\n```\nmore";
        let end = text.len() - "more".len();
        let mut finder = FenceFinder::default();
        assert!((0..end).all(|cut| finder.next(&text[..cut]).is_none()));
        assert_eq!(finder.next(&text[..end]).as_deref(), Some("x\n"));
    }
}
