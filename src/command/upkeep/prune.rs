//! `history prune`: what the limits of the configuration say, now.

use serde_json::json;

use super::size;
use crate::cli::PruneOptions;
use crate::command::context::Context;
use crate::command::history::utc;
use crate::command::listing::{Listing, count};
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::history::{Doomed, History, HistorySettings, prune, prune_plan};

pub fn run(options: &PruneOptions, settings: &HistorySettings, context: &mut Context) -> Result<u8, Failure> {
    let limits = &settings.upkeep;
    if !(limits.unnamed.is_set() || limits.named.is_set()) {
        context.note("no limit is set: nothing is ever deleted");
        context.note("limits stand below chat.storage.persistence.retention and chat.storage.saved_sessions");
        return Ok(exit_code::OK);
    }
    if options.dry_run {
        let doomed = prune_plan(&History::open_read(settings)?, limits)?;
        let messages = doomed.iter().map(|doomed| doomed.messages).sum();
        let shown = context.show(&listing(&doomed).render(options.format));
        context.note(&format!(
            "would delete {} with {}",
            count(doomed.len() as u64, "conversation"),
            count(messages, "message")
        ));
        return Ok(shown);
    }
    context.begin_progress("deleting");
    let pruned = prune(settings, &mut |done, total| context.progress(done, total));
    context.end_progress();
    let report = pruned?;
    context.note(&format!(
        "deleted {} with {}; the file is {} shorter",
        count(report.conversations, "conversation"),
        count(report.messages, "message"),
        size(report.bytes.max(0))
    ));
    if context.global.verbose > 0 {
        context.note(&format!("others waited {} ms at most", report.lock_max.as_millis()));
    }
    Ok(exit_code::OK)
}

fn listing(doomed: &[Doomed]) -> Listing<5> {
    let row = |doomed: &Doomed| {
        [
            doomed.id.clone(),
            utc(doomed.used_ms),
            doomed.messages.to_string(),
            doomed.reason.name().to_owned(),
            doomed.title.clone(),
        ]
    };
    let value = |doomed: &Doomed| json!({ "id": doomed.id, "used": utc(doomed.used_ms), "messages": doomed.messages, "reason": doomed.reason.name(), "title": doomed.title });
    Listing {
        names: ["id", "used", "messages", "reason", "title"],
        rows: doomed.iter().map(row).collect(),
        values: doomed.iter().map(value).collect(),
    }
}
