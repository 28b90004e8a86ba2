//! `keys set|list|rm`: keys are asked for without showing them, and told of without saying what they are.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use super::listing::Listing;
use super::{accounts, tty, wiring};
use crate::cli::{KeyOptions, KeysCommand, KeysListOptions, KeysSetOptions};
use crate::config::key_store::{self, StoredIn};
use crate::config::{Config, FoundKey, clean_key, keyring};
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::http::Secret;
use crate::session::exit_of_cancel;

/// Longer than any key, shorter than any accident.
const KEY_BYTES_MAX: u64 = 64 * 1024;

/// Runs the command; the exit code.
pub fn run(command: KeysCommand, mut context: Context) -> Result<u8, Failure> {
    wiring::block_on(|| async move {
        let ended = match &command {
            KeysCommand::Set(options) => set(options, &mut context).await,
            KeysCommand::List(options) => list(options, &mut context),
            KeysCommand::Rm(options) => remove(options, &mut context),
        };
        ended.unwrap_or_else(|failure| context.fail(&failure))
    })
}

async fn set(options: &KeysSetOptions, context: &mut Context) -> Result<u8, Failure> {
    let provider = &options.of.provider;
    let into = if options.keyring { StoredIn::Keyring } else { StoredIn::File };
    if into == StoredIn::Keyring && !keyring::IS_BUILT {
        return Err(Failure::usage(keyring::NOT_BUILT).hint(
            "without --keyring the key is kept in a file that only you can read; \
             `cargo install --path . --features keyring` builds a sayso that has it",
        ));
    }
    let config = accounts::load_config(context)?;
    accounts::check_name(provider, &config)?;
    let path = place(provider, &config)?;
    let text = if std::io::stdin().is_terminal() {
        let mut signals = wiring::signals()?;
        let question = format!("key of {provider} (it is not shown):");
        match tty::hidden_line(&question, context, &mut signals).await {
            Ok(line) => line.unwrap_or_default(),
            Err(cause) => return Ok(exit_of_cancel(cause)),
        }
    } else {
        piped()?
    };
    let key = clean_key(&text).map_err(|reason| Failure::usage(format!("this cannot be a key: {reason}")))?;
    let key = key.ok_or_else(|| Failure::usage("no key was given, and nothing has been changed"))?;
    keep(provider, (&key, into), &config, context)?;
    context.note(&match into {
        StoredIn::File => format!("the key of {provider} is kept in {}", path.display()),
        StoredIn::Keyring => format!("the key of {provider} is kept in the keyring"),
    });
    Ok(exit_code::OK)
}

/// Keeps the key, and says where another one would win over it.
pub fn keep(
    provider: &str,
    (key, into): (&Secret, StoredIn),
    config: &Config,
    context: &mut Context,
) -> Result<(), Failure> {
    let path = place(provider, config)?;
    let was = key_store::stored_in(&path);
    let written = match into {
        StoredIn::File => key_store::store(&path, key),
        StoredIn::Keyring => {
            keyring::store(provider, key).map_err(|reason| no_keyring(provider, &reason))?;
            key_store::mark_in_keyring(&path)
        }
    };
    written.map_err(|error| Failure::config(format!("cannot write {}: {error}", path.display())))?;
    if was == Some(StoredIn::Keyring) && into == StoredIn::File {
        forget_in_keyring(provider, context);
    }
    match found(provider, config, context) {
        Ok(found) if found.is_stored => {}
        Ok(found) => context.warn(&format!("another key comes first: {}", found.source)),
        Err(failure) => context.warn(&failure.message),
    }
    Ok(())
}

fn no_keyring(provider: &str, reason: &str) -> Failure {
    Failure::config(format!("the key is not kept: {reason}"))
        .hint(format!("`sayso keys set {provider}` without --keyring keeps it in a file that only you can read"))
}

/// What stays behind there is told, with a way to it; the key is not used any more in any case.
fn forget_in_keyring(provider: &str, context: &mut Context) {
    if let Err(reason) = keyring::forget(provider) {
        context.warn(&format!(
            "the old key stays in the keyring, under service `{}` and name `{provider}`: {reason}",
            keyring::SERVICE
        ));
    }
}

fn piped() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(KEY_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::usage(format!("the key cannot be read from stdin: {error}")))?;
    if bytes.len() as u64 > KEY_BYTES_MAX {
        return Err(Failure::usage(format!("this cannot be a key: it is larger than {} KiB", KEY_BYTES_MAX / 1024)));
    }
    String::from_utf8(bytes).map_err(|_| Failure::usage("this cannot be a key: it is not text"))
}

fn place(provider: &str, config: &Config) -> Result<PathBuf, Failure> {
    key_store::path_of(&config.paths, provider).ok_or_else(|| {
        Failure::config(format!("there is no place to keep a key of {provider:?}"))
            .hint("set HOME or XDG_DATA_HOME; the name of the provider may have letters, digits, `_`, `-` and `.`")
    })
}

fn remove(options: &KeyOptions, context: &mut Context) -> Result<u8, Failure> {
    let provider = &options.provider;
    let path = key_store::path_of(&accounts::paths(context), provider);
    let place = path.as_deref().and_then(key_store::stored_in);
    let removed = path.as_deref().map(key_store::forget).transpose();
    let removed = removed.map_err(|error| Failure::config(format!("the key cannot be removed: {error}")))?;
    if removed != Some(true) {
        return Err(Failure::config(format!("no key of {provider:?} is kept"))
            .hint("`sayso keys list` shows where keys come from"));
    }
    if place == Some(StoredIn::Keyring) {
        forget_in_keyring(provider, context);
    }
    context.note(&format!("the key of {provider} is forgotten"));
    Ok(exit_code::OK)
}

fn list(options: &KeysListOptions, context: &mut Context) -> Result<u8, Failure> {
    let config = accounts::load_config(context)?;
    let mut names = accounts::names(&config, context);
    let stored = key_store::names(&config.paths);
    names.extend(stored.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
    let mut listing = Listing { names: ["provider", "state", "source"], rows: Vec::new(), values: Vec::new() };
    for name in &names {
        let (state, source, is_used) = match found(name, &config, context) {
            Ok(found) => (state_of(&found), found.source, found.is_stored),
            Err(failure) => ("unusable", failure.message, false),
        };
        let is_stored = stored.contains(name);
        listing.values.push(json!({"provider": name, "state": state, "source": source, "stored": is_stored}));
        let beside = if is_stored && !is_used { "; another one is stored" } else { "" };
        listing.rows.push([name.clone(), state.to_owned(), source + beside]);
    }
    if names.is_empty() {
        context.note("no provider is set up; `sayso init` finds keys and models, `sayso keys set NAME` keeps a key");
    }
    Ok(context.show(&listing.render(options.format)))
}

fn state_of(found: &FoundKey) -> &'static str {
    match (&found.key, found.is_expected) {
        (Some(_), _) => "set",
        (None, _) if found.is_stored => "keyring",
        (None, _) if found.source.ends_with("(not run)") => "command",
        (None, true) => "missing",
        (None, false) => "none",
    }
}

/// Where the key of a provider is, or would be. No command runs for it.
pub fn found(provider: &str, config: &Config, context: &Context) -> Result<FoundKey, Failure> {
    Ok(config.key_of(provider, &context.environment)?)
}
