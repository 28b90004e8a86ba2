//! Command lines for a shell, as far as rules have to know them: where one command ends and another can begin.

/// What a shell takes for more than a word, and where a second command can begin.
const OPERATORS: [char; 11] = [';', '|', '&', '<', '>', '$', '`', '(', ')', '\n', '\r'];

/// The commands in a line, and what stands between operators beside them.
pub fn commands(line: &str) -> impl Iterator<Item = &str> {
    line.split(OPERATORS).map(str::trim)
}

/// Whether a text could be more than one word to a shell.
#[must_use]
pub fn is_more_than_a_word(text: &str) -> bool {
    text.contains(|letter: char| letter.is_whitespace() || OPERATORS.contains(&letter))
}

/// Whether there is more in a line than the pattern names. Who writes `git *` means one command; `*` alone means
/// whatever there is.
#[must_use]
pub fn stars_hold_operators(pattern: &str, line: &str) -> bool {
    let count = |text: &str, operator: char| text.chars().filter(|letter| *letter == operator).count();
    pattern.bytes().any(|byte| byte != b'*')
        && OPERATORS.iter().any(|operator| count(line, *operator) != count(pattern, *operator))
}
