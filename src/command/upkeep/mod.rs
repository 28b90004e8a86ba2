//! The commands that keep the history in order.

use super::archive;
use super::context::Context;
use crate::cli::HistoryCommand;
use crate::config::Config;
use crate::exit::Failure;
use crate::history::History;

/// Runs one of these commands; `None`: it is one of those that only look.
pub fn run(command: &HistoryCommand, config: &Config, context: &mut Context) -> Option<Result<u8, Failure>> {
    Some(match command {
        HistoryCommand::List(_) | HistoryCommand::Show(_) => return None,
        HistoryCommand::Export(options) => History::open_read(&config.stored)
            .map_err(Failure::from)
            .and_then(|history| archive::export(options, &history, context)),
        HistoryCommand::Import(options) => archive::import(options, &config.stored, context),
    })
}
