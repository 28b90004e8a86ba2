//! `config set` and `config edit`: the file is checked before it is written, and written at once or not at all.

use std::path::Path;

use super::context::Context;
use super::edit_file::{self, Checked};
use crate::cli::ConfigSetOptions;
use crate::config::{
    EditError, KeyPath, LoadOptions, Paths, Source, config_place, known_setting, load_source, read_source, save,
    secret_within, with_setting, write_private,
};
use crate::exit::Failure;

/// Sets one key; says where. The text to print is empty: a script wants nothing on stdout.
pub fn set(options: &ConfigSetOptions, context: &mut Context) -> Result<String, Failure> {
    let key = KeyPath::parse(&options.key)?;
    known_setting(&key)?;
    if let Some(secret) = secret_within(&key, &options.value) {
        return Err(Failure::usage(format!("{secret} is a secret, and others can see a command line"))
            .hint("`sayso keys set PROVIDER` keeps a key; `sayso config edit` changes anything"));
    }
    let source = source(context)?;
    let text =
        with_setting(&source, &key, &options.value, &context.environment).map_err(|error| by_hand(error, &key))?;
    save(&source, &text)?;
    context.note(&format!("{key} is set in {}", source.path.display()));
    Ok(String::new())
}

fn by_hand(error: EditError, key: &KeyPath) -> Failure {
    match error {
        EditError::Config(error) => error.into(),
        EditError::ByHand => Failure::config(format!("{key} is written in a way that is better changed by hand"))
            .hint("`sayso config edit` opens the file, and checks it afterwards"),
    }
}

/// Opens the file in the person's editor; the exit code.
pub fn edit(context: &mut Context) -> Result<u8, Failure> {
    let source = source(context)?;
    let draft = source.path.with_extension("draft.yaml");
    let environment = context.environment.clone();
    edit_file::run(&source.path, source.text.clone(), context, |text| {
        let edited = Source { path: source.path.clone(), text: text.to_owned(), mode: source.mode };
        match load_source(&edited, &environment) {
            Ok(_) => {
                save(&source, text)?;
                // Of an earlier try; that it cannot be removed changes nothing.
                let _ = std::fs::remove_file(&draft);
                Ok(Checked::Right)
            }
            Err(error) => Ok(Checked::Wrong(format!("{error}\n{}", kept(&draft, text)))),
        }
    })
}

/// The file stays as it was; the words are not lost either.
fn kept(draft: &Path, text: &str) -> String {
    match write_private(draft, text) {
        Ok(()) => format!("the file is as it was; what you wrote is in {}", draft.display()),
        Err(error) => {
            format!("the file is as it was; what you wrote could not be kept in {}: {error}", draft.display())
        }
    }
}

/// The configuration file; one that does not exist is empty.
pub fn source(context: &Context) -> Result<Source, Failure> {
    let options = LoadOptions { config_file: context.global.config.clone(), ..LoadOptions::default() };
    let (path, _) = config_place(&options, &Paths::new(&context.environment), &context.environment);
    let path = path.ok_or_else(|| {
        Failure::config("there is no place for a configuration file")
            .hint("set HOME or XDG_CONFIG_HOME, or name a file with --config")
    })?;
    Ok(read_source(&path)?.unwrap_or(Source { path, text: String::new(), mode: None }))
}
