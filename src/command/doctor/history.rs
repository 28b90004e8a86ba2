//! The history, as `doctor` sees it.

use super::files::is_writable;
use super::finding::Finding;
use crate::config::Config;
use crate::conversation::exit_code;
use crate::history::History;

/// What is to be said of the history. It is read, never changed.
pub fn history_findings(config: &Config) -> Vec<Finding> {
    const AREA: &str = "history";
    let Some(path) = &config.stored.path else {
        return vec![Finding::skipped(AREA, "nothing is written (chat.storage.type: memory)")];
    };
    let shown = path.display();
    let bytes = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return vec![match path.parent() {
                Some(folder) if !is_writable(folder) => {
                    let message = format!("{} cannot be written", folder.display());
                    Finding::broken(AREA, message, exit_code::CONFIG, "make that folder yours, or set XDG_DATA_HOME")
                }
                Some(_) | None => Finding::good(AREA, format!("{shown} does not exist yet")),
            }];
        }
        Err(error) => {
            let message = format!("{shown} cannot be looked at: {error}");
            return vec![Finding::broken(AREA, message, exit_code::CONFIG, "look at the rights of its folder")];
        }
    };
    let counted = History::open_read(&config.stored).and_then(|history| history.conversations(usize::MAX >> 1));
    let mut findings = vec![match counted {
        Ok(conversations) => {
            let count = conversations.len();
            Finding::good(AREA, format!("{shown}: {count} conversations, {} kB", bytes / 1000))
                .fact("conversations", count)
                .fact("bytes", bytes)
        }
        Err(error) => Finding::broken(
            AREA,
            format!("{shown}: {error}"),
            exit_code::CONFIG,
            "it is moved aside at the next chat, and a new one is begun; keep the file",
        ),
    }];
    if path.parent().is_some_and(|folder| !is_writable(folder)) {
        let message = format!("{shown} can be read but not written");
        findings.push(Finding::doubtful(AREA, message, "make its folder yours, or set XDG_DATA_HOME"));
    }
    findings
}
