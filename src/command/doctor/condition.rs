//! `doctor --history`: how the history file is doing.

use serde_json::{Value, json};

use crate::command::context::Context;
use crate::command::listing::{self, aligned, pretty};
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::history::{Condition, HistorySettings, condition};

/// The exit code tells whether something is wrong.
pub fn run(is_json: bool, settings: &HistorySettings, context: &mut Context) -> Result<u8, Failure> {
    let Some(found) = condition(settings)? else {
        let nothing = if is_json { "null" } else { "there is no history yet" };
        return Ok(context.show(nothing));
    };
    let text = if is_json { pretty(&value(&found)) } else { table(&found) };
    let shown = context.show(&text);
    Ok(if found.problems.is_empty() { shown } else { exit_code::CONFIG })
}

fn table(found: &Condition) -> String {
    let row = |name: &str, value: String| [name.to_owned(), value];
    let free = if found.pages > 0 { found.free_pages * 100 / found.pages } else { 0 };
    let schema = match found.schema_version.cmp(&found.schema_known) {
        std::cmp::Ordering::Equal => found.schema_version.to_string(),
        std::cmp::Ordering::Less => {
            format!("{}, brought to {} by the next chat", found.schema_version, found.schema_known)
        }
        std::cmp::Ordering::Greater => {
            format!("{}, newer than this version knows ({})", found.schema_version, found.schema_known)
        }
    };
    let mut rows = vec![
        row("file", found.path.display().to_string()),
        row("mode", found.journal_mode.clone()),
        row("schema", schema),
        row("sqlite", found.sqlite_version.clone()),
        row("size", format!("{} bytes, {} more in the WAL", found.bytes, found.wal_bytes)),
        row("pages", format!("{} of {} bytes, {} free ({free} %)", found.pages, found.page_bytes, found.free_pages)),
        row("holds", format!("{} conversations, {} messages", found.conversations, found.messages)),
        row("integrity", if found.problems.is_empty() { "ok".to_owned() } else { "DAMAGED".to_owned() }),
    ];
    rows.extend(found.problems.iter().map(|problem| row("", listing::one_line(problem))));
    if !found.problems.is_empty() {
        rows.push(row("", "`sayso history recover` brings back what can be read".to_owned()));
    }
    rows.push(row("writers", format!("{} of sayso alive", found.owners)));
    let pids: Vec<_> = found.lock_holders.iter().map(ToString::to_string).collect();
    rows.push(row(
        "locks",
        if pids.is_empty() { "none".to_owned() } else { format!("held by process {}", pids.join(", ")) },
    ));
    if let Some(mode) = found.open_to_others {
        rows.push(row("access", format!("others can read it (mode {mode:o}): chmod 600 {}", found.path.display())));
    }
    if !found.can_shrink {
        rows.push(row("shrinking", "not in this file: it does not give free pages back".to_owned()));
    }
    rows.extend(found.set_aside.iter().map(|path| row("set aside", path.display().to_string())));
    aligned(&rows)
}

fn value(found: &Condition) -> Value {
    json!({
        "path": found.path,
        "journal_mode": found.journal_mode,
        "schema_version": found.schema_version,
        "schema_known": found.schema_known,
        "sqlite_version": found.sqlite_version,
        "bytes": found.bytes,
        "wal_bytes": found.wal_bytes,
        "page_bytes": found.page_bytes,
        "pages": found.pages,
        "free_pages": found.free_pages,
        "can_shrink": found.can_shrink,
        "conversations": found.conversations,
        "messages": found.messages,
        "problems": found.problems,
        "open_to_others": found.open_to_others.map(|mode| format!("{mode:o}")),
        "writers": found.owners,
        "lock_holders": found.lock_holders,
        "set_aside": found.set_aside,
    })
}
