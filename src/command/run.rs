//! From a command line to an exit code.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::panic::catch_unwind;

use super::context::Context;
use super::{
    ask, batch, chat, complete, completions, config, config_change, doctor, help, history, init, keys, manual, mcp,
    models, roles, shell_init, stats,
};
use crate::cli::{AskOptions, ChatOptions, Cli, Command, ConfigCommand, HistoryCommand, Stop, parse};
use crate::config::{Config, Environment, LoadOptions, load};
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::history::History;
use crate::terminal::{install_panic_hook, mode};

/// Runs `sayso` with these arguments, the name of the program first; the exit code. However it ends,
/// the terminal is as it was.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    #[cfg(unix)]
    if let Some(exit) = crate::mcp::guard(&arguments) {
        return exit;
    }
    mode::remember();
    install_panic_hook();
    // The hook has told what happened; unwinding has let the history write what it had.
    let exit = catch_unwind(|| run_command(arguments)).unwrap_or(exit_code::INTERNAL);
    mode::restore();
    exit
}

fn run_command(arguments: Vec<OsString>) -> u8 {
    let environment = Environment::of_process();
    if let [_, flag] = arguments.as_slice()
        && (flag == "--version" || flag == "-V")
    {
        // Asked by scripts, often: not worth building the whole command line for.
        return Context::early(environment).show(concat!("sayso ", env!("CARGO_PKG_VERSION")));
    }
    if let Some(words) = complete::words(&arguments) {
        return Context::early(environment.clone()).show(&complete::candidates(words, &environment));
    }
    let parsed = parse(arguments);
    match parsed {
        Ok(cli) => {
            let context = Context::new(cli.global.clone(), environment);
            dispatch(cli, context)
        }
        Err(Stop::Show(text)) => Context::early(environment).show(&text.to_string()),
        Err(Stop::Usage(error)) => {
            let mut failure = Failure::usage(error.message);
            failure.hint = error.hint;
            Context::early(environment).fail(&failure)
        }
    }
}

fn dispatch(cli: Cli, mut context: Context) -> u8 {
    let shown: Result<String, Failure> = match cli.command {
        None if std::io::stdin().is_terminal() => return talk(|| chat::run(ChatOptions::bare(), context)),
        None => return talk(|| ask::run(AskOptions::bare(), context)),
        Some(Command::Chat(options)) => return talk(|| chat::run(*options, context)),
        Some(Command::Ask(options)) => return talk(|| ask::run(*options, context)),
        Some(Command::Batch(options)) => return talk(|| batch::run(*options, context)),
        Some(Command::Mcp(command)) => return talk(|| mcp::run(command, context)),
        Some(Command::History(HistoryCommand::Follow(options))) => {
            return talk(|| history::follow::run(options, context));
        }
        Some(Command::History(command)) => return history::run(&command, &mut context),
        Some(Command::Stats(options)) => {
            let count = |config: &Config, context: &mut Context| {
                stats::run(&options, &History::open_read(&config.stored)?, &config.file.budget, context)
            };
            return with_config(count, &mut context);
        }
        Some(Command::Keys(command)) => return talk(|| keys::run(command, context)),
        Some(Command::Models(command)) => return talk(|| models::run(command, context)),
        Some(Command::Doctor(options)) => return talk(|| doctor::run(options, context)),
        Some(Command::Init(options)) => return talk(|| init::run(options, context)),
        Some(Command::Config(ConfigCommand::Set(options))) => config_change::set(&options, &mut context),
        Some(Command::Config(ConfigCommand::Edit)) => {
            return config_change::edit(&mut context).unwrap_or_else(|failure| context.fail(&failure));
        }
        Some(Command::Config(command)) => return run_config(&command, &mut context),
        Some(Command::Roles(command)) => {
            return roles::run(&command, &mut context).unwrap_or_else(|failure| context.fail(&failure));
        }
        Some(Command::ShellInit(options)) => shell_init::snippet(&options),
        Some(Command::Completions(options)) => Ok(completions::script(options.shell)),
        Some(Command::Man(options)) => manual::run(&options),
        Some(Command::Help(options)) => help::text(&options).map_err(|error| {
            let mut failure = Failure::usage(error.message);
            failure.hint = error.hint;
            failure
        }),
    };
    match shown {
        Ok(text) => context.show(&text),
        Err(failure) => context.fail(&failure),
    }
}

/// The exit code of a conversation; a runtime that does not even start is told here.
///
/// A function of its own for each command: within [`dispatch`] all would take room on the stack for whichever runs.
#[inline(never)]
fn talk(run: impl FnOnce() -> Result<u8, Failure>) -> u8 {
    run().unwrap_or_else(|failure| Context::early(Environment::default()).fail(&failure))
}

/// Runs what needs the configuration, but no key.
fn with_config(run: impl FnOnce(&Config, &mut Context) -> Result<u8, Failure>, context: &mut Context) -> u8 {
    let options =
        LoadOptions { config_file: context.global.config.clone(), skip_key_command: true, ..LoadOptions::default() };
    let ended = load(&options, &context.environment).map_err(Failure::from).and_then(|config| run(&config, context));
    ended.unwrap_or_else(|failure| context.fail(&failure))
}

/// The configuration is looked at, not used: no key command runs.
fn run_config(command: &ConfigCommand, context: &mut Context) -> u8 {
    let options = LoadOptions { config_file: context.global.config.clone(), ..LoadOptions::default() };
    let report = match command {
        ConfigCommand::Path => config::path(&options, &context.environment),
        ConfigCommand::Show(shown) => config::show(shown.format, &options, &context.environment),
        ConfigCommand::Check => Ok(config::check(&options, &context.environment)),
        ConfigCommand::Get(asked) => config::get(&asked.key, &options, &context.environment),
        // Those that change something have no report.
        ConfigCommand::Schema | ConfigCommand::Set(_) | ConfigCommand::Edit => Ok(config::schema()),
    };
    match report {
        Ok(report) => match context.show(&report.text) {
            exit_code::OK => report.exit_code,
            output_failed => output_failed,
        },
        Err(error) => context.fail(&Failure::from(error)),
    }
}
