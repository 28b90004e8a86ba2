//! `history backup FILE`.

use super::size;
use crate::cli::BackupOptions;
use crate::command::context::Context;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::history::History;

pub fn run(options: &BackupOptions, history: &History, context: &mut Context) -> Result<u8, Failure> {
    let bytes = history.back_up(&options.file)?;
    let size = size(i64::try_from(bytes).unwrap_or(i64::MAX));
    context.note(&format!("copied the history to {} ({size}); it was checked", options.file.display()));
    Ok(exit_code::OK)
}
