//! `history recover`: from a damaged file, or the one set aside last, into the history.

use std::path::{Path, PathBuf};

use crate::cli::RecoverOptions;
use crate::command::context::Context;
use crate::command::listing::count;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::history::{Depth, HistoryError, HistorySettings, check, newest_set_aside, recover_file, set_aside};

pub fn run(options: &RecoverOptions, settings: &HistorySettings, context: &mut Context) -> Result<u8, Failure> {
    let current = settings.path.as_deref().ok_or(HistoryError::NotKept)?;
    let damaged = damaged_file(options.file.as_deref(), current, settings, context)?;
    context.begin_progress("recovering");
    let recovered = recover_file(&damaged, settings, &mut |done, total| context.progress(done, total));
    context.end_progress();
    let report = recovered?;
    let counts = report.counts;
    let mut told = format!(
        "recovered {} and {} from {}",
        count(counts.conversations, "conversation"),
        count(counts.messages, "message"),
        damaged.display()
    );
    if counts.known > 0 {
        told.push_str(&format!("; {} were here already", counts.known));
    }
    if report.lost_texts > 0 {
        told.push_str(&format!("; of {} the text is lost", count(report.lost_texts, "message")));
    }
    if report.has_gaps {
        told.push_str("; some of it could not be read");
    }
    context.note(&told);
    report.notices.iter().for_each(|notice| context.warn(notice));
    context.note("the damaged file stays where it is");
    Ok(exit_code::OK)
}

/// What is named; else the current history where that is damaged; else what was set aside last.
fn damaged_file(
    named: Option<&Path>,
    current: &Path,
    settings: &HistorySettings,
    context: &mut Context,
) -> Result<PathBuf, Failure> {
    let is_current = |path: &Path| path.canonicalize().ok() == current.canonicalize().ok();
    if let Some(path) = named.filter(|path| !is_current(path)) {
        if !path.is_file() {
            return Err(Failure::config(format!("there is no file {}", path.display())));
        }
        return Ok(path.to_owned());
    }
    if current.exists() && !check(settings, Depth::Quick)?.problems.is_empty() {
        let moved = set_aside(current)?;
        context.note(&format!("the damaged history was moved to {}", moved.display()));
        return Ok(moved);
    }
    newest_set_aside(current).ok_or_else(|| {
        Failure::config("nothing is damaged: the history is in order, and none was set aside")
            .hint("name the file to recover from, as in `sayso history recover FILE`")
    })
}
