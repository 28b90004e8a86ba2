//! The clipboard of the terminal (OSC 52): written by us for a text that the person has asked for, never read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::screen::Screen;

/// Terminals cut or ignore longer ones.
const ENCODED_BYTES_MAX: usize = 100_000;
/// GNU screen takes no longer strings.
const SCREEN_PIECE_BYTES: usize = 700;

/// What stands between us and the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiplexer {
    None,
    Tmux,
    Screen,
}

/// Bytes of text that fit.
pub const CLIPBOARD_BYTES_MAX: usize = ENCODED_BYTES_MAX / 4 * 3;

impl Screen {
    /// Asks the terminal to copy a text; false where it is too long. Whether the terminal does it, it does not tell.
    pub fn copy(&mut self, text: &str, multiplexer: Multiplexer) -> bool {
        if text.len() > CLIPBOARD_BYTES_MAX {
            return false;
        }
        self.out().push_control(&sequence(text, multiplexer));
        let _ = self.flush();
        true
    }
}

fn sequence(text: &str, multiplexer: Multiplexer) -> String {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    match multiplexer {
        Multiplexer::None => plain,
        // For a tmux that takes the clipboard itself (`set-clipboard on`), and for one that lets it pass.
        Multiplexer::Tmux => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
        Multiplexer::Screen => {
            let pieces = plain.as_bytes().chunks(SCREEN_PIECE_BYTES).map(String::from_utf8_lossy);
            pieces.map(|piece| format!("\x1bP{piece}\x1b\\")).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_encoded_and_wrapped_for_what_is_between() {
        assert_eq!(sequence("hi\x1b", Multiplexer::None), "\x1b]52;c;aGkb\x07");
        let tmux = "\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\";
        assert_eq!(sequence("hi", Multiplexer::Tmux), tmux);
        let screen = sequence(&"x".repeat(3000), Multiplexer::Screen);
        let pieces: Vec<&str> = screen.split_terminator("\x1b\\").collect();
        assert!(pieces.iter().all(|piece| piece.starts_with("\x1bP") && piece.len() <= SCREEN_PIECE_BYTES + 2));
        let joined: String = pieces.iter().map(|piece| &piece[2..]).collect();
        assert_eq!(joined, sequence(&"x".repeat(3000), Multiplexer::None));
    }
}
