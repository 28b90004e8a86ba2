//! `init`: finds keys and models, shows what it would write, and writes it when a person agrees. Run again, it adds
//! what is new and leaves the rest as it is.

mod discover;
mod text;

use std::path::Path;
use std::{fs, io};

use serde_json::Value;

use self::discover::{Found, State, discover};
use super::context::Context;
use super::tty::{self, Person};
use super::{accounts, keys, wiring};
use crate::cli::InitOptions;
use crate::config::key_store::StoredIn;
use crate::config::{
    Config, EditError, LoadOptions, Source, clean_key, load, presets, read_source, save, schema, write_private,
};
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::session::{Signals, exit_of_cancel};
use crate::terminal::TermSafeBuf;

/// Beside the configuration; the first line of the file names it.
const SCHEMA_FILE: &str = "config.schema.json";

/// Why the command ends before its end.
enum Stop {
    Failed(Failure),
    Stopped(u8),
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Runs the command; the exit code.
pub fn run(options: InitOptions, mut context: Context) -> Result<u8, Failure> {
    wiring::block_on(|| async move {
        match init(&options, &mut context).await {
            Ok(exit) | Err(Stop::Stopped(exit)) => exit,
            Err(Stop::Failed(failure)) => context.fail(&failure),
        }
    })
}

async fn init(options: &InitOptions, context: &mut Context) -> Result<u8, Stop> {
    let mut signals = wiring::signals()?;
    let config = config(context)?;
    let source = source(&config)?;
    let mut found = tokio::select! {
        found = discover(&config, context) => found,
        cause = signals.next() => return Err(Stop::Stopped(exit_of_cancel(cause))),
    };
    tell(&found, context);
    let has_provider = !config.file.llm.providers.is_empty();
    if !found.iter().any(Found::is_usable) && !has_provider {
        match ask_for_key(&config, context, &mut signals).await? {
            true => found = discover(&config, context).await,
            false => return Err(nothing_found().into()),
        }
        tell(&found, context);
    }
    let usable: Vec<&Found> = found.iter().filter(|found| found.is_usable()).collect();
    let new = text::edited(&source, &config, &usable, &context.environment).map_err(|error| by_hand(error, &source))?;
    if new == source.text {
        context.note(&format!("nothing to add: {} has all that was found", source.path.display()));
        return Ok(exit_code::OK);
    }
    let difference = text::difference(&source, &new, &usable);
    match context.show(&difference) {
        exit_code::OK => {}
        exit => return Err(Stop::Stopped(exit)),
    }
    if !agreed(options, context, &mut signals).await? {
        context.note("nothing has been changed");
        return Ok(exit_code::REFUSED);
    }
    save(&source, &new)?;
    if let Some(folder) = source.path.parent() {
        write_schema(&folder.join(SCHEMA_FILE));
    }
    context.note(&format!("{} is written; `sayso` begins to chat, `sayso doctor` looks closer", source.path.display()));
    Ok(exit_code::OK)
}

/// For editors, which only help less without it. The folder can be anybody's where `--config` names the file: what is
/// there and not a schema of ours stays.
fn write_schema(path: &Path) {
    let schema = schema();
    let is_ours = || {
        let there: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        Some(there["title"] == schema["title"])
    };
    let may_be_written = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.is_file() && is_ours().unwrap_or(false),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if may_be_written {
        let _ = write_private(path, &format!("{schema:#}\n"));
    }
}

fn config(context: &Context) -> Result<Config, Failure> {
    let options = LoadOptions {
        config_file: context.global.config.clone(),
        skip_key_command: true,
        // A file that was named and is not there is the one to write.
        may_be_missing: true,
        ..LoadOptions::default()
    };
    Ok(load(&options, &context.environment)?)
}

fn source(config: &Config) -> Result<Source, Failure> {
    let path = config.file_path.clone().ok_or_else(|| {
        Failure::config("there is no place for a configuration file")
            .hint("set HOME or XDG_CONFIG_HOME, or name a file with --config")
    })?;
    Ok(read_source(&path)?.unwrap_or(Source { path, text: String::new(), mode: None }))
}

fn tell(found: &[Found], context: &mut Context) {
    for found in found {
        let what = format!("{}: {}", found.name, found.place);
        match &found.state {
            State::Answers(models) => context.note(&format!("found {what}, {} models", models.len())),
            State::NotTried => context.note(&format!("found {what}")),
            State::Unreachable(reason) => context.warn(&format!("found {what}, but it does not answer: {reason}")),
            State::Refused(reason) => context.warn(&format!("{what} is of no use: {reason}")),
        }
    }
}

fn nothing_found() -> Failure {
    Failure::new("auth", exit_code::CREDENTIALS, "no key and no model server was found").hint(
        "run `sayso keys set openrouter` (or another provider), start Ollama, or try `sayso ask -m demo:tour` offline",
    )
}

/// Lets the person name a provider and give its key; false where nobody does.
async fn ask_for_key(config: &Config, context: &mut Context, signals: &mut Signals) -> Result<bool, Stop> {
    let Some(person) = Person::find(context) else { return Ok(false) };
    let names: Vec<&str> = presets::all().filter(|preset| preset.model.is_some()).map(|preset| preset.name).collect();
    context.note(&format!("no key and no model server was found. Providers: {}", names.join(", ")));
    let stopped = |cause| Stop::Stopped(exit_of_cancel(cause));
    let answer = person.line("provider (nothing: leave):", context, signals).await.map_err(stopped)?;
    let name = answer.map(|answer| answer.trim().to_owned()).unwrap_or_default();
    if name.is_empty() {
        return Ok(false);
    }
    accounts::check_name(&name, config)?;
    let question = format!("key of {name} (it is not shown):");
    let text = tty::hidden_line(&question, context, signals).await.map_err(stopped)?;
    let wrong = |reason: String| Failure::usage(format!("this cannot be a key: {reason}"));
    match clean_key(&text.unwrap_or_default()).map_err(wrong)? {
        Some(key) => keys::keep(&name, (&key, StoredIn::File), config, context).map(|()| true).map_err(Stop::from),
        None => Ok(false),
    }
}

async fn agreed(options: &InitOptions, context: &mut Context, signals: &mut Signals) -> Result<bool, Stop> {
    if options.yes {
        return Ok(true);
    }
    let Some(person) = Person::find(context) else {
        let failure = Failure::usage("nobody is here to agree, and nothing has been changed");
        return Err(failure.hint("add `--yes` to agree without being asked").into());
    };
    person.agrees("Write it?", context, signals).await.map_err(|cause| Stop::Stopped(exit_of_cancel(cause)))
}

fn by_hand(error: EditError, source: &Source) -> Failure {
    match error {
        EditError::Config(error) => error.into(),
        EditError::ByHand => {
            let path = TermSafeBuf::line(&source.path.display().to_string());
            Failure::config(format!("{} is written in a way that is better changed by hand", path.as_str()))
                .hint("put the providers below llm.providers, then run `sayso config check`")
        }
    }
}
