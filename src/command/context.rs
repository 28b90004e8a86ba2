//! What every command has at hand: the options that all take, the environment, the screen.

use std::time::{Duration, Instant};

use crate::cli::{ColorMode, GlobalOptions};
use crate::config::Environment;
use crate::conversation::{exit_code, without_error_numbers};
use crate::exit::Failure;
use crate::session::{Flushed, OutputError};
use crate::terminal::{ColorChoice, OutputSettings, RowTime, Screen, Stream, TermSafe, TermSafeBuf, render_error};

/// How long the last words wait for a slow reader of a command that prints once.
const LAST_WORDS_WAIT: Duration = Duration::from_secs(60 * 60);

/// Between two looks at the row.
const ROW_TICK: Duration = Duration::from_millis(100);

pub struct Context {
    pub global: GlobalOptions,
    pub environment: Environment,
    pub screen: Screen,
}

impl Context {
    #[must_use]
    pub fn new(global: GlobalOptions, environment: Environment) -> Self {
        let screen = Screen::new(output_settings(&global, &environment));
        Self { global, environment, screen }
    }

    /// Before there are options: a command line that was not understood.
    #[must_use]
    pub fn early(environment: Environment) -> Self {
        Self::new(GlobalOptions::default(), environment)
    }

    /// Whether a person sees both the answer and what is said beside it.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        self.screen.is_terminal(Stream::Stdout) && self.screen.is_terminal(Stream::Stderr)
    }

    /// `--color`, as the configuration wants it.
    #[must_use]
    pub fn config_color(&self) -> Option<crate::config::ColorChoice> {
        self.global.color.map(|color| match color {
            ColorMode::Auto => crate::config::ColorChoice::Auto,
            ColorMode::Always => crate::config::ColorChoice::Always,
            ColorMode::Never => crate::config::ColorChoice::Never,
        })
    }

    /// Prints a whole text to stdout; the exit code.
    pub fn show(&mut self, text: &str) -> u8 {
        self.screen.print(text);
        if !text.is_empty() && !text.ends_with('\n') {
            self.screen.print("\n");
        }
        self.finish()
    }

    /// Writes what is pending for stdout; the exit code.
    pub fn finish(&mut self) -> u8 {
        match self.screen.flush_waiting(LAST_WORDS_WAIT) {
            Ok(Flushed::All | Flushed::Blocked) | Err(OutputError::Closed) => exit_code::OK,
            Err(error) => self.fail(&Failure::from(error)),
        }
    }

    /// Writes what was printed, waiting for a slow reader.
    pub fn flush_stdout(&mut self) -> Result<(), OutputError> {
        self.screen.flush_waiting(LAST_WORDS_WAIT).map(drop)
    }

    /// Begins to show how far a long work has come, on stderr, from 300 ms on.
    pub fn begin_progress(&mut self, label: &'static str) {
        let mut text = TermSafeBuf::new();
        text.push_literal(label);
        self.screen.start_row(text, RowTime::Share { done: 0, total: 0 });
    }

    /// So much of it is done; a `total` of 0 is not known.
    pub fn progress(&mut self, done: u64, total: u64) {
        self.screen.update_row(RowTime::Share { done, total });
    }

    pub fn end_progress(&mut self) {
        self.screen.stop_row();
    }

    /// Waits for work that prints nothing; meanwhile a row on the terminal tells that it goes on.
    pub async fn waiting<T>(&self, label: &'static str, work: impl Future<Output = T>) -> T {
        // The work reads this context, so the row has a screen of its own, which writes nothing else.
        let mut screen = Screen::new(self.screen.settings());
        let mut text = TermSafeBuf::new();
        text.push_literal(label);
        screen.start_row(text, RowTime::Since(Instant::now()));
        let mut work = std::pin::pin!(work);
        let done = loop {
            tokio::select! {
                biased;
                done = &mut work => break done,
                () = tokio::time::sleep(ROW_TICK) => screen.tick_row(),
            }
        };
        screen.stop_row();
        done
    }

    /// Prints an error to stderr; its exit code.
    pub fn fail(&mut self, failure: &Failure) -> u8 {
        let report = failure.report();
        let color = self.screen.color(Stream::Stderr);
        let text = render_error(&report, color);
        self.screen.folded_lines(text.as_safe());
        // Nobody can be told that stderr does not work.
        let _ = self.screen.flush_waiting(Duration::from_secs(1));
        failure.exit
    }

    /// A line to stderr for the person, unless `--quiet`.
    pub fn note(&mut self, text: &str) {
        if !self.global.quiet {
            self.screen.line(TermSafeBuf::line(&without_error_numbers(text.to_owned())).as_safe());
        }
    }

    /// Several of them.
    pub fn note_lines(&mut self, text: &str) {
        text.lines().for_each(|line| self.note(line));
    }

    /// A warning to stderr, unless `--quiet`, which leaves errors only.
    pub fn warn(&mut self, text: &str) {
        if !self.global.quiet {
            let mut line = TermSafeBuf::new();
            line.push(TermSafe::literal("warning: "));
            line.push_line(&without_error_numbers(text.to_owned()));
            self.screen.line(line.as_safe());
        }
    }
}

/// `--color` over NO_COLOR over FORCE_COLOR over what the terminal can do.
fn output_settings(global: &GlobalOptions, environment: &Environment) -> OutputSettings {
    let is_set = |name| environment.text(name).is_some_and(|value| value != "0");
    let from_environment = || {
        if environment.text("NO_COLOR").is_some() {
            ColorChoice::Never
        } else if is_set("FORCE_COLOR") || is_set("CLICOLOR_FORCE") {
            ColorChoice::Always
        } else {
            ColorChoice::Auto
        }
    };
    let color = match global.color {
        Some(ColorMode::Always) => ColorChoice::Always,
        Some(ColorMode::Never) => ColorChoice::Never,
        Some(ColorMode::Auto) | None => from_environment(),
    };
    OutputSettings {
        color,
        term_dumb: environment.text("TERM").is_none_or(|term| term == "dumb"),
        accessible: global.accessible,
        quiet: global.quiet,
        verbose: global.verbose > 0,
    }
}
