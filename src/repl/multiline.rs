//! When Enter starts a new line instead of sending (pure).

/// Whether the text ends inside a ``` block, as CommonMark reads it.
#[must_use]
pub fn has_open_fence(text: &str) -> bool {
    let mut open_ticks = None;
    for line in text.lines() {
        open_ticks = match (open_ticks, fence(line)) {
            (None, Some((ticks, info))) if !info.contains('`') => Some(ticks),
            (Some(opened), Some((ticks, info))) if ticks >= opened && info.trim().is_empty() => None,
            (unchanged, _) => unchanged,
        };
    }
    open_ticks.is_some()
}

/// The number of backticks a line starts with, if they are a fence, and what follows them.
fn fence(line: &str) -> Option<(usize, &str)> {
    const INDENT_MAX: usize = 3;
    const TICKS_MIN: usize = 3;
    let unindented = line.trim_start_matches(' ');
    let info = unindented.trim_start_matches('`');
    let ticks = unindented.len() - info.len();
    (line.len() - unindented.len() <= INDENT_MAX && ticks >= TICKS_MIN).then_some((ticks, info))
}

/// The insides of the code blocks of a text, without the line end before the closing fence. One that is still
/// open goes to the end.
#[must_use]
pub fn code_blocks(text: &str) -> Vec<String> {
    let (mut blocks, mut open) = (Vec::new(), None);
    for line in text.lines() {
        match (&mut open, any_fence(line)) {
            (None, Some(fence)) if fence.letter == '~' || !fence.info.contains('`') => {
                open = Some((fence.letter, fence.length, Vec::new()));
            }
            (Some((letter, length, lines)), Some(fence))
                if fence.letter == *letter && fence.length >= *length && fence.info.trim().is_empty() =>
            {
                blocks.push(lines.join("\n"));
                open = None;
            }
            (Some((_, _, lines)), _) => lines.push(line),
            (None, _) => {}
        }
    }
    blocks.extend(open.map(|(_, _, lines)| lines.join("\n")));
    blocks
}

struct Fence<'a> {
    letter: char,
    length: usize,
    info: &'a str,
}

fn any_fence(line: &str) -> Option<Fence<'_>> {
    let trimmed = line.trim_start();
    let letter = trimmed.chars().next().filter(|letter| "`~".contains(*letter))?;
    let info = trimmed.trim_start_matches(letter);
    let length = trimmed.len() - info.len();
    (length >= 3).then_some(Fence { letter, length, info })
}

/// Whether the text ends in a backslash that asks for a new line. An even number of them is
/// text: each pair stands for itself.
#[must_use]
pub fn ends_in_continuation(text: &str) -> bool {
    let backslashes = text.len() - text.trim_end_matches('\\').len();
    backslashes % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::{code_blocks, ends_in_continuation, has_open_fence};

    #[test]
    fn code_blocks_are_found_wherever_they_stand() {
        let text = "a\n```rust\nfn a() {\n\n}\n```\n- b\n  ~~~~\n  ~~~\n  c\n  ~~~~\n``` inline ``` no\n```\nopen";
        assert_eq!(code_blocks(text), ["fn a() {\n\n}", "  ~~~\n  c", "open"]);
        assert!(code_blocks("none").is_empty());
    }

    #[test]
    fn fences_open_and_close_at_the_start_of_a_line() {
        let open = ["```", "look:\n```rust\nfn a() {}", "````\n```\n", "   ```", "```\na\n``` b", "```a\n```\n```b"];
        let closed = [
            "",
            "what does ``` mean?",
            "```\na\n```",
            "```rs\na\n`````  ",
            "    ```",
            "```inline``` text",
            "``",
            "````\n```\n````",
        ];
        assert_eq!(open.map(has_open_fence), [true; 6], "{open:?}");
        assert_eq!(closed.map(has_open_fence), [false; 8], "{closed:?}");
    }

    #[test]
    fn an_odd_number_of_backslashes_goes_on() {
        let texts = ["\\", "a\\", "a\\\\\\", "a\\\\", "", "\\a", "a\\ "];
        assert_eq!(texts.map(ends_in_continuation), [true, true, true, false, false, false, false]);
    }
}
