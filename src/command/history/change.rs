//! Commands that change the history: rename, fork, pin, rm.

use super::rows::{count_of_messages, label};
use super::text::Text;
use crate::cli::{ForkOptions, PinOptions, RemoveOptions, RenameOptions};
use crate::command::context::Context;
use crate::command::listing::one_line;
use crate::command::tty::Person;
use crate::command::wiring;
use crate::conversation::{IdSource, now_ms};
use crate::exit::Failure;
use crate::history::{ConversationSummary, Fork, History, HistoryError, HistorySettings, Keeper, Spot};
use crate::session::exit_of_cancel;

pub fn rename(
    history: &History,
    settings: &HistorySettings,
    options: &RenameOptions,
    context: &mut Context,
) -> Result<Text, Failure> {
    let id = history.resolve(&options.conversation)?;
    Keeper::open(settings)?.rename(&id, &options.name)?;
    // As it is stored: with `redact` a key in it is masked.
    let named = history.conversation(&id)?;
    context.note(&format!("{id} is named {}", one_line(label(&named))));
    Ok(Text::default())
}

/// Prints the id of the copy.
pub fn fork(
    history: &History,
    settings: &HistorySettings,
    options: &ForkOptions,
    context: &mut Context,
) -> Result<Text, Failure> {
    let spot = history.locate(&options.conversation)?;
    let copy = fork_of(history, &spot, options.name.clone())?;
    let (id, count) = (copy.id.clone(), copy.copies.len());
    Keeper::open(settings)?.fork(copy)?;
    let count = count_of_messages(u64::try_from(count).unwrap_or(u64::MAX));
    context.note(&format!("forked {} with {count}: `sayso chat --session {id}` goes on", spot.conversation));
    Ok(format!("{id}\n").into())
}

/// A copy of the branch that ends where an address points.
pub fn fork_of(history: &History, spot: &Spot, name: Option<String>) -> Result<Fork, HistoryError> {
    let now = now_ms();
    let mut ids = IdSource::default();
    let messages = history.stored_messages_to(&spot.conversation, spot.message.as_ref())?;
    if messages.is_empty() {
        return Err(HistoryError::NoMessage { wanted: spot.conversation.0.clone() });
    }
    let id = ids.conversation(now);
    let copies = messages.into_iter().map(|stored| (stored.message.id, ids.message(now))).collect();
    Ok(Fork { id, name, created_ms: now, copies })
}

pub fn pin(
    history: &History,
    settings: &HistorySettings,
    (options, pinned): (&PinOptions, bool),
    context: &mut Context,
) -> Result<Text, Failure> {
    let found = summaries(history, &options.conversations)?;
    let mut keeper = Keeper::open(settings)?;
    for conversation in &found {
        keeper.pin(&conversation.id, pinned)?;
        let word = if pinned { "pinned" } else { "unpinned" };
        // What it is from now on is the word in front.
        let mut conversation = conversation.clone();
        conversation.pinned = false;
        context.note(&format!("{word} {}", told(&conversation)));
    }
    Ok(Text::default())
}

/// Says what goes, and asks, unless `--yes`.
pub fn remove(
    history: &History,
    settings: &HistorySettings,
    options: &RemoveOptions,
    context: &mut Context,
) -> Result<Text, Failure> {
    let found = summaries(history, &options.conversations)?;
    if let Some(live) = found.iter().find(|conversation| history.is_live(conversation)) {
        return Err(HistoryError::InUse { wanted: label(live).to_owned() }.into());
    }
    if !options.yes {
        for conversation in &found {
            context.note(&format!("to be deleted: {}", told(conversation)));
        }
        if !agrees(&found, context)? {
            context.note("nothing was deleted");
            return Ok(Text::default());
        }
    }
    let mut keeper = Keeper::open(settings)?;
    for conversation in &found {
        let removal = keeper.remove(&conversation.id)?;
        context.note(&format!("deleted {}", told(conversation)));
        if !removal.without_trace {
            context.warn("its bytes can still be in the file: another sayso reads it, or it is large");
        }
    }
    Ok(Text::default())
}

/// Each once, all of them there.
fn summaries(history: &History, addresses: &[String]) -> Result<Vec<ConversationSummary>, HistoryError> {
    let mut found: Vec<ConversationSummary> = Vec::with_capacity(addresses.len());
    for address in addresses {
        let conversation = history.conversation(&history.resolve(address)?)?;
        if !found.iter().any(|other| other.id == conversation.id) {
            found.push(conversation);
        }
    }
    Ok(found)
}

fn told(conversation: &ConversationSummary) -> String {
    let pinned = if conversation.pinned { ", pinned" } else { "" };
    let count = count_of_messages(conversation.messages);
    format!("{} \"{}\" ({count}{pinned})", conversation.id, one_line(label(conversation)))
}

fn agrees(found: &[ConversationSummary], context: &mut Context) -> Result<bool, Failure> {
    let Some(person) = Person::find(context) else {
        return Err(Failure::usage("nobody can be asked whether to delete this").hint("`--yes` deletes without asking"));
    };
    let question = match found {
        [_] => "Delete it for ever?".to_owned(),
        several => format!("Delete these {} for ever?", several.len()),
    };
    let mut asking = Context::new(context.global.clone(), context.environment.clone());
    let answer = wiring::block_on(|| async move {
        let mut signals = wiring::signals()?;
        Ok::<_, Failure>(person.agrees(&question, &mut asking, &mut signals).await)
    })??;
    answer.map_err(|cause| Failure::new("interrupted", exit_of_cancel(cause), "stopped; nothing was deleted"))
}
