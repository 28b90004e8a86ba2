//! A whole answer printed again, for the width that the terminal has now.

use super::screen::Screen;

/// Prints a finished answer to stdout, and ends its last line.
pub fn print_answer(screen: &mut Screen, text: &str) {
    screen.print(text.trim_end());
    screen.print("\n");
}
