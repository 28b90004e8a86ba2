//! The one row that changes: it tells that something is waited for, and goes before any text is written.
//!
//! indicatif lays it out; a terminal of our own takes what it draws and keeps only the text, so
//! that no cursor movement but `\r` and no erasing but to the end of the line can reach the screen.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::term_safe::{Color, Style, TermSafeBuf};

/// A shorter wait shows nothing.
const DELAY: Duration = Duration::from_millis(300);
/// Between two pictures of a share.
const REDRAW: Duration = Duration::from_millis(100);
const SHARE_COLUMNS: usize = 20;
/// Where nothing can be redrawn, a line is written this often.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How the screen can show that time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowStyle {
    Hidden,
    /// A line every 30 s.
    Heartbeat,
    /// Redrawn in place, this many columns wide at most.
    Redrawn {
        width: usize,
        color: Color,
    },
}

/// What the row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowTime {
    Since(Instant),
    Until(Instant),
    /// How much of a work is done; a total of 0 is not known.
    Share {
        done: u64,
        total: u64,
    },
    /// The same with the rate and the time left: `before` were done when it began.
    Rate {
        done: u64,
        total: u64,
        before: u64,
        begun: Instant,
    },
}

impl RowTime {
    /// How many of how many at which rate, in words, for where there is no bar.
    #[must_use]
    pub fn told(self, now: Instant) -> String {
        match self {
            Self::Rate { done, total, before, begun } => {
                format!("{done} of {total}{}", rate(done - before, total - done, now - begun))
            }
            Self::Share { done, total: 0 } => done.to_string(),
            Self::Share { done, total } => format!("{done} of {total} ({} %)", percent(done, total)),
            Self::Since(since) => format!("{} s", now.saturating_duration_since(since).as_secs()),
            Self::Until(until) => format!("{} s left", until.saturating_duration_since(now).as_secs()),
        }
    }
}

/// Nothing before there is something to tell.
fn rate(done: u64, left: u64, elapsed: Duration) -> String {
    let per_second = done as f64 / elapsed.as_secs_f64().max(0.001);
    if done == 0 {
        return String::new();
    }
    let left = Duration::from_secs_f64((left as f64 / per_second).min(1e9));
    let digits = if per_second < 10.0 { 1 } else { 0 };
    format!(", {per_second:.digits$}/s, {} left", clock(left))
}

fn clock(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[derive(Debug, Default)]
pub struct StatusRow {
    wait: Option<Wait>,
    spinner: Option<Spinner>,
    is_drawn: bool,
}

#[derive(Debug)]
struct Wait {
    label: TermSafeBuf,
    time: RowTime,
    started: Instant,
    /// When its share was drawn last.
    drawn: Instant,
    /// The last heartbeat, or when the waiting began.
    told: Instant,
}

impl StatusRow {
    /// Begins to tell about a wait; what was told before ends with the next text or draw.
    pub fn start(&mut self, label: TermSafeBuf, time: RowTime, now: Instant) {
        // A row that goes on under a new name does not blink.
        let started = if self.is_drawn { now.checked_sub(DELAY).unwrap_or(now) } else { now };
        // Nor does one that changes its name all the time keep silent for ever where a line is told now and then.
        let told = self.wait.as_ref().map_or(now, |wait| wait.told);
        self.wait = Some(Wait { label, time, started, drawn: now, told });
    }

    /// Changes what the row counts; true: it is time to draw it again.
    pub fn update(&mut self, time: RowTime, now: Instant) -> bool {
        let Some(wait) = &mut self.wait else { return false };
        wait.time = time;
        let is_due = now.saturating_duration_since(wait.drawn) >= REDRAW;
        if is_due {
            wait.drawn = now;
        }
        is_due
    }

    /// Whether it counts how much of a work is done.
    #[must_use]
    pub fn is_counting(&self) -> bool {
        let counts = |wait: &Wait| matches!(wait.time, RowTime::Share { .. } | RowTime::Rate { .. });
        self.wait.as_ref().is_some_and(counts)
    }

    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.wait.is_some()
    }

    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.is_drawn
    }

    /// Removes the row from the screen; the next tick draws it again.
    pub fn hide(&mut self, out: &mut TermSafeBuf) {
        if std::mem::take(&mut self.is_drawn) {
            out.bytes_mut().extend_from_slice(b"\r\x1b[K");
        }
    }

    /// The wait is over.
    pub fn stop(&mut self, out: &mut TermSafeBuf) {
        self.hide(out);
        self.wait = None;
    }

    /// Draws the row, or writes a heartbeat, where its time has come.
    pub fn tick(&mut self, now: Instant, style: RowStyle, out: &mut TermSafeBuf) {
        let Some(wait) = &mut self.wait else { return };
        let waited = now.saturating_duration_since(wait.started);
        match style {
            RowStyle::Hidden => {}
            RowStyle::Heartbeat => {
                if now.saturating_duration_since(wait.told) >= HEARTBEAT {
                    wait.told += HEARTBEAT;
                    out.push_prose(&wait.words(now));
                    out.end_line();
                }
            }
            RowStyle::Redrawn { width, color } => {
                if waited >= DELAY {
                    let frame = self.spinner.get_or_insert_with(Spinner::new).frame(&wait.picture(now));
                    self.is_drawn = true;
                    draw(cut(&frame, width.saturating_sub(1)), color, out);
                }
            }
        }
    }
}

impl Wait {
    /// For a line of its own: no bar, nothing that is only drawn.
    fn words(&self, now: Instant) -> String {
        format!("{}, {}", self.label.as_str(), self.time.told(now))
    }

    fn picture(&self, now: Instant) -> String {
        let label = self.label.as_str();
        match self.time {
            // Rounded up: it counts 3, 2, 1.
            RowTime::Until(until) => {
                format!("{label} in {} s", until.saturating_duration_since(now).as_millis().div_ceil(1000))
            }
            RowTime::Since(_) | RowTime::Share { total: 0, .. } => format!("{label} … {}", self.time.told(now)),
            RowTime::Share { done, total } => format!("{label} … {}", bar(done, total)),
            RowTime::Rate { done, total, .. } => {
                format!("{label} … {} {}", bar(done, total.max(1)), self.time.told(now))
            }
        }
    }
}

/// `total` is not 0.
fn bar(done: u64, total: u64) -> String {
    let filled = part(done, total, SHARE_COLUMNS);
    format!("{}{} {} %", "━".repeat(filled), "╌".repeat(SHARE_COLUMNS - filled), percent(done, total))
}

fn percent(done: u64, total: u64) -> usize {
    part(done, total, 100)
}

/// So many of `whole` are done. `total` is not 0.
fn part(done: u64, total: u64, whole: usize) -> usize {
    usize::try_from(u128::from(done.min(total)) * whole as u128 / u128::from(total)).unwrap_or(whole)
}

fn draw(text: &str, color: Color, out: &mut TermSafeBuf) {
    out.bytes_mut().push(b'\r');
    out.push_style(Style::Dim, color);
    out.bytes_mut().extend_from_slice(text.as_bytes());
    out.push_style(Style::Reset, color);
    out.bytes_mut().extend_from_slice(b"\x1b[K");
}

/// The first `columns` columns of a text, whole grapheme clusters only.
pub fn cut(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        used += cluster.width();
        if used > columns {
            return &text[..at];
        }
    }
    text
}

#[derive(Debug)]
struct Spinner {
    bar: ProgressBar,
    tape: Tape,
}

impl Spinner {
    fn new() -> Self {
        let tape = Tape::default();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like(Box::new(tape.clone())));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style.tick_chars("⠏⠋⠙⠹⠸⠼⠴⠦⠧⠇ "));
        }
        Self { bar, tape }
    }

    /// The next picture of the row.
    fn frame(&self, text: &str) -> String {
        self.bar.set_message(text.to_owned());
        self.tape.take();
        self.bar.tick();
        self.tape.take()
    }
}

/// A terminal that keeps the text of what is drawn and ignores where.
#[derive(Clone, Debug, Default)]
struct Tape(Arc<Mutex<String>>);

impl Tape {
    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TermLike for Tape {
    /// Wide enough for indicatif to cut nothing: the row is cut by display width.
    fn width(&self) -> u16 {
        4096
    }

    fn write_str(&self, text: &str) -> std::io::Result<()> {
        // Its filling to the width would wrap after a resize.
        if !text.bytes().all(|byte| byte == b' ') {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        }
        Ok(())
    }

    fn write_line(&self, text: &str) -> std::io::Result<()> {
        self.write_str(text)
    }

    fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn clear_line(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Color, Duration, Instant, RowStyle, RowTime, StatusRow, TermSafeBuf, cut};

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn ticked(row: &mut StatusRow, now: Instant, style: RowStyle) -> String {
        let mut out = TermSafeBuf::new();
        row.tick(now, style, &mut out);
        assert!(!out.is_mid_line() || style == RowStyle::Heartbeat);
        out.as_str().to_owned()
    }

    const ROW: RowStyle = RowStyle::Redrawn { width: 20, color: Color::Off };

    #[test]
    fn a_row_comes_after_a_while_and_goes_without_a_trace() {
        let (mut row, start) = (StatusRow::default(), Instant::now());
        row.start(TermSafeBuf::line("waiting"), RowTime::Since(start), start);
        assert_eq!(ticked(&mut row, start + ms(299), ROW), "");
        assert_eq!(ticked(&mut row, start + ms(300), ROW), "\r⠋ waiting … 0 s\x1b[K");
        assert_eq!(ticked(&mut row, start + ms(1400), ROW), "\r⠙ waiting … 1 s\x1b[K");
        let mut out = TermSafeBuf::new();
        row.stop(&mut out);
        row.stop(&mut out);
        assert_eq!(out.as_str(), "\r\x1b[K");
        assert_eq!(ticked(&mut row, start + ms(9000), ROW), "");
    }

    #[test]
    fn a_long_row_is_cut_to_one_less_than_the_width() {
        let (mut row, start) = (StatusRow::default(), Instant::now());
        row.start(TermSafeBuf::line("等待模型的回答\x1b[2J等待"), RowTime::Until(start + ms(2500)), start);
        assert_eq!(ticked(&mut row, start + ms(300), ROW), "\r⠋ 等待模型的回答^[[\x1b[K");
        assert_eq!(cut("a👩\u{200D}💻b", 2), "a");
    }

    #[test]
    fn a_countdown_ends_at_one() {
        let (mut row, start) = (StatusRow::default(), Instant::now());
        row.start(TermSafeBuf::line("try 2"), RowTime::Until(start + ms(2000)), start);
        assert_eq!(ticked(&mut row, start + ms(900), ROW), "\r⠋ try 2 in 2 s\x1b[K");
        assert_eq!(ticked(&mut row, start + ms(1999), ROW), "\r⠙ try 2 in 1 s\x1b[K");
    }

    #[test]
    fn a_rate_tells_how_long_it_takes_still() {
        let (mut row, begun) = (StatusRow::default(), Instant::now());
        let time = RowTime::Rate { done: 300, total: 1000, before: 100, begun };
        row.start(TermSafeBuf::line("batch"), time, begun);
        let wide = RowStyle::Redrawn { width: 80, color: Color::Off };
        let drawn = ticked(&mut row, begun + ms(4000), wide);
        assert_eq!(drawn, "\r⠋ batch … ━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 30 % 300 of 1000, 50/s, 14 s left\x1b[K");
        let slow = RowTime::Rate { done: 1, total: 1000, before: 0, begun };
        assert_eq!(slow.told(begun + ms(10_000)), "1 of 1000, 0.1/s, 3 h left");
        let none = RowTime::Rate { done: 100, total: 1000, before: 100, begun };
        assert_eq!(none.told(begun + ms(10_000)), "100 of 1000");
    }

    #[test]
    fn a_heartbeat_is_a_line_every_thirty_seconds() {
        let (mut row, start) = (StatusRow::default(), Instant::now());
        row.start(TermSafeBuf::line("waiting"), RowTime::Since(start), start);
        assert_eq!(ticked(&mut row, start + ms(29_999), RowStyle::Heartbeat), "");
        assert_eq!(ticked(&mut row, start + ms(30_100), RowStyle::Heartbeat), "waiting, 30 s\n");
        assert_eq!(ticked(&mut row, start + ms(31_000), RowStyle::Heartbeat), "");
        assert_eq!(ticked(&mut row, start + ms(60_000), RowStyle::Heartbeat), "waiting, 60 s\n");
        // A new name is no new wait.
        row.start(TermSafeBuf::line("running"), RowTime::Since(start + ms(80_000)), start + ms(80_000));
        assert_eq!(ticked(&mut row, start + ms(90_000), RowStyle::Heartbeat), "running, 10 s\n");
        row.start(TermSafeBuf::line("importing"), RowTime::Share { done: 30, total: 60 }, start + ms(91_000));
        assert_eq!(ticked(&mut row, start + ms(120_000), RowStyle::Heartbeat), "importing, 30 of 60 (50 %)\n");
    }
}
