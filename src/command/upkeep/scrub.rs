//! `history scrub`: secrets go from what is stored, and from the bytes of the file.

use crate::cli::ScrubOptions;
use crate::command::context::Context;
use crate::command::listing::count;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::history::{HistorySettings, files_beside, scrub};

pub fn run(options: &ScrubOptions, settings: &HistorySettings, context: &mut Context) -> Result<u8, Failure> {
    context.begin_progress("scrubbing");
    let scrubbed =
        scrub(settings, options.pattern.as_deref(), options.dry_run, &mut |done, total| context.progress(done, total));
    context.end_progress();
    let report = scrubbed?;
    if report.is_empty() {
        context.note("nothing was found that has to be masked");
    } else {
        let parts = [
            (report.messages, "message"),
            (report.tool_calls, "call"),
            (report.conversations, "title"),
            (report.prompts, "typed line"),
            (report.attachments, "attachment"),
        ];
        let found: Vec<_> =
            parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, thing)| count(number, thing)).collect();
        let verb = if report.is_dry { "would mask in" } else { "masked in" };
        context.note(&format!("{verb} {}", found.join(", ")));
    }
    for file in settings.path.iter().flat_map(|path| files_beside(path)) {
        context.note(&format!("not looked into: {}; remove it if it can go", file.display()));
    }
    Ok(exit_code::OK)
}
