//! `history check`: what is wrong with the file, and how to get at what it holds.

use crate::cli::CheckOptions;
use crate::command::context::Context;
use crate::command::listing::count;
use crate::exit::Failure;
use crate::history::{Depth, HistorySettings, check};

pub fn run(options: &CheckOptions, settings: &HistorySettings, context: &mut Context) -> Result<u8, Failure> {
    let report = check(settings, if options.full { Depth::Full } else { Depth::Quick })?;
    let held = format!("{} and {}", count(report.conversations, "conversation"), count(report.messages, "message"));
    if report.problems.is_empty() {
        return Ok(context.show(&format!("the history is in order: {held}")));
    }
    let path = settings.path.as_deref().unwrap_or_else(|| std::path::Path::new("the history"));
    let problems: String =
        report.problems.iter().map(|problem| format!("\n  {}", crate::command::listing::one_line(problem))).collect();
    let failure = Failure::new(
        "history",
        crate::conversation::exit_code::CONFIG,
        format!("{} is damaged:{problems}", path.display()),
    );
    Err(failure.hint("`sayso history recover` sets it aside and brings what can be read into a new one; `sayso history backup` of an earlier day is whole"))
}
