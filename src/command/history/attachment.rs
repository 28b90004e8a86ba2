//! `history show --attachment N`: one file that went along with a message, as it was sent.

use std::io::Write as _;
use std::path::Path;

use super::show::spot;
use crate::cli::ShowOptions;
use crate::command::archive::NewFile;
use crate::command::context::Context;
use crate::conversation::{Attachment, exit_code};
use crate::exit::Failure;
use crate::history::History;

/// Writes it to a file or to a pipe; the exit code.
pub fn write_out(history: &History, options: &ShowOptions, number: u64, context: &mut Context) -> Result<u8, Failure> {
    let attachment = find(history, options.conversation.as_deref(), number)?;
    if let Some(path) = &options.output {
        save(path, attachment.content())
            .map_err(|error| Failure::config(format!("cannot write {}: {error}", path.display())))?;
        context.note(&format!("wrote {} to {}", attachment.label(), path.display()));
        return Ok(exit_code::OK);
    }
    match attachment.text() {
        Some(text) => Ok(context.show(text)),
        None if context.screen.print_bytes(attachment.content()) => Ok(context.finish()),
        None => Err(Failure::usage(format!("{} is no text: a terminal cannot show it", attachment.label()))
            .hint("write it to a file with `-o FILE`, or into a pipe")),
    }
}

/// By its number, as `history show` counts them.
fn find(history: &History, address: Option<&str>, number: u64) -> Result<Attachment, Failure> {
    let spot = spot(history, address)?;
    let messages = history.stored_messages_to(&spot.conversation, spot.message.as_ref())?;
    let mut before = 0;
    for stored in &messages {
        let count = stored.attached.len() as u64;
        if number <= before + count {
            let at = usize::try_from(number - before - 1).unwrap_or(usize::MAX);
            let damaged = || Failure::config(format!("attachment {number} is damaged: it cannot be read"));
            return history.attachments(&stored.message.id)?.into_iter().nth(at).ok_or_else(damaged);
        }
        before += count;
    }
    let there = match before {
        0 => "nothing is attached in this conversation".to_owned(),
        1 => "there is one attachment".to_owned(),
        count => format!("there are {count} attachments"),
    };
    Err(Failure::usage(format!("there is no attachment {number}: {there}")))
}

fn save(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = NewFile::create(path)?;
    file.write_all(content)?;
    file.keep()
}
