//! `sayso __complete`, which the completions of shells call: names that only this machine knows.
//!
//! It answers from what is on the disk: no network, no server, no file made, and nothing said where something is
//! wrong, because somebody is typing.

mod names;
mod place;

use std::ffi::OsString;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::config::Environment;

/// Names of one answer; nobody reads more.
const NAMES_MAX: usize = 500;

/// The words behind `sayso __complete`.
#[must_use]
pub fn words(arguments: &[OsString]) -> Option<&[OsString]> {
    match arguments {
        [_, name, words @ ..] if name == "__complete" => Some(words),
        _ => None,
    }
}

/// What can stand where the cursor is, a line each. `words` is the shell, then for bash its line up to the cursor,
/// for the others the words, the last one being typed.
#[must_use]
pub fn candidates(words: &[OsString], environment: &Environment) -> String {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let Some((shell, typed)) = words.split_first() else { return String::new() };
    let (is_bash, is_zsh) = (shell == "bash", shell == "zsh");
    let line = typed.first().map_or("", String::as_str);
    let (split, quote) = if is_bash { place::split(line) } else { (typed.to_vec(), None) };
    let root = Cli::command();
    let Some(place) = place::find(&root, &split) else { return String::new() };
    let names = names::names(&place, environment);
    let fitting = names.iter().filter(|name| name.starts_with(&place.value) && is_presentable(name)).take(NAMES_MAX);
    let written = |name: &String| match is_bash {
        // bash replaces what stands behind an open quote, or behind the last of these.
        true => {
            let kept = match quote {
                Some(quote) => quote.start.saturating_sub(place.before.len()).min(place.value.len()),
                None => place.value.rfind([':', '=']).map_or(0, |at| at + 1),
            };
            format!("{}\n", place::escaped(&name[kept..], quote))
        }
        // zsh replaces the whole word; fish knows itself where the value begins.
        false if is_zsh => format!("{}{name}\n", place.before),
        false => format!("{name}\n"),
    };
    fitting.map(written).collect()
}

/// Nothing that could steer the terminal or break the line.
fn is_presentable(name: &str) -> bool {
    !name.is_empty() && !name.contains(crate::conversation::is_hidden)
}
