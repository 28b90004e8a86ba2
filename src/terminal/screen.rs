//! The only owner of stdout and stderr. It knows what they are, never waits for their readers while a
//! turn runs, and keeps the text of both streams and the status row from mixing on one terminal.

use std::time::{Duration, Instant};

use super::fold::fold;
use super::output::Output;
use super::settings::{ColorChoice, OutputSettings};
use super::status_row::{RowStyle, RowTime, StatusRow};
use super::term_safe::{Color, TermSafe, TermSafeBuf};
use crate::platform::OutputHandle;
use crate::session::{Flushed, OutputError};

/// Above this much unread text on stderr the turn is asked to wait; below, it is not held up.
const STDERR_PENDING_BYTES_MAX: usize = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    fn other(self) -> Self {
        match self {
            Self::Stdout => Self::Stderr,
            Self::Stderr => Self::Stdout,
        }
    }
}

#[derive(Debug)]
pub struct Screen {
    settings: OutputSettings,
    stdout: Output,
    stderr: Output,
    row: StatusRow,
    /// The stream that text was last meant for; what is pending in the other one is older.
    last: Stream,
    /// What went wrong while a line for stderr was written; the next flush tells it.
    failed: Option<OutputError>,
}

impl Screen {
    /// The screen of this process; make one only.
    #[must_use]
    pub fn new(settings: OutputSettings) -> Self {
        Self::on(OutputHandle::stdout(), OutputHandle::stderr(), settings)
    }

    /// A screen on other files, for tests of what is written and how fast.
    #[must_use]
    pub fn on(stdout: OutputHandle, stderr: OutputHandle, settings: OutputSettings) -> Self {
        let (stdout, stderr) = (Output::new(stdout), Output::new(stderr));
        Self { settings, stdout, stderr, row: StatusRow::default(), last: Stream::Stdout, failed: None }
    }

    #[must_use]
    pub fn settings(&self) -> OutputSettings {
        self.settings
    }

    #[must_use]
    pub fn is_terminal(&self, stream: Stream) -> bool {
        self.output(stream).is_terminal()
    }

    /// Columns of that stream now; asks the terminal each time, so a resize needs no signal.
    #[must_use]
    pub fn width(&self, stream: Stream) -> usize {
        usize::from(self.output(stream).width())
    }

    /// Lines of that stream now; `None` where it is no terminal.
    #[must_use]
    pub fn height(&self, stream: Stream) -> Option<usize> {
        self.output(stream).height().map(usize::from)
    }

    /// Whether text for people is styled on that stream.
    #[must_use]
    pub fn color(&self, stream: Stream) -> Color {
        let capable = !self.settings.term_dumb && !self.settings.accessible;
        match self.settings.color {
            ColorChoice::Always => Color::On,
            ColorChoice::Auto if capable && self.is_terminal(stream) => Color::On,
            ColorChoice::Auto | ColorChoice::Never => Color::Off,
        }
    }

    /// Where a view puts the text for stdout. Begins a new line where stderr has left the
    /// cursor of a shared terminal inside one.
    pub fn out(&mut self) -> &mut TermSafeBuf {
        self.turn_to(Stream::Stdout);
        &mut self.stdout.pending
    }

    /// Where a view puts text for stderr that is not whole lines.
    pub fn err(&mut self) -> &mut TermSafeBuf {
        self.turn_to(Stream::Stderr);
        &mut self.stderr.pending
    }

    /// The pending bytes of stdout where it is no terminal: the model's text goes in as it is.
    pub(super) fn exact(&mut self) -> Option<&mut Vec<u8>> {
        self.hide_row();
        if self.stdout.is_terminal() { None } else { Some(self.stdout.pending.bytes_mut()) }
    }

    /// Puts text of any origin on stdout: as it is for pipes and files, safe for a terminal.
    pub fn print(&mut self, raw: &str) {
        match self.exact() {
            Some(bytes) => bytes.extend_from_slice(raw.as_bytes()),
            None => self.out().push_prose(raw),
        }
    }

    /// Puts bytes of any kind on stdout; false where that is a terminal, which gets none of them.
    #[must_use]
    pub fn print_bytes(&mut self, raw: &[u8]) -> bool {
        let Some(bytes) = self.exact() else { return false };
        bytes.extend_from_slice(raw);
        true
    }

    /// One line on stderr, folded and written at once as far as that goes. Errors are ignored: there is
    /// nobody to tell.
    pub fn line(&mut self, text: TermSafe<'_>) {
        self.begin_line();
        self.push_folded(Stream::Stderr, text);
        self.stderr.pending.end_line();
        self.write_deferring();
    }

    /// Like [`Self::line`], for a text that brings its own line ends.
    pub fn folded_lines(&mut self, text: TermSafe<'_>) {
        self.begin_line();
        self.push_folded(Stream::Stderr, text);
        self.write_deferring();
    }

    /// Puts our own words on stdout; on a terminal its width breaks them between words.
    pub fn print_folded(&mut self, text: TermSafe<'_>) {
        self.out();
        self.push_folded(Stream::Stdout, text);
    }

    fn push_folded(&mut self, stream: Stream, text: TermSafe<'_>) {
        let output = self.output_mut(stream);
        if output.is_terminal() {
            let width = usize::from(output.width());
            fold(text, width, &mut output.pending);
        } else {
            output.pending.push(text);
        }
    }

    /// Like [`Self::line`], for a text that brings its own line ends and is shown exactly as it is.
    pub fn lines(&mut self, text: TermSafe<'_>) {
        self.begin_line().push(text);
        self.write_deferring();
    }

    fn begin_line(&mut self) -> &mut TermSafeBuf {
        let err = self.err();
        if err.is_mid_line() {
            err.end_line();
        }
        err
    }

    /// Writes what goes without waiting. Blocked means that stdout is not empty yet, or that
    /// far too much waits for stderr.
    pub fn flush(&mut self) -> Result<Flushed, OutputError> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.write_ready(),
        }
    }

    /// Writes everything, waiting for slow readers for at most `limit`.
    pub fn flush_waiting(&mut self, limit: Duration) -> Result<Flushed, OutputError> {
        let end = Instant::now() + limit;
        loop {
            let flushed = self.flush()?;
            let left = end.saturating_duration_since(Instant::now());
            let slow = if self.stdout.pending_bytes() > 0 { &self.stdout } else { &self.stderr };
            if slow.pending_bytes() == 0 || left.is_zero() {
                return Ok(flushed);
            }
            slow.wait_writable(left);
        }
    }

    /// Whether something waits for a terminal.
    #[must_use]
    pub fn has_unseen(&self) -> bool {
        [(Stream::Stdout, &self.stdout), (Stream::Stderr, &self.stderr)]
            .iter()
            .any(|(stream, output)| self.is_terminal(*stream) && output.pending_bytes() > 0)
    }

    /// Whether the reader of stdout has gone. Works while nothing is written.
    #[must_use]
    pub fn reader_gone(&self) -> bool {
        self.stdout.reader_gone()
    }

    /// Begins to tell about a wait; shown from 300 ms on.
    pub fn start_row(&mut self, label: TermSafeBuf, time: RowTime) {
        self.row.start(label, time, Instant::now());
    }

    /// What the row counts has changed. Draws it a few times a second at most.
    pub fn update_row(&mut self, time: RowTime) {
        if self.row.update(time, Instant::now()) {
            self.tick_row();
        }
    }

    #[must_use]
    pub fn row_style(&self) -> RowStyle {
        let OutputSettings { term_dumb, accessible, quiet, .. } = self.settings;
        if quiet || !self.stderr.is_terminal() {
            RowStyle::Hidden
        } else if term_dumb || accessible {
            RowStyle::Heartbeat
        } else {
            RowStyle::Redrawn { width: self.width(Stream::Stderr), color: self.color(Stream::Stderr) }
        }
    }

    /// The wait is over: the row goes before anything else is written.
    pub fn stop_row(&mut self) {
        if self.row.is_waiting() || self.row.is_drawn() {
            self.row.stop(&mut self.stderr.pending);
            let _ = self.stderr.write_ready();
        }
    }

    /// What a view does a few times a second: finds out whether the reader has gone, writes what
    /// was held up, and redraws the row.
    pub fn tick(&mut self) -> Result<(), OutputError> {
        if self.reader_gone() {
            return Err(OutputError::Closed);
        }
        self.flush()?;
        self.tick_row();
        Ok(())
    }

    /// Redraws the row. Not while text is pending or has left the cursor inside a line.
    pub fn tick_row(&mut self) {
        let is_busy = self.stdout.pending_bytes() > 0 || self.stderr.pending_bytes() > 0;
        let is_mid_line =
            self.stderr.pending.is_mid_line() || (self.share_terminal() && self.stdout.pending.is_mid_line());
        if self.row.is_waiting() && !is_busy && !is_mid_line {
            // How far a long work has come is told also to who reads a log; who only waits is not.
            let is_logged = !self.settings.quiet && !self.stderr.is_terminal() && self.row.is_counting();
            let style = if is_logged { RowStyle::Heartbeat } else { self.row_style() };
            self.row.tick(Instant::now(), style, &mut self.stderr.pending);
            let _ = self.stderr.write_ready();
        }
    }

    fn output(&self, stream: Stream) -> &Output {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }

    fn output_mut(&mut self, stream: Stream) -> &mut Output {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    fn share_terminal(&self) -> bool {
        self.stdout.is_terminal() && self.stderr.is_terminal()
    }

    /// Before text goes into `stream` the row goes, and on a shared terminal what is pending
    /// in the other stream goes out and its line ends.
    fn turn_to(&mut self, stream: Stream) {
        self.hide_row();
        if self.last == stream || !self.share_terminal() {
            return;
        }
        self.last = stream;
        let other = self.output_mut(stream.other());
        if other.pending.is_mid_line() {
            other.pending.end_line();
        }
        if other.pending_bytes() > 0 {
            self.write_deferring();
        }
    }

    fn hide_row(&mut self) {
        if self.row.is_drawn() {
            self.row.hide(&mut self.stderr.pending);
            let _ = self.stderr.write_ready();
        }
    }

    fn write_deferring(&mut self) {
        if let Err(error) = self.write_ready() {
            self.failed.get_or_insert(error);
        }
    }

    fn write_ready(&mut self) -> Result<Flushed, OutputError> {
        // The older text first; that is the answer where the streams have nothing to do with each other.
        let is_shared = self.share_terminal();
        let second = if is_shared { self.last } else { Stream::Stderr };
        let older = self.output_mut(second.other()).write_ready();
        if is_shared && matches!(older, Ok(Flushed::Blocked)) {
            return older;
        }
        let newer = self.output_mut(second).write_ready();
        let answer = match second {
            Stream::Stdout => newer?,
            Stream::Stderr => older?,
        };
        let holds_up = self.stderr.pending_bytes() > STDERR_PENDING_BYTES_MAX;
        Ok(if holds_up { Flushed::Blocked } else { answer })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{ColorChoice, Flushed, OutputError, OutputSettings, RowStyle, Screen, Stream, TermSafe};
    use crate::terminal::term_safe::Color;

    fn read(mut reader: impl Read) -> String {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn pipes_get_the_exact_text_and_their_own_lines() {
        let ((stdout, out), (stderr, err)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
        let mut screen = Screen::on(out.into(), err.into(), OutputSettings::default());
        screen.print("raw \x1b[31m");
        screen.line(TermSafe::literal("a notice"));
        screen.print("text");
        assert_eq!(screen.flush().unwrap(), Flushed::All);
        assert_eq!((screen.color(Stream::Stderr), screen.row_style()), (Color::Off, RowStyle::Hidden));
        drop(screen);
        assert_eq!((read(stdout), read(stderr)), ("raw \x1b[31mtext".into(), "a notice\n".into()));
    }

    #[test]
    fn stderr_that_nobody_reads_does_not_hold_up_the_answer() {
        let ((stdout, out), (_stderr, err)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
        let mut screen = Screen::on(out.into(), err.into(), OutputSettings::default());
        screen.line(crate::terminal::TermSafeBuf::line(&"x".repeat(100_000)).as_safe());
        screen.print("answer");
        assert_eq!(screen.flush().unwrap(), Flushed::All);
        screen.line(crate::terminal::TermSafeBuf::line(&"x".repeat(100_000)).as_safe());
        assert_eq!(screen.flush().unwrap(), Flushed::Blocked);
        drop(screen);
        assert_eq!(read(stdout), "answer");
    }

    #[test]
    fn a_closed_pipe_is_told_also_when_a_line_for_stderr_met_it() {
        let ((stdout, out), (stderr, err)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
        drop(stdout);
        let settings = OutputSettings { color: ColorChoice::Always, ..OutputSettings::default() };
        let mut screen = Screen::on(out.into(), err.into(), settings);
        assert!(screen.reader_gone());
        screen.print("text");
        screen.line(TermSafe::literal("a notice"));
        assert!(matches!(screen.flush(), Err(OutputError::Closed)));
        assert_eq!(screen.color(Stream::Stderr), Color::On);
        drop(screen);
        assert_eq!(read(stderr), "a notice\n");
    }
}
