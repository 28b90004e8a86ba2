//! What the REPL says outside of answers.

use std::time::Duration;

use super::Repl;
use crate::conversation::{exit_code, without_error_numbers};
use crate::session::NoticeLevel;
use crate::terminal::{ErrorReport, Stream, TermSafe, TermSafeBuf, notice_line, render_error};

/// How long the loop waits for a terminal that takes no output.
const WRITE_LIMIT: Duration = Duration::from_secs(5);

impl Repl<'_> {
    pub(super) fn note(&mut self, text: &str) {
        self.screen.line(TermSafeBuf::line(text).as_safe());
    }

    pub(super) fn warn(&mut self, text: &str) {
        self.screen.line(notice_line(NoticeLevel::Warn, text).as_safe());
    }

    pub(super) fn fail(&mut self, class: &str, message: &str) {
        let message = without_error_numbers(message.to_owned());
        let report = ErrorReport { class: class.to_owned(), message, ..ErrorReport::default() };
        self.report(&report);
    }

    pub(super) fn report(&mut self, report: &ErrorReport) {
        if self.last_exit == exit_code::OK {
            self.last_exit = exit_code::INTERNAL;
        }
        let text = render_error(report, self.screen.color(Stream::Stderr));
        self.screen.folded_lines(text.as_safe());
        self.write();
    }

    pub(super) fn blank_line(&mut self) {
        self.screen.line(TermSafe::literal(""));
    }

    /// Prints a longer text of our own to stdout, by the width of the terminal.
    pub(super) fn tell(&mut self, text: &str) {
        let mut safe = TermSafeBuf::new();
        safe.push_prose(text.trim_end());
        self.screen.print_folded(safe.as_safe());
        self.screen.print("\n");
        self.write();
    }

    pub(super) fn tell_or_fail(&mut self, text: Result<String, ErrorReport>) {
        match text {
            Ok(text) => self.tell(&text),
            Err(report) => self.report(&report),
        }
    }

    /// Prints a text of any origin to stdout, exactly as it is.
    pub(super) fn page(&mut self, text: &str) {
        self.screen.print(text.trim_end());
        self.screen.print("\n");
        self.write();
    }

    pub(super) fn page_or_fail(&mut self, text: Result<String, ErrorReport>) {
        match text {
            Ok(text) => self.page(&text),
            Err(report) => self.report(&report),
        }
    }

    /// A terminal that has gone is noticed when the next line is read.
    pub(super) fn write(&mut self) {
        let _ = self.screen.flush_waiting(WRITE_LIMIT);
    }
}
