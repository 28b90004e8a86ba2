//! An `ask` that a signal, or the end of its time, stops before it has a result.

use std::time::Duration;

use super::context::Context;
use crate::cli::{AskOptions, OutputFormat};
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::session::{CancelCause, exit_of_cancel};
use crate::terminal::result_line_for_stop;

/// Who is stopped waits no longer than this for who reads the last line.
const LAST_LINE_WAIT: Duration = Duration::from_secs(1);

/// Tells it, also as the one line that JSON promises; the exit code.
pub fn stopped(cause: CancelCause, options: &AskOptions, context: &mut Context) -> u8 {
    let exit = exit_of_cancel(cause);
    if cause == CancelCause::Timeout {
        context.fail(&too_late(options));
    }
    if is_json(options.format) {
        context.screen.print(&result_line_for_stop(cause.reason(), exit));
        show_last_line(context);
    }
    exit
}

/// What is pending for stdout goes out, as far as its reader takes it soon.
pub fn show_last_line(context: &mut Context) {
    // There is nobody to tell that it cannot be written: the exit code says what has happened.
    let _ = context.screen.flush_waiting(LAST_LINE_WAIT);
}

/// The end of `--timeout`.
pub fn too_late(options: &AskOptions) -> Failure {
    let limit = options.timeout.unwrap_or_default();
    Failure::new("timeout", exit_code::TIMEOUT, format!("no complete answer within {limit:?}"))
}

pub fn is_json(format: OutputFormat) -> bool {
    match format {
        OutputFormat::Json | OutputFormat::Jsonl => true,
        OutputFormat::Text | OutputFormat::Markdown => false,
    }
}
