//! The commands that keep the history in order.

mod backup;
mod check;
mod prune;
mod recover;
mod scrub;
mod sql;

use super::archive;
use super::context::Context;
use crate::cli::UpkeepCommand;
use crate::config::Config;
use crate::exit::Failure;
use crate::history::{History, HistoryError};

/// Runs one of these commands; the exit code.
pub fn run(command: &UpkeepCommand, config: &Config, context: &mut Context) -> Result<u8, Failure> {
    let settings = &config.stored;
    let open = || History::open_read(settings).map_err(Failure::from);
    match command {
        UpkeepCommand::Export(options) => open().and_then(|history| archive::export(options, &history, context)),
        UpkeepCommand::Import(options) => archive::import(options, settings, context),
        UpkeepCommand::Backup(options) => {
            // A copy of nothing would be taken for a backup.
            settings.path.as_ref().ok_or(HistoryError::NotKept)?;
            open().and_then(|history| backup::run(options, &history, context))
        }
        UpkeepCommand::Prune(options) => prune::run(options, settings, context),
        UpkeepCommand::Scrub(options) => scrub::run(options, settings, context),
        UpkeepCommand::Sql(options) => open().and_then(|mut history| sql::run(options, &mut history, context)),
        UpkeepCommand::Check(options) => check::run(options, settings, context),
        UpkeepCommand::Recover(options) => recover::run(options, settings, context),
    }
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
