//! A whole answer printed again, for the width that the terminal has now.

use super::answer::{Answer, MarkdownSettings};
use super::screen::Screen;

/// Prints a finished answer to stdout as it was shown first, and ends its last line.
pub fn print_answer(screen: &mut Screen, text: &str, markdown: Option<MarkdownSettings>) {
    let mut answer = Answer::new(markdown);
    answer.text(text.trim_end(), screen);
    answer.finish(screen);
}
