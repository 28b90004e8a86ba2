//! What the terminal itself is told: where prompts and answers begin (OSC 133), and that somebody waits (OSC 9;4).

use super::mode;
use super::screen::{Screen, Stream};

/// A place in the text that a terminal can jump to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    PromptStarts,
    OutputStarts,
    /// With the exit code of what was entered; `None`: nothing was.
    Ended(Option<u8>),
}

impl Mark {
    fn sequence(self) -> String {
        match self {
            Self::PromptStarts => "\x1b]133;A\x07".to_owned(),
            Self::OutputStarts => "\x1b]133;C\x07".to_owned(),
            Self::Ended(None) => "\x1b]133;D\x07".to_owned(),
            Self::Ended(Some(exit)) => format!("\x1b]133;D;{exit}\x07"),
        }
    }
}

const BUSY: &str = "\x1b]9;4;3\x1b\\";
const NOT_BUSY: &str = "\x1b]9;4;0\x1b\\";

impl Screen {
    /// Marks this place. A terminal that knows no marks ignores them.
    pub fn mark(&mut self, mark: Mark) {
        self.tell_terminal(&mark.sequence());
    }

    /// Lets the terminal show that somebody waits; whatever ends the process takes it back.
    pub fn set_busy(&mut self, is_busy: bool) {
        if self.speaks_sequences() && mode::set_busy(is_busy) {
            self.tell_terminal(if is_busy { BUSY } else { NOT_BUSY });
        }
    }

    fn tell_terminal(&mut self, sequence: &str) {
        if self.speaks_sequences() {
            self.out().push_control(sequence);
            // What cannot be written now is written with the next text.
            let _ = self.flush();
        }
    }

    fn speaks_sequences(&self) -> bool {
        let settings = self.settings();
        self.is_terminal(Stream::Stdout) && !settings.term_dumb && !settings.accessible
    }
}
