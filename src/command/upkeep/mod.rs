//! The commands that keep the history in order.

mod backup;
mod check;
mod prune;
mod recover;
mod scrub;
mod sql;

use super::archive;
use super::context::Context;
use crate::cli::HistoryCommand;
use crate::config::Config;
use crate::exit::Failure;
use crate::history::History;

/// Runs one of these commands; `None`: it is one of those that only look.
pub fn run(command: &HistoryCommand, config: &Config, context: &mut Context) -> Option<Result<u8, Failure>> {
    let settings = &config.stored;
    let open = || History::open_read(settings).map_err(Failure::from);
    Some(match command {
        HistoryCommand::List(_) | HistoryCommand::Show(_) => return None,
        HistoryCommand::Export(options) => open().and_then(|history| archive::export(options, &history, context)),
        HistoryCommand::Import(options) => archive::import(options, settings, context),
        HistoryCommand::Backup(options) => open().and_then(|history| backup::run(options, &history, context)),
        HistoryCommand::Prune(options) => prune::run(options, settings, context),
        HistoryCommand::Scrub(options) => scrub::run(options, settings, context),
        HistoryCommand::Sql(options) => open().and_then(|mut history| sql::run(options, &mut history, context)),
        HistoryCommand::Check(options) => check::run(options, settings, context),
        HistoryCommand::Recover(options) => recover::run(options, settings, context),
    })
}

/// A length in bytes for people.
fn size(bytes: i64) -> String {
    const KIB: i64 = 1024;
    const MIB: i64 = KIB * KIB;
    match bytes {
        MIB.. => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
        KIB.. => format!("{} KiB", bytes / KIB),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_for_people() {
        assert_eq!([size(-5), size(1023), size(2048), size(1_600_000)], ["-5 bytes", "1023 bytes", "2 KiB", "1.5 MiB"]);
    }
}
